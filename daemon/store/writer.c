/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/writer.h"

#include <unistd.h>

#include "daemon/store/checkpoint-rows.h"
#include "daemon/store/contents.h"
#include "daemon/store/core-rows.h"
#include "daemon/store/ids.h"
#include "daemon/store/job-rows.h"
#include "daemon/store/lock.h"
#include "daemon/store/opening.h"
#include "daemon/store/remembered.h"
#include "daemon/store/sweep-rows.h"
#include "dbus/error.h"

/* More than are ever given, also from the clock: what is above comes of damage. */
#define ID_MAX (UINT64_C(1) << 62)

struct PiWriter {
        char *directory;
        int lock; /* of the directory, -1: none */
        PiDatabase *db;
        bool opened;       /* there was one once */
        bool reopen;       /* to be opened anew before it is used again */
        bool check;        /* and all of the file looked at */
        bool restore;      /* with the next transaction: see restore() */
        bool ids_unknown;  /* the file may have held numbers that cannot be read */
        bool told_bad_rows;
        uint64_t reserved; /* numbers below it may have been given */
        PiRemembered *remembered;
};

static void free_error(gpointer error) {
        g_error_free(error);
}

PiWriter *pi_writer_new(const char *directory) {
        PiWriter *w = g_new0(PiWriter, 1);

        w->directory = g_strdup(directory);
        w->lock = -1;
        w->check = true;
        w->remembered = pi_remembered_new();
        return w;
}

void pi_writer_free(PiWriter *w) {
        if (!w)
                return;
        pi_database_close(w->db);
        if (w->lock >= 0)
                (void) close(w->lock);
        pi_remembered_free(w->remembered);
        g_free(w->directory);
        g_free(w);
}

void pi_writing_clear(PiWriting *writing) {
        g_clear_pointer(&writing->set_aside, g_ptr_array_unref);
        g_clear_pointer(&writing->contents, pi_store_contents_free);
}

static void tell_bad_rows(PiWriter *w, PiWriting *ret) {
        uint32_t n = pi_database_bad_rows(w->db);

        if (n == 0 || w->told_bad_rows)
                return;
        w->told_bad_rows = true;
        g_ptr_array_add(ret->set_aside,
                        g_error_new(PI_ERROR, PI_ERROR_STORE_UNAVAILABLE,
                                    "Rows of the store %s are damaged and left out (%u): jobs are "
                                    "missing or begin anew; see what the rows hold with "
                                    "\"sqlite3 %s .dump\"",
                                    pi_database_path(w->db), n, pi_database_path(w->db)));
}

/* The database has failed: what may help is done before the next try. */
static gboolean fail(PiWriter *w, const char *done, GError **error) {
        PiTrouble trouble = pi_database_trouble(w->db);

        g_propagate_error(error, pi_database_error(w->db, done));
        w->check |= trouble == PI_TROUBLE_DAMAGE;
        w->reopen |= trouble == PI_TROUBLE_DAMAGE || trouble == PI_TROUBLE_CONNECTION;
        w->restore = true;
        return FALSE;
}

static gboolean load(PiWriter *w, PiWriting *ret, GError **error) {
        ret->contents = pi_store_contents_load(w->db);
        if (!ret->contents)
                return fail(w, "read", error);
        w->opened = true;
        for (guint i = 0; i < ret->contents->unfinished->len; i++)
                pi_remembered_note_job(w->remembered,
                                       g_ptr_array_index(ret->contents->unfinished, i));
        for (guint i = 0; i < ret->contents->bad_cores->len; i++)
                pi_remembered_note_core(w->remembered,
                                        &g_array_index(ret->contents->bad_cores, PiBadCore, i));
        tell_bad_rows(w, ret);
        return TRUE;
}

