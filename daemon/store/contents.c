/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/contents.h"

#include "daemon/store/checkpoint-rows.h"
#include "daemon/store/core-rows.h"
#include "daemon/store/job-rows.h"

/* More than a service lets wait, and than a machine has cores. */
#define UNFINISHED_MAX 65536
#define CORES_MAX 65536

static void free_job(gpointer job) {
        pi_job_record_free(job);
}

static void free_checkpoint(gpointer checkpoint) {
        pi_checkpoint_free(checkpoint);
}

static void clear_calibration(gpointer calibration) {
        pi_calibration_clear(calibration);
}

PiStoreContents *pi_store_contents_new(void) {
        PiStoreContents *c = g_new0(PiStoreContents, 1);

        c->unfinished = g_ptr_array_new_with_free_func(free_job);
        c->checkpoints = g_ptr_array_new_with_free_func(free_checkpoint);
        c->bad_cores = g_array_new(FALSE, FALSE, sizeof(PiBadCore));
        c->calibrations = g_array_new(FALSE, FALSE, sizeof(PiCalibration));
        g_array_set_clear_func(c->calibrations, clear_calibration);
        return c;
}

void pi_store_contents_free(PiStoreContents *c) {
        if (!c)
                return;
        g_clear_pointer(&c->unfinished, g_ptr_array_unref);
        g_clear_pointer(&c->checkpoints, g_ptr_array_unref);
        g_clear_pointer(&c->bad_cores, g_array_unref);
        g_clear_pointer(&c->calibrations, g_array_unref);
        g_free(c);
}

/* Where the row of a job is bad, its checkpoint is of no use. Both are sorted by job. */
static void drop_orphans(PiStoreContents *c) {
        guint job = 0;

        for (guint i = 0; i < c->checkpoints->len;) {
                const PiCheckpoint *checkpoint = g_ptr_array_index(c->checkpoints, i);
                const PiJobRecord *record = NULL;

                for (; job < c->unfinished->len; job++) {
                        record = g_ptr_array_index(c->unfinished, job);
                        if (record->id >= checkpoint->job)
                                break;
                }
                if (job < c->unfinished->len && record->id == checkpoint->job)
                        i++;
                else
                        g_ptr_array_remove_index(c->checkpoints, i);
        }
}

PiStoreContents *pi_store_contents_load(PiDatabase *db) {
        g_autoptr(PiStoreContents) c = pi_store_contents_new();

        if (!pi_job_rows_unfinished(db, UNFINISHED_MAX, c->unfinished) ||
            !pi_checkpoint_rows_list(db, UNFINISHED_MAX, c->checkpoints) ||
            !pi_bad_core_rows_list(db, CORES_MAX, c->bad_cores) ||
            !pi_calibration_rows_list(db, c->calibrations))
                return NULL;
        drop_orphans(c);
        return g_steal_pointer(&c);
}
