/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/config.h"

#include <stdlib.h>

gboolean pi_wsl_value_is(const char *value, const char *word) {
        return g_ascii_strcasecmp(value, word) == 0;
}

gboolean pi_wsl_value_is_true(const char *value) {
        return pi_wsl_value_is(value, "true") || pi_wsl_value_is(value, "1");
}

gboolean pi_wsl_value_is_false(const char *value) {
        return pi_wsl_value_is(value, "false") || pi_wsl_value_is(value, "0");
}

gboolean pi_wsl_value_is_negative(const char *value) {
        char *end;
        long number = strtol(value, &end, 0); /* what WSL reads a number with */

        return value[0] != '\0' && *end == '\0' && number < 0 && number >= G_MININT32;
}

char *pi_wsl_missing_modules(const char *value) {
        g_auto(GStrv) wanted = g_strsplit(PI_WSL_MODULES, ",", -1);
        g_auto(GStrv) have = g_strsplit(value, ",", -1); /* blanks count: WSL hands them on */
        GString *missing = g_string_new(NULL);

        for (char **name = wanted; *name; name++)
                if (!g_strv_contains((const char *const *) have, *name))
                        g_string_append_printf(missing, "%s%s", missing->len > 0 ? "," : "", *name);
        return g_string_free(missing, FALSE);
}

/* Comments out every entry of the key in `section` and `other` but `keep`. */
static void drop_others(PiIniEdit *edit, const char *section, const char *other, const char *key,
                        const PiIniEntry *keep) {
        for (guint i = 0; i < edit->ini->entries->len; i++) {
                const PiIniEntry *e = edit->ini->entries->pdata[i];

                if (e != keep && (pi_ini_entry_is(e, section, key) ||
                                  (other && pi_ini_entry_is(e, other, key))))
                        pi_ini_edit_comment_out(edit, e);
        }
}

/* Sets a key unless `is_good` says that its value does. `other` is a section where WSL reads it,
 * too, or NULL. */
static void set(PiIniEdit *edit, const char *section, const char *other, const char *key,
                const char *value, gboolean (*is_good)(const char *value)) {
        const PiIniEntry *e = pi_ini_find(edit->ini, section, NULL, key);

        if (!e)
                pi_ini_edit_add(edit, section, key, value);
        else if (!is_good(e->value))
                pi_ini_edit_replace(edit, e, value);
        drop_others(edit, section, other, key, e);
}

static gboolean is_mirrored(const char *value) {
        return pi_wsl_value_is(value, "mirrored");
}

static gboolean is_never_good(const char *value) {
        return FALSE;
}

static void add_modules(PiIniEdit *edit) {
        const PiIniEntry *e = pi_ini_find(edit->ini, "wsl2", NULL, "loadKernelModules");
        g_autofree char *missing = e ? pi_wsl_missing_modules(e->value) : NULL, *more = NULL;

        if (!e || e->value[0] == '\0')
                set(edit, "wsl2", NULL, "loadKernelModules", PI_WSL_MODULES, is_never_good);
        else {
                if (missing[0] != '\0') {
                        more = g_strconcat(",", missing, NULL);
                        pi_ini_edit_append(edit, e, more);
                }
                drop_others(edit, "wsl2", NULL, "loadKernelModules", e);
        }
}

/* Only where a person has set it so, in the section they chose. */
static void mend(PiIniEdit *edit, const char *section, const char *other, const char *key,
                 const char *value, gboolean (*is_bad)(const char *value)) {
        const PiIniEntry *e = pi_ini_find(edit->ini, section, other, key);

        if (e && is_bad(e->value))
                pi_ini_edit_replace(edit, e, value);
}

static gboolean is_gradual(const char *value) {
        return pi_wsl_value_is(value, "gradual");
}

char *pi_wsl_config_edit(const char *name, const char *text, gsize length, const PiWslWants *wants,
                         GError **error) {
        g_autoptr(PiIni) ini = pi_ini_parse(PI_INI_CONFIG, name, text, length, error);
        g_autoptr(PiIniEdit) edit = ini ? pi_ini_edit_new(ini) : NULL;

        if (!ini)
                return NULL;
        if (wants->mirrored)
                set(edit, "wsl2", "experimental", "networkingMode", "mirrored", is_mirrored);
        set(edit, "wsl2", "experimental", "vmIdleTimeout", "-1", pi_wsl_value_is_negative);
        if (wants->modules)
                add_modules(edit);
        if (wants->instance_idle)
                set(edit, "general", NULL, "instanceIdleTimeout", "-1", pi_wsl_value_is_negative);
        mend(edit, "experimental", NULL, "autoMemoryReclaim", "dropCache", is_gradual);
        mend(edit, "wsl2", "experimental", "dnsTunneling", "true", pi_wsl_value_is_false);
        mend(edit, "wsl2", "experimental", "firewall", "true", pi_wsl_value_is_false);
        mend(edit, "wsl2", "experimental", "autoProxy", "true", pi_wsl_value_is_false);
        return pi_ini_edit_finish(edit);
}

char *pi_wsl_conf_edit(const char *name, const char *text, gsize length, GError **error) {
        g_autoptr(PiIni) ini = pi_ini_parse(PI_INI_CONF, name, text, length, error);
        g_autoptr(PiIniEdit) edit = ini ? pi_ini_edit_new(ini) : NULL;

        if (!ini)
                return NULL;
        set(edit, "boot", NULL, "systemd", "true", pi_wsl_value_is_true);
        return pi_ini_edit_finish(edit);
}
