/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/identity.h"
#include "tests/cluster/node.h"

/* Who speaks to a node's port without being one: raw TCP and TLS, spoken by the test itself. */

#define TEST_PRIORITY "SECURE128:-VERS-ALL:+VERS-TLS1.3"
#define TEST_PRIORITY_TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"

/* A new TCP connection to a node's port from this address of the test's own, which begins with
 * PI_TEST_STRANGERS_PREFIX; NULL: PI_TEST_STRANGER. Never closed by us until the caller does. -1
 * when it is refused. */
int test_stranger_connect(const char *from, const TestNode *to);

/* Whether the other end has closed the connection; does not wait. What it sent is thrown away. */
gboolean test_stranger_is_cut_off(int fd);

typedef enum TestAdmission {
        TEST_ADMITTED,          /* it answered the first line of D-Bus */
        TEST_REFUSED_HANDSHAKE, /* the handshake failed */
        TEST_REFUSED_LATER,     /* it said no after what the client takes for a handshake */
} TestAdmission;

/* Offers a certificate (`identity`, NULL for none) as TLS client over the connection, and begins to
 * speak D-Bus; then sends `garbage` instead of going on, if there is any, for which the other end
 * must cut it off. Closes the connection. */
TestAdmission test_stranger_knock(int fd, const PiIdentity *identity, const char *priority,
                                  GBytes *garbage);

/* A server at the port that a node which is down has, until something connects, to which it shows
 * `identity`. Whether that went along, and began to speak D-Bus; it is then answered with these
 * bytes (NULL for none), until it says more or cuts the connection. */
gboolean test_stranger_pose_as(const TestNode *node, const PiIdentity *identity,
                               const char *priority, GBytes *answer);

/* The identity of a node, which is in its state directory. */
PiIdentity *test_stolen_identity(const TestNode *node);
