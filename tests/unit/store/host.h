/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/store/store.h"
#include "tests/unit/store/sample.h"

/* A store, and what it told. */
typedef struct Host {
        PiStore *store;
        PiStoreHooks hooks;
        unsigned opened, degraded, recovered, set_aside;
        guint unfinished, checkpoints, bad_cores, calibrations; /* in the contents */
        GPtrArray *jobs;                                        /* those that were unfinished */
        GPtrArray *saved;                                       /* their checkpoints */
        char *why, *aside;                                      /* the last messages */
        unsigned done, done_failed;
        unsigned answers, refusals;
        char *ids;          /* of the last answer: "3 2 1" */
        char *refusal;
} Host;

static const PiRetention keep_all = { .jobs = UINT32_MAX, .sweeps = UINT32_MAX };

static inline void on_opened(PiStoreContents *contents, gpointer userdata) {
        Host *h = userdata;

        h->opened++;
        h->unfinished = contents->unfinished->len;
        h->checkpoints = contents->checkpoints->len;
        h->bad_cores = contents->bad_cores->len;
        h->calibrations = contents->calibrations->len;
        g_clear_pointer(&h->jobs, g_ptr_array_unref);
        g_clear_pointer(&h->saved, g_ptr_array_unref);
        h->jobs = g_steal_pointer(&contents->unfinished);
        h->saved = g_steal_pointer(&contents->checkpoints);
}

static inline void on_state(const GError *error, gpointer userdata) {
        Host *h = userdata;

        if (error)
                sample_set(&h->why, error->message);
        *(error ? &h->degraded : &h->recovered) += 1;
}

static inline void on_set_aside(const GError *what, gpointer userdata) {
        Host *h = userdata;

        h->set_aside++;
        sample_set(&h->aside, what->message);
}

static inline Host *host_new(const char *directory) {
        Host *h = g_new0(Host, 1);

        h->hooks = (PiStoreHooks) { on_opened, on_state, on_set_aside, h };
        h->store = pi_store_new(directory, &keep_all, &h->hooks);
        return h;
}

static inline void host_free(Host *h) {
        pi_store_free(h->store);
        g_clear_pointer(&h->jobs, g_ptr_array_unref);
        g_clear_pointer(&h->saved, g_ptr_array_unref);
        g_free(h->why);
        g_free(h->aside);
        g_free(h->ids);
        g_free(h->refusal);
        g_free(h);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Host, host_free)

static inline void on_done(const GError *error, gpointer userdata) {
        Host *h = userdata;

        *(error ? &h->done_failed : &h->done) += 1;
}

static inline void note_answer(Host *h, GPtrArray *records, const GError *error) {
        h->answers++;
        if (error) {
                g_assert_null(records);
                h->refusals++;
                sample_set(&h->refusal, error->message);
        }
}

static inline void on_jobs(GPtrArray *records, const GError *error, gpointer userdata) {
        g_autoptr(GString) ids = g_string_new(NULL);
        Host *h = userdata;

        for (guint i = 0; records && i < records->len; i++)
                g_string_append_printf(ids, "%s%" G_GUINT64_FORMAT, i ? " " : "",
                                       ((PiJobRecord *) records->pdata[i])->id);
        sample_set(&h->ids, ids->str);
        note_answer(h, records, error);
}

static inline void on_sweeps(GPtrArray *records, const GError *error, gpointer userdata) {
        g_autoptr(GString) ids = g_string_new(NULL);
        Host *h = userdata;

        for (guint i = 0; records && i < records->len; i++)
                g_string_append_printf(ids, "%s%" G_GUINT64_FORMAT, i ? " " : "",
                                       ((PiSweepRecord *) records->pdata[i])->id);
        sample_set(&h->ids, ids->str);
        note_answer(h, records, error);
}

/* Lets the main loop run until a counter is there. */
static inline void wait_for(const unsigned *counter, unsigned value) {
        while (*counter < value)
                g_main_context_iteration(NULL, TRUE);
}

static inline void host_put(Host *h, uint64_t id, const char *state) {
        pi_store_put_job(h->store, sample_job(id, state), NULL, NULL);
}

/* The numbers of the finished jobs, once all before is done or refused. */
static inline const char *host_list(Host *h, uint32_t limit) {
        unsigned answers = h->answers;

        pi_store_list_jobs(h->store, limit, on_jobs, h);
        wait_for(&h->answers, answers + 1);
        return h->ids;
}

static inline const char *host_find(Host *h, uint64_t id) {
        unsigned answers = h->answers;

        pi_store_find_job(h->store, id, on_jobs, h);
        wait_for(&h->answers, answers + 1);
        return h->ids;
}
