/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/jobs.h"

/* Writes journal records of what becomes of jobs, and of the store. Of a job called with ComputePi
 * that ends well within a second there are only records for information, which are off unless
 * G_MESSAGES_DEBUG asks for them: there may be thousands a second. The userdata is a
 * PiJournalBudget, or NULL for no limit. */
extern const PiJobsListener pi_journal_listener;

#define PI_JOURNAL_BURST 200
#define PI_JOURNAL_PER_SECOND 10

/* Anyone may submit jobs that end or fail at once, over and over. So that the records of faults are
 * not lost in a flood of them, or to the journal's own rate limit, records of single jobs beyond
 * PI_JOURNAL_BURST at once and PI_JOURNAL_PER_SECOND after that are for information only. */
typedef struct PiJournalBudget {
        double left; /* records; may be anything at first */
        gint64 filled_usec; /* monotonic; 0 at first */
} PiJournalBudget;
