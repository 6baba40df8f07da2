/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/roster-file.h"

#include <gio/gio.h>

#include "daemon/cluster/roster-disk.h"
#include "daemon/cluster/roster-variant.h"
#include "dbus/error.h"

#define FORM 1

/* A disk that hangs does not hold the end of the service. */
#define FREE_WAIT_USEC (5 * G_TIME_SPAN_SECOND)

typedef struct Waiting {
        PiRosterSaved saved;
        gpointer userdata;
} Waiting;

/* One write, shared with the thread that does it. */
typedef struct Write {
        gatomicrefcount refs;
        PiRosterFile *file; /* NULL once that is freed */
        char *directory;    /* NULL: nothing to do */
        GVariant *state;    /* NULL: the file is to be removed */
        GMutex mutex;
        GCond done;
        gboolean is_done; /* this and the next under the mutex */
        GError *error;
} Write;

struct PiRosterFile {
        char *directory;
        Write *in_hand;
        GArray *told;      /* Waiting, of the one in hand */
        gboolean again;    /* the following is to be written after it */
        GVariant *state;
        GArray *waiting;   /* Waiting, of that */
        guint n_writes;
};

static void write_unref(gpointer data) {
        Write *w = data;

        if (!g_atomic_ref_count_dec(&w->refs))
                return;
        g_free(w->directory);
        g_clear_pointer(&w->state, g_variant_unref);
        g_clear_error(&w->error);
        g_mutex_clear(&w->mutex);
        g_cond_clear(&w->done);
        g_free(w);
}

static Write *write_ref(Write *w) {
        g_atomic_ref_count_inc(&w->refs);
        return w;
}

static void run(GTask *task, gpointer source, gpointer data, GCancellable *cancellable) {
        Write *w = data;
        g_autofree char *text = w->state ? pi_roster_file_print(w->state) : NULL;
        GError *error = NULL;

        if (w->directory && text)
                (void) pi_roster_disk_write(w->directory, PI_ROSTER_FILE, text, &error);
        else if (w->directory)
                (void) pi_roster_disk_remove(w->directory, PI_ROSTER_FILE, &error);
        g_mutex_lock(&w->mutex);
        w->error = error;
        w->is_done = TRUE;
        g_cond_signal(&w->done);
        g_mutex_unlock(&w->mutex);
        g_task_return_boolean(task, TRUE);
}

static void on_done(GObject *source, GAsyncResult *result, gpointer userdata);

static void start(PiRosterFile *f) {
        Write *w = g_new0(Write, 1);
        g_autoptr(GTask) task = g_task_new(NULL, NULL, on_done, w);

        g_atomic_ref_count_init(&w->refs);
        g_mutex_init(&w->mutex);
        g_cond_init(&w->done);
        w->file = f;
        w->directory = g_strdup(f->directory);
        w->state = g_steal_pointer(&f->state);
        f->in_hand = w;
        f->again = FALSE;
        f->n_writes++;
        g_array_unref(f->told);
        f->told = f->waiting;
        f->waiting = g_array_new(FALSE, FALSE, sizeof(Waiting));
        g_task_set_task_data(task, write_ref(w), write_unref);
        g_task_run_in_thread(task, run);
}

static void tell(GArray *waiting, const GError *error) {
        for (guint i = 0; i < waiting->len; i++) {
                const Waiting *one = &g_array_index(waiting, Waiting, i);

                if (one->saved)
                        one->saved(error, one->userdata);
        }
}

/* Who is told may ask for the next write, or free the file. */
static void on_done(GObject *source, GAsyncResult *result, gpointer userdata) {
        Write *w = userdata;
        PiRosterFile *f = w->file;

        if (f) {
                g_autoptr(GArray) told = g_steal_pointer(&f->told);

                f->told = g_array_new(FALSE, FALSE, sizeof(Waiting));
                f->in_hand = NULL;
                if (f->again)
                        start(f);
                tell(told, w->error);
        }
        write_unref(w);
}

PiRosterFile *pi_roster_file_new(const char *directory) {
        PiRosterFile *f = g_new0(PiRosterFile, 1);

        f->directory = g_strdup(directory);
        f->told = g_array_new(FALSE, FALSE, sizeof(Waiting));
        f->waiting = g_array_new(FALSE, FALSE, sizeof(Waiting));
        return f;
}

