/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/keeper.h"

#include <pthread.h>
#include <time.h>

#include "daemon/store/contents.h"
#include "daemon/store/queue.h"
#include "daemon/store/writer.h"
#include "dbus/error.h"

/* A change that nobody waits for may wait so long for others to share its transaction. */
#define SHARE_USEC (200 * G_TIME_SPAN_MILLISECOND)

/* In one transaction: those who come meanwhile wait for it. */
#define CHANGES_MAX 256

/* A disk that hangs holds the thread, but neither the start of the service nor its end. */
#define OPEN_WAIT_USEC (20 * G_TIME_SPAN_SECOND)
#define FREE_WAIT_USEC (5 * G_TIME_SPAN_SECOND)

struct PiKeeper {
        pthread_t thread;
        bool has_thread;
        GSource *wake;
        PiWriter *writer; /* of the thread alone */

        /* Not GMutex: the thread sanitizer sees through these only. The rest is under it. */
        pthread_mutex_t mutex;
        pthread_cond_t work;    /* for the thread: something to do */
        pthread_cond_t tidings; /* for the main thread: tried, ended */
        PiQueue *queue;
        unsigned in_hand; /* changes the thread is writing */
        PiRetention retention;
        bool trim;      /* there may be something to delete */
        GError *error;  /* NULL unless degraded */
        gint64 retry_usec;
        PiNews *news, *last_news;
        PiStoreFigures figures;
        bool tried, stopping, ended;
        uint64_t next_id, asked_id; /* see pi_keeper_free() */
};

void pi_news_free(PiNews *news) {
        if (!news)
                return;
        g_clear_error(&news->error);
        pi_store_contents_free(news->contents);
        pi_request_free(news->request);
        g_free(news);
}

/* With the mutex; so all down to thread_main(). */
static PiNews *add_news(PiKeeper *k, PiNewsKind kind) {
        PiNews *news = g_new0(PiNews, 1);

        news->kind = kind;
        *(k->last_news ? &k->last_news->next : &k->news) = news;
        k->last_news = news;
        if (!k->stopping)
                g_source_set_ready_time(k->wake, 0);
        return news;
}

static void add_answer(PiKeeper *k, PiRequest *request) {
        request->next = NULL;
        add_news(k, PI_NEWS_ANSWER)->request = request;
}

static void add_writing(PiKeeper *k, PiWriting *writing) {
        for (guint i = 0; i < writing->set_aside->len; i++)
                add_news(k, PI_NEWS_SET_ASIDE)->error =
                        g_error_copy(g_ptr_array_index(writing->set_aside, i));
        /* The numbers before the contents: who is told of them may want one. */
        if (writing->ids_to > 0) {
                PiNews *news = add_news(k, PI_NEWS_IDS);

                news->from = writing->ids_from;
                news->to = writing->ids_to;
        }
        if (writing->contents)
                add_news(k, PI_NEWS_OPENED)->contents = g_steal_pointer(&writing->contents);
        k->figures.checkpoints += writing->checkpoints;
        if (writing->checkpoint_usec > 0)
                k->figures.checkpoint_usec = writing->checkpoint_usec;
        k->trim |= writing->again;
}

static void settle_written(PiKeeper *k, PiRequest *first) {
        k->figures.commits++;
        if (k->error) {
                g_clear_error(&k->error);
                add_news(k, PI_NEWS_STATE);
        }
        while (first) {
                PiRequest *r = first;

                first = r->next;
                k->figures.lost += r->unwritable && !pi_request_is_ask(r);
                if (pi_request_is_ask(r) || r->done)
                        add_answer(k, r);
                else
                        pi_request_free(r);
        }
}

static void settle_failed(PiKeeper *k, PiRequest *first, GError *error) {
        k->figures.failures++;
        k->retry_usec = g_get_monotonic_time() + (gint64) PI_STORE_RETRY_USEC;
        if (!k->error)
                add_news(k, PI_NEWS_STATE)->error = g_error_copy(error);
        g_clear_error(&k->error);
        k->error = error;
        k->figures.lost += pi_queue_put_back(k->queue, first);
}

