/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/settings/keys.h"

#include <string.h>

#include "daemon/settings/address.h"
#include "daemon/settings/amount.h"
#include "daemon/settings/launcher.h"
#include "daemon/settings/lines.h"
#include "dbus/error.h"

#define INFINITY_WORD "infinity"

#define AT(member) G_STRUCT_OFFSET(PiSettings, member)
#define COUNT(member) PI_SETTING_COUNT, AT(member)
#define LEVEL(member) PI_SETTING_LEVEL, AT(member)
#define AMOUNT(member) PI_SETTING_AMOUNT, AT(member)
#define SPAN(member) PI_SETTING_SPAN, AT(member)
#define SWITCH(member) PI_SETTING_SWITCH, AT(member)
#define NAME(member) PI_SETTING_NAME, AT(member)
#define HOST(member) PI_SETTING_HOST, AT(member)
#define LAUNCHER(member) PI_SETTING_LAUNCHER, AT(member)
#define PATH(member) PI_SETTING_PATH, AT(member)
#define ADDRESSES(member) PI_SETTING_ADDRESSES, AT(member)
#define NEVER .infinity = TRUE

const PiSettingKey pi_setting_keys[] = {
        { "Service", "Workers", COUNT(workers), "0", "0", "1024" },
        { "Service", "Kernel", NAME(kernel), "", NULL, NULL },

        { "Cluster", "Port", COUNT(port), "31415", "0", "65535" },
        { "Cluster", "Address", ADDRESSES(addresses), "", NULL, NULL },
        { "Cluster", "Name", HOST(name), "", NULL, NULL },
        { "Cluster", "Firewall", SWITCH(firewall), "yes", NULL, NULL },

        { "Limits", "Jobs", COUNT(jobs), "1024", "1", "4096" },
        { "Limits", "JobsPerUser", COUNT(jobs_per_user), "256", "1", "4096" },
        { "Limits", "TermsPerUser", AMOUNT(terms_per_user), "infinity", "1", "1e19", NEVER },
        { "Limits", "CpusPerUser", COUNT(cpus_per_user), "0", "0", "1024" },
        { "Limits", "DeadlineDefault", SPAN(deadline_default_usec), "infinity", "1ms", "365d",
          NEVER },
        { "Limits", "DeadlineMax", SPAN(deadline_max_usec), "infinity", "1ms", "365d", NEVER },
        { "Limits", "PriorityMax", LEVEL(priority_max), "0", "-100", "100" },

        { "Scheduling", "TimeSlice", SPAN(time_slice_usec), "200ms", "50ms", "1h" },
        { "Scheduling", "HalfLife", SPAN(half_life_usec), "5min", "1s", "30d" },

        { "Store", "HistoryJobs", COUNT(history_jobs), "10000", "0", "1000000" },
        { "Store", "HistoryAge", SPAN(history_age_usec), "90d", "1min", "3650d", NEVER },
        { "Store", "Sweeps", COUNT(sweeps), "1000", "0", "100000" },
        /* A checkpoint is never older than a second. */
        { "Store", "CheckpointInterval", SPAN(checkpoint_interval_usec), "500ms", "100ms", "1s" },

        { "Engine", "Launcher", LAUNCHER(engine_launcher), "", NULL, NULL },
        { "Engine", "Helper", PATH(engine_helper), "", NULL, NULL },
        { "Engine", "Nodes", COUNT(engine_nodes), "1", "1", "10000" },
        { "Engine", "Ranks", COUNT(engine_ranks), "0", "0", "10000" },
        { "Engine", "Threads", COUNT(engine_threads), "0", "0", "65535" },
        { "Engine", "StartTimeout", SPAN(engine_start_timeout_usec), "30s", "1s", "1h" },
        { "Engine", "QueueTimeout", SPAN(engine_queue_timeout_usec), "infinity", "1s", "30d",
          NEVER },
        { "Engine", "Restarts", COUNT(engine_restarts), "3", "0", "100" },
        { "Engine", "MinTime", SPAN(engine_min_time_usec), "5s", "0s", "1h" },
        { "Engine", "Jobs", COUNT(engine_jobs), "1", "0", "16" },
        {},
};

G_STATIC_ASSERT(G_N_ELEMENTS(pi_setting_keys) <= PI_SETTING_KEYS_MAX);

