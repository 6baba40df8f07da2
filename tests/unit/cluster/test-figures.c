/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the services of members use, as each tells the others. */
#include "daemon/cluster/figures-call.h"

#include <arpa/inet.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>

#include "daemon/cluster/introduction.h"
#include "daemon/cluster/link.h"
#include "daemon/metrics/metrics.h"
#include "daemon/metrics/prometheus.h"
#include "daemon/series/range.h"
#include "tests/unit/cluster/party.h"
#include "tests/unit/cluster/sample.h"

static const PiNodeUsage some = { TRUE, 1.5, TRUE, 12345678, TRUE, 3 };

static void assert_same(const PiNodeUsage *a, const PiNodeUsage *b) {
        g_assert_cmpint(a->has_cpu_usage, ==, b->has_cpu_usage);
        g_assert_cmpfloat(a->cpu_usage, ==, b->cpu_usage);
        g_assert_cmpint(a->has_memory, ==, b->has_memory);
        g_assert_cmpuint(a->memory_bytes, ==, b->memory_bytes);
        g_assert_cmpint(a->has_slots_in_use, ==, b->has_slots_in_use);
        g_assert_cmpuint(a->slots_in_use, ==, b->slots_in_use);
}

static void test_form(void) {
        static const PiNodeUsage nothing;
        const PiNodeUsage *const both[] = { &some, &nothing };

        for (guint i = 0; i < G_N_ELEMENTS(both); i++) {
                g_autoptr(GVariant) dict = g_variant_ref_sink(pi_figures_to_variant(both[i])),
                                    more = sample_with(dict, "new", "true");
                g_autoptr(GError) error = NULL;
                PiNodeUsage read;

                pi_figures_from_variant(more, &read, &error);
                g_assert_no_error(error);
                assert_same(&read, both[i]);
        }
}

