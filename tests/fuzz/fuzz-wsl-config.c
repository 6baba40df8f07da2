/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A .wslconfig and a wsl.conf of any contents. What is not refused is changed so that WSL reads
 * what is wanted, a second time not at all, and every old line is there, bytes and all: in its
 * place, or, of a key of ours, as a comment or with another value. */
#include <stdint.h>
#include <string.h>

#include "ctl/wsl/config.h"
#include "dbus/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static PiIni *read_again(PiIniKind kind, const char *text) {
        PiIni *ini = pi_ini_parse(kind, "f", text, strlen(text), NULL);

        g_assert(ini);
        return ini;
}

/* Nothing is left of the key, in its section or the other one, but what counts. */
static void expect(const PiIni *ini, const char *section, const char *other, const char *key,
                   gboolean (*is_good)(const char *value)) {
        const PiIniEntry *e = pi_ini_find(ini, section, NULL, key);

        g_assert(e && is_good(e->value));
        for (guint i = 0; i < ini->entries->len; i++) {
                const PiIniEntry *x = ini->entries->pdata[i];

                g_assert(x == e || !pi_ini_entry_is(x, section, key));
                g_assert(!other || !pi_ini_entry_is(x, other, key));
        }
}

static gboolean is_mirrored(const char *value) {
        return pi_wsl_value_is(value, "mirrored");
}

static gboolean has_modules(const char *value) {
        g_autofree char *missing = pi_wsl_missing_modules(value);

        return missing[0] == '\0';
}

static gboolean is_ours(const PiIniEntry *e) {
        static const char *const keys[] = { "networkingMode",    "vmIdleTimeout",
                                            "loadKernelModules", "instanceIdleTimeout",
                                            "autoMemoryReclaim", "dnsTunneling",
                                            "firewall",          "autoProxy",
                                            "systemd" };

        for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
                if (g_ascii_strcasecmp(e->key, keys[i]) == 0)
                        return TRUE;
        return FALSE;
}

/* The entry that begins here, if its key is one of ours. */
static const PiIniEntry *ours_at(const PiIni *ini, gsize at) {
        for (guint i = 0; i < ini->entries->len; i++) {
                const PiIniEntry *e = ini->entries->pdata[i];

                if (e->start == at)
                        return is_ours(e) ? e : NULL;
        }
        return NULL;
}

static gsize line_end(const char *text, gsize at) {
        gsize n = strcspn(text + at, "\n");

        return at + n + (text[at + n] == '\n');
}

/* Where `text` goes on behind these bytes, which end a line: a last one without an end may have got
 * one. 0 if it is another text. */
static gsize match(const char *text, gsize at, const char *bytes, gsize length) {
        if (strncmp(text + at, bytes, length) != 0)
                return 0;
        at += length;
        if (length > 0 && bytes[length - 1] == '\n')
                return at;
        if (text[at] != '\0' && text[at] != '\n' && !g_str_has_prefix(text + at, "\r\n"))
                return 0;
        return line_end(text, at);
}

static gsize match_comment(const char *text, gsize at, const char *bytes, gsize length) {
        gsize end;

        for (gsize i = 0; i < length; i = end) {
                end = MIN(line_end(bytes, i), length);
                if (strncmp(text + at, "# ", 2) != 0)
                        return 0;
                at = match(text, at + 2, bytes + i, end - i);
                if (at == 0)
                        return 0;
        }
        return at;
}

static gsize match_value(const PiIni *new, gsize at, const char *old, const PiIniEntry *e) {
        const PiIniEntry *x = ours_at(new, at);

        if (!x || x->value_start - x->start != e->value_start - e->start ||
            strncmp(new->text + at, old + e->start, e->value_start - e->start) != 0)
                return 0;
        return match(new->text, x->value_end, old + e->value_end, e->end - e->value_end);
}

/* Whether a new line, as it is there, is none that setup makes. */
static gboolean is_strange(const PiIni *new, gsize at) {
        static const char *const words[] = { "[wsl2]", "[general]", "[boot]", "" };
        gsize length = strcspn(new->text + at, "\r\n");

        for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
                if (strlen(words[i]) == length && strncmp(new->text + at, words[i], length) == 0)
                        return FALSE;
        return !ours_at(new, at);
}

