/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/cluster/link.h"

#include <unistd.h>

#include "tests/cluster/namespaces.h"

#define DEVICE "eth0"
#define HARDWARE "02:00:0a:1f:00:%02x"
#define ADDRESS "10.31.0.%u"
#define ADDRESS6 "fd31::%x"

static void run_in(int netns, const char *const *argv, const char *input) {
        g_autofree char *said = NULL;
        int before = test_netns_enter(netns);
        gboolean done = test_run(argv, input, &said);

        test_netns_return(before);
        if (!done)
                g_error("%s: %s", argv[0], said);
}

static void run_here(const char *const *argv, const char *input) {
        g_autofree char *said = NULL;

        if (!test_run(argv, input, &said))
                g_error("%s: %s", argv[0], said);
}

/* Two machines of one number, one after the other, have the same hardware address: neighbours
 * remember it for a while. */
static void plug_in(const TestLink *link) {
        g_autofree char *batch = g_strdup_printf(
                        "link add name %s type veth peer name " DEVICE
                        " address " HARDWARE " netns /proc/%d/fd/%d\n"
                        "link set %s master " PI_TEST_BRIDGE " up\n",
                        link->port, link->number, (int) getpid(), link->netns, link->port);

        run_here((const char *const[]) { "ip", "-batch", "-", NULL }, batch);
}

static void configure(const TestLink *link) {
        g_autofree char *batch = g_strdup_printf("link set lo up\n"
                                                 "addr add %s/16 dev " DEVICE "\n"
                                                 "addr add %s/64 nodad dev " DEVICE "\n"
                                                 "link set " DEVICE " up\n",
                                                 link->address, link->address6);

        run_in(link->netns, (const char *const[]) { "ip", "-batch", "-", NULL }, batch);
}

TestLink *test_link_new(guint number) {
        TestLink *link = g_new0(TestLink, 1);

        g_assert_cmpuint(number, >=, 1);
        g_assert_cmpuint(number, <=, TEST_LINKS_MAX);
        link->number = number;
        link->netns = test_netns_new();
        link->address = g_strdup_printf(ADDRESS, number);
        link->address6 = g_strdup_printf(ADDRESS6, number);
        link->port = g_strdup_printf("port%u", number);
        plug_in(link);
        configure(link);
        return link;
}

void test_link_introduce(TestLink *link, guint last) {
        g_autoptr(GString) batch = g_string_new(NULL);

        for (guint i = 1; i <= last; i++)
                if (i != link->number)
                        g_string_append_printf(batch,
                                               "neigh replace " ADDRESS " lladdr " HARDWARE
                                               " nud permanent dev " DEVICE "\n"
                                               "neigh replace " ADDRESS6 " lladdr " HARDWARE
                                               " nud permanent dev " DEVICE "\n",
                                               i, i, i, i);
        run_in(link->netns, (const char *const[]) { "ip", "-batch", "-", NULL }, batch->str);
}

/* The namespace goes some time after its last process; the name of the port is needed now. */
void test_link_free(TestLink *link) {
        run_here((const char *const[]) { "ip", "link", "del", link->port, NULL }, NULL);
        close(link->netns);
        g_free(link->address);
        g_free(link->address6);
        g_free(link->port);
        g_free(link);
}

void test_link_cut(TestLink *link) {
        run_here((const char *const[]) { "ip", "link", "set", link->port, "nomaster", NULL }, NULL);
}

void test_link_unplug(TestLink *link) {
        run_here((const char *const[]) { "ip", "link", "set", link->port, "down", NULL }, NULL);
}

void test_link_mend(TestLink *link) {
        run_here((const char *const[]) { "ip", "link", "set", link->port, "master", PI_TEST_BRIDGE,
                                         "up", NULL },
                 NULL);
}

/* At the device where packets leave: towards the node and from it. */
static char **shape(const char *device, const char *rate) {
        g_autofree char *words =
                rate ? g_strdup_printf("tc qdisc replace dev %s root tbf rate %s burst 32kb "
                                       "latency 400ms",
                                       device, rate)
                     : g_strdup_printf("tc qdisc replace dev %s root pfifo_fast", device);

        return g_strsplit(words, " ", -1);
}

void test_link_limit(TestLink *link, const char *rate) {
        g_auto(GStrv) towards = shape(link->port, rate), from = shape(DEVICE, rate);

        run_here((const char *const *) towards, NULL);
        run_in(link->netns, (const char *const *) from, NULL);
}

#define NFT ((const char *const[]) { "nft", "-f", "-", NULL })
#define TABLE                                                                                     \
        "table inet pi_test {\n"                                                                  \
        "  chain input {\n"                                                                       \
        "    type filter hook input priority 0; policy accept;\n"                                 \
        "    %s\n"                                                                                \
        "  }\n"                                                                                   \
        "}\n"

gboolean test_links_can_filter(void) {
        g_autofree char *said = NULL, *why = NULL;

        if (test_run(NFT, "table inet pi_probe {\n"
                          "chain c { type filter hook input priority 0; }\n"
                          "}\n"
                          "delete table inet pi_probe\n", &said))
                return TRUE;
        why = g_strdup_printf("one way cannot be blocked here: nft: %s",
                              g_strdelimit(said, "\n", ' '));
        g_test_skip(why);
        return FALSE;
}

static void filter(TestLink *link, const char *rules) {
        g_autofree char *text = g_strdup_printf(TABLE, rules);

        run_in(link->netns, NFT, text);
}

void test_link_block(TestLink *link, const TestLink *from) {
        g_autofree char *rules = g_strdup_printf("ip saddr %s drop; ip6 saddr %s drop;",
                                                 from->address, from->address6);

        filter(link, rules);
}

void test_link_refuse_incoming(TestLink *link) {
        filter(link, "tcp flags & (syn | ack) == syn drop;");
}

void test_link_unblock(TestLink *link) {
        run_in(link->netns, NFT, "table inet pi_test {}\ndelete table inet pi_test\n");
}
