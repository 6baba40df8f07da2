/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/store.h"

#include "daemon/store/columns.h"
#include "daemon/store/contents.h"
#include "daemon/store/ids.h"
#include "daemon/store/keeper.h"
#include "dbus/error.h"

/* A list is in memory as a whole; more than anybody reads. */
#define LIST_MAX 10000

struct PiStore {
        PiKeeper *keeper;
        const PiStoreHooks *hooks;
        GSource *source;
        PiIds ids;
        GError *error; /* as it was told; NULL: it works */
        uint64_t since_usec;
        bool telling; /* somebody is told, who may free the store */
        bool freed;   /* while that: the rest of it is to be freed afterwards */
};

typedef struct StoreSource {
        GSource source;
        PiStore *store;
} StoreSource;

static void tell_state(PiStore *s, PiNews *news) {
        g_clear_error(&s->error);
        s->error = g_steal_pointer(&news->error);
        s->since_usec = (uint64_t) g_get_real_time();
        if (s->hooks->state_changed)
                s->hooks->state_changed(s->error, s->hooks->userdata);
}

static void tell(PiStore *s, PiNews *news) {
        const PiStoreHooks *hooks = s->hooks;

        switch (news->kind) {
        case PI_NEWS_SET_ASIDE:
                if (hooks->set_aside)
                        hooks->set_aside(news->error, hooks->userdata);
                break;
        case PI_NEWS_OPENED:
                if (hooks->opened)
                        hooks->opened(news->contents, hooks->userdata);
                break;
        case PI_NEWS_IDS:
                pi_ids_add(&s->ids, news->from, news->to);
                break;
        case PI_NEWS_STATE:
                tell_state(s, news);
                break;
        case PI_NEWS_ANSWER:
                pi_request_tell(news->request);
                break;
        }
}

