/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/cluster/node.h"

/* Calls of a node's Manager, of which several may wait at a time, and what it knows of members. */

/* A call that waits for its answer, on a bus connection of its own. */
typedef struct TestCall {
        sd_bus *client;
        sd_bus_slot *slot;
        gboolean answered;
        gint64 begin_usec;    /* CLOCK_MONOTONIC; so the next one */
        gint64 answered_usec; /* as far as somebody looked */
        char *error;          /* name, NULL for none */
        char *message;        /* of the error */
        GVariant *result;     /* a tuple of what was answered, NULL with an error */
} TestCall;

/* `arguments`: a tuple, or NULL for none; may be floating. */
TestCall *test_call_begin(TestNode *node, const char *method, GVariant *arguments);
/* Looks whether there is an answer. */
gboolean test_call_poll(TestCall *call);
/* Waits for the answer. */
void test_call_wait(TestCall *call);
void test_call_free(TestCall *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TestCall, test_call_free)

/* A call and its answer. */
TestCall *test_call(TestNode *node, const char *method, GVariant *arguments);

/* The same for calls that must end well: the result, or NULL when there is none. */
GVariant *test_call_ok(TestNode *node, const char *method, GVariant *arguments);

/* The same for calls that must fail: with this of "org.picompute1.Error.", and a message that has
 * this text in it (NULL: whatever). */
void test_call_fails(TestNode *node, const char *method, GVariant *arguments, const char *error,
                     const char *text);

/* ComputePi with options in text such as "{'parts': <uint64 7>}"; NULL for none. */
GVariant *test_compute_arguments(uint64_t terms, const char *options);

/* Of an answered ComputePi, which must have been answered well. */
GVariant *test_call_report(TestCall *call);
char *test_call_sum(TestCall *call); /* sum_hex */

/* sum_hex as this node alone has it. */
char *test_sum_alone(TestNode *node, uint64_t terms);

GVariant *test_manager_property(TestNode *node, const char *name);

/* Properties of the Node object for `name` at this node; NULL when it knows no such member. */
GVariant *test_member(TestNode *at, const char *name);
uint64_t test_member_count(TestNode *at, const char *name, const char *property);
guint test_count_members(TestNode *at);
