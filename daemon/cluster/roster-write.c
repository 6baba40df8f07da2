/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/roster-write.h"

#include <pthread.h>
#include <time.h>

#include "daemon/cluster/roster-disk.h"
#include "daemon/cluster/roster-file.h"
#include "dbus/error.h"

struct PiRosterWrite {
        char *directory;
        GVariant *state;
        GSource *wake;
        pthread_t thread;
        gboolean has_thread;

        /* Not GMutex: the thread sanitizer sees through these only. The rest is under it. */
        pthread_mutex_t mutex;
        pthread_cond_t done;
        gboolean is_done;
        gboolean abandoned; /* nobody waits any more: the thread frees this */
        GError *error;
};

static void destroy(PiRosterWrite *w) {
        g_free(w->directory);
        g_clear_pointer(&w->state, g_variant_unref);
        g_clear_error(&w->error);
        pthread_cond_destroy(&w->done);
        pthread_mutex_destroy(&w->mutex);
        g_free(w);
}

/* Takes `error`, NULL when it went well. */
static void settle(PiRosterWrite *w, GError *error) {
        gboolean abandoned;

        pthread_mutex_lock(&w->mutex);
        w->error = error;
        w->is_done = TRUE;
        abandoned = w->abandoned;
        if (!abandoned) {
                pthread_cond_signal(&w->done);
                g_source_set_ready_time(w->wake, 0);
        }
        pthread_mutex_unlock(&w->mutex);
        /* Else it may be gone by now. */
        if (abandoned)
                destroy(w);
}

static void *thread_main(void *userdata) {
        PiRosterWrite *w = userdata;
        g_autofree char *text = w->state ? pi_roster_file_print(w->state) : NULL;
        GError *error = NULL;

        pthread_setname_np(pthread_self(), "roster");
        if (text)
                (void) pi_roster_disk_write(w->directory, PI_ROSTER_FILE, text, &error);
        else
                (void) pi_roster_disk_remove(w->directory, PI_ROSTER_FILE, &error);
        settle(w, error);
        return NULL;
}

static void begin(PiRosterWrite *w) {
        int r = pthread_create(&w->thread, NULL, thread_main, w);

        w->has_thread = r == 0;
        if (!w->has_thread)
                settle(w, g_error_new(PI_ERROR, PI_ERROR_FAILED,
                                      "%s/%s cannot be written, as no thread can be started for "
                                      "that (%s): give the service more memory or tasks",
                                      w->directory, PI_ROSTER_FILE, g_strerror(r)));
}

PiRosterWrite *pi_roster_write_new(const char *directory, GVariant *state, GSource *wake) {
        PiRosterWrite *w = g_new0(PiRosterWrite, 1);
        pthread_condattr_t attributes;

        w->directory = g_strdup(directory);
        w->state = state;
        w->wake = wake;
        pthread_mutex_init(&w->mutex, NULL);
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&w->done, &attributes);
        pthread_condattr_destroy(&attributes);
        if (directory)
                begin(w);
        else
                settle(w, NULL);
        return w;
}

/* FALSE: from now on it is the thread's. */
static gboolean wait_for(PiRosterWrite *w, gint64 patience_usec) {
        gint64 end = g_get_monotonic_time() + patience_usec;
        struct timespec t = { end / G_USEC_PER_SEC, end % G_USEC_PER_SEC * 1000 };
        gboolean is_done;

        pthread_mutex_lock(&w->mutex);
        while (!w->is_done && pthread_cond_timedwait(&w->done, &w->mutex, &t) == 0)
                ;
        is_done = w->is_done;
        w->abandoned = !is_done;
        pthread_mutex_unlock(&w->mutex);
        return is_done;
}

GError *pi_roster_write_end(PiRosterWrite *w, gint64 patience_usec) {
        g_autofree char *directory = g_strdup(w->directory);
        pthread_t thread = w->thread;
        GError *error;

        if (!wait_for(w, patience_usec)) {
                pthread_detach(thread);
                return g_error_new(PI_ERROR, PI_ERROR_FAILED, "The disk of %s does not answer",
                                   directory);
        }
        if (w->has_thread)
                pthread_join(thread, NULL);
        error = g_steal_pointer(&w->error);
        destroy(w);
        return error;
}
