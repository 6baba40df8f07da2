/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/job.h"
#include "daemon/store/record.h"

/* Between the jobs at work and their rows in the store. */

PiJobRecord *pi_job_to_record(const PiJob *job);

/* Makes the record of an unfinished job that of one that failed because the service ended: its
 * caller is lost, or it cannot go on. */
void pi_job_record_lose(PiJobRecord *record);

/* NULL for a job that has no task yet. */
PiCheckpoint *pi_job_to_checkpoint(const PiJob *job);

/* A queued job that goes on where the checkpoint, which may be NULL, has it. `kernel`: in place of
 * one that this CPU has not. *ret_discarded: the checkpoint is of other numerics, or its sums are
 * not those of its terms, and the job starts anew. NULL for a record that is no job of ours. */
PiJob *pi_job_from_record(const PiJobRecord *record, const PiCheckpoint *checkpoint,
                          const PiKernel *kernel, uint32_t n_workers, gboolean *ret_discarded);

/* An entry of ListHistory, a floating a{sv}. `whole`: with what only DescribeJob tells. */
GVariant *pi_job_record_to_variant(const PiJobRecord *record, gboolean whole);