static void tell_all(PiStore *s) {
        PiNews *news;

        s->telling = true;
        while (!s->freed && (news = pi_keeper_take_news(s->keeper))) {
                tell(s, news);
                pi_news_free(news);
        }
        s->telling = false;
        if (s->freed)
                g_free(s);
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer userdata) {
        g_source_set_ready_time(source, -1);
        tell_all(((StoreSource *) source)->store);
        return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { .dispatch = dispatch };

PiStore *pi_store_new(const char *directory, const PiRetention *retention,
                      const PiStoreHooks *hooks) {
        PiStore *s = g_new0(PiStore, 1);

        s->hooks = hooks;
        s->since_usec = (uint64_t) g_get_real_time();
        s->source = g_source_new(&source_funcs, sizeof(StoreSource));
        ((StoreSource *) s->source)->store = s;
        g_source_set_name(s->source, "store");
        g_source_attach(s->source, NULL);
        s->keeper = pi_keeper_new(directory, retention, s->source);
        tell_all(s);
        return s;
}

void pi_store_free(PiStore *s) {
        if (!s)
                return;
        g_source_destroy(s->source);
        pi_keeper_free(s->keeper, s->ids.next, MAX(s->ids.asked, s->ids.end));
        g_source_unref(s->source);
        g_clear_error(&s->error);
        s->freed = true;
        if (!s->telling)
                g_free(s);
}

void pi_store_set_retention(PiStore *s, const PiRetention *retention) {
        pi_keeper_set_retention(s->keeper, retention);
}

uint64_t pi_store_take_id(PiStore *s) {
        uint64_t from, id = pi_ids_take(&s->ids, (uint64_t) g_get_real_time(), &from);

        if (from > 0)
                pi_keeper_push(s->keeper, pi_request_new(PI_REQUEST_RESERVE_IDS, from));
        return id;
}

void pi_store_put_job(PiStore *s, PiJobRecord *record, PiStoreDone done, gpointer userdata) {
        PiRequest *r = pi_request_new(PI_REQUEST_PUT_JOB, record->id);

        /* A report is shared with whoever made it, in this thread. */
        r->job = pi_job_record_copy(record);
        pi_job_record_free(record);
        r->done = done;
        r->userdata = userdata;
        pi_keeper_push(s->keeper, r);
}

void pi_store_put_checkpoint(PiStore *s, PiCheckpoint *checkpoint) {
        PiRequest *r = pi_request_new(PI_REQUEST_PUT_CHECKPOINT, checkpoint->job);

        r->checkpoint = checkpoint;
        pi_keeper_push(s->keeper, r);
}

static void ask_for_jobs(PiStore *s, PiRequestKind kind, uint64_t id, uint32_t limit,
                         PiStoreJobs callback, gpointer userdata) {
        PiRequest *r = pi_request_new(kind, id);

        r->limit = MIN(limit, LIST_MAX);
        r->jobs = callback;
        r->userdata = userdata;
        pi_keeper_push(s->keeper, r);
}

void pi_store_list_jobs(PiStore *s, uint32_t limit, PiStoreJobs callback, gpointer userdata) {
        ask_for_jobs(s, PI_REQUEST_LIST_JOBS, 0, limit, callback, userdata);
}

void pi_store_find_job(PiStore *s, uint64_t id, PiStoreJobs callback, gpointer userdata) {
        ask_for_jobs(s, PI_REQUEST_FIND_JOB, id, 1, callback, userdata);
}

void pi_store_put_bad_core(PiStore *s, const PiBadCore *core) {
        PiRequest *r = pi_request_new(PI_REQUEST_PUT_BAD_CORE, 0);

        r->core = *core;
        pi_keeper_push(s->keeper, r);
}

void pi_store_remove_bad_core(PiStore *s, uint32_t cpu) {
        PiRequest *r = pi_request_new(PI_REQUEST_REMOVE_BAD_CORE, 0);

        r->core.cpu = cpu;
        pi_keeper_push(s->keeper, r);
}

void pi_store_put_calibration(PiStore *s, const PiCalibration *calibration) {
        PiRequest *r = pi_request_new(PI_REQUEST_PUT_CALIBRATION, 0);

        r->calibration = *calibration;
        r->calibration.kernel = g_strdup(calibration->kernel);
        r->calibration.cpu_model = g_strdup(calibration->cpu_model);
        pi_keeper_push(s->keeper, r);
}

static void ask_for_sweeps(PiStore *s, PiRequest *r, PiStoreSweeps callback, gpointer userdata) {
        r->sweeps = callback;
        r->userdata = userdata;
        pi_keeper_push(s->keeper, r);
}

void pi_store_put_sweep(PiStore *s, PiSweepRecord *record, PiStoreSweeps callback,
                        gpointer userdata) {
        PiRequest *r = pi_request_new(PI_REQUEST_PUT_SWEEP, 0);

        /* As with the report of a job. */
        r->sweep = pi_sweep_record_new(record->owner, record->run);
        r->sweep->time_usec = record->time_usec ?: (uint64_t) g_get_real_time();
        pi_sweep_record_free(record);
        ask_for_sweeps(s, r, callback, userdata);
}

void pi_store_list_sweeps(PiStore *s, uint32_t limit, PiStoreSweeps callback, gpointer userdata) {
        PiRequest *r = pi_request_new(PI_REQUEST_LIST_SWEEPS, 0);

        r->limit = MIN(limit, LIST_MAX);
        ask_for_sweeps(s, r, callback, userdata);
}

void pi_store_find_sweep(PiStore *s, uint64_t id, PiStoreSweeps callback, gpointer userdata) {
        ask_for_sweeps(s, pi_request_new(PI_REQUEST_FIND_SWEEP, id), callback, userdata);
}

void pi_store_figures(const PiStore *s, PiStoreFigures *ret) {
        pi_keeper_figures(s->keeper, ret);
        ret->error = s->error;
        ret->since_usec = s->since_usec;
}
