/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/ini.h"

#include <string.h>

#include "ctl/text.h"
#include "dbus/error.h"

#define NAME_SHOWN_MAX 200

static const char bom[] = "\xef\xbb\xbf";

/* Where the reader is. */
typedef struct Reader {
        PiIni *ini;
        gsize at;
        guint line;
        char *section;       /* that keys belong to */
        gsize section_length; /* of the name in the last header that is none of the broken ones */
} Reader;

static void entry_free(gpointer data) {
        PiIniEntry *entry = data;

        g_free(entry->section);
        g_free(entry->key);
        g_free(entry->value);
        g_free(entry);
}

static void section_clear(gpointer data) {
        g_free(((PiIniSection *) data)->name);
}

static void set_error(const PiIni *ini, guint line, const char *what, GError **error) {
        g_autofree char *name = pi_text_escape(ini->name, FALSE, NAME_SHOWN_MAX);

        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "%s: line %u %s; nothing was changed, mend the file in an editor first", name,
                    line, what);
}

static guint line_of(const char *text, gsize at) {
        guint line = 1;

        for (gsize i = 0; i < at; i++)
                line += text[i] == '\n';
        return line;
}

/* Where a carriage return stands that ends no line, or NULL. */
static const char *lone_return(const char *text) {
        for (const char *p = text; (p = strchr(p, '\r')); p++) {
                gsize n = strspn(p, "\r");

                if (p[n] != '\n')
                        return p;
                p += n;
        }
        return NULL;
}

static gboolean check_size(const PiIni *ini, const char *text, gsize length, GError **error) {
        g_autofree char *name = pi_text_escape(ini->name, FALSE, NAME_SHOWN_MAX);

        if (length > PI_INI_BYTES_MAX)
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "%s has %" G_GSIZE_FORMAT " bytes, at most %d are read; is it the "
                            "right file?", name, length, PI_INI_BYTES_MAX);
        else if (line_of(text, length) > PI_INI_LINES_MAX)
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "%s has more than %d lines; is it the right file?", name,
                            PI_INI_LINES_MAX);
        else
                return TRUE;
        return FALSE;
}

static gboolean check_bytes(const PiIni *ini, const char *text, gsize length, GError **error) {
        const char *nul = memchr(text, '\0', length), *wrong;

        if (length >= 2 && (memcmp(text, "\xff\xfe", 2) == 0 || memcmp(text, "\xfe\xff", 2) == 0))
                set_error(ini, 1, "begins as UTF-16 does, which is not read: save it as UTF-8",
                          error);
        else if (nul)
                set_error(ini, line_of(text, (gsize) (nul - text)), "has a NUL byte", error);
        else if (!g_utf8_validate(text, (gssize) length, &wrong))
                set_error(ini, line_of(text, (gsize) (wrong - text)), "is not UTF-8 text", error);
        else
                return TRUE;
        return FALSE;
}

static gboolean check_text(const PiIni *ini, GError **error) {
        const char *wrong = lone_return(ini->text);

        if (!wrong)
                return TRUE;
        set_error(ini, line_of(ini->text, (gsize) (wrong - ini->text)),
                  "has a carriage return that ends no line", error);
        return FALSE;
}

static gboolean is_end(char c) {
        return c == '\0' || c == '\n' || c == '\r';
}

static gboolean is_blank(char c) {
        return c == ' ' || c == '\t';
}

/* Behind the end of the line. */
static gsize skip_line(const char *text, gsize at) {
        gsize n = strcspn(text + at, "\n");

        return at + n + (text[at + n] == '\n');
}

static gsize skip_blanks(const char *text, gsize at) {
        return at + strspn(text + at, " \t");
}

static gsize skip_name(const char *text, gsize at) {
        if (!g_ascii_isalpha(text[at]))
                return at;
        while (g_ascii_isalnum(text[at]))
                at++;
        return at;
}

/* `header` is what it is called for those who want to add to it. */
static void begin_section(Reader *r, const char *header) {
        PiIniSection section = { g_strdup(header), r->at };

        g_array_append_val(r->ini->sections, section);
}

static void set_section(Reader *r, const char *name, gsize length) {
        char *section = g_strndup(name, length);

        g_free(r->section);
        r->section = section;
}

/* What WSL makes of a header that it warns of: it has read the name into its buffer, but goes on to
 * cut that to the length of the section before. A shorter name matches no key then, and one that
 * does not begin with a letter changes nothing. */
static void break_section(Reader *r, const char *name, gsize length) {
        if (length > 0)
                set_section(r, name, length < r->section_length ? 0 : r->section_length);
}

/* What stands last in the section now ends at `at`. */
static void extend_section(Reader *r, gsize at) {
        GArray *sections = r->ini->sections;

        g_array_index(sections, PiIniSection, sections->len - 1).end = at;
}

static void ignore_line(Reader *r) {
        g_array_append_val(r->ini->ignored, r->line);
}

static void read_header(Reader *r) {
        const char *text = r->ini->text;
        gsize name = skip_blanks(text, r->at) + 1, end = skip_name(text, name);
        gsize behind = text[end] == ']' ? skip_blanks(text, end + 1) : end;
        gboolean good = end > name && text[end] == ']' &&
                        (is_end(text[behind]) || text[behind] == '#');

        r->at = skip_line(text, r->at);
        if (good) {
                r->section_length = end - name;
                set_section(r, text + name, end - name);
        } else {
                ignore_line(r);
                break_section(r, text + name, end - name);
        }
        /* Nothing of ours is put behind a header that somebody may yet mend. */
        begin_section(r, good ? r->section : "");
}

