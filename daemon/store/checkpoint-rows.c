/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/checkpoint-rows.h"

#include <string.h>

#include "daemon/series/range.h"

/* As many leases as a job has at most, see daemon/work/lease.h. Any of them may have been begun. */
#define LEASES_MAX 4096

#define WORD_MAX 64

static size_t bitmap_bytes(uint32_t n_leases) {
        return (n_leases + 7) / 8;
}

static void bind(PiBinder *b, const PiCheckpoint *c) {
        const PiSnapshot *s = c->snapshot;

        pi_bind_u64(b, c->job);
        pi_bind_i64(b, c->numerics);
        pi_bind_u64(b, c->saved_usec);
        pi_bind_u64(b, c->started_usec);
        pi_bind_u64(b, c->compute_usec);
        pi_bind_u64(b, c->slot_usec);
        pi_bind_u64(b, c->submission_usec);
        pi_bind_i64(b, c->resumes);
        pi_bind_text(b, c->verdict);
        pi_bind_fixed(b, &s->sum);
        pi_bind_fixed(b, &s->tolerance);
        pi_bind_u64(b, s->terms_done);
        pi_bind_u64(b, s->cpu_nsec);
        pi_bind_u64(b, s->retries);
        pi_bind_i64(b, s->n_leases);
        pi_bind_blob(b, s->verified, bitmap_bytes(s->n_leases));
}

static bool put_partial(PiDatabase *db, uint64_t job, const PiPartial *partial) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_PARTIAL_PUT);

        pi_bind_u64(&b, job);
        pi_bind_i64(&b, partial->lease);
        pi_bind_u64(&b, partial->next_term);
        pi_bind_fixed(&b, &partial->sum);
        pi_bind_fixed(&b, &partial->tolerance);
        return pi_database_run(db, &b);
}

static bool delete_of(PiDatabase *db, PiStatement statement, uint64_t job) {
        PiBinder b = pi_database_bind(db, statement);

        pi_bind_u64(&b, job);
        return pi_database_run(db, &b);
}

bool pi_checkpoint_rows_put(PiDatabase *db, const PiCheckpoint *checkpoint, bool *written) {
        const PiSnapshot *s = checkpoint->snapshot;
        PiBinder b = pi_database_bind(db, PI_STATEMENT_CHECKPOINT_PUT);

        bind(&b, checkpoint);
        if (!pi_database_run(db, &b))
                return false;
        *written = sqlite3_changes(pi_database_sqlite(db)) > 0;
        if (!*written)
                return true;
        if (!delete_of(db, PI_STATEMENT_PARTIAL_DELETE, checkpoint->job))
                return false;
        for (uint32_t i = 0; i < s->n_partials; i++)
                if (!put_partial(db, checkpoint->job, &s->partial[i]))
                        return false;
        return true;
}

bool pi_checkpoint_rows_delete(PiDatabase *db, uint64_t job) {
        return delete_of(db, PI_STATEMENT_CHECKPOINT_DELETE, job);
}

/* Bits beyond the last lease would be leases that are not there. */
static bool has_stray_bits(const PiSnapshot *s) {
        return s->n_leases % 8 != 0 && s->verified[s->n_leases / 8] >> (s->n_leases % 8) != 0;
}