static gboolean open_database(PiWriter *w, PiWriting *ret, GError **error) {
        PiDatabase *db;
        PiOpening opening;

        if (w->directory && !pi_store_lock(w->directory, &w->lock, error))
                return FALSE;
        /* A file that may be damaged is not to be open when it is renamed, and one connection that
         * cannot write makes all of a process so; otherwise the old one serves readers until there
         * is a new one. */
        if (w->db && (w->check || pi_database_is_moved(w->db) || pi_database_is_read_only(w->db)))
                g_clear_pointer(&w->db, pi_database_close);
        db = pi_database_open(w->directory, w->check, &opening, error);
        if (opening.set_aside)
                g_ptr_array_add(ret->set_aside, opening.set_aside);
        w->ids_unknown |= opening.set_aside || (opening.was_there && opening.is_new);
        if (!db)
                return FALSE;
        pi_database_close(w->db);
        w->db = db;
        w->check = w->reopen = false;
        w->restore = true;
        return TRUE;
}

static gboolean make_ready(PiWriter *w, PiWriting *ret, GError **error) {
        if (w->db && pi_database_is_moved(w->db))
                w->check = w->reopen = true;
        if ((!w->db || w->reopen) && !open_database(w, ret, error))
                return FALSE;
        return w->opened || load(w, ret, error);
}

/* What becomes of the writer and of *ret only if the transaction is committed. */
typedef struct Progress {
        uint64_t reserved, ids_from, ids_to;
        uint32_t checkpoints;
        uint64_t checkpoint_usec;
        bool jobs_ended, sweeps_added;
        bool more;
} Progress;

static bool reserve(PiWriter *w, uint64_t from, Progress *p) {
        uint64_t stored = 1;

        if (!pi_meta_rows_get(w->db, PI_META_NEXT_ID, &stored))
                return false;
        if (stored > ID_MAX)
                stored = (uint64_t) g_get_real_time();
        p->ids_from = MAX(from, MAX(stored, p->reserved));
        p->ids_to = p->reserved = p->ids_from + PI_IDS_BLOCK;
        return pi_meta_rows_put(w->db, PI_META_NEXT_ID, p->reserved);
}

static bool reserve_first(PiWriter *w, Progress *p) {
        uint64_t last = 0;

        if (!pi_job_rows_last_id(w->db, &last))
                return false;
        if (w->ids_unknown || last > ID_MAX)
                last = (uint64_t) g_get_real_time();
        return reserve(w, last + 1, p);
}

/* Into a database that was just opened, what a service that is killed now must find in it. Also
 * the proof that it can be written. */
static bool restore(PiWriter *w, Progress *p) {
        uint64_t stored = 1;

        if (p->reserved == 0)
                return reserve_first(w, p);
        return pi_meta_rows_get(w->db, PI_META_NEXT_ID, &stored) &&
               pi_meta_rows_put(w->db, PI_META_NEXT_ID, MAX(stored, p->reserved)) &&
               pi_remembered_put(w->remembered, w->db);
}

static bool put_checkpoint(PiWriter *w, const PiCheckpoint *checkpoint, Progress *p) {
        bool written;

        if (!pi_checkpoint_rows_put(w->db, checkpoint, &written))
                return false;
        if (written) {
                p->checkpoints++;
                p->checkpoint_usec = MAX(p->checkpoint_usec, checkpoint->saved_usec);
        }
        return true;
}

static bool read_jobs(PiWriter *w, const PiRequest *r, GPtrArray *records) {
        if (r->kind == PI_REQUEST_LIST_JOBS)
                return pi_job_rows_list(w->db, r->limit, records);
        return pi_job_rows_find(w->db, r->id, records);
}

static bool read_sweeps(PiWriter *w, const PiRequest *r, GPtrArray *records) {
        if (r->kind == PI_REQUEST_LIST_SWEEPS)
                return pi_sweep_rows_list(w->db, r->limit, records);
        return pi_sweep_rows_find(w->db, r->id, records);
}

static bool put_sweep(PiWriter *w, PiRequest *r, Progress *p) {
        gsize size = g_variant_get_size(r->sweep->run);

        if (size > PI_COLUMN_DICT_MAX) {
                r->unwritable = true;
                r->error = g_error_new(PI_ERROR, PI_ERROR_INVALID_OPTION,
                                       "A run of %" G_GSIZE_FORMAT " bytes is too long to be "
                                       "stored: at most %u; measure fewer points",
                                       size, PI_COLUMN_DICT_MAX);
                return true;
        }
        r->records = pi_sweep_records_new();
        p->sweeps_added = true;
        return pi_sweep_rows_put(w->db, r->sweep);
}

