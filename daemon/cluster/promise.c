/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/promise.h"

#include "daemon/cluster/cluster-private.h"
#include "dbus/error.h"

struct PiPromise {
        PiCluster *cluster;
        PiClusterDone done;
        gpointer userdata;
        char *text;
        GError *error;
        guint idle; /* source id, once it was answered */
};

PiPromise *pi_promise_new(PiCluster *cluster, PiClusterDone done, gpointer userdata) {
        PiPromise *promise = g_new0(PiPromise, 1);

        promise->cluster = cluster;
        promise->done = done;
        promise->userdata = userdata;
        g_queue_push_tail(&cluster->promises, promise);
        return promise;
}

static void tell(PiPromise *promise) {
        g_queue_remove(&promise->cluster->promises, promise);
        if (promise->done)
                promise->done(promise->error ? NULL : promise->text, promise->error,
                              promise->userdata);
        g_clear_error(&promise->error);
        g_free(promise->text);
        g_free(promise);
}

static gboolean on_idle(gpointer userdata) {
        PiPromise *promise = userdata;

        promise->idle = 0;
        tell(promise);
        return G_SOURCE_REMOVE;
}

void pi_promise_answer(PiPromise *promise, const char *text, GError *error) {
        promise->text = g_strdup(text);
        promise->error = error;
        promise->idle = g_idle_add_full(G_PRIORITY_DEFAULT, on_idle, promise, NULL);
}

void pi_promises_end(PiCluster *cluster) {
        PiPromise *promise;

        while ((promise = g_queue_peek_head(&cluster->promises))) {
                if (promise->idle == 0)
                        promise->error = g_error_new_literal(PI_ERROR, PI_ERROR_SHUTTING_DOWN,
                                                         "The service is being stopped");
                g_clear_handle_id(&promise->idle, g_source_remove);
                tell(promise);
        }
}