/* The old lines in their order, with nothing between them but lines of ours. */
static void check_lines(const PiIni *old, const PiIni *new) {
        gboolean skip = old->kind == PI_INI_CONFIG && g_str_has_prefix(old->text, "\xef\xbb\xbf");
        gsize at = skip ? 3 : 0, i = at;

        while (old->text[i]) {
                const PiIniEntry *e = ours_at(old, i);
                gsize end = e ? e->end : line_end(old->text, i), next;

                g_assert(new->text[at] != '\0');
                next = match(new->text, at, old->text + i, end - i);
                if (next == 0 && e)
                        next = match_comment(new->text, at, old->text + i, end - i);
                if (next == 0 && e)
                        next = match_value(new, at, old->text, e);
                if (next == 0) {
                        g_assert(!is_strange(new, at));
                        at = line_end(new->text, at);
                        continue;
                }
                at = next;
                i = end;
        }
        for (; new->text[at]; at = line_end(new->text, at))
                g_assert(!is_strange(new, at));
}

/* And WSL reads the keys of others as before. */
static void check_kept(PiIniKind kind, const char *before, const char *after) {
        g_autoptr(PiIni) old = read_again(kind, before), new = read_again(kind, after);
        guint at = 0;

        for (guint i = 0; i < old->entries->len; i++) {
                const PiIniEntry *e = old->entries->pdata[i];
                const PiIniEntry *x = NULL;

                if (is_ours(e))
                        continue;
                do {
                        g_assert(at < new->entries->len);
                        x = new->entries->pdata[at++];
                } while (!g_str_equal(x->key, e->key) || !g_str_equal(x->value, e->value) ||
                         !g_str_equal(x->section, e->section));
        }
        g_assert_cmpuint(new->ignored->len, ==, old->ignored->len);
        check_lines(old, new);
}

static void check_config(const char *data, size_t size, const PiWslWants *wants) {
        g_autoptr(GError) error = NULL;
        g_autofree char *once = pi_wsl_config_edit("f", data, size, wants, &error);
        g_autofree char *twice = NULL, *before = NULL;
        g_autoptr(PiIni) ini = NULL;

        if (!once) {
                g_assert(g_error_matches(error, PI_ERROR, PI_ERROR_FAILED));
                g_assert(g_str_has_prefix(error->message, "f"));
                g_assert(g_utf8_validate(error->message, -1, NULL));
                return;
        }
        ini = read_again(PI_INI_CONFIG, once);
        if (wants->mirrored)
                expect(ini, "wsl2", "experimental", "networkingMode", is_mirrored);
        if (wants->modules)
                expect(ini, "wsl2", NULL, "loadKernelModules", has_modules);
        if (wants->instance_idle)
                expect(ini, "general", NULL, "instanceIdleTimeout", pi_wsl_value_is_negative);
        expect(ini, "wsl2", "experimental", "vmIdleTimeout", pi_wsl_value_is_negative);
        twice = pi_wsl_config_edit("f", once, strlen(once), wants, NULL);
        g_assert_cmpstr(twice, ==, once);
        before = g_strndup(data, size);
        check_kept(PI_INI_CONFIG, before, once);
}

static void check_conf(const char *data, size_t size) {
        g_autofree char *once = pi_wsl_conf_edit("f", data, size, NULL), *twice = NULL;
        g_autofree char *before = NULL;
        g_autoptr(PiIni) ini = NULL;

        if (!once)
                return;
        ini = read_again(PI_INI_CONF, once);
        expect(ini, "boot", NULL, "systemd", pi_wsl_value_is_true);
        twice = pi_wsl_conf_edit("f", once, strlen(once), NULL);
        g_assert_cmpstr(twice, ==, once);
        before = g_strndup(data, size);
        check_kept(PI_INI_CONF, before, once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const PiWslWants all = { TRUE, TRUE, TRUE }, few = { FALSE, FALSE, FALSE };
        const char *text = (const char *) data;

        check_config(text, size, &all);
        check_config(text, size, &few);
        check_conf(text, size);
        return 0;
}
