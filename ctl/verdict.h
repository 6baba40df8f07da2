/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What the referee says of a job, in words. Verdicts: none, transient, core, node, software. */

/* No CPU is known. */
#define PI_VERDICT_NO_CPU G_MAXUINT32

/* A row of faults as a sentence. `right_cpu`: the one that had the parts right, if known. */
char *pi_fault_sentence(GVariant *fault, guint32 right_cpu);

/* What a person should know although the answer is right, and what to do next; NULL for the verdict
 * none, or no verdict. */
char *pi_verdict_note(GVariant *report);

/* The exit status of a right answer: 0, or 4 when something that computed it is broken. */
int pi_verdict_exit_status(GVariant *report);
