/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/store/database.h"
#include "daemon/store/request.h"

/* What the thread of the store does with requests, one call after the other: knows the database,
 * but nothing of threads, time or tries.
 *
 * A database that was deleted, replaced or damaged under it is opened anew; what the service must
 * not forget, its unfinished jobs and bad cores, is put into the new one again. */
typedef struct PiWriter PiWriter;

/* In which directory; NULL: in memory. Opens nothing yet. */
PiWriter *pi_writer_new(const char *directory);
void pi_writer_free(PiWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiWriter, pi_writer_free)

/* What came of it, for the main thread. */
typedef struct PiWriting {
        GPtrArray *set_aside;      /* GErrors: files that were renamed, rows that were left out */
        PiStoreContents *contents; /* when the first database was opened */
        uint64_t ids_from, ids_to; /* a block that was reserved; to 0: none */
        uint32_t checkpoints;      /* written, and when the newest was taken */
        uint64_t checkpoint_usec;
        bool again; /* there is more to delete */
} PiWriting;

void pi_writing_clear(PiWriting *writing);

/* Opens the database if it is not open, and writes a list of requests in one transaction, in their
 * order; asks among them get their answers. The list may be empty: that tells whether it works.
 * With `trim` what exceeds the retention is deleted, also when no job has ended. FALSE with a
 * PI_ERROR_STORE_UNAVAILABLE: nothing is written, and no ask is answered. In any case *ret is
 * filled in. */
gboolean pi_writer_write(PiWriter *writer, PiRequest *first, const PiRetention *retention,
                         bool trim, PiWriting *ret, GError **error);

/* Answers an ask while nothing can be written, and why it cannot be: what is there is read. */
void pi_writer_answer(PiWriter *writer, PiRequest *ask, const GError *unwritable);

/* Notes that no number from `next` on was given, though a block was reserved up to `asked` at most.
 * FALSE: that could not be written, and there will be a gap. */
gboolean pi_writer_release_ids(PiWriter *writer, uint64_t next, uint64_t asked);
