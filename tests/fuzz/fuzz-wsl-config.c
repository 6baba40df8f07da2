/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A .wslconfig and a wsl.conf of any contents. What is not refused is changed so that WSL reads
 * what is wanted, a second time not at all, and every old line is there: in its place, a comment,
 * or with another value. */
#include <stdint.h>
#include <string.h>

#include "ctl/wsl/config.h"
#include "dbus/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static PiIni *read_again(const char *text) {
        PiIni *ini = pi_ini_parse("f", text, strlen(text), "\n", NULL);

        g_assert(ini);
        return ini;
}

static void expect(const PiIni *ini, const char *section, const char *other, const char *key,
                   gboolean (*is_good)(const char *value)) {
        const PiIniEntry *e = pi_ini_find(ini, section, other, key);

        g_assert(e && is_good(e->value));
        for (guint i = 0; i < ini->entries->len; i++) {
                const PiIniEntry *x = ini->entries->pdata[i];

                g_assert(x == e || !pi_ini_entry_is(x, section, key));
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
                                            "firewall",          "autoProxy" };

        for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
                if (g_ascii_strcasecmp(e->key, keys[i]) == 0)
                        return TRUE;
        return FALSE;
}

/* Nothing of a person's is lost: a line that is no entry of ours is there as it was, bytes and
 * all, and in the same order. */
static void check_kept(const char *before, const char *after) {
        g_autoptr(PiIni) old = read_again(before), new = read_again(after);
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
        ini = read_again(once);
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
        check_kept(before, once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const PiWslWants all = { TRUE, TRUE, TRUE }, few = { FALSE, FALSE, FALSE };
        const char *text = (const char *) data;
        g_autofree char *once = pi_wsl_conf_edit("f", text, size, NULL), *twice = NULL;
        g_autoptr(PiIni) ini = NULL;

        check_config(text, size, &all);
        check_config(text, size, &few);
        if (!once)
                return 0;
        ini = read_again(once);
        expect(ini, "boot", NULL, "systemd", pi_wsl_value_is_true);
        twice = pi_wsl_conf_edit("f", once, strlen(once), NULL);
        g_assert_cmpstr(twice, ==, once);
        return 0;
}
