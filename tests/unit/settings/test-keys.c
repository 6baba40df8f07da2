/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/settings/keys.h"

#include <string.h>

#include "dbus/error.h"

#define S UINT64_C(1000000)
#define DAY (86400 * S)

/* Each key again, in numbers, with what lies just outside its range. */
static const struct {
        const char *name, *below, *above;
        __int128 initial, min, max;
} wanted[] = {
        { "Workers", "-1", "1025", 0, 0, 1024 },
        { "Port", "-1", "65536", 31415, 0, 65535 },
        { "Jobs", "0", "4097", 1024, 1, 4096 },
        { "JobsPerUser", "0", "4097", 256, 1, 4096 },
        { "TermsPerUser", "0", "10000000000000000001", UINT64_MAX, 1,
          UINT64_C(10000000000000000000) },
        { "CpusPerUser", "-1", "1025", 0, 0, 1024 },
        { "DeadlineDefault", "999us", "365d 1us", 0, 1000, 365 * DAY },
        { "DeadlineMax", "0", "365d 1us", 0, 1000, 365 * DAY },
        { "PriorityMax", "-101", "101", 0, -100, 100 },
        { "TimeSlice", "49ms", "1h 1us", S / 5, S / 20, 3600 * S },
        { "HalfLife", "999ms", "31d", 300 * S, S, 30 * DAY },
        { "HistoryJobs", "-1", "1000001", 10000, 0, 1000000 },
        { "HistoryAge", "59s", "3651d", 90 * DAY, 60 * S, 3650 * DAY },
        { "Sweeps", "-1", "100001", 1000, 0, 100000 },
        { "CheckpointInterval", "99ms", "1001ms", S / 2, S / 10, S },
        { "Nodes", "0", "10001", 1, 1, 10000 },
        { "Ranks", "-1", "10001", 0, 0, 10000 },
        { "Threads", "-1", "65536", 0, 0, 65535 },
        { "StartTimeout", "999ms", "1h 1us", 30 * S, S, 3600 * S },
        { "QueueTimeout", "999ms", "30d 1us", 0, S, 30 * DAY },
        { "Restarts", "-1", "101", 3, 0, 100 },
        { "MinTime", "-1", "1h 1us", 5 * S, 0, 3600 * S },
        { "Engine/Jobs", "-1", "17", 1, 0, 16 },
};

/* "Jobs", or "Engine/Jobs" where an earlier section has one of that name. */
static const PiSettingKey *find(const char *name) {
        const PiSettingKey *key = pi_setting_keys;
        const char *slash = strchr(name, '/');

        while (slash && key->name && !g_str_has_prefix(name, key->section))
                key++;
        while (key->name && !g_str_equal(key->name, slash ? slash + 1 : name))
                key++;
        g_assert_nonnull(key->name);
        return key;
}

static __int128 get(const PiSettingKey *key, const PiSettings *settings) {
        gconstpointer member = G_STRUCT_MEMBER_P(settings, key->offset);

        switch (key->kind) {
        case PI_SETTING_COUNT:
        case PI_SETTING_SWITCH:
                return *(const uint32_t *) member;
        case PI_SETTING_LEVEL:
                return *(const int32_t *) member;
        case PI_SETTING_AMOUNT:
        case PI_SETTING_SPAN:
                return *(const uint64_t *) member;
        case PI_SETTING_NAME:
        case PI_SETTING_HOST:
        case PI_SETTING_LAUNCHER:
        case PI_SETTING_PATH:
        case PI_SETTING_ADDRESSES:
        default:
                g_assert_not_reached();
        }
}

static void accept(const char *name, const char *value, __int128 number) {
        g_autoptr(PiSettings) settings = pi_settings_new();
        g_autoptr(GError) error = NULL;

        g_assert_true(pi_setting_set(find(name), value, settings, &error));
        g_assert_no_error(error);
        g_assert_true(get(find(name), settings) == number);
}