/* What a backslash and the character behind it stand for, 0 for nothing. */
static char escaped(char c) {
        switch (c) {
        case '\\':
        case '"':
                return c;
        case 'b':
                return '\b';
        case 'n':
                return '\n';
        case 't':
                return '\t';
        default:
                return '\0';
        }
}

typedef enum Reading {
        READING_GOOD,
        READING_IGNORED, /* as WSL does, with the rest of the line */
        READING_CUT,     /* the file ends within it */
} Reading;

/* Reads a value from e->value_start on. *at is where it ended. */
static Reading read_value(PiIniEntry *e, const char *text, gsize *at) {
        g_autoptr(GString) value = g_string_new(NULL);
        gsize i = e->value_start, trimmed = 0;
        gboolean quoted = FALSE;

        e->value_end = i;
        while (!is_end(text[i]) && (quoted || text[i] != '#')) {
                gboolean blank = is_blank(text[i]);

                if (text[i] == '"') {
                        quoted = !quoted;
                        i++;
                } else if (text[i] != '\\') {
                        g_string_append_c(value, text[i++]);
                } else if (escaped(text[i + 1])) {
                        g_string_append_c(value, escaped(text[i + 1]));
                        i += 2;
                } else {
                        i += 1 + strspn(text + i + 1, "\r");
                        *at = i;
                        if (text[i] == '\0' || (text[i] == '\n' && text[i + 1] == '\0'))
                                return READING_CUT;
                        if (text[i++] != '\n')
                                return READING_IGNORED;
                }
                if (!blank) {
                        trimmed = value->len;
                        e->value_end = i;
                }
        }
        *at = i;
        if (quoted)
                return READING_IGNORED;
        g_string_truncate(value, trimmed);
        e->value = g_strdup(value->str);
        return READING_GOOD;
}

static gboolean read_key(Reader *r, GError **error) {
        PiIniEntry *e = g_new0(PiIniEntry, 1);
        const char *text = r->ini->text;
        gsize key = skip_blanks(text, r->at), end = skip_name(text, key);
        gsize at = skip_blanks(text, end);
        Reading reading = READING_IGNORED;

        if (end > key && text[at] == '=') {
                e->value_start = skip_blanks(text, at + 1);
                reading = read_value(e, text, &at);
        }
        e->start = r->at;
        e->end = skip_line(text, at);
        e->line = r->line;
        r->line += line_of(text + r->at, e->end - r->at) - 1;
        r->at = e->end;
        extend_section(r, e->end);
        if (reading == READING_GOOD) {
                e->section = g_strdup(r->section);
                e->key = g_strndup(text + key, end - key);
                g_ptr_array_add(r->ini->entries, e);
                return TRUE;
        }
        g_array_append_val(r->ini->ignored, e->line);
        entry_free(e);
        if (reading == READING_CUT)
                set_error(r->ini, line_of(text, at), "is the last and ends with a backslash",
                          error);
        return reading != READING_CUT;
}

static gboolean read_line(Reader *r, GError **error) {
        const char *text = r->ini->text;
        char first = text[skip_blanks(text, r->at)];

        if (first != '[' && !is_end(first) && first != '#')
                return read_key(r, error); /* counts its lines itself */
        if (first == '[')
                read_header(r);
        else
                r->at = skip_line(text, r->at);
        r->line++;
        return TRUE;
}

static gboolean read_lines(PiIni *ini, GError **error) {
        Reader r = { .ini = ini, .line = 1 };
        gboolean good = TRUE;

        if (ini->kind == PI_INI_CONFIG && g_str_has_prefix(ini->text, bom))
                r.at = strlen(bom);
        set_section(&r, "", 0);
        begin_section(&r, "");
        while (good && ini->text[r.at])
                good = read_line(&r, error);
        g_free(r.section);
        return good;
}

PiIni *pi_ini_parse(PiIniKind kind, const char *name, const char *text, gsize length,
                    GError **error) {
        g_autoptr(PiIni) ini = g_new0(PiIni, 1);

        ini->kind = kind;
        ini->name = g_strdup(name);
        ini->eol = kind == PI_INI_CONFIG ? "\r\n" : "\n";
        ini->entries = g_ptr_array_new_with_free_func(entry_free);
        ini->ignored = g_array_new(FALSE, FALSE, sizeof(guint));
        ini->sections = g_array_new(FALSE, FALSE, sizeof(PiIniSection));
        g_array_set_clear_func(ini->sections, section_clear);
        if (!check_size(ini, text, length, error) || !check_bytes(ini, text, length, error))
                return NULL;
        ini->text = g_strndup(text, length);
        ini->length = length;
        if (!check_text(ini, error) || !read_lines(ini, error))
                return NULL;
        return g_steal_pointer(&ini);
}

gboolean pi_ini_entry_is(const PiIniEntry *entry, const char *section, const char *key) {
        return g_ascii_strcasecmp(entry->section, section) == 0 &&
               g_ascii_strcasecmp(entry->key, key) == 0;
}

const PiIniEntry *pi_ini_find(const PiIni *ini, const char *section, const char *other,
                              const char *key) {
        for (guint i = 0; i < ini->entries->len; i++) {
                const PiIniEntry *e = ini->entries->pdata[i];

                if (pi_ini_entry_is(e, section, key) ||
                    (other && pi_ini_entry_is(e, other, key)))
                        return e;
        }
        return NULL;
}

void pi_ini_free(PiIni *ini) {
        g_free(ini->name);
        g_free(ini->text);
        g_ptr_array_unref(ini->entries);
        g_array_unref(ini->ignored);
        g_array_unref(ini->sections);
        g_free(ini);
}
