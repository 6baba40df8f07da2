/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* Lines of somebody else that go to stderr, so many in a time. */
typedef struct PiJournal {
        const char *from;    /* in front of each */
        guint lines_max;
        gint64 period_usec;  /* 0: lines_max in all */
        gint64 since_usec;   /* monotonic: the beginning of the period */
        guint lines;         /* of the period */
        uint64_t left_out;   /* not told yet */
} PiJournal;

/* A line of any bytes; as it is printed, without control characters and cut, the caller's. */
char *pi_journal_take(PiJournal *journal, const char *text, gsize length);

/* Tells how many were left out. */
void pi_journal_end(PiJournal *journal);