/* Lets go of the write in hand, and tells who waited for it. */
static void finish(PiRosterFile *f) {
        gint64 end = g_get_monotonic_time() + FREE_WAIT_USEC;
        g_autoptr(GError) error = NULL;
        g_autoptr(GArray) told = g_steal_pointer(&f->told);
        Write *w = g_steal_pointer(&f->in_hand);

        f->told = g_array_new(FALSE, FALSE, sizeof(Waiting));
        g_mutex_lock(&w->mutex);
        while (!w->is_done && g_cond_wait_until(&w->done, &w->mutex, end))
                ;
        if (!w->is_done)
                g_set_error(&error, PI_ERROR, PI_ERROR_FAILED,
                            "The disk of %s does not answer", f->directory);
        else if (w->error)
                error = g_error_copy(w->error);
        w->file = NULL;
        g_mutex_unlock(&w->mutex);
        tell(told, error);
}

void pi_roster_file_free(PiRosterFile *f) {
        if (!f)
                return;
        if (f->in_hand)
                finish(f);
        if (f->again) {
                start(f);
                finish(f);
        }
        g_clear_pointer(&f->state, g_variant_unref);
        g_array_unref(f->told);
        g_array_unref(f->waiting);
        g_free(f->directory);
        g_free(f);
}

static GVariant *state_of(const PiRoster *roster, const PiTokens *tokens) {
        GVariantDict dict;

        g_variant_dict_init(&dict, NULL);
        g_variant_dict_insert(&dict, "form", "u", (guint32) FORM);
        pi_roster_to_dict(roster, TRUE, &dict);
        g_variant_dict_insert_value(&dict, "tokens",
                                    pi_tokens_to_variant(tokens, (uint64_t) g_get_real_time()));
        return g_variant_ref_sink(g_variant_dict_end(&dict));
}

void pi_roster_file_save(PiRosterFile *f, const PiRoster *roster, const PiTokens *tokens,
                         PiRosterSaved saved, gpointer userdata) {
        Waiting one = { saved, userdata };

        g_clear_pointer(&f->state, g_variant_unref);
        f->state = roster ? state_of(roster, tokens) : NULL;
        g_array_append_val(f->waiting, one);
        if (f->in_hand)
                f->again = TRUE;
        else
                start(f);
}

guint pi_roster_file_n_writes(const PiRosterFile *f) {
        return f->n_writes;
}

static gboolean read_state(GVariant *state, const char *fingerprint, PiRoster **ret_roster,
                           PiTokens **ret_tokens, GError **error) {
        g_autoptr(PiRoster) roster = NULL;
        g_autoptr(PiTokens) tokens = NULL;
        PiFields f;

        pi_fields_init(&f, "It is damaged", state);
        (void) pi_fields_u32(&f, "form", FORM, FORM);
        roster = pi_roster_from_fields(&f, TRUE);
        tokens = pi_tokens_from_fields(&f, "tokens");
        if (!f.error && !pi_roster_find_member(roster, fingerprint))
                pi_fields_fail(&f, "the node of this machine's node.crt is no member in it, so one "
                                   "of the two files comes from elsewhere");
        if (!pi_fields_end(&f, error))
                return FALSE;
        *ret_roster = g_steal_pointer(&roster);
        *ret_tokens = g_steal_pointer(&tokens);
        return TRUE;
}

gboolean pi_roster_file_load(const char *directory, const char *fingerprint,
                             PiRoster **ret_roster, PiTokens **ret_tokens, GError **error) {
        g_autoptr(GVariant) state = NULL;
        g_autoptr(GError) why = NULL;
        g_autofree char *text = NULL;

        *ret_roster = NULL;
        *ret_tokens = NULL;
        if (!directory)
                return TRUE;
        if (!pi_roster_disk_read(directory, PI_ROSTER_FILE, PI_ROSTER_FILE_BYTES_MAX, &text,
                                 error))
                return FALSE;
        if (!text)
                return TRUE;
        state = pi_roster_file_scan(text, &why);
        if (state && read_state(state, fingerprint, ret_roster, ret_tokens, &why))
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "%s/%s: %s. Bring the file back from a backup; or remove it, remove this node "
                    "on another member with \"pictl cluster remove\", and join again by a new "
                    "token", directory, PI_ROSTER_FILE, why->message);
        return FALSE;
}
