/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tests/bus/harness.h"

/* Wrong input: a named error that says the range, and the daemon lives on. */

typedef struct BadCall {
        const char *name;
        uint64_t terms;
        const char *options;
        const char *error;
        const char *says; /* part of the message */
} BadCall;

#define TERMS "org.picompute1.Error.InvalidTerms"
#define OPTION "org.picompute1.Error.InvalidOption"

static const BadCall bad_calls[] = {
        { "zero", 0, "{}", TERMS, "1 to 10000000000000000" },
        { "too-many", UINT64_C(100000000000000000), "{}", TERMS, "1 to 10000000000000000" },
        { "largest-number", UINT64_MAX, "{}", TERMS, "1 to 10000000000000000" },
        { "unknown-option", 1000, "{'part': <uint64 1>}", OPTION, "parts, cpus, scope" },
        { "wrong-type", 1000, "{'parts': <'7'>}", OPTION, "type \"t\"" },
        { "nested-type", 1000, "{'parts': <[{'a': <uint64 7>}]>}", OPTION, "type \"t\"" },
        { "parts-over-groups", 1000, "{'parts': <uint64 126>}", OPTION, "0 to 125" },
        { "cpus-over-cpus", 1000, "{'cpus': <uint32 3>}", OPTION, "0 to 2" },
        { "kernel", 1000, "{'kernel': <'quantum'>}", OPTION, "\"generic\"" },
        { "scope", 1000, "{'scope': <'cluster'>}", OPTION, "\"local\"" },
        { "engine", 1000, "{'engine': <'ray'>}", OPTION, "\"local\" or \"mpi\"" },
        { "short", 1000, "{'engine': <'mpi'>}", OPTION, "MinTime=" },
        { "deadline", 1000, "{'deadline_usec': <uint64 1>}", OPTION, "1000 to" },
};

static TestBus *bus;
static sd_bus *client;

static void check_alive(void) {
        g_assert_null(test_compute(client, 1000, NULL, NULL, NULL));
}

static void bad_call(gconstpointer data) {
        const BadCall *bad = data;
        static const char *const methods[] = { "ComputePi", "SubmitJob" };

        for (gsize i = 0; i < G_N_ELEMENTS(methods); i++) {
                sd_bus_error error = SD_BUS_ERROR_NULL;
                sd_bus_message *m = test_compute_message(client, bad->terms, bad->options), *call;

                g_assert_cmpint(sd_bus_message_new_method_call(client, &call, PI_BUS_NAME,
                                                               PI_OBJECT_PATH, PI_INTERFACE_MANAGER,
                                                               methods[i]),
                                >=, 0);
                g_assert_cmpint(sd_bus_message_seal(m, 1, 0), >=, 0);
                g_assert_cmpint(sd_bus_message_rewind(m, true), >=, 0);
                g_assert_cmpint(sd_bus_message_copy(call, m, true), >=, 0);
                g_assert_cmpint(sd_bus_call(client, call, 0, &error, NULL), <, 0);
                g_test_message("%s", error.message);
                g_assert_cmpstr(error.name, ==, bad->error);
                g_assert_nonnull(strstr(error.message, bad->says));
                sd_bus_error_free(&error);
                sd_bus_message_unref(call);
                sd_bus_message_unref(m);
        }
        check_alive();
}

static void long_label(void) {
        g_autofree char *label = g_strnfill(257, 'x'),
                        *options = g_strdup_printf("{'label': <'%s'>}", label);
        g_autofree char *error = test_compute(client, 1000, options, NULL, NULL);

        g_assert_cmpstr(error, ==, OPTION);
        check_alive();
}

