/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <dirent.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#include "daemon/store/record.h"

/* Records and directories for the tests of the store. */

/* For the file of a store; the caller's, as its path. */
static inline char *sample_directory(void) {
        g_autoptr(GError) error = NULL;
        char *path = g_dir_make_tmp("pi-store-XXXXXX", &error);

        g_assert_no_error(error);
        return path;
}

static inline void sample_remove(const char *directory) {
        g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(directory, name, NULL);

                if (g_file_test(path, G_FILE_TEST_IS_DIR))
                        sample_remove(path);
                else
                        (void) g_unlink(path);
        }
        (void) g_rmdir(directory);
}

static inline void sample_set(char **text, const char *value) {
        g_free(*text);
        *text = g_strdup(value);
}

static inline GVariant *sample_dict(const char *key, double value) {
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert(&d, key, "d", value);
        g_variant_dict_insert(&d, "pi_text", "s", "3.14159265358979323846");
        g_variant_dict_insert(&d, "verified", "b", TRUE);
        return g_variant_ref_sink(g_variant_dict_end(&d));
}

static inline PiJobRecord *sample_job(uint64_t id, const char *state) {
        PiJobRecord *r = pi_job_record_new();

        r->id = id;
        r->owner = 1000;
        sample_set(&r->state, state);
        sample_set(&r->verdict, "none");
        sample_set(&r->label, "sample");
        sample_set(&r->kernel, "generic");
        r->terms = 1000000;
        r->parts = 128;
        r->cpus = 2;
        r->numerics = 1;
        r->cluster = TRUE;
        sample_set(&r->nodes, "a1 b2");
        r->cpus_most = 5;
        r->created_usec = 1700000000000000 + id;
        if (!pi_job_record_is_finished(r))
                return r;
        r->started_usec = r->created_usec + 1;
        r->finished_usec = r->created_usec + 2;
        r->pi = 3.25;
        g_variant_unref(r->report);
        r->report = sample_dict("residual", 1e-30);
        return r;
}

static inline PiFixed sample_fixed(uint64_t seed) {
        return (PiFixed) { { seed * 0x9e3779b97f4a7c15, ~seed, seed << 60 | seed } };
}

/* Every third lease is verified, and as many as wanted of the others are begun. */
static inline PiCheckpoint *sample_checkpoint(uint64_t job, uint32_t n_leases,
                                              uint32_t n_partials) {
        PiCheckpoint *c = pi_checkpoint_new();
        uint32_t lease = 0;

        c->job = job;
        c->numerics = 1;
        c->saved_usec = 1700000000000000 + job;
        c->started_usec = 1700000000000000;
        c->compute_usec = 77;
        c->slot_usec = 9;
        c->submission_usec = 5;
        c->resumes = 2;
        sample_set(&c->verdict, "transient");
        c->snapshot = pi_snapshot_new(n_leases, n_partials);
        c->snapshot->sum = sample_fixed(job);
        c->snapshot->tolerance = sample_fixed(job + 1);
        c->snapshot->terms_done = 4711;
        c->snapshot->cpu_nsec = UINT64_MAX;
        c->snapshot->retries = 3;
        for (uint32_t l = 0; l < n_leases; l += 3)
                pi_snapshot_add(c->snapshot, l);
        for (uint32_t i = 0; i < n_partials; i++) {
                do
                        lease++;
                while (pi_snapshot_has(c->snapshot, lease));
                c->snapshot->partial[i] = (PiPartial) {
                        lease, UINT64_C(10000000000000000) - i, sample_fixed(i), sample_fixed(~i),
                };
        }
        return c;
}

static inline void assert_same_fixed(const PiFixed *a, const PiFixed *b) {
        g_assert_cmpmem(a, sizeof *a, b, sizeof *b);
}

static inline void assert_same_job(const PiJobRecord *a, const PiJobRecord *b) {
        g_assert_cmpuint(a->id, ==, b->id);
        g_assert_cmpuint(a->owner, ==, b->owner);
        g_assert_cmpint(a->attached, ==, b->attached);
        g_assert_cmpstr(a->state, ==, b->state);
        g_assert_cmpstr(a->verdict, ==, b->verdict);
        g_assert_cmpstr(a->label, ==, b->label);
        g_assert_cmpuint(a->terms, ==, b->terms);
        g_assert_cmpuint(a->parts, ==, b->parts);
        g_assert_cmpuint(a->cpus, ==, b->cpus);
        g_assert_cmpstr(a->kernel, ==, b->kernel);
        g_assert_cmpint(a->priority, ==, b->priority);
        g_assert_cmpuint(a->numerics, ==, b->numerics);
        g_assert_cmpuint(a->deadline_usec, ==, b->deadline_usec);
        g_assert_cmpuint(a->created_usec, ==, b->created_usec);
        g_assert_cmpuint(a->started_usec, ==, b->started_usec);
        g_assert_cmpuint(a->finished_usec, ==, b->finished_usec);
        g_assert_cmpstr(a->error_name, ==, b->error_name);
        g_assert_cmpstr(a->error_message, ==, b->error_message);
        /* Bits: not a number is equal to itself here. */
        g_assert_cmpmem(&a->pi, sizeof a->pi, &b->pi, sizeof b->pi);
        g_assert_cmpvariant(a->report, b->report);
        g_assert_cmpint(a->cluster, ==, b->cluster);
        g_assert_cmpstr(a->nodes, ==, b->nodes);
        g_assert_cmpuint(a->cpus_most, ==, b->cpus_most);
}

static inline void assert_same_checkpoint(const PiCheckpoint *a, const PiCheckpoint *b) {
        g_assert_cmpuint(a->job, ==, b->job);
        g_assert_cmpuint(a->numerics, ==, b->numerics);
        g_assert_cmpuint(a->saved_usec, ==, b->saved_usec);
        g_assert_cmpuint(a->started_usec, ==, b->started_usec);
        g_assert_cmpuint(a->compute_usec, ==, b->compute_usec);
        g_assert_cmpuint(a->slot_usec, ==, b->slot_usec);
        g_assert_cmpuint(a->submission_usec, ==, b->submission_usec);
        g_assert_cmpuint(a->resumes, ==, b->resumes);
        g_assert_cmpstr(a->verdict, ==, b->verdict);
        assert_same_fixed(&a->snapshot->sum, &b->snapshot->sum);
        assert_same_fixed(&a->snapshot->tolerance, &b->snapshot->tolerance);
        g_assert_cmpuint(a->snapshot->terms_done, ==, b->snapshot->terms_done);
        g_assert_cmpuint(a->snapshot->cpu_nsec, ==, b->snapshot->cpu_nsec);
        g_assert_cmpuint(a->snapshot->retries, ==, b->snapshot->retries);
        g_assert_cmpuint(a->snapshot->n_leases, ==, b->snapshot->n_leases);
        g_assert_cmpmem(a->snapshot->verified, a->snapshot->n_leases / 8 + 1,
                        b->snapshot->verified, b->snapshot->n_leases / 8 + 1);
        g_assert_cmpuint(a->snapshot->n_partials, ==, b->snapshot->n_partials);
        for (uint32_t i = 0; i < a->snapshot->n_partials; i++) {
                const PiPartial *x = &a->snapshot->partial[i], *y = &b->snapshot->partial[i];

                g_assert_cmpuint(x->lease, ==, y->lease);
                g_assert_cmpuint(x->next_term, ==, y->next_term);
                assert_same_fixed(&x->sum, &y->sum);
                assert_same_fixed(&x->tolerance, &y->tolerance);
        }
}
