/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/roster-file.h"

#include "daemon/cluster/roster-disk.h"
#include "daemon/cluster/roster-variant.h"
#include "daemon/cluster/roster-write.h"
#include "dbus/error.h"

#define FORM 1

/* A disk that hangs does not hold the end of the service. */
#define FREE_WAIT_USEC (5 * G_TIME_SPAN_SECOND)

typedef struct Waiting {
        PiRosterSaved saved;
        gpointer userdata;
} Waiting;

struct PiRosterFile {
        char *directory;
        GSource *source; /* ready when the write in hand is done */
        PiRosterWrite *in_hand;
        GArray *told;      /* Waiting, of the one in hand */
        gboolean again;    /* the following is to be written after it */
        GVariant *state;
        GArray *waiting;   /* Waiting, of that */
        guint n_writes;
};

typedef struct FileSource {
        GSource source;
        PiRosterFile *file;
} FileSource;

static void start(PiRosterFile *f) {
        f->in_hand = pi_roster_write_new(f->directory, g_steal_pointer(&f->state), f->source);
        f->again = FALSE;
        f->n_writes++;
        g_array_unref(f->told);
        f->told = f->waiting;
        f->waiting = g_array_new(FALSE, FALSE, sizeof(Waiting));
}

static void tell(GArray *waiting, const GError *error) {
        for (guint i = 0; i < waiting->len; i++) {
                const Waiting *one = &g_array_index(waiting, Waiting, i);

                if (one->saved)
                        one->saved(error, one->userdata);
        }
}

/* Who is told may ask for the next write, or free the file. */
static void on_done(PiRosterFile *f) {
        g_autoptr(GError) error = pi_roster_write_end(g_steal_pointer(&f->in_hand), 0);
        g_autoptr(GArray) told = g_steal_pointer(&f->told);

        f->told = g_array_new(FALSE, FALSE, sizeof(Waiting));
        if (f->again)
                start(f);
        tell(told, error);
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer userdata) {
        g_source_set_ready_time(source, -1);
        on_done(((FileSource *) source)->file);
        return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_funcs = { .dispatch = dispatch };

PiRosterFile *pi_roster_file_new(const char *directory) {
        PiRosterFile *f = g_new0(PiRosterFile, 1);

        f->directory = g_strdup(directory);
        f->source = g_source_new(&source_funcs, sizeof(FileSource));
        ((FileSource *) f->source)->file = f;
        g_source_set_name(f->source, "roster");
        g_source_attach(f->source, NULL);
        f->told = g_array_new(FALSE, FALSE, sizeof(Waiting));
        f->waiting = g_array_new(FALSE, FALSE, sizeof(Waiting));
        return f;
}

/* Lets go of the write in hand, and tells who waited for it. */
static void finish(PiRosterFile *f) {
        g_autoptr(GError) error =
                pi_roster_write_end(g_steal_pointer(&f->in_hand), FREE_WAIT_USEC);
        g_autoptr(GArray) told = g_steal_pointer(&f->told);

        f->told = g_array_new(FALSE, FALSE, sizeof(Waiting));
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
        g_source_destroy(f->source);
        g_source_unref(f->source);
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
