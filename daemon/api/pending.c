/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/api/pending.h"

#include "daemon/api/reply.h"
#include "dbus/error.h"

typedef struct Call {
        sd_bus_message *message;
        PiPendingKind kind;
} Call;

struct PiPending {
        GHashTable *by_job; /* job id -> GPtrArray of Call */
};

static void call_free(gpointer p) {
        Call *call = p;

        sd_bus_message_unref(call->message);
        g_free(call);
}

PiPending *pi_pending_new(void) {
        PiPending *pending = g_new0(PiPending, 1);

        pending->by_job = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                                (GDestroyNotify) g_ptr_array_unref);
        return pending;
}

void pi_pending_free(PiPending *pending) {
        if (!pending)
                return;
        g_hash_table_unref(pending->by_job);
        g_free(pending);
}

gboolean pi_pending_add(PiPending *pending, sd_bus_message *message, const PiJob *job,
                        PiPendingKind kind, GError **error) {
        GPtrArray *calls = g_hash_table_lookup(pending->by_job, &job->id);
        Call *call;

        if (!calls) {
                calls = g_ptr_array_new_with_free_func(call_free);
                g_hash_table_insert(pending->by_job, g_memdup2(&job->id, sizeof(job->id)), calls);
        }
        if (calls->len >= PI_PENDING_PER_JOB) {
                g_set_error(error, PI_ERROR, PI_ERROR_QUOTA_EXCEEDED,
                            "%d calls wait for job %" G_GUINT64_FORMAT
                            " already, the most there may be: "
                            "watch its State property instead",
                            PI_PENDING_PER_JOB, job->id);
                return FALSE;
        }
        call = g_new(Call, 1);
        *call = (Call) { sd_bus_message_ref(message), kind };
        g_ptr_array_add(calls, call);
        return TRUE;
}

static void answer(const Call *call, const PiJob *job) {
        /* A reply that cannot be sent has no one left to hear it. */
        if (call->kind == PI_PENDING_RESULT)
                (void) pi_reply_job(call->message, job);
        else if (job->state == PI_JOB_CANCELLED)
                (void) sd_bus_reply_method_return(call->message, NULL);
        else
                (void) pi_reply_already_finished(call->message, job);
}

void pi_pending_answer(PiPending *pending, const PiJob *job) {
        GPtrArray *calls = g_hash_table_lookup(pending->by_job, &job->id);

        if (!calls)
                return;
        for (guint i = 0; i < calls->len; i++)
                answer(calls->pdata[i], job);
        g_hash_table_remove(pending->by_job, &job->id);
}

void pi_pending_drop_sender(PiPending *pending, const char *sender) {
        GHashTableIter iter;
        gpointer value;

        g_hash_table_iter_init(&iter, pending->by_job);
        while (g_hash_table_iter_next(&iter, NULL, &value)) {
                GPtrArray *calls = value;

                for (guint i = calls->len; i-- > 0;) {
                        const Call *call = calls->pdata[i];
                        if (g_strcmp0(sd_bus_message_get_sender(call->message), sender) == 0)
                                g_ptr_array_remove_index_fast(calls, i);
                }
                if (calls->len == 0)
                        g_hash_table_iter_remove(&iter);
        }
}
