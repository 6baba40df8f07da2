/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/cluster/calls.h"

/* Some nodes, of numbers 1 to n, and what is done to make a cluster of them. */
typedef struct TestCluster {
        guint n;
        TestNode **nodes;
} TestCluster;

/* Started, each in no cluster. */
TestCluster *test_cluster_new(guint n);
void test_cluster_free(TestCluster *cluster);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TestCluster, test_cluster_free)

/* The same, all of them members of one cluster that node 1 made, and connected. */
TestCluster *test_cluster_new_joined(guint n);

/* By number, which begins at 1. */
TestNode *test_cluster_node(TestCluster *cluster, guint number);

/* One more, not started. */
TestNode *test_cluster_add(TestCluster *cluster);

void test_create(TestNode *node);
/* `options` such as "{'uses': <uint32 3>}"; NULL for none. */
char *test_token(TestNode *node, const char *options);
/* The joining must go well. */
void test_join(TestNode *node, const char *token);

/* Until this member is in this state, at that node; returns how long it took. */
gint64 test_wait_for_member(TestNode *at, const TestNode *of, const char *state);
/* Until it knows no member of that name. */
void test_wait_until_forgotten(TestNode *at, const TestNode *of);
/* Until each of the nodes that run is connected to each other. */
void test_wait_until_connected(TestCluster *cluster);

/* ComputePi at this node must give this sum (NULL: any); returns the report. */
GVariant *test_compute_over(TestNode *node, uint64_t terms, const char *options, const char *sum);
/* The row of a report for the node of this name; NULL when there is none. */
GVariant *test_report_row(GVariant *report, const char *name);