static const struct {
        const char *what;
        const char *more; /* after the range */
} kinds[] = {
        [PI_SETTING_COUNT]  = { "whole number", "" },
        [PI_SETTING_LEVEL]  = { "whole number", "" },
        [PI_SETTING_AMOUNT] = { "whole number", ", for example 1000000000, 1e15, 1_000 or 1P" },
        [PI_SETTING_SPAN]   = { "time span",
                                ", for example 5min 30s or 500ms; a number alone is seconds" },
        [PI_SETTING_SWITCH] = { "switch", "" },
        [PI_SETTING_NAME]   = { "name", "" },
        [PI_SETTING_HOST]   = { "name", "" },
        [PI_SETTING_LAUNCHER] = { "launcher", "" },
        [PI_SETTING_PATH]   = { "path", "" },
        [PI_SETTING_ADDRESSES] = { "numeric address",
                                   ", for example 192.0.2.7, 192.0.2.7:31415 or "
                                   "[2001:db8::7]:31415" },
};

char *pi_setting_range(const PiSettingKey *key) {
        if (key->kind == PI_SETTING_SWITCH)
                return g_strdup("yes or no");
        if (key->kind == PI_SETTING_NAME)
                return g_strdup("at most " G_STRINGIFY(PI_SETTING_NAME_MAX)
                                " of a to z, 0 to 9 and -");
        if (key->kind == PI_SETTING_HOST)
                return g_strdup("at most " G_STRINGIFY(PI_SETTING_HOST_MAX)
                                " of letters, digits, -, _ and ., no sign first");
        if (key->kind == PI_SETTING_LAUNCHER)
                return g_strdup("none, openmpi, mpich, slurm-pmix, slurm-pmi2 or a command");
        if (key->kind == PI_SETTING_PATH)
                return g_strdup("an absolute path of at most " G_STRINGIFY(PI_SETTING_PATH_MAX)
                                " bytes");
        if (key->kind == PI_SETTING_ADDRESSES)
                return g_strdup("at most " G_STRINGIFY(PI_SETTING_ADDRESSES_MAX)
                                " addresses, separated by spaces");
        return g_strdup_printf("%s to %s%s", key->min, key->max,
                               key->infinity ? ", or " INFINITY_WORD : "");
}

static gboolean scan_level(const char *text, int64_t *ret) {
        gboolean negative = *text == '-';
        uint64_t value;

        if (!pi_amount_scan(negative ? text + 1 : text, &value))
                return FALSE;
        *ret = (int64_t) MIN(value, (uint64_t) INT64_MAX);
        if (negative)
                *ret = -*ret;
        return TRUE;
}

/* A number of any kind in one that compares as they do. */
static gboolean scan(PiSettingKind kind, const char *text, __int128 *ret) {
        uint64_t value = 0;
        int64_t level = 0;
        gboolean good;

        if (kind == PI_SETTING_LEVEL) {
                good = scan_level(text, &level);
                *ret = level;
                return good;
        }
        good = kind == PI_SETTING_SPAN ? pi_span_scan(text, &value) : pi_amount_scan(text, &value);
        *ret = value;
        return good;
}

