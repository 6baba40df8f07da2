/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/bus/harness.h"
#include "tests/cluster/link.h"

/* A machine of a cluster: a network namespace, a message bus, a state directory and the real
 * daemon. For programs that began with test_enter_namespaces(). All of them share the processes'
 * numbers and the host's clock, and the CPUs by turns: node 1 has the first one. */
typedef struct TestNode {
        guint number;
        char *name; /* "n1" */
        TestLink *link;
        TestBus *bus;
        sd_bus *client;
        char *log;        /* file of what the daemon says, of all its starts */
        char *preload;    /* LD_PRELOAD of the next start, NULL for none */
        char *clock;      /* FAKETIME of the next start */
        pid_t pid;        /* of the daemon, 0 when it is down */
} TestNode;

/* Not started yet. */
TestNode *test_node_new(guint number);
void test_node_free(TestNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TestNode, test_node_free)

/* More lines of the section [Cluster], for the next start: "Port=0\n". */
void test_node_configure(TestNode *node, const char *lines);

/* The clock of the daemon's next start is ahead by so much: "+10m". FALSE skips the test that
 * runs: this machine lacks libfaketime, or the build is not for it. */
gboolean test_node_set_clock(TestNode *node, const char *offset);

/* Until the daemon owns its name. */
void test_node_start(TestNode *node);
void test_node_stop(TestNode *node); /* SIGTERM; it must end well */
void test_node_kill(TestNode *node); /* SIGKILL */
void test_node_freeze(TestNode *node);
void test_node_thaw(TestNode *node);

gboolean test_node_has_logged(const TestNode *node, const char *text);
void test_node_wait_for_log(const TestNode *node, const char *text);

/* What the daemon's process has now. */
typedef struct TestResources {
        guint fds;
        guint threads;
        uint64_t rss_bytes;
        uint64_t own_bytes; /* of that, what no file is behind: it shares none of it */
        uint64_t cpu_usec;
} TestResources;

TestResources test_node_resources(const TestNode *node);

/* A new TCP connection, from within the node's namespace, to a port of another node, which may take
 * 1 s at most; -1 when there is none. */
int test_node_connect(TestNode *from, const char *address, uint16_t port);

/* Until the condition holds; says what it waits for when that takes long. The time limit of the
 * test ends it. */
void test_wait_until(gboolean (*holds)(gpointer userdata), gpointer userdata, const char *what);
