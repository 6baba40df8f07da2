/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/client-error.h"

#include <errno.h>
#include <string.h>

#include "dbus/error.h"

#define JOB "/org/picompute1/job/7"

/* What the bus can answer, the exit status it means, and the next step it must name. */
static void test_bus_errors(void) {
        static const struct {
                const char *name;
                PiBusKind bus;
                int status;
                const char *hint;
        } cases[] = {
                { "org.freedesktop.DBus.Error.ServiceUnknown", PI_BUS_SYSTEM, 1,
                  "systemctl start pi-computed" },
                { "org.freedesktop.DBus.Error.ServiceUnknown", PI_BUS_SYSTEM, 1, "pictl --user" },
                { "org.freedesktop.DBus.Error.ServiceUnknown", PI_BUS_USER, 1,
                  "systemctl --user start" },
                { "org.freedesktop.DBus.Error.NameHasNoOwner", PI_BUS_REMOTE, 1, "start it there" },
                { "org.freedesktop.DBus.Error.Spawn.ChildExited", PI_BUS_SYSTEM, 1,
                  "journalctl -u" },
                { "org.freedesktop.DBus.Error.NoReply", PI_BUS_SYSTEM, 5,
                  "journalctl -u pi-computed" },
                { "org.freedesktop.DBus.Error.NoReply", PI_BUS_USER, 5, "journalctl --user" },
                { "org.freedesktop.DBus.Error.AccessDenied", PI_BUS_SYSTEM, 6, "administrator" },
                { "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", PI_BUS_SYSTEM, 6,
                  "sudo" },
                { "org.freedesktop.DBus.Error.UnknownObject", PI_BUS_SYSTEM, 3,
                  "no job 7; pictl jobs" },
                { "org.freedesktop.DBus.Error.UnknownMethod", PI_BUS_SYSTEM, 1, "pictl version" },
                { "org.example.Strange", PI_BUS_SYSTEM, 1, "org.example.Strange" },
                { "org.picompute1.Error.DeadlineExceeded", PI_BUS_SYSTEM, 124, "the text" },
                { "org.picompute1.Error.NotAuthorized", PI_BUS_SYSTEM, 6, "the text" },
                { "org.picompute1.Error.NoSuchJob", PI_BUS_SYSTEM, 3, "the text" },
                { "org.picompute1.Error.InvalidOption", PI_BUS_SYSTEM, 2, "the text" },
                { "org.picompute1.Error.VerificationFailed", PI_BUS_SYSTEM, 4, "the text" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                const sd_bus_error bus_error = SD_BUS_ERROR_MAKE_CONST(cases[i].name, "the text");
                const PiOptions options = { .bus = cases[i].bus, .host = "node2" };
                g_autoptr(GError) error = NULL;

                pi_client_error_from_bus(&error, &bus_error, &options, JOB);
                g_test_message("%s: %s", cases[i].name, error->message);
                g_assert_true(error->domain == PI_ERROR);
                g_assert_cmpint(pi_error_exit_status((PiError) error->code), ==, cases[i].status);
                g_assert_nonnull(strstr(error->message, cases[i].hint));
        }
}

/* The same of who is not the service. */
static void test_other_errors(void) {
        static const struct {
                const char *name, *destination;
                int code;
                const char *hint;
        } cases[] = {
                { "org.freedesktop.DBus.Error.ServiceUnknown", "org.picompute1.Firewall",
                  PI_ERROR_UNREACHABLE, "pi-computed-firewall is not installed" },
                { "org.freedesktop.DBus.Error.ServiceUnknown", "org.example.Other",
                  PI_ERROR_UNREACHABLE, "org.example.Other is not on the bus" },
                { "org.freedesktop.DBus.Error.Spawn.ChildExited", "org.picompute1.Firewall",
                  PI_ERROR_FAILED, "journalctl -u pi-computed-firewall" },
                { "org.freedesktop.DBus.Error.Timeout", "org.picompute1.Firewall",
                  PI_ERROR_DEADLINE_EXCEEDED, "did not answer in time" },
                { "org.freedesktop.DBus.Error.AccessDenied", "org.picompute1.Firewall",
                  PI_ERROR_NOT_AUTHORIZED, "sudo pictl" },
                { "org.picompute1.Error.NotAuthorized", "org.picompute1.Firewall",
                  PI_ERROR_NOT_AUTHORIZED, "sudo pictl" },
                { "org.picompute1.Error.QueueFull", "org.picompute1.Firewall",
                  PI_ERROR_QUEUE_FULL, "the text" },
                { "org.example.Error", "org.example.Other", PI_ERROR_FAILED,
                  "org.example.Other answered with an error: the text" },
        };
        const PiOptions user = { .bus = PI_BUS_USER }, machine = { .bus = PI_BUS_SYSTEM };
        g_autoptr(GError) absent = NULL;

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                const sd_bus_error bus_error = SD_BUS_ERROR_MAKE_CONST(cases[i].name, "the text");
                g_autoptr(GError) error = NULL;

                pi_client_error_from_other(&error, &bus_error, &machine, cases[i].destination);
                g_test_message("%s", error->message);
                g_assert_error(error, PI_ERROR, cases[i].code);
                g_assert_nonnull(strstr(error->message, cases[i].hint));
        }
        pi_client_error_from_other(&absent, &SD_BUS_ERROR_MAKE_CONST(cases[0].name, "the text"),
                                   &user, cases[0].destination);
        g_assert_nonnull(strstr(absent->message, "without --user"));
}