static PiCheckpoint *read_row(PiColumns *c) {
        g_autoptr(PiCheckpoint) p = pi_checkpoint_new();
        PiFixed sum, tolerance;
        uint64_t terms_done, cpu_nsec, retries;
        uint32_t n_leases;
        const void *verified;

        p->job = pi_columns_u64(c, INT64_MAX);
        p->numerics = pi_columns_u32(c);
        p->saved_usec = pi_columns_u64(c, INT64_MAX);
        p->started_usec = pi_columns_u64(c, INT64_MAX);
        p->compute_usec = pi_columns_u64(c, UINT64_MAX);
        p->slot_usec = pi_columns_u64(c, UINT64_MAX);
        p->submission_usec = pi_columns_u64(c, UINT64_MAX);
        p->resumes = pi_columns_u32(c);
        g_free(p->verdict);
        p->verdict = pi_columns_text(c, WORD_MAX);
        pi_columns_fixed(c, &sum);
        pi_columns_fixed(c, &tolerance);
        terms_done = pi_columns_u64(c, PI_TERMS_MAX);
        cpu_nsec = pi_columns_u64(c, UINT64_MAX);
        retries = pi_columns_u64(c, UINT64_MAX);
        n_leases = (uint32_t) pi_columns_i64(c, 1, LEASES_MAX);
        verified = pi_columns_blob(c, bitmap_bytes(n_leases));
        if (c->bad)
                return NULL;
        p->snapshot = pi_snapshot_new(n_leases, 0);
        p->snapshot->sum = sum;
        p->snapshot->tolerance = tolerance;
        p->snapshot->terms_done = terms_done;
        p->snapshot->cpu_nsec = cpu_nsec;
        p->snapshot->retries = retries;
        memcpy(p->snapshot->verified, verified, bitmap_bytes(n_leases));
        pi_columns_require(c, !has_stray_bits(p->snapshot));
        return c->bad ? NULL : g_steal_pointer(&p);
}

/* The key of the table sorts them, and has each lease once; but a file may be damaged. */
static void read_partial(PiColumns *c, const PiSnapshot *s, GArray *partials) {
        PiPartial p;
        int64_t least = -1;

        if (partials->len > 0)
                least = g_array_index(partials, PiPartial, partials->len - 1).lease;
        p.lease = (uint32_t) pi_columns_i64(c, least + 1, (int64_t) s->n_leases - 1);
        p.next_term = pi_columns_u64(c, PI_TERMS_MAX);
        pi_columns_fixed(c, &p.sum);
        pi_columns_fixed(c, &p.tolerance);
        pi_columns_require(c, !pi_snapshot_has(s, p.lease));
        if (!c->bad)
                g_array_append_val(partials, p);
}

/* *good: none of its rows is bad. */
static bool read_partials(PiDatabase *db, const PiCheckpoint *checkpoint, bool *good) {
        g_autoptr(GArray) partials = g_array_new(FALSE, FALSE, sizeof(PiPartial));
        PiSnapshot *s = checkpoint->snapshot;
        PiBinder b = pi_database_bind(db, PI_STATEMENT_PARTIAL_LIST);
        PiStep step;

        *good = true;
        pi_bind_u64(&b, checkpoint->job);
        pi_bind_i64(&b, LEASES_MAX);
        while ((step = pi_database_next(db, &b)) == PI_STEP_ROW) {
                PiColumns c = { .statement = b.statement };

                read_partial(&c, s, partials);
                *good &= !c.bad;
        }
        s->n_partials = partials->len;
        g_free(s->partial);
        s->partial = (PiPartial *) (void *) g_array_free(g_steal_pointer(&partials), FALSE);
        return step == PI_STEP_DONE;
}

bool pi_checkpoint_rows_list(PiDatabase *db, uint32_t limit, GPtrArray *checkpoints) {
        PiBinder b = pi_database_bind(db, PI_STATEMENT_CHECKPOINT_LIST);
        PiStep step;

        pi_bind_i64(&b, limit);
        while ((step = pi_database_next(db, &b)) == PI_STEP_ROW) {
                PiColumns c = { .statement = b.statement };
                g_autoptr(PiCheckpoint) checkpoint = read_row(&c);
                bool good = checkpoint != NULL;

                if (good && !read_partials(db, checkpoint, &good)) {
                        pi_database_reset(&b);
                        return false;
                }
                if (good)
                        g_ptr_array_add(checkpoints, g_steal_pointer(&checkpoint));
                else
                        pi_database_note_bad_row(db);
        }
        return step == PI_STEP_DONE;
}