static gboolean is_name(const char *text) {
        return strlen(text) <= PI_SETTING_NAME_MAX &&
               strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

static gboolean is_host(const char *text) {
        gsize length = strlen(text);

        return length == 0 ||
               (length <= PI_SETTING_HOST_MAX && g_ascii_isalnum(text[0]) &&
                strspn(text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-_.") == length);
}

static void put_number(const PiSettingKey *key, PiSettings *settings, __int128 value) {
        switch (key->kind) {
        case PI_SETTING_COUNT:
                G_STRUCT_MEMBER(uint32_t, settings, key->offset) = (uint32_t) value;
                break;
        case PI_SETTING_LEVEL:
                G_STRUCT_MEMBER(int32_t, settings, key->offset) = (int32_t) value;
                break;
        case PI_SETTING_AMOUNT:
        case PI_SETTING_SPAN:
                G_STRUCT_MEMBER(uint64_t, settings, key->offset) = (uint64_t) value;
                break;
        case PI_SETTING_SWITCH:
        case PI_SETTING_NAME:
        case PI_SETTING_HOST:
        case PI_SETTING_LAUNCHER:
        case PI_SETTING_PATH:
        case PI_SETTING_ADDRESSES:
        default:
                g_assert_not_reached();
        }
}

static gboolean refuse(const PiSettingKey *key, const char *value, gboolean understood,
                       GError **error) {
        g_autofree char *shown = pi_lines_show(value), *range = pi_setting_range(key);

        if (understood)
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_SETTING,
                            "%s=%s is out of range: %s", key->name, shown, range);
        else
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_SETTING,
                            "%s=%s is not a %s: give %s%s", key->name, shown,
                            kinds[key->kind].what, range, kinds[key->kind].more);
        return FALSE;
}

static gboolean is_path(const char *text) {
        return text[0] == '\0' || (text[0] == '/' && strlen(text) <= PI_SETTING_PATH_MAX);
}

static gboolean set_text(const PiSettingKey *key, const char *value, gboolean good,
                         PiSettings *settings, GError **error) {
        if (!good)
                return refuse(key, value, FALSE, error);
        g_free(G_STRUCT_MEMBER(char *, settings, key->offset));
        G_STRUCT_MEMBER(char *, settings, key->offset) = g_strdup(value);
        return TRUE;
}

static gboolean set_launcher(const PiSettingKey *key, const char *value, PiSettings *settings,
                             GError **error) {
        g_auto(GStrv) words = pi_launcher_words(value, error);

        return words && set_text(key, value, TRUE, settings, error);
}

/* As systemd's own files have them. */
static gboolean set_switch(const PiSettingKey *key, const char *value, PiSettings *settings,
                           GError **error) {
        static const char *const on[] = { "yes", "y", "true", "t", "on", "1", NULL };
        static const char *const off[] = { "no", "n", "false", "f", "off", "0", NULL };
        g_autofree char *word = g_ascii_strdown(value, -1);
        gboolean is_on = g_strv_contains(on, word);

        if (!is_on && !g_strv_contains(off, word))
                return refuse(key, value, FALSE, error);
        G_STRUCT_MEMBER(uint32_t, settings, key->offset) = is_on;
        return TRUE;
}

static gboolean set_addresses(const PiSettingKey *key, const char *value, PiSettings *settings,
                              GError **error) {
        g_auto(GStrv) words = g_strsplit_set(value, " \t", -1);
        g_autoptr(GStrvBuilder) list = g_strv_builder_new();
        guint n = 0;

        for (char **word = words; *word; word++) {
                if (**word == '\0')
                        continue;
                if (!pi_is_address(*word))
                        return refuse(key, *word, FALSE, error);
                g_strv_builder_add(list, *word);
                n++;
        }
        if (n > PI_SETTING_ADDRESSES_MAX)
                return refuse(key, value, TRUE, error);
        g_strfreev(G_STRUCT_MEMBER(char **, settings, key->offset));
        G_STRUCT_MEMBER(char **, settings, key->offset) = g_strv_builder_end(list);
        return TRUE;
}

gboolean pi_setting_set(const PiSettingKey *key, const char *value, PiSettings *settings,
                        GError **error) {
        __int128 number, min, max;

        if (value[0] == '\0')
                value = key->initial;
        if (key->kind == PI_SETTING_SWITCH)
                return set_switch(key, value, settings, error);
        if (key->kind == PI_SETTING_NAME)
                return set_text(key, value, is_name(value), settings, error);
        if (key->kind == PI_SETTING_HOST)
                return set_text(key, value, is_host(value), settings, error);
        if (key->kind == PI_SETTING_PATH)
                return set_text(key, value, is_path(value), settings, error);
        if (key->kind == PI_SETTING_LAUNCHER)
                return set_launcher(key, value, settings, error);
        if (key->kind == PI_SETTING_ADDRESSES)
                return set_addresses(key, value, settings, error);
        if (key->infinity && g_str_equal(value, INFINITY_WORD)) {
                put_number(key, settings, key->kind == PI_SETTING_AMOUNT ? UINT64_MAX : 0);
                return TRUE;
        }
        if (!scan(key->kind, value, &number))
                return refuse(key, value, FALSE, error);
        if (!scan(key->kind, key->min, &min) || !scan(key->kind, key->max, &max))
                g_assert_not_reached();
        if (number < min || number > max)
                return refuse(key, value, TRUE, error);
        put_number(key, settings, number);
        return TRUE;
}
