/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/client.h"

/* What several verbs ask for or listen to. */
extern const PiMethod pi_method_get_all;
extern const PiMethod pi_method_managed_objects;
extern const PiMethod pi_method_compute_pi;
extern const PiMethod pi_method_get_metrics;
extern const PiMethod pi_method_list_faults;
extern const PiMethod pi_method_list_leases;
extern const PiMethod pi_method_cancel;
extern const PiSignal pi_signal_added;
extern const PiSignal pi_signal_job_changed;