static void option_twice(void) {
        sd_bus_error error = SD_BUS_ERROR_NULL;

        g_assert_cmpint(sd_bus_call_method(client, PI_BUS_NAME, PI_OBJECT_PATH,
                                           PI_INTERFACE_MANAGER, "ComputePi", &error, NULL,
                                           "ta{sv}", UINT64_C(1000), 2, "parts", "t", UINT64_C(1),
                                           "parts", "t", UINT64_C(2)),
                        <, 0);
        g_assert_cmpstr(error.name, ==, OPTION);
        g_assert_nonnull(strstr(error.message, "twice"));
        sd_bus_error_free(&error);
}

static void wrong_signature(void) {
        sd_bus_error error = SD_BUS_ERROR_NULL;

        g_assert_cmpint(sd_bus_call_method(client, PI_BUS_NAME, PI_OBJECT_PATH,
                                           PI_INTERFACE_MANAGER, "ComputePi", &error, NULL, "s",
                                           "abc"),
                        <, 0);
        g_assert_cmpstr(error.name, ==, SD_BUS_ERROR_INVALID_ARGS);
        sd_bus_error_free(&error);
        check_alive();
}

static void no_such_job(void) {
        static const char *const paths[] = { "999999", "0",   "01",
                                             "-1",     "abc", "18446744073709551616",
                                             "1/2" };

        for (gsize i = 0; i < G_N_ELEMENTS(paths); i++) {
                g_autofree char *path = g_strdup_printf(PI_JOB_PATH_PREFIX "/%s", paths[i]);
                sd_bus_error e = SD_BUS_ERROR_NULL;

                if (!sd_bus_object_path_is_valid(path))
                        continue;
                g_assert_cmpint(sd_bus_call_method(client, PI_BUS_NAME, path, PI_INTERFACE_JOB,
                                                   "Cancel", &e, NULL, NULL),
                                <, 0);
                g_assert_cmpstr(e.name, ==, SD_BUS_ERROR_UNKNOWN_OBJECT);
                sd_bus_error_free(&e);
        }
        check_alive();
}

static void limits(void) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        g_autofree char *path = NULL;

        for (uint32_t limit = 0; limit <= 1001; limit += 1001) {
                g_assert_cmpint(sd_bus_call_method(client, PI_BUS_NAME, PI_OBJECT_PATH,
                                                   PI_INTERFACE_MANAGER, "ListHistory", &error,
                                                   NULL, "u", limit),
                                <, 0);
                g_assert_cmpstr(error.name, ==, OPTION);
                g_assert_nonnull(strstr(error.message, "1 to 1000"));
                sd_bus_error_free(&error);
        }
        g_assert_null(test_submit(client, 1000, "{'parts': <uint64 5>}", &path));
        g_assert_null(test_job_call(client, path, "Wait"));
        g_assert_cmpint(sd_bus_call_method(client, PI_BUS_NAME, path, PI_INTERFACE_JOB,
                                           "ListLeases", &error, NULL, "tu", UINT64_C(5), 1u),
                        <, 0);
        g_assert_cmpstr(error.name, ==, OPTION);
        g_assert_nonnull(strstr(error.message, "0 to 4"));
        sd_bus_error_free(&error);
}

int main(int argc, char *argv[]) {
        int r;

        g_test_init(&argc, &argv, NULL);
        bus = test_bus_new(TEST_BUS_SESSION);
        test_daemon_start(bus, (const char *const[]) { "--workers=2", NULL });
        client = test_connect(bus);
        for (gsize i = 0; i < G_N_ELEMENTS(bad_calls); i++) {
                g_autofree char *path = g_strdup_printf("/errors/%s", bad_calls[i].name);
                g_test_add_data_func(path, &bad_calls[i], bad_call);
        }
        g_test_add_func("/errors/long-label", long_label);
        g_test_add_func("/errors/option-twice", option_twice);
        g_test_add_func("/errors/wrong-signature", wrong_signature);
        g_test_add_func("/errors/no-such-job", no_such_job);
        g_test_add_func("/errors/limits", limits);
        r = g_test_run();
        sd_bus_flush_close_unref(client);
        test_bus_free(bus);
        return r;
}
