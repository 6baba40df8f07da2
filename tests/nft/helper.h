/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/cluster/node.h"

/* The real pi-computed-firewall in the network namespace of a machine, on its bus. For programs
 * that began with test_enter_namespaces(). */
typedef struct TestHelper {
        TestLink *link;
        TestBus *bus;
        sd_bus *client; /* root's, to call it with */
        GSubprocess *process; /* NULL while it is down */
} TestHelper;

/* Ends the program where the kernel has no nf_tables or there is no nft; its TAP plan says why. To
 * be called right after test_enter_namespaces(). */
void test_require_filter(void);

/* Not started. `bus` and `link` are the caller's, and outlive it. */
TestHelper *test_helper_new(TestLink *link, TestBus *bus);
void test_helper_free(TestHelper *helper);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TestHelper, test_helper_free)

/* Until it owns its name. `argument`, such as "--watched", or NULL. */
void test_helper_start(TestHelper *helper, const char *argument);
void test_helper_stop(TestHelper *helper); /* SIGTERM; it must end well */
void test_helper_kill(TestHelper *helper);

/* A call; `arguments` a tuple, sunk if floating, or NULL for none. The result, a tuple, or NULL
 * with the error's name behind "org.picompute1.Error." and its message, both to be freed, or both
 * NULL pointers where it must go well. */
GVariant *test_helper_call(TestHelper *helper, const char *method, GVariant *arguments,
                           char **ret_error, char **ret_message);
void test_helper_ok(TestHelper *helper, const char *method, const char *arguments);
void test_helper_fails(TestHelper *helper, const char *method, const char *arguments,
                       const char *error, const char *text);

/* Of what it describes; the values must be there. */
GVariant *test_helper_describe(TestHelper *helper);
guint64 test_helper_count(TestHelper *helper, const char *counter);
guint64 test_helper_packets_of(TestHelper *helper, const char *member);
gboolean test_helper_is_as_intended(TestHelper *helper);

/* nft in that namespace: what it says; fatal when it fails. */
char *test_nft(TestLink *link, const char *commands);
/* The same from the command line: "list ruleset". */
char *test_nft_list(TestLink *link, const char *what);

/* A connection from the test's own namespace, at this address of it, that has just been begun. */
int test_begin_connect(const char *from, const char *to, uint16_t port);

/* Whether the port can be connected to from the test's own namespace, at this address of it (NULL:
 * PI_TEST_STRANGER). Something has to listen there. That it cannot is known when the helper's
 * counters have the attempt. */
gboolean test_can_connect(TestHelper *helper, const char *from, const char *to, uint16_t port);

/* A socket that listens in the namespace of the link, at all addresses. */
int test_listen(TestLink *link, uint16_t port);
