/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/output.h"

/* Appends what each node did for a job, and how well they did together; nothing when there was only
 * one. */
void pi_report_append_nodes(PiOutput *out, GVariant *report);