/* Only a job that is missing is "not found". */
static void test_unknown_object(void) {
        const sd_bus_error bus_error =
                SD_BUS_ERROR_MAKE_CONST("org.freedesktop.DBus.Error.UnknownObject", "gone");
        const PiOptions options = {};
        g_autoptr(GError) error = NULL;

        pi_client_error_from_bus(&error, &bus_error, &options, "/org/picompute1");
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
}

static void test_hostile_text(void) {
        const sd_bus_error bus_error =
                SD_BUS_ERROR_MAKE_CONST("org.picompute1.Error.Failed", "\033]0;owned\a\nmore");
        const sd_bus_error nameless = SD_BUS_ERROR_NULL;
        const PiOptions options = {};
        g_autoptr(GError) error = NULL, empty = NULL;

        pi_client_error_from_bus(&error, &bus_error, &options, JOB);
        g_assert_cmpstr(error->message, ==, "\\x1b]0;owned\\x07\\nmore");
        pi_client_error_from_bus(&empty, &nameless, &options, JOB);
        g_assert_nonnull(empty);
}

static void test_job_lost(void) {
        g_autoptr(GError) known = NULL, unknown = NULL;

        pi_client_error_job_lost(&known, 17);
        g_assert_error(known, PI_ERROR, PI_ERROR_NODE_LOST);
        g_assert_cmpint(pi_error_exit_status((PiError) known->code), ==, 5);
        g_assert_nonnull(strstr(known->message, "job 17 was lost with the service"));
        g_assert_nonnull(strstr(known->message, "pictl show 17;"));
        pi_client_error_job_lost(&unknown, 0);
        g_assert_error(unknown, PI_ERROR, PI_ERROR_NODE_LOST);
        g_assert_null(strstr(unknown->message, "pictl show"));
        g_assert_nonnull(strstr(unknown->message, "pictl submit"));
}

static void test_connection(void) {
        static const struct {
                PiBusKind bus;
                const char *hint;
        } cases[] = {
                { PI_BUS_SYSTEM, "systemctl start dbus" },
                { PI_BUS_USER, "DBUS_SESSION_BUS_ADDRESS" },
                { PI_BUS_REMOTE, "ssh 'node2' systemd-stdio-bridge" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                const PiOptions options = { .bus = cases[i].bus, .host = "node2" };
                g_autoptr(GError) error = NULL;

                pi_client_error_connection(&error, -ENOENT, &options);
                g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
                g_assert_nonnull(strstr(error->message, cases[i].hint));
                g_assert_nonnull(strstr(error->message, g_strerror(ENOENT)));
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/client-error/bus-errors", test_bus_errors);
        g_test_add_func("/ctl/client-error/unknown-object", test_unknown_object);
        g_test_add_func("/ctl/client-error/hostile-text", test_hostile_text);
        g_test_add_func("/ctl/client-error/job-lost", test_job_lost);
        g_test_add_func("/ctl/client-error/connection", test_connection);
        g_test_add_func("/ctl/client-error/others", test_other_errors);
        return g_test_run();
}
