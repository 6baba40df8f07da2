/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/bus/harness.h"

/* The exporter on the bus of a test, and a client that speaks HTTP byte by byte. */

/* How to run it: NULL when it is not built. */
const char *test_exporter_path(void);

/* Starts it on a free port of the loopback with more arguments (NULL-terminated, or NULL), and
 * waits until it listens. */
GSubprocess *test_exporter_start(TestBus *bus, const char *const *arguments, guint16 *ret_port);

/* Ends it, which must be a good end. */
void test_exporter_stop(GSubprocess *exporter);

/* Connects from the address 127.0.0.`host`. */
int test_http_connect(guint16 port, unsigned host);
void test_http_send(int fd, const char *text);

typedef struct TestReply {
        int status; /* 0: the connection ended without an answer */
        char *head, *body;
} TestReply;

void test_reply_clear(TestReply *reply);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(TestReply, test_reply_clear)

/* Reads to the end of the connection and closes it. */
TestReply test_http_receive(int fd);

/* One request with a connection of its own; `more` are lines of the head, each ended by \r\n. */
TestReply test_http(guint16 port, const char *method, const char *place, const char *more);

/* GETs a place again and again until the answer has this status and contains this text. */
void test_http_wait_for(guint16 port, const char *place, int status, const char *text);