static unsigned count_changes(const PiRequest *first) {
        unsigned n = 0;

        for (const PiRequest *r = first; r; r = r->next)
                n += !pi_request_is_ask(r);
        return n;
}

static bool write_some(PiKeeper *k) {
        PiRequest *first = pi_queue_take(k->queue, CHANGES_MAX);
        PiRetention retention = k->retention;
        bool trim = k->trim;
        GError *error = NULL;
        PiWriting writing;
        gboolean ok;

        k->in_hand = count_changes(first);
        k->trim = false;
        pthread_mutex_unlock(&k->mutex);
        ok = pi_writer_write(k->writer, first, &retention, trim, &writing, &error);
        pthread_mutex_lock(&k->mutex);
        k->in_hand = 0;
        add_writing(k, &writing);
        pi_writing_clear(&writing);
        if (ok)
                settle_written(k, first);
        else
                settle_failed(k, first, error);
        return ok;
}

static void answer_waiting(PiKeeper *k) {
        PiRequest *first = pi_queue_take_waiting(k->queue, k->error);
        g_autoptr(GError) why = g_error_copy(k->error);

        pthread_mutex_unlock(&k->mutex);
        for (PiRequest *r = first; r; r = r->next)
                if (pi_request_is_ask(r))
                        pi_writer_answer(k->writer, r, why);
        pthread_mutex_lock(&k->mutex);
        while (first) {
                PiRequest *r = first;

                first = r->next;
                add_answer(k, r);
        }
}

/* When there is something to do, CLOCK_MONOTONIC; 0: now. */
static gint64 due(const PiKeeper *k) {
        if (k->stopping || pi_queue_has_waiting(k->queue))
                return 0;
        if (k->error)
                return k->retry_usec;
        if (k->trim || pi_queue_has_urgent(k->queue))
                return 0;
        if (pi_queue_first(k->queue))
                return pi_queue_first(k->queue)->queued_usec + SHARE_USEC;
        return G_MAXINT64;
}

static void wait_until(pthread_cond_t *cond, pthread_mutex_t *mutex, gint64 usec) {
        struct timespec t = { usec / G_USEC_PER_SEC, usec % G_USEC_PER_SEC * 1000 };

        if (usec == G_MAXINT64)
                pthread_cond_wait(cond, mutex);
        else
                pthread_cond_timedwait(cond, mutex, &t);
}

static void work(PiKeeper *k) {
        while (!k->stopping) {
                gint64 when = due(k);

                if (when > g_get_monotonic_time())
                        wait_until(&k->work, &k->mutex, when);
                else if (k->error && k->retry_usec > g_get_monotonic_time())
                        answer_waiting(k);
                else
                        write_some(k);
        }
        while (pi_queue_first(k->queue) && write_some(k))
                ;
}

static void *thread_main(void *userdata) {
        PiKeeper *k = userdata;

        pthread_setname_np(pthread_self(), "store");
        pthread_mutex_lock(&k->mutex);
        write_some(k);
        k->tried = true;
        pthread_cond_broadcast(&k->tidings);
        work(k);
        pthread_mutex_unlock(&k->mutex);
        (void) pi_writer_release_ids(k->writer, k->next_id, k->asked_id);
        pi_writer_free(k->writer);
        pthread_mutex_lock(&k->mutex);
        k->ended = true;
        pthread_cond_broadcast(&k->tidings);
        pthread_mutex_unlock(&k->mutex);
        return NULL;
}

static void init_cond(pthread_cond_t *cond) {
        pthread_condattr_t attributes;

        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(cond, &attributes);
        pthread_condattr_destroy(&attributes);
}

/* Waits for a flag of the thread's, but not for ever. */
static bool wait_for(PiKeeper *k, const bool *flag, gint64 usec) {
        gint64 end = g_get_monotonic_time() + usec;

        while (!*flag && g_get_monotonic_time() < end)
                wait_until(&k->tidings, &k->mutex, end);
        return *flag;
}

