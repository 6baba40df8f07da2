/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/cluster/cluster.h"

/* Three nodes, and a job of node 1 over all of them in which something goes wrong. */

#define TEST_FAULT_NODES 3

typedef struct TestFault {
        TestCluster *cluster;
        TestNode *node[TEST_FAULT_NODES + 1]; /* by number */
        uint64_t terms; /* some seconds of work for all of them */
        const char *sum; /* that they must give */
        char *path;     /* of the job, once test_fault_submit() */
} TestFault;

/* A fixture of g_test_add(). */
void test_fault_set_up(TestFault *f, gconstpointer data);
void test_fault_tear_down(TestFault *f, gconstpointer data);

/* Submits the job at node 1, and returns when nodes 2 and 3 have done leases of it. */
void test_fault_submit(TestFault *f);

/* Until the job is done; it must have given the sum. Returns the report. */
GVariant *test_fault_finish(TestFault *f);

/* The same for a job that went on after a restart of node 1: the others must have worked for it
 * since. */
void test_fault_finish_resumed(TestFault *f);

/* A job over all nodes, which must give the sum; each of them must have had a share. */
void test_fault_all_share(TestFault *f);

/* How long a fault may take to be noticed, with what a sanitizer adds. */
void test_assert_noticed(const char *what, gint64 took_usec, double limit_seconds);