static bool apply(PiWriter *w, PiRequest *r, Progress *p) {
        switch (r->kind) {
        case PI_REQUEST_PUT_JOB:
                p->jobs_ended |= pi_request_ends_job(r);
                return pi_job_rows_put(w->db, r->job);
        case PI_REQUEST_FORGET_JOB:
                return pi_job_rows_forget(w->db, r->id);
        case PI_REQUEST_PUT_CHECKPOINT:
                return put_checkpoint(w, r->checkpoint, p);
        case PI_REQUEST_PUT_BAD_CORE:
                return pi_bad_core_rows_put(w->db, &r->core);
        case PI_REQUEST_REMOVE_BAD_CORE:
                return pi_bad_core_rows_delete(w->db, r->core.cpu);
        case PI_REQUEST_PUT_CALIBRATION:
                return pi_calibration_rows_put(w->db, &r->calibration);
        case PI_REQUEST_RESERVE_IDS:
                return reserve(w, r->id, p);
        case PI_REQUEST_PUT_SWEEP:
                return put_sweep(w, r, p);
        case PI_REQUEST_LIST_JOBS:
        case PI_REQUEST_FIND_JOB:
                r->records = pi_job_records_new();
                return read_jobs(w, r, r->records);
        case PI_REQUEST_LIST_SWEEPS:
        case PI_REQUEST_FIND_SWEEP:
                r->records = pi_sweep_records_new();
                return read_sweeps(w, r, r->records);
        case _PI_REQUEST_KIND_MAX:
        default:
                return true;
        }
}

static bool delete_surplus(PiWriter *w, const PiRetention *retention, Progress *p) {
        uint64_t now = (uint64_t) g_get_real_time();
        uint64_t before = retention->age_usec && retention->age_usec < now
                                  ? now - retention->age_usec
                                  : 0;
        bool more_jobs = false, more_sweeps = false;

        if (!pi_job_rows_trim(w->db, retention->jobs, before, &more_jobs) ||
            !pi_sweep_rows_trim(w->db, retention->sweeps, &more_sweeps))
                return false;
        p->more = more_jobs || more_sweeps;
        return true;
}

static GError *unwritable(const PiWriter *w) {
        return g_error_new(PI_ERROR, PI_ERROR_STORE_UNAVAILABLE,
                           "The store %s does not take this record (%s): it is given up",
                           pi_database_path(w->db), pi_database_what(w->db));
}

typedef enum Outcome {
        WRITTEN,
        UNWRITABLE, /* but for one request, which is marked */
        FAILED,
} Outcome;

/* All that happens between BEGIN and COMMIT. */
static Outcome write_all(PiWriter *w, PiRequest *first, const PiRetention *retention, bool trim,
                         Progress *p) {
        trim |= w->restore;
        if (w->restore && !restore(w, p))
                return FAILED;
        for (PiRequest *r = first; r; r = r->next) {
                if (r->unwritable)
                        continue;
                pi_request_clear_answer(r);
                if (apply(w, r, p))
                        continue;
                if (pi_database_trouble(w->db) != PI_TROUBLE_ROW)
                        return FAILED;
                r->unwritable = true;
                r->error = unwritable(w);
                return UNWRITABLE;
        }
        if (trim || p->jobs_ended || p->sweeps_added)
                return delete_surplus(w, retention, p) ? WRITTEN : FAILED;
        return WRITTEN;
}

