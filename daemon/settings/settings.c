/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/settings/settings.h"

#include "daemon/settings/files.h"
#include "daemon/settings/invalid.h"
#include "daemon/settings/keys.h"
#include "daemon/settings/launcher.h"
#include "daemon/settings/lines.h"

PiSettings *pi_settings_new(void) {
        PiSettings *settings = g_new0(PiSettings, 1);

        for (const PiSettingKey *key = pi_setting_keys; key->name; key++)
                if (!pi_setting_set(key, "", settings, NULL))
                        g_assert_not_reached();
        return settings;
}

void pi_settings_free(PiSettings *settings) {
        if (!settings)
                return;
        g_free(settings->kernel);
        g_strfreev(settings->addresses);
        g_free(settings->name);
        g_free(settings->engine_launcher);
        g_free(settings->engine_helper);
        g_free(settings);
}

gboolean pi_settings_need_restart(const PiSettings *a, const PiSettings *b) {
        return a->workers != b->workers || !g_str_equal(a->kernel, b->kernel) ||
               a->port != b->port || !g_str_equal(a->name, b->name) ||
               a->firewall != b->firewall ||
               !g_strv_equal((const char *const *) a->addresses,
                             (const char *const *) b->addresses);
}

/* Settings on their way in, and where each was assigned last: "FILE:LINE", or NULL. */
typedef struct Reading {
        PiSettings *settings;
        const char *path;
        char *places[PI_SETTING_KEYS_MAX];
        char *values[PI_SETTING_KEYS_MAX];
} Reading;

static void reading_clear(Reading *reading) {
        for (guint i = 0; i < PI_SETTING_KEYS_MAX; i++) {
                g_free(reading->places[i]);
                g_free(reading->values[i]);
        }
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reading, reading_clear)

static gboolean unknown_section(const char *section, GError **error) {
        g_autofree char *shown = pi_lines_show(section);
        g_autoptr(GString) known = g_string_new(NULL);

        for (const PiSettingKey *key = pi_setting_keys; key->name; key++)
                if (key == pi_setting_keys || !g_str_equal(key->section, key[-1].section))
                        g_string_append_printf(known, "%s[%s]", known->len > 0 ? ", " : "",
                                               key->section);
        return pi_setting_invalid(error,
                "There is no section [%s]: give one of %s", shown, known->str);
}

static gboolean unknown_key(const PiLine *line, GError **error) {
        g_autofree char *shown = pi_lines_show(line->key);
        g_autoptr(GString) known = g_string_new(NULL);

        for (const PiSettingKey *key = pi_setting_keys; key->name; key++)
                if (g_str_equal(key->section, line->section))
                        g_string_append_printf(known, "%s%s=", known->len > 0 ? ", " : "",
                                               key->name);
        return pi_setting_invalid(error,
                "[%s] has no key %s=: give one of %s", line->section, shown,
                known->str);
}

static gboolean take_section(const char *section, GError **error) {
        for (const PiSettingKey *key = pi_setting_keys; key->name; key++)
                if (g_str_equal(key->section, section))
                        return TRUE;
        return unknown_section(section, error);
}

/* The key of that name, in the section if it has one; NULL: none has. */
static const PiSettingKey *find_key(const PiLine *line) {
        const PiSettingKey *elsewhere = NULL;

        for (const PiSettingKey *key = pi_setting_keys; key->name; key++) {
                if (!g_str_equal(key->name, line->key))
                        continue;
                if (g_str_equal(key->section, line->section))
                        return key;
                elsewhere = elsewhere ? elsewhere : key;
        }
        return elsewhere;
}

static gboolean take(const PiLine *line, gpointer userdata, GError **error) {
        Reading *reading = userdata;
        const PiSettingKey *key;

        if (!line->key)
                return take_section(line->section, error);
        key = find_key(line);
        if (!key)
                return unknown_key(line, error);
        if (!g_str_equal(key->section, line->section))
                return pi_setting_invalid(error,
                        "%s= belongs in [%s], not in [%s]", key->name, key->section,
                        line->section);
        if (!pi_setting_set(key, line->value, reading->settings, error))
                return FALSE;
        g_free(reading->places[key - pi_setting_keys]);
        reading->places[key - pi_setting_keys] =
                g_strdup_printf("%s:%u", reading->path, line->number);
        g_free(reading->values[key - pi_setting_keys]);
        reading->values[key - pi_setting_keys] = g_strdup(line->value);
        return TRUE;
}