static void refuse(const char *name, const char *value, const char *message) {
        g_autoptr(PiSettings) settings = pi_settings_new();
        g_autoptr(GError) error = NULL;
        g_autofree char *range = pi_setting_range(find(name));

        g_assert_false(pi_setting_set(find(name), value, settings, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_SETTING);
        g_assert_true(g_str_has_prefix(error->message, find(name)->name));
        g_assert_nonnull(strstr(error->message, range));
        if (message)
                g_assert_cmpstr(error->message, ==, message);
}

static void test_table(void) {
        guint count = 0;

        for (const PiSettingKey *key = pi_setting_keys; key->name; key++, count++) {
                g_assert_nonnull(key->section);
                for (const PiSettingKey *other = pi_setting_keys; other != key; other++) {
                        g_assert_true(!g_str_equal(other->name, key->name) ||
                                      !g_str_equal(other->section, key->section));
                        g_assert_cmpuint(other->offset, !=, key->offset);
                }
                for (const PiSettingKey *k = pi_setting_keys; k < key - 1; k++)
                        g_assert_true(!g_str_equal(k->section, key->section) ||
                                      g_str_equal(k[1].section, key->section));
        }
        /* All but those that are no numbers. */
        g_assert_cmpuint(count, ==, G_N_ELEMENTS(wanted) + 6);
}

static void test_bounds(void) {
        for (gsize i = 0; i < G_N_ELEMENTS(wanted); i++) {
                const PiSettingKey *key = find(wanted[i].name);

                g_test_message("%s", key->name);
                accept(wanted[i].name, key->initial, wanted[i].initial);
                accept(wanted[i].name, "", wanted[i].initial);
                accept(wanted[i].name, key->min, wanted[i].min);
                accept(wanted[i].name, key->max, wanted[i].max);
                refuse(wanted[i].name, wanted[i].above, NULL);
                refuse(wanted[i].name, wanted[i].below, NULL);
        }
}

static void test_infinity(void) {
        for (const PiSettingKey *key = pi_setting_keys; key->name; key++)
                if (key->infinity)
                        accept(key->name, "infinity",
                               key->kind == PI_SETTING_AMOUNT ? UINT64_MAX : 0);
                else if (key->min)
                        refuse(key->name, "infinity", NULL);
}

static void test_forms(void) {
        accept("Firewall", "", 1);
        accept("Firewall", "No", 0);
        accept("Firewall", "on", 1);
        accept("Firewall", "0", 0);
        refuse("Firewall", "2", "Firewall=2 is not a switch: give yes or no");
        refuse("Firewall", "maybe", NULL);
        accept("TermsPerUser", "1_000", 1000);
        accept("TermsPerUser", "1e15", UINT64_C(1000000000000000));
        accept("TermsPerUser", "1P", UINT64_C(1000000000000000));
        accept("HistoryJobs", "10k", 10000);
        accept("PriorityMax", "-5", -5);
        accept("HalfLife", "5min 30s", 330 * S);
        accept("TimeSlice", "2", 2 * S);
        accept("DeadlineMax", "500ms", S / 2);
}

static void test_messages(void) {
        refuse("JobsPerUser", "0", "JobsPerUser=0 is out of range: 1 to 4096");
        refuse("JobsPerUser", "many", "JobsPerUser=many is not a whole number: give 1 to 4096");
        refuse("PriorityMax", "--1", "PriorityMax=--1 is not a whole number: give -100 to 100");
        refuse("PriorityMax", "-1e30", "PriorityMax=-1e30 is out of range: -100 to 100");
        refuse("TermsPerUser", "0", "TermsPerUser=0 is out of range: 1 to 1e19, or infinity");
        refuse("TermsPerUser", "1.5", "TermsPerUser=1.5 is not a whole number: give 1 to 1e19, or "
                                      "infinity, for example 1000000000, 1e15, 1_000 or 1P");
        refuse("CheckpointInterval", "2s",
               "CheckpointInterval=2s is out of range: 100ms to 1s");
        refuse("HalfLife", "5 parsecs",
               "HalfLife=5 parsecs is not a time span: give 1s to 30d, for example 5min 30s or "
               "500ms; a number alone is seconds");
        refuse("Kernel", "AVX", "Kernel=AVX is not a name: give at most 32 of a to z, 0 to 9 "
                                "and -");
        refuse("Name", "a b", "Name=a b is not a name: give at most 64 of letters, digits, -, _ "
                              "and ., no sign first");
        refuse("Address", "192.0.2.7 node2",
               "Address=node2 is not a numeric address: give at most 8 addresses, separated by "
               "spaces, for example 192.0.2.7, 192.0.2.7:31415 or [2001:db8::7]:31415");
        refuse("Workers", "1\033", "Workers=1\\u001b is not a whole number: give 0 to 1024");
}

static void test_name(void) {
        g_autoptr(PiSettings) settings = pi_settings_new();
        const PiSettingKey *key = find("Kernel");
        g_autofree char *full = g_strnfill(32, 'a'), *over = g_strnfill(33, 'a');

        g_assert_cmpstr(settings->kernel, ==, "");
        g_assert_true(pi_setting_set(key, "avx2-z9", settings, NULL));
        g_assert_cmpstr(settings->kernel, ==, "avx2-z9");
        g_assert_true(pi_setting_set(key, full, settings, NULL));
        g_assert_cmpstr(settings->kernel, ==, full);
        g_assert_true(pi_setting_set(key, "", settings, NULL));
        g_assert_cmpstr(settings->kernel, ==, "");
        refuse("Kernel", over, NULL);
        refuse("Kernel", "a b", NULL);
        refuse("Kernel", "a_b", NULL);
}

static void test_host(void) {
        g_autoptr(PiSettings) settings = pi_settings_new();
        const PiSettingKey *key = find("Name");
        g_autofree char *full = g_strnfill(64, 'A'), *over = g_strnfill(65, 'A');

        g_assert_cmpstr(settings->name, ==, "");
        g_assert_true(pi_setting_set(key, full, settings, NULL));
        g_assert_cmpstr(settings->name, ==, full);
        refuse("Name", over, NULL);
        refuse("Name", "rack 1", NULL);
        refuse("Name", "-rack", NULL);
        refuse("Name", ".rack", NULL);
        refuse("Name", "r\303\244ck", NULL);
        g_assert_true(pi_setting_set(key, "7.Rack_b-2", settings, NULL));
        g_assert_cmpstr(settings->name, ==, "7.Rack_b-2");
        g_assert_true(pi_setting_set(key, "", settings, NULL));
        g_assert_cmpstr(settings->name, ==, "");
}

static void test_addresses(void) {
        g_autoptr(PiSettings) settings = pi_settings_new();
        const PiSettingKey *key = find("Address");

        g_assert_cmpuint(g_strv_length(settings->addresses), ==, 0);
        g_assert_true(pi_setting_set(key, "192.0.2.7   [2001:db8::7]:31415", settings, NULL));
        g_assert_cmpuint(g_strv_length(settings->addresses), ==, 2);
        g_assert_cmpstr(settings->addresses[0], ==, "192.0.2.7");
        g_assert_cmpstr(settings->addresses[1], ==, "[2001:db8::7]:31415");
        g_assert_true(pi_setting_set(key, "::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8", settings, NULL));
        g_assert_cmpuint(g_strv_length(settings->addresses), ==, 8);
        refuse("Address", "::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8 ::9",
               "Address=::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8 ::9 is out of range: at most 8 addresses, "
               "separated by spaces");
        g_assert_true(pi_setting_set(key, "", settings, NULL));
        g_assert_cmpuint(g_strv_length(settings->addresses), ==, 0);
}

static void test_paths(void) {
        g_autoptr(PiSettings) settings = pi_settings_new();
        const PiSettingKey *key = find("Helper");
        g_autofree char *full = g_strnfill(900, '/'), *over = g_strnfill(901, '/');

        g_assert_cmpstr(settings->engine_helper, ==, "");
        g_assert_true(pi_setting_set(key, full, settings, NULL));
        g_assert_cmpstr(settings->engine_helper, ==, full);
        refuse("Helper", over, NULL);
        refuse("Helper", "pi-computed-mpi", "Helper=pi-computed-mpi is not a path: give an "
                                            "absolute path of at most 900 bytes");
        g_assert_true(pi_setting_set(key, "", settings, NULL));
        g_assert_cmpstr(settings->engine_helper, ==, "");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/settings/keys/table", test_table);
        g_test_add_func("/settings/keys/bounds", test_bounds);
        g_test_add_func("/settings/keys/infinity", test_infinity);
        g_test_add_func("/settings/keys/forms", test_forms);
        g_test_add_func("/settings/keys/messages", test_messages);
        g_test_add_func("/settings/keys/name", test_name);
        g_test_add_func("/settings/keys/host", test_host);
        g_test_add_func("/settings/keys/addresses", test_addresses);
        g_test_add_func("/settings/keys/paths", test_paths);
        return g_test_run();
}
