/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/listing.h"

#include <string.h>

#include "dbus/error.h"
#include "dbus/options.h"
#include "nft/ruleset.h"

/* As libnftables begins and ends what it lists. */
#define JSON_HEAD "{\"nftables\": ["
#define JSON_TAIL "]}"

/* What stands between spaces in a command and is nothing else than a name. */
#define NAME_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "_.-/"

/* A table whose lines are being read. */
typedef struct Reading {
        GPtrArray *plan;
        char *family, *table; /* NULL between tables and within our own */
        char *flags;          /* as JSON has them; NULL: none */
        GPtrArray *objects;   /* commands for what is in it */
} Reading;

/* `name` is NULL behind the end of a line. */
static gboolean is_name(const char *name, GError **error) {
        g_autofree char *shown = NULL;

        if (name && name[0] && strspn(name, NAME_CHARACTERS) == strlen(name))
                return TRUE;
        shown = pi_option_shown(name ? name : "");
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "A name of nftables cannot be given to it: \"%s\"; look by hand: nft list "
                    "ruleset", shown);
        return FALSE;
}

static void end_table(Reading *r) {
        if (!r->table)
                return;
        if (r->flags)
                g_ptr_array_add(r->plan,
                                g_strdup_printf("{\"table\": {\"family\": \"%s\", "
                                                "\"name\": \"%s\", \"flags\": [\"%s\"]}}",
                                                r->family, r->table, r->flags));
        else
                g_ptr_array_add(r->plan, g_strdup_printf("list table %s %s", r->family, r->table));
        while (r->flags && r->objects->len > 0)
                g_ptr_array_add(r->plan, g_ptr_array_steal_index(r->objects, 0));
        g_ptr_array_set_size(r->objects, 0);
        g_clear_pointer(&r->family, g_free);
        g_clear_pointer(&r->table, g_free);
        g_clear_pointer(&r->flags, g_free);
}

/* "table inet firewalld { # handle 3" */
static gboolean begin_table(Reading *r, char **words, GError **error) {
        end_table(r);
        if (!is_name(words[1], error) || !is_name(words[2], error))
                return FALSE;
        if (strcmp(words[1], PI_NFT_FAMILY) == 0 && strcmp(words[2], PI_NFT_TABLE) == 0)
                return TRUE;
        r->family = g_strdup(words[1]);
        r->table = g_strdup(words[2]);
        return TRUE;
}

/* "chain input { # handle 1" */
static gboolean add_object(Reading *r, char **words, GError **error) {
        if (!is_name(words[1], error))
                return FALSE;
        g_ptr_array_add(r->objects, g_strdup_printf("list %s %s %s %s", words[0], r->family,
                                                    r->table, words[1]));
        return TRUE;
}

/* "flags owner,persist" */
static gboolean add_flags(Reading *r, const char *flags, GError **error) {
        g_auto(GStrv) names = g_strsplit(flags ? flags : "", ",", -1);

        for (char **name = names; *name; name++)
                if (!is_name(*name, error))
                        return FALSE;
        g_free(r->flags);
        r->flags = g_strjoinv("\", \"", names);
        return TRUE;
}

/* Tables begin a line, and what is in them is one tab further in. */
static gboolean read_line(Reading *r, const char *line, GError **error) {
        static const char *const kinds[] = { "chain", "set", "map", NULL };
        gboolean inside = line[0] == '\t' && line[1] != '\t';
        g_auto(GStrv) words = NULL;

        if (!inside && !g_str_has_prefix(line, "table "))
                return TRUE;
        words = g_strsplit(line + inside, " ", 5);
        if (!inside)
                return begin_table(r, words, error);
        if (!r->table)
                return TRUE;
        if (strcmp(words[0], "flags") == 0)
                return add_flags(r, words[1], error);
        if (g_strv_contains((const char *const *) kinds, words[0]))
                return add_object(r, words, error);
        return TRUE;
}

GPtrArray *pi_listing_plan(const char *text, GError **error) {
        g_autoptr(GPtrArray) plan = g_ptr_array_new_with_free_func(g_free);
        Reading r = { .plan = plan, .objects = g_ptr_array_new_with_free_func(g_free) };
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
        gboolean good = TRUE;

        for (char **line = lines; *line && good; line++)
                good = read_line(&r, *line, error);
        end_table(&r);
        g_ptr_array_unref(r.objects);
        return good ? g_steal_pointer(&plan) : NULL;
}

static void append(GString *all, const char *objects, gsize length) {
        if (all->len > strlen(JSON_HEAD))
                g_string_append(all, ", ");
        g_string_append_len(all, objects, (gssize) length);
}

/* The list within one answer of libnftables. */
static gboolean append_answer(GString *all, const char *json, GError **error) {
        gsize length = strlen(json), head = strlen(JSON_HEAD), tail = strlen(JSON_TAIL);

        while (length > 0 && g_ascii_isspace(json[length - 1]))
                length--;
        if (length < head + tail || !g_str_has_prefix(json, JSON_HEAD) ||
            strncmp(json + length - tail, JSON_TAIL, tail) != 0) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                                    "nftables lists its rules in a form that is not known");
                return FALSE;
        }
        append(all, json + head, length - head - tail);
        return TRUE;
}

char *pi_listing_of_others(PiNft *nft, char **ret_text, GError **error) {
        g_autofree char *text = pi_nft_list_handles(nft, "list ruleset", error);
        g_autoptr(GPtrArray) plan = text ? pi_listing_plan(text, error) : NULL;
        g_autoptr(GString) all = g_string_new(JSON_HEAD);

        if (!plan)
                return NULL;
        for (guint i = 0; i < plan->len; i++) {
                const char *step = plan->pdata[i];
                g_autofree char *json = NULL;

                if (step[0] == '{') {
                        append(all, step, strlen(step));
                        continue;
                }
                json = pi_nft_list_json(nft, step, error);
                if (!json || !append_answer(all, json, error))
                        return NULL;
        }
        g_string_append(all, JSON_TAIL);
        *ret_text = g_steal_pointer(&text);
        return g_string_free(g_steal_pointer(&all), FALSE);
}
