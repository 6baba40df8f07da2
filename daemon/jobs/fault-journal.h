/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/jobs.h"

/* Writes one journal record for each fault, each core that goes or comes, and each fault injected.
 * The syslog levels: a transient fault is a warning, one of the software an error, and a core taken
 * out of service or a node without a trusted core critical; the rest are notices. */
extern const PiJobsListener pi_fault_journal_listener;

/* Writes that the worker on this CPU does not get on. `job` may be NULL, `lease` PI_LEASES_MAX. */
void pi_fault_journal_hung(uint32_t cpu, const PiJob *job, uint32_t lease);