static void note_written(PiWriter *w, PiRequest *first, const Progress *p, PiWriting *ret) {
        for (PiRequest *r = first; r; r = r->next) {
                if (r->unwritable)
                        continue;
                if (r->kind == PI_REQUEST_PUT_JOB)
                        pi_remembered_note_job(w->remembered, r->job);
                else if (r->kind == PI_REQUEST_FORGET_JOB)
                        pi_remembered_forget_job(w->remembered, r->id);
                else if (r->kind == PI_REQUEST_PUT_BAD_CORE)
                        pi_remembered_note_core(w->remembered, &r->core);
                else if (r->kind == PI_REQUEST_REMOVE_BAD_CORE)
                        pi_remembered_forget_core(w->remembered, r->core.cpu);
                else if (r->kind == PI_REQUEST_PUT_SWEEP)
                        g_ptr_array_add(r->records, g_steal_pointer(&r->sweep));
        }
        w->restore = false;
        w->reserved = p->reserved;
        ret->ids_from = p->ids_from;
        ret->ids_to = p->ids_to;
        ret->checkpoints = p->checkpoints;
        ret->checkpoint_usec = p->checkpoint_usec;
        ret->again = p->more;
        tell_bad_rows(w, ret);
}

static Outcome run_transaction(PiWriter *w, PiRequest *first, const PiRetention *retention,
                               bool trim, Progress *p, GError **error) {
        Outcome outcome = FAILED;

        *p = (Progress) { .reserved = w->reserved };
        if (pi_database_begin(w->db))
                outcome = write_all(w, first, retention, trim, p);
        if (outcome == WRITTEN && !pi_database_commit(w->db))
                outcome = FAILED;
        if (outcome == FAILED)
                fail(w, "written", error);
        if (outcome != WRITTEN)
                pi_database_rollback(w->db);
        /* The disk is full, maybe of it. */
        if (outcome == FAILED && !w->reopen)
                pi_database_empty_log(w->db);
        return outcome;
}

gboolean pi_writer_write(PiWriter *w, PiRequest *first, const PiRetention *retention, bool trim,
                         PiWriting *ret, GError **error) {
        Outcome outcome;
        Progress p;

        *ret = (PiWriting) { .set_aside = g_ptr_array_new_with_free_func(free_error) };
        if (!make_ready(w, ret, error))
                return FALSE;
        /* Again without a request that cannot be written: each time there is one less. */
        do
                outcome = run_transaction(w, first, retention, trim, &p, error);
        while (outcome == UNWRITABLE);
        if (outcome == WRITTEN)
                note_written(w, first, &p, ret);
        return outcome == WRITTEN;
}

/* Puts those that are not written yet in front of what the database has of them. */
static void merge_newer(PiRequest *ask) {
        g_autoptr(GPtrArray) stored = ask->records;
        GPtrArray *records = g_steal_pointer(&ask->newer);
        guint n_newer = records->len;

        g_ptr_array_set_free_func(stored, NULL);
        for (guint i = 0; i < stored->len; i++) {
                PiJobRecord *record = g_ptr_array_index(stored, i);
                bool replaced = records->len >= ask->limit;

                for (guint j = 0; j < n_newer && !replaced; j++)
                        replaced = ((PiJobRecord *) g_ptr_array_index(records, j))->id ==
                                   record->id;
                if (replaced)
                        pi_job_record_free(record);
                else
                        g_ptr_array_add(records, record);
        }
        ask->records = records;
}

void pi_writer_answer(PiWriter *w, PiRequest *ask, const GError *why) {
        Progress ignored = { 0 };

        /* Of a transaction that failed. */
        pi_request_clear_answer(ask);
        if (!w->db || ask->kind == PI_REQUEST_PUT_SWEEP) {
                ask->error = g_error_copy(why);
                return;
        }
        if (!apply(w, ask, &ignored)) {
                ask->error = pi_database_error(w->db, "read");
                return;
        }
        if (ask->newer)
                merge_newer(ask);
}

gboolean pi_writer_release_ids(PiWriter *w, uint64_t next, uint64_t asked) {
        uint64_t stored = 0;
        bool ok;

        if (!w->db || next == 0 || !pi_database_begin(w->db))
                return FALSE;
        ok = pi_meta_rows_get(w->db, PI_META_NEXT_ID, &stored) &&
             (stored > asked || pi_meta_rows_put(w->db, PI_META_NEXT_ID, next)) &&
             pi_database_commit(w->db);
        if (!ok)
                pi_database_rollback(w->db);
        return ok;
}
