/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The files .wslconfig and wsl.conf, read as WSL reads them and changed without touching anything
 * else: every other byte stays, comments, order, ends of lines and a byte order mark included.
 *
 * What WSL understands: [section] and key=value, names of letters and digits in any case; # begins
 * a comment, also behind a value; " protects it within a value; a backslash stands before \, ", b,
 * n, t, or at the end of a line that goes on in the next one. It ignores a line that is none of
 * these, and a key that it has seen already: the first one counts. A header that it ignores does
 * not end the section: keys behind it still belong there, or, if a name of at least the length of
 * the section's stands in it, to the section that the name, cut to that length, is of. */

#define PI_INI_BYTES_MAX (1024 * 1024)
#define PI_INI_LINES_MAX 20000

/* Windows reads the one and Linux the other, which takes a byte order mark for a bad line. */
typedef enum PiIniKind {
        PI_INI_CONFIG, /* .wslconfig */
        PI_INI_CONF,   /* wsl.conf */
} PiIniKind;

typedef struct PiIniEntry {
        char *section, *key; /* as written; section is "" where WSL has none that is known */
        char *value;         /* without quotes and escapes */
        guint line;          /* from 1 on */
        gsize start, end;    /* its bytes, with the end of the line or lines */
        gsize value_start, value_end;
} PiIniEntry;

/* A header, or what comes before the first. */
typedef struct PiIniSection {
        char *name; /* "" for a header that WSL ignores */
        gsize end;  /* behind the header or the last line that is neither blank nor a comment */
} PiIniSection;

typedef struct PiIni {
        PiIniKind kind;
        char *name; /* of the file, for errors */
        char *text;
        gsize length;
        GPtrArray *entries; /* of PiIniEntry, in order */
        GArray *sections;   /* of PiIniSection, in order */
        GArray *ignored;    /* of guint: the lines that WSL warns of and ignores */
        const char *eol;    /* for a file that has no line yet */
} PiIni;

/* `name` is what errors call the file. What has a NUL byte, is UTF-16 or no UTF-8, is larger than
 * the limits above, has a lone carriage return or ends within a value is PI_ERROR_FAILED, and the
 * error names the file and the line. */
PiIni *pi_ini_parse(PiIniKind kind, const char *name, const char *text, gsize length,
                    GError **error);
void pi_ini_free(PiIni *ini);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiIni, pi_ini_free)

/* The entry that counts for WSL: the first of the key in `section` or, unless it is NULL, in
 * `other`. NULL if there is none. */
const PiIniEntry *pi_ini_find(const PiIni *ini, const char *section, const char *other,
                              const char *key);

/* Whether an entry has this key and stands in this section; case does not matter. */
gboolean pi_ini_entry_is(const PiIniEntry *entry, const char *section, const char *key);

/* A change of a file: it is noted bit by bit, and done at once. */
typedef struct PiIniEdit {
        const PiIni *ini;
        GPtrArray *patches;
        GPtrArray *sections; /* that are to be made */
} PiIniEdit;

/* `ini` has to live as long. */
PiIniEdit *pi_ini_edit_new(const PiIni *ini);
void pi_ini_edit_free(PiIniEdit *edit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiIniEdit, pi_ini_edit_free)

/* Each entry may be named once. A value is written as it is given: "" and what has blanks at an
 * end, #, " or \ in it is the caller's to quote. */
void pi_ini_edit_replace(PiIniEdit *edit, const PiIniEntry *entry, const char *value);
void pi_ini_edit_append(PiIniEdit *edit, const PiIniEntry *entry, const char *text);
void pi_ini_edit_comment_out(PiIniEdit *edit, const PiIniEntry *entry);

/* A new line behind the last one of the first section of this name, which is made at the end of the
 * file if there is none. */
void pi_ini_edit_add(PiIniEdit *edit, const char *section, const char *key, const char *value);

/* The changed text. Free it with g_free(). */
char *pi_ini_edit_finish(const PiIniEdit *edit);