static void test_refused(void) {
        static const struct {
                const char *key, *value;
        } bad[] = {
                { "cpu_usage", "-0.1" },         { "cpu_usage", "65537.0" },
                { "cpu_usage", "'much'" },       { "memory_bytes", "uint32 7" },
                { "memory_bytes", "uint64 1152921504606846977" },
                { "slots_in_use", "uint64 7" },  { "slots_in_use", "uint32 65537" },
        };
        g_autoptr(GVariant) good = g_variant_ref_sink(pi_figures_to_variant(&some));

        for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autoptr(GVariant) dict = sample_with(good, bad[i].key, bad[i].value);
                g_autoptr(GError) error = NULL;
                PiNodeUsage read;

                g_assert_false(pi_figures_from_variant(dict, &read, &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
                g_assert_nonnull(strstr(error->message, bad[i].key));
        }
}

/* The row that a node has of another, of itself the first; all zeros when there is none. */
static PiMetricsNode row(const Node *at, const Node *of, guint *ret_n) {
        PiMetricsNode nodes[PI_METRICS_NODES_MAX] = { 0 }, found = { 0 };
        const PiPeers *peers = pi_cluster_peers(at->cluster);
        guint n = peers->members(nodes, G_N_ELEMENTS(nodes), peers->userdata);

        if (n > 0)
                g_assert_true(nodes[0].is_self);
        for (guint i = 0; i < n; i++)
                if (g_str_equal(nodes[i].id, of->identity->node_id))
                        found = nodes[i];
        if (ret_n)
                *ret_n = n;
        return found;
}

static gboolean knows_usage(const Node *at, const Node *of) {
        return row(at, of, NULL).usage.has_memory;
}

static void test_asked(void) {
        Node a, b, *both[] = { &a, &b };
        PiMetricsNode n;
        guint count;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", FALSE);
        (void) row(&a, &a, &count);
        g_assert_cmpuint(count, ==, 0);
        b.jobs.usage = some;
        node_found(&a);
        node_join(&b, &a);
        WAIT_FOR(nodes_are_up(both, 2) && knows_usage(&a, &b));
        n = row(&a, &b, &count);
        g_assert_cmpuint(count, ==, 2);
        assert_same(&n.usage, &some);
        g_assert_cmpstr(n.name, ==, "b");
        g_assert_cmpstr(n.state, ==, "up");
        g_assert_cmpuint(n.cpus, ==, 4);
        g_assert_cmpuint(n.last_seen_usec, >, 0);
        g_assert_false(n.is_self);
        n = row(&a, &a, NULL);
        g_assert_cmpstr(n.state, ==, "self");
        g_assert_cmpstr(n.name, ==, "a");
        /* Jobs know those of this node. */
        g_assert_false(n.usage.has_memory);
        /* Again later, and no more when it is gone. */
        b.jobs.usage.memory_bytes++;
        WAIT_FOR(row(&a, &b, NULL).usage.memory_bytes == b.jobs.usage.memory_bytes);
        node_stop(&b);
        WAIT_FOR(g_str_equal(row(&a, &b, NULL).state, "lost"));
        g_assert_false(knows_usage(&a, &b));
        node_clear(&a);
        node_clear(&b);
}

/* Another member, by hand: it has the methods that the test gives it. */
typedef struct Other {
        const char *cluster;
        PiLink *link;
        guint figures; /* times it was asked */
        gboolean down;
} Other;

static PiLinkAdmission admit(PiLink *link, const char *fingerprint, gpointer userdata) {
        return PI_LINK_MEMBER;
}

static void on_up(PiLink *link, gpointer userdata) {
}

static void on_down(PiLink *link, const GError *why, gpointer userdata) {
        ((Other *) userdata)->down = TRUE;
}

static void on_identify(PiLink *link, GVariant *argument, PiLinkCall *call, gpointer userdata) {
        Other *o = userdata;
        PiIntroduction in = {
                .edition = { PI_PROTOCOL_VERSION, PI_PROTOCOL_VERSION_OLDEST, PI_NUMERICS_VERSION,
                             "0.0" },
                .name = "b", .kernel = "generic", .cpus = 1,
                .clock_usec = (uint64_t) g_get_real_time(), .outbound_only = TRUE,
        };

        g_strlcpy(in.cluster, o->cluster, sizeof(in.cluster));
        memset(in.instance, '7', PI_INSTANCE_LENGTH);
        pi_link_call_return(call, pi_introduction_to_variant(&in));
}

static void on_members(PiLink *link, GVariant *argument, PiLinkCall *call, gpointer userdata) {
        g_autoptr(GError) error = g_error_new_literal(PI_ERROR, PI_ERROR_FAILED, "not now");

        pi_link_call_fail(call, error);
}

/* As a node answers that has no such method. */
static void on_no_figures(PiLink *link, GVariant *argument, PiLinkCall *call, gpointer userdata) {
        g_autoptr(GError) error = g_error_new_literal(PI_ERROR, PI_ERROR_INCOMPATIBLE, "no such");

        ((Other *) userdata)->figures++;
        pi_link_call_fail(call, error);
}

static void on_nonsense(PiLink *link, GVariant *argument, PiLinkCall *call, gpointer userdata) {
        ((Other *) userdata)->figures++;
        pi_link_call_return(call, sample_dict("{'memory_bytes': <'much'>}"));
}

static const PiLinkMethod older[] = {
        { "Identify", "a{sv}", "a{sv}", PI_LINK_MEMBER, on_identify },
        { "Members", "a{sv}", "a{sv}", PI_LINK_MEMBER, on_members },
        { "Figures", "a{sv}", "a{sv}", PI_LINK_MEMBER, on_no_figures },
        { NULL },
};

static const PiLinkMethod mad[] = {
        { "Identify", "a{sv}", "a{sv}", PI_LINK_MEMBER, on_identify },
        { "Members", "a{sv}", "a{sv}", PI_LINK_MEMBER, on_members },
        { "Figures", "a{sv}", "a{sv}", PI_LINK_MEMBER, on_nonsense },
        { NULL },
};

/* Comes in at node `at` with the key of a member that is off. */
static void come_in(Other *o, const Node *at, const Node *as, PiLinkHooks *hooks,
                    const PiLinkMethod *methods) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons(at->config.port),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        g_assert_no_errno(connect(fd, (struct sockaddr *) &address, sizeof(address)));
        g_assert_true(g_unix_set_fd_nonblocking(fd, TRUE, NULL));
        *o = (Other) { .cluster = pi_cluster_id(at->cluster) };
        *hooks = (PiLinkHooks) { .admit = admit, .up = on_up, .down = on_down,
                                 .methods = methods, .userdata = o };
        o->link = pi_link_new(fd, PI_LINK_DIALLED, as->identity, hooks);
}

