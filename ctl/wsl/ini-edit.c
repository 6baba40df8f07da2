/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "ctl/wsl/ini.h"

/* Bytes to leave out at an offset of the text, and what comes there instead. */
typedef struct Patch {
        gsize at, length;
        int rank; /* of those at the same place, the smallest first */
        char *text;
} Patch;

/* A section that is to be made. */
typedef struct NewSection {
        char *name;
        GPtrArray *lines;
} NewSection;

/* A new line comes before what is done to the next one, and behind what is done to the last. */
enum { RANK_BEFORE, RANK_EDIT, RANK_BEHIND };

static void patch_free(gpointer data) {
        g_free(((Patch *) data)->text);
        g_free(data);
}

static void new_section_free(gpointer data) {
        NewSection *section = data;

        g_free(section->name);
        g_ptr_array_unref(section->lines);
        g_free(section);
}

PiIniEdit *pi_ini_edit_new(const PiIni *ini) {
        PiIniEdit *edit = g_new0(PiIniEdit, 1);

        edit->ini = ini;
        edit->patches = g_ptr_array_new_with_free_func(patch_free);
        edit->sections = g_ptr_array_new_with_free_func(new_section_free);
        return edit;
}

void pi_ini_edit_free(PiIniEdit *edit) {
        g_ptr_array_unref(edit->patches);
        g_ptr_array_unref(edit->sections);
        g_free(edit);
}

static void add_patch(PiIniEdit *edit, gsize at, gsize length, int rank, char *text) {
        Patch *patch = g_new0(Patch, 1);

        *patch = (Patch) { at, length, rank, text };
        g_ptr_array_add(edit->patches, patch);
}

void pi_ini_edit_replace(PiIniEdit *edit, const PiIniEntry *entry, const char *value) {
        add_patch(edit, entry->value_start, entry->value_end - entry->value_start, RANK_EDIT,
                  g_strdup(value));
}

void pi_ini_edit_append(PiIniEdit *edit, const PiIniEntry *entry, const char *text) {
        add_patch(edit, entry->value_end, 0, RANK_EDIT, g_strdup(text));
}

void pi_ini_edit_comment_out(PiIniEdit *edit, const PiIniEntry *entry) {
        const char *text = edit->ini->text;

        /* Also each line that it goes on in. */
        for (gsize at = entry->start; at < entry->end; at++)
                if (at == entry->start || text[at - 1] == '\n')
                        add_patch(edit, at, 0, RANK_EDIT, g_strdup("# "));
}

/* The end of the line that ends at `at`; of the first line where none does; else the file's. */
static const char *eol_at(const char *text, gsize at, const char *otherwise) {
        const char *first = strchr(text, '\n');

        if (at == 0 || text[at - 1] != '\n') {
                if (!first)
                        return otherwise;
                at = (gsize) (first - text) + 1;
        }
        return at > 1 && text[at - 2] == '\r' ? "\r\n" : "\n";
}

static NewSection *new_section(PiIniEdit *edit, const char *name) {
        NewSection *section;

        for (guint i = 0; i < edit->sections->len; i++) {
                section = edit->sections->pdata[i];
                if (g_ascii_strcasecmp(section->name, name) == 0)
                        return section;
        }
        section = g_new0(NewSection, 1);
        section->name = g_strdup(name);
        section->lines = g_ptr_array_new_with_free_func(g_free);
        g_ptr_array_add(edit->sections, section);
        return section;
}

void pi_ini_edit_add(PiIniEdit *edit, const char *section, const char *key, const char *value) {
        const PiIni *ini = edit->ini;

        for (guint i = 0; i < ini->sections->len; i++) {
                const PiIniSection *s = &g_array_index(ini->sections, PiIniSection, i);
                const char *eol = eol_at(ini->text, s->end, ini->eol);
                gboolean ended = s->end > 0 && ini->text[s->end - 1] == '\n';

                if (g_ascii_strcasecmp(s->name, section) != 0)
                        continue;
                /* A file whose last line has no end keeps that. */
                add_patch(edit, s->end, 0, ended ? RANK_BEFORE : RANK_BEHIND,
                          g_strconcat(ended ? "" : eol, key, "=", value, ended ? eol : "", NULL));
                return;
        }
        g_ptr_array_add(new_section(edit, section)->lines, g_strconcat(key, "=", value, NULL));
}

static int by_place(gconstpointer a, gconstpointer b) {
        const Patch *x = *(const Patch *const *) a, *y = *(const Patch *const *) b;

        if (x->at != y->at)
                return x->at < y->at ? -1 : 1;
        return x->rank - y->rank;
}

/* Whether nothing or an empty line stands at the end. A byte order mark is nothing for Windows. */
static gboolean ends_blank(PiIniKind kind, const char *text, gsize length, const char *eol) {
        gsize n = strlen(eol);

        if (kind == PI_INI_CONFIG && g_str_has_prefix(text, "\xef\xbb\xbf")) {
                text += 3;
                length -= 3;
        }
        if (length < n || memcmp(text + length - n, eol, n) != 0)
                return length == 0;
        return length == n || text[length - n - 1] == '\n';
}

static void append_section(GString *out, const NewSection *section, const PiIni *ini) {
        const char *eol = eol_at(out->str, out->len, ini->eol);
        gboolean blank = ends_blank(ini->kind, out->str, out->len, eol);
        gboolean ended = blank || out->str[out->len - 1] == '\n';

        if (!ended)
                g_string_append(out, eol);
        if (!blank)
                g_string_append(out, eol);
        g_string_append_printf(out, "[%s]", section->name);
        for (guint i = 0; i < section->lines->len; i++)
                g_string_append_printf(out, "%s%s", eol, (char *) section->lines->pdata[i]);
        if (ended)
                g_string_append(out, eol);
}

char *pi_ini_edit_finish(const PiIniEdit *edit) {
        const char *text = edit->ini->text;
        GString *out = g_string_new(NULL);
        gsize at = 0;

        /* The sort of a GPtrArray is stable: what was added first comes first. */
        g_ptr_array_sort(edit->patches, by_place);
        for (guint i = 0; i < edit->patches->len; i++) {
                const Patch *patch = edit->patches->pdata[i];

                g_string_append_len(out, text + at, (gssize) (patch->at - at));
                g_string_append(out, patch->text);
                at = patch->at + patch->length;
        }
        g_string_append(out, text + at);
        for (guint i = 0; i < edit->sections->len; i++)
                append_section(out, edit->sections->pdata[i], edit->ini);
        return g_string_free(out, FALSE);
}
