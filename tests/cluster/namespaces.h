/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The first call of main(), before there is a thread: from its return on the program runs in user,
 * mount, pid and network namespaces of its own, with a bridge PI_TEST_BRIDGE between its nodes and
 * TMPDIR in memory. Whatever it starts ends with it, and with the process that called, however that
 * ends. Where there can be no such namespaces the program ends here, and its TAP plan says why.
 *
 * The directory of TMPDIR is removed at the end; a SIGKILL leaves it, empty. */
void test_enter_namespaces(void);

#define PI_TEST_BRIDGE "bridge"

/* The test process itself, a stranger to every node, has these on the bridge: PI_TEST_STRANGER, and
 * any address that begins with PI_TEST_STRANGERS_PREFIX. */
#define PI_TEST_STRANGER "10.31.255.254"
#define PI_TEST_STRANGERS_PREFIX "10.31.128."

/* Runs a command in the calling thread's network namespace, `input` (or NULL) on its standard
 * input. FALSE with what it said when it fails. */
gboolean test_run(const char *const *argv, const char *input, char **ret_said);

/* Network namespaces, by descriptor. That of the caller is changed for the calling thread, and what
 * it starts then. */
int test_netns_new(void);
int test_netns_enter(int netns); /* what it was before, to be given to test_netns_return() */
void test_netns_return(int before);