/* One that has no such method is a member like any other, and is not asked again. */
static void test_older_member(void) {
        Node a, b, c;
        Other other;
        PiLinkHooks hooks;
        guint asked;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", TRUE);
        node_init(&c, "c", FALSE);
        node_found(&a);
        node_join(&b, &a);
        node_stop(&b);
        node_join(&c, &a);
        WAIT_FOR(g_str_equal(node_sees(&a, &c), "up") && g_str_equal(node_sees(&c, &a), "up"));
        come_in(&other, &a, &b, &hooks, older);
        WAIT_FOR(other.figures > 0);
        asked = c.jobs.usage_asked;
        /* The other one was asked in between. */
        WAIT_FOR(!knows_usage(&a, &b) && c.jobs.usage_asked >= asked + 2);
        g_assert_cmpuint(other.figures, ==, 1);
        g_assert_cmpstr(node_sees(&a, &b), ==, "up");
        g_assert_false(knows_usage(&a, &b));
        pi_link_free(other.link);
        node_clear(&a);
        node_clear(&b);
        node_clear(&c);
}

static void test_nonsense(void) {
        Node a, b, *both[] = { &a, &b };
        Other other;
        PiLinkHooks hooks;
        PiMemberView view;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", TRUE);
        node_found(&a);
        node_join(&b, &a);
        WAIT_FOR(nodes_are_up(both, 2));
        node_stop(&b);
        WAIT_FOR(g_str_equal(node_sees(&a, &b), "lost"));
        come_in(&other, &a, &b, &hooks, mad);
        WAIT_FOR(other.down);
        g_assert_cmpuint(other.figures, ==, 1);
        g_assert_true(pi_cluster_find(a.cluster, "b", &view));
        g_assert_cmpint(view.state, ==, PI_MEMBER_LOST);
        g_assert_false(knows_usage(&a, &b));
        pi_link_free(other.link);
        node_clear(&a);
        node_clear(&b);
}

/* Prometheus is told of every state that there is. */
static void test_states(void) {
        for (int state = 0; state < _PI_MEMBER_STATE_MAX; state++) {
                const char *name = pi_member_state_to_string((PiMemberState) state);
                g_autofree char *metrics = g_strdup_printf(
                        "{'nodes': <[{'id': <'1'>, 'name': <'n'>, 'state': <'%s'>}]>}", name);
                g_autofree char *sample = g_strdup_printf(
                        "\npicompute_node_state{node=\"1\",name=\"n\",state=\"%s\"} 1\n", name);
                g_autoptr(GVariant) dict = sample_dict(metrics);
                g_autofree char *text = pi_prometheus_text(dict);

                g_assert_nonnull(strstr(text, sample));
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/figures/form", test_form);
        g_test_add_func("/figures/refused", test_refused);
        g_test_add_func("/figures/asked", test_asked);
        g_test_add_func("/figures/older-member", test_older_member);
        g_test_add_func("/figures/nonsense", test_nonsense);
        g_test_add_func("/figures/states", test_states);
        return g_test_run();
}
