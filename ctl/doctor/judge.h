/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/finding.h"
#include "ctl/service.h"
#include "ctl/units.h"

/* Findings of pictl doctor, from facts alone, each with the command that mends it. `user`: the
 * service is the user's own. */

/* The command that starts the service anew. */
const char *pi_doctor_restart(gboolean user);

/* Whether the service answers, and with which version. */
void pi_doctor_judge_service(const PiService *service, gboolean user, PiFindings *findings);

/* Its unit, or `unit` NULL; `there`: systemd is on the bus. */
void pi_doctor_judge_unit(const PiUnit *unit, const char *name, gboolean there, gboolean user,
                          gboolean in_cluster, PiFindings *findings);

/* The store, its disk of which so many bytes are free (G_MAXUINT64: not known), cores, baselines.
 */
void pi_doctor_judge_store(GVariant *manager, gboolean user, PiFindings *findings);
void pi_doctor_judge_disk(guint64 free_bytes, const char *directory, PiFindings *findings);
void pi_doctor_judge_cores(GVariant *metrics, PiFindings *findings);

/* Members as this node sees them, or why it can have none, and their clocks; each node an a{sv}. */
void pi_doctor_judge_members(const GPtrArray *nodes, const char *cluster_error, gboolean user,
                             PiFindings *findings);
void pi_doctor_judge_clocks(const GPtrArray *nodes, PiFindings *findings);
