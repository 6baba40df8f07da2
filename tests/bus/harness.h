/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "dbus/names.h"

/* A private message bus with the real daemon on it, each test its own. Everything ends with
 * test_bus_free(), and with the test process however that ends. A failure to set up is fatal. */

typedef enum TestBusKind {
        TEST_BUS_SESSION, /* everything allowed */
        TEST_BUS_SYSTEM,  /* as a system bus: only what the project's policy allows */
} TestBusKind;

typedef struct TestBus {
        TestBusKind kind;
        char *dir;     /* of its own, removed at the end */
        char *state;   /* the daemon's state and configuration directory, in it; the bus does not
                          watch it */
        char *address;
        GSubprocess *broker;
        GSubprocess *daemon; /* NULL until test_daemon_start() */
        char *log;           /* file the daemon's stderr goes to, once test_daemon_log_to_file() */
} TestBus;

TestBus *test_bus_new(TestBusKind kind);
void test_bus_free(TestBus *bus);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TestBus, test_bus_free)

/* What pi-computed.conf says; before test_daemon_start(). */
void test_settings(TestBus *bus, const char *text);

/* Before test_daemon_start(): the node is called "node1" and listens at a port of its own, on
 * loopback, once it is in a cluster. The settings of the bus are replaced. */
void test_cluster_settings(TestBus *bus);

/* Starts the daemon with more arguments (NULL-terminated, or NULL) and waits until it owns its
 * name. */
void test_daemon_start(TestBus *bus, const char *const *arguments);

/* Before test_daemon_start(): what the daemon says goes to a file, for test_daemon_wait_for_log(),
 * and is shown at the end. */
void test_daemon_log_to_file(TestBus *bus);

/* Until the daemon has said this. */
void test_daemon_wait_for_log(const TestBus *bus, const char *text);

/* Whether the daemon has said this. */
gboolean test_daemon_has_logged(const TestBus *bus, const char *text);

/* SIGKILL. */
void test_daemon_kill(TestBus *bus);

/* The daemon does nothing any more, from the return on, until it thaws. */
void test_daemon_freeze(TestBus *bus);
void test_daemon_thaw(TestBus *bus);

/* Stops the daemon and waits for its end, which must be a good one. */
void test_daemon_stop(TestBus *bus);

/* A launcher with the bus in the environment. The daemon's state directory is that of the bus. */
GSubprocessLauncher *test_launcher(TestBus *bus, GSubprocessFlags flags);

/* A new bus connection. */
sd_bus *test_connect(TestBus *bus);

/* A fixture of g_test_add(): a session bus, the daemon with two workers, a client. */
typedef struct TestSession {
        TestBus *bus;
        sd_bus *client;
} TestSession;

void test_session_set_up(TestSession *session, gconstpointer data);
void test_session_tear_down(TestSession *session, gconstpointer data);

/* Until the name org.picompute1 has an owner. */
void test_wait_for_name(sd_bus *client);

/* A call of the Manager without results, its arguments a text GVariant tuple such as
 * "(uint32 1, {'kind': <'flip'>})"; the error name or NULL. */
char *test_manager_call(sd_bus *client, const char *method, const char *arguments);

/* ListFaults. */
GVariant *test_faults(sd_bus *client, uint32_t limit);

/* Whether this build runs under a sanitizer or valgrind, where memory use tells nothing. */
gboolean test_is_instrumented(void);

/* Calls of the Manager; `options` is a text GVariant such as "{'parts': <uint64 7>}". They return
 * the error name (to be freed), or NULL and the results. */
char *test_compute(sd_bus *client, uint64_t terms, const char *options, double *ret_pi,
                   GVariant **ret_report);
char *test_submit(sd_bus *client, uint64_t terms, const char *options, char **ret_path);
GVariant *test_metrics(sd_bus *client);
sd_bus_message *test_compute_message(sd_bus *client, uint64_t terms, const char *options);

/* Calls of a Job object; the error name or NULL. */
char *test_job_call(sd_bus *client, const char *path, const char *method);
GVariant *test_job_property(sd_bus *client, const char *path, const char *name);

/* Waits until the job's State is `state`. */
void test_wait_for_state(sd_bus *client, const char *path, const char *state);

uint64_t test_lookup_u64(GVariant *dict, const char *key);
uint32_t test_lookup_u32(GVariant *dict, const char *key);
double test_lookup_double(GVariant *dict, const char *key);
char *test_lookup_string(GVariant *dict, const char *key);