/* Degraded before anything was tried, or as long as it hangs. */
static void settle_untried(PiKeeper *k, const char *why) {
        k->error = g_error_new(PI_ERROR, PI_ERROR_STORE_UNAVAILABLE,
                               "The store cannot be opened (%s): nothing is saved until it can",
                               why);
        add_news(k, PI_NEWS_STATE)->error = g_error_copy(k->error);
}

static bool start(PiKeeper *k) {
        int r = pthread_create(&k->thread, NULL, thread_main, k);

        k->has_thread = r == 0;
        if (!k->has_thread && !k->error)
                settle_untried(k, g_strerror(r));
        return k->has_thread;
}

PiKeeper *pi_keeper_new(const char *directory, const PiRetention *retention, GSource *wake) {
        PiKeeper *k = g_new0(PiKeeper, 1);

        pthread_mutex_init(&k->mutex, NULL);
        init_cond(&k->work);
        init_cond(&k->tidings);
        k->wake = g_source_ref(wake);
        k->writer = pi_writer_new(directory);
        k->queue = pi_queue_new();
        k->retention = *retention;
        pthread_mutex_lock(&k->mutex);
        if (start(k) && !wait_for(k, &k->tried, OPEN_WAIT_USEC))
                settle_untried(k, "the disk does not answer");
        pthread_mutex_unlock(&k->mutex);
        return k;
}

static void destroy(PiKeeper *k) {
        PiNews *news;

        while ((news = pi_keeper_take_news(k)))
                pi_news_free(news);
        pi_queue_free(k->queue);
        g_clear_error(&k->error);
        g_source_unref(k->wake);
        pthread_cond_destroy(&k->work);
        pthread_cond_destroy(&k->tidings);
        pthread_mutex_destroy(&k->mutex);
        g_free(k);
}

void pi_keeper_free(PiKeeper *k, uint64_t next_id, uint64_t asked_id) {
        bool ended;

        if (!k->has_thread) {
                pi_writer_free(k->writer);
                destroy(k);
                return;
        }
        pthread_mutex_lock(&k->mutex);
        k->stopping = true;
        k->next_id = next_id;
        k->asked_id = asked_id;
        pthread_cond_signal(&k->work);
        ended = wait_for(k, &k->ended, FREE_WAIT_USEC);
        pthread_mutex_unlock(&k->mutex);
        if (ended) {
                pthread_join(k->thread, NULL);
                destroy(k);
        } else
                /* It is inside a system call that does not come back, and what it holds cannot be
                 * freed: it goes when the process does. */
                pthread_detach(k->thread);
}

void pi_keeper_push(PiKeeper *k, PiRequest *request) {
        pthread_mutex_lock(&k->mutex);
        k->figures.lost += pi_queue_push(k->queue, request);
        if (k->has_thread || start(k))
                pthread_cond_signal(&k->work);
        else
                answer_waiting(k);
        pthread_mutex_unlock(&k->mutex);
}

void pi_keeper_set_retention(PiKeeper *k, const PiRetention *retention) {
        pthread_mutex_lock(&k->mutex);
        k->retention = *retention;
        k->trim = true;
        pthread_cond_signal(&k->work);
        pthread_mutex_unlock(&k->mutex);
}

PiNews *pi_keeper_take_news(PiKeeper *k) {
        PiNews *news;

        pthread_mutex_lock(&k->mutex);
        news = k->news;
        if (news)
                k->news = news->next;
        if (!k->news)
                k->last_news = NULL;
        pthread_mutex_unlock(&k->mutex);
        return news;
}

void pi_keeper_figures(PiKeeper *k, PiStoreFigures *ret) {
        pthread_mutex_lock(&k->mutex);
        *ret = k->figures;
        ret->queued = pi_queue_changes(k->queue) + k->in_hand;
        pthread_mutex_unlock(&k->mutex);
}