static guint index_of(gsize offset) {
        guint i = 0;

        while (pi_setting_keys[i].offset != offset)
                i++;
        return i;
}

/* What can only be said of several keys together. A default is in no other's way: when one of these
 * fails, the keys whose places it tells have been assigned. */
static gboolean check_deadlines(const Reading *reading, GError **error) {
        const PiSettings *s = reading->settings;
        guint value = index_of(G_STRUCT_OFFSET(PiSettings, deadline_default_usec));
        guint limit = index_of(G_STRUCT_OFFSET(PiSettings, deadline_max_usec));

        if (s->deadline_max_usec == 0 || s->deadline_default_usec <= s->deadline_max_usec)
                return TRUE;
        return pi_setting_invalid(error,
                "%s: %s=%s is longer than %s=%s of %s: give at most that",
                reading->places[value], pi_setting_keys[value].name, reading->values[value],
                pi_setting_keys[limit].name, reading->values[limit], reading->places[limit]);
}

/* Slurm gives a rank one CPU when nothing is said. */
static gboolean check_threads(const Reading *reading, GError **error) {
        const PiSettings *s = reading->settings;
        guint launcher = index_of(G_STRUCT_OFFSET(PiSettings, engine_launcher));

        if (s->engine_threads > 0 || !pi_launcher_preset(s->engine_launcher) ||
            !pi_launcher_uses(s->engine_launcher, "threads"))
                return TRUE;
        return pi_setting_invalid(error,
                "%s: Launcher=%s needs Threads=: give the CPUs of a rank, for example "
                "those of a node", reading->places[launcher], s->engine_launcher);
}

static gboolean check_ranks(const Reading *reading, GError **error) {
        const PiSettings *s = reading->settings;
        gboolean said = s->engine_ranks > 0;
        guint key = index_of(said ? G_STRUCT_OFFSET(PiSettings, engine_ranks)
                                  : G_STRUCT_OFFSET(PiSettings, engine_nodes));

        if ((said ? s->engine_ranks : s->engine_nodes) == 1 ||
            pi_launcher_uses(s->engine_launcher, "ranks") ||
            !pi_launcher_preset(s->engine_launcher))
                return TRUE;
        return pi_setting_invalid(error,
                "%s: %s=%s needs a launcher: set Launcher= of [Engine]",
                reading->places[key], pi_setting_keys[key].name, reading->values[key]);
}

static gboolean check(const Reading *reading, GError **error) {
        return check_deadlines(reading, error) && check_threads(reading, error) &&
               check_ranks(reading, error);
}

gboolean pi_settings_parse(PiSettings *settings, const char *path, const char *text, gsize length,
                           GError **error) {
        g_auto(Reading) reading = { .settings = settings, .path = path };

        return pi_lines_read(path, text, length, take, &reading, error) && check(&reading, error);
}

static gboolean read_file(const char *path, gpointer userdata, GError **error) {
        g_autofree char *text = NULL;
        Reading *reading = userdata;
        gsize length;

        reading->path = path;
        return pi_settings_file_read(path, &text, &length, error) &&
               pi_lines_read(path, text, length, take, reading, error);
}

PiSettings *pi_settings_load(const char *const *directories, GError **error) {
        g_autoptr(PiSettings) settings = pi_settings_new();
        g_auto(Reading) reading = { .settings = settings };
        g_autoptr(GPtrArray) paths = pi_settings_files_find(directories, error);

        if (!paths)
                return NULL;
        for (guint i = 0; i < paths->len; i++)
                if (!read_file(paths->pdata[i], &reading, error))
                        return NULL;
        if (!check(&reading, error))
                return NULL;
        return g_steal_pointer(&settings);
}

PiSettings *pi_settings_load_all(gboolean user, GError **error) {
        /* Which systemd made for the service; the first, should it be several. */
        g_auto(GStrv) given = g_strsplit(g_getenv("CONFIGURATION_DIRECTORY") ?: "", ":", 2);
        const char *directories[] = { given[0], "/run/pi-computed", "/usr/lib/pi-computed", NULL };
        g_autofree char *own = g_build_filename(g_get_user_config_dir(), "pi-computed", NULL);

        if (!given[0] || given[0][0] == '\0')
                directories[0] = user ? own : "/etc/pi-computed";
        if (user)
                directories[1] = NULL;
        return pi_settings_load(directories, error);
}
