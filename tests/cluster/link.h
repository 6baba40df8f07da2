/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* A cable from a node's network namespace to the bridge of test_enter_namespaces(), and what can
 * happen to it. A failure to set one up is fatal. */

#define TEST_LINKS_MAX 200

typedef struct TestLink {
        guint number; /* 1 to TEST_LINKS_MAX */
        int netns;
        char *address;  /* "10.31.0.N" */
        char *address6; /* "fd31::N", N in hex */
        char *port;     /* name of the bridge's end */
} TestLink;

TestLink *test_link_new(guint number);
void test_link_free(TestLink *link);

/* The node knows the hardware addresses of all nodes up to this number without asking. The kernel
 * remembers about a thousand that it asked for, in all namespaces of the machine together, which is
 * too few for more than some thirty nodes that speak to each other. */
void test_link_introduce(TestLink *link, guint last);

/* The cable is cut somewhere in the middle: nobody at either end is told but by silence. */
void test_link_cut(TestLink *link);
/* The cable is pulled out of the node: its kernel knows. */
void test_link_unplug(TestLink *link);
/* As it was before either. */
void test_link_mend(TestLink *link);

/* Both ways, such as "5mbit"; NULL: as fast as it goes. */
void test_link_limit(TestLink *link, const char *rate);

/* Whether there is nft, and a kernel for it; else skips the test that runs. */
gboolean test_links_can_filter(void);

/* The node receives nothing that `from` sends, while `from` still receives what it sends. */
void test_link_block(TestLink *link, const TestLink *from);

/* Nobody can open a connection to the node; those that it opens work. As behind a NAT. */
void test_link_refuse_incoming(TestLink *link);

/* Ends both. */
void test_link_unblock(TestLink *link);
