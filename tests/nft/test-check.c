/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other firewalls on the machine, and what "pictl firewall check" says of them: real rules, real
 * packets of a member that they keep out. */
#include <string.h>
#include <sys/wait.h>

#include "tests/cluster/cluster.h"
#include "tests/cluster/namespaces.h"
#include "tests/nft/helper.h"

/* What the other machine has at its end of the cable. */
#define MEMBER "10.31.0.2"

static const char policy_drop[] =
        "nft -f - <<'END'\n"
        "table inet corporate {\n"
        "  chain incoming {\n"
        "    type filter hook input priority filter; policy drop;\n"
        "    ct state established,related accept\n"
        "    iif lo accept\n"
        "    tcp dport 22 accept\n"
        "  }\n"
        "}\n"
        "END\n";

static const char rule_drop[] =
        "nft -f - <<'END'\n"
        "table ip hardening {\n"
        "  set ports { type inet_service; flags interval; elements = { 1-21, 23-65535 }; }\n"
        "  chain in {\n"
        "    type filter hook input priority filter; policy accept;\n"
        "    ip saddr 10.31.0.0/16 tcp dport @ports drop\n"
        "  }\n"
        "}\n"
        "END\n";

/* The shape of firewalld's, with a zone that has ssh alone. */
static const char firewalld[] =
        "nft -f - <<'END'\n"
        "table inet firewalld {\n"
        "  chain filter_IN_public_allow { tcp dport 22 accept\n }\n"
        "  chain filter_IN_public { jump filter_IN_public_allow\n"
        "    meta l4proto { icmp, ipv6-icmp } accept\n }\n"
        "  chain filter_INPUT_ZONES { goto filter_IN_public\n }\n"
        "  chain filter_INPUT {\n"
        "    type filter hook input priority filter + 10; policy accept;\n"
        "    ct state { established, related } accept\n"
        "    iifname lo accept\n"
        "    jump filter_INPUT_ZONES\n"
        "    ct state invalid drop\n"
        "    reject with icmpx admin-prohibited\n"
        "  }\n"
        "}\n"
        "END\n";

/* The shape of ufw's, which is made with iptables. */
static const char ufw[] =
        "iptables-nft -N ufw-before-input && iptables-nft -N ufw-user-input &&\n"
        "iptables-nft -A INPUT -j ufw-before-input &&\n"
        "iptables-nft -A ufw-before-input -i lo -j ACCEPT &&\n"
        "iptables-nft -A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT &&\n"
        "iptables-nft -A ufw-before-input -j ufw-user-input &&\n"
        "iptables-nft -A ufw-user-input -p tcp --dport 22 -j ACCEPT &&\n"
        "iptables-nft -P INPUT DROP\n";

static const char legacy[] = "iptables-legacy -P INPUT DROP\n";

typedef struct Case {
        const char *rules; /* a script */
        const char *needs; /* a program */
        const char *culprit, *remedy;
        int status;
        gboolean counted; /* nft cannot see it: only that packets are missing */
} Case;

static const Case cases[] = {
        { policy_drop, "nft", "policy of chain incoming of table \\\"inet corporate\\\"",
          "nft add rule inet corporate incoming", 2, FALSE },
        { rule_drop, "nft", "table \\\"ip hardening\\\"", "nft insert rule ip hardening in", 2,
          FALSE },
        { firewalld, "nft", "table \\\"inet firewalld\\\"", "pictl firewall apply --firewalld",
          2, FALSE },
        { ufw, "iptables-nft", "policy of chain INPUT of table \\\"ip filter\\\"",
          "iptables -I INPUT -p tcp", 2, FALSE },
        { legacy, "iptables-legacy", "dropped by another firewall", "iptables-legacy -S INPUT", 1,
          TRUE },
};

typedef struct Fixture {
        TestCluster *cluster;
        TestNode *a, *b;
        TestHelper *helper;
} Fixture;

/* One whose helper has its rules, and one that connects to it. */
static void set_up(Fixture *f, gconstpointer data) {
        f->cluster = test_cluster_new_joined(2);
        f->a = test_cluster_node(f->cluster, 1);
        f->b = test_cluster_node(f->cluster, 2);
        f->helper = test_helper_new(f->a->link, f->a->bus);
        test_helper_start(f->helper, NULL);
        test_call_ok(f->a, "ApplyFirewall", NULL);
}

static void tear_down(Fixture *f, gconstpointer data) {
        test_helper_free(f->helper);
        test_cluster_free(f->cluster);
}

/* On the machine of node 1. */
static gboolean run_script(Fixture *f, const char *script, char **ret_said) {
        int before = test_netns_enter(f->a->link->netns);
        gboolean good = test_run((const char *const[]) { "sh", "-e", NULL }, script, ret_said);

        test_netns_return(before);
        return good;
}

/* Its exit status; what it says in one line of JSON. */
static int check(Fixture *f, char **ret_said) {
        g_autoptr(GSubprocessLauncher) launcher =
                test_launcher(f->a->bus, G_SUBPROCESS_FLAGS_STDOUT_PIPE);
        int before = test_netns_enter(f->a->link->netns);
        g_autoptr(GSubprocess) process = NULL;
        g_autoptr(GError) error = NULL;

        process = g_subprocess_launcher_spawn(launcher, &error, g_getenv("PI_PICTL"), "--user",
                                              "--json=short", "firewall", "check", NULL);
        test_netns_return(before);
        g_assert_no_error(error);
        g_assert_true(g_subprocess_communicate_utf8(process, NULL, NULL, ret_said, NULL, &error));
        g_test_message("%s", *ret_said);
        g_assert_true(g_subprocess_get_if_exited(process));
        return g_subprocess_get_exit_status(process);
}

/* The remedy that names this command, as it would be run: "sudo " and what is behind it. */
static char *remedy_in(const char *said, const char *command) {
        const char *at = strstr(said, command);

        g_assert_nonnull(at);
        return g_strndup(at, strcspn(at, "\"\\"));
}

static guint64 dropped_by_others(Fixture *f) {
        return test_helper_count(f->helper, "seen") - test_helper_count(f->helper, "delivered") -
               test_helper_count(f->helper, "refused") -
               test_helper_count(f->helper, "rate_drop");
}

typedef struct Missing {
        Fixture *f;
        guint64 before;
} Missing;

static gboolean more_are_missing(gpointer userdata) {
        Missing *m = userdata;

        return dropped_by_others(m->f) > m->before;
}

static void culprit(Fixture *f, gconstpointer data) {
        const Case *c = data;
        g_autofree char *quiet = NULL, *said = NULL, *after = NULL, *remedy = NULL, *program = NULL;
        guint64 missing = dropped_by_others(f);

        program = g_find_program_in_path(c->needs);
        if (!program) {
                g_autofree char *why = g_strdup_printf("there is no %s", c->needs);

                g_test_skip(why);
                return;
        }
        g_assert_cmpint(check(f, &quiet), ==, 0);
        g_assert_null(strstr(quiet, c->culprit));
        if (!run_script(f, c->rules, &said)) {
                g_test_message("%s", said);
                g_test_skip("the kernel does not have what these rules need");
                return;
        }
        g_clear_pointer(&said, g_free);
        /* The member's own attempts to come back. */
        test_node_kill(f->b);
        test_node_start(f->b);
        if (c->counted)
                test_wait_until(more_are_missing, &(Missing) { f, missing }, "packets are missing");
        g_assert_cmpint(check(f, &said), ==, c->status);
        g_assert_nonnull(strstr(said, c->culprit));
        if (!c->counted)
                g_assert_nonnull(strstr(said, MEMBER));
        g_assert_nonnull(strstr(said, c->remedy));
        if (!g_str_has_prefix(c->remedy, "nft"))
                return;
        /* What it says to do does it. */
        remedy = remedy_in(said, c->remedy);
        g_test_message("running: %s", remedy);
        g_assert_true(run_script(f, remedy, NULL));
        (void) check(f, &after);
        g_assert_null(strstr(after, "(" MEMBER ")"));
}

int main(int argc, char **argv) {
        test_enter_namespaces();
        test_require_filter();
        g_test_init(&argc, &argv, NULL);
        g_test_add("/check/policy-drop", Fixture, &cases[0], set_up, culprit, tear_down);
        g_test_add("/check/rule-drop", Fixture, &cases[1], set_up, culprit, tear_down);
        g_test_add("/check/firewalld", Fixture, &cases[2], set_up, culprit, tear_down);
        g_test_add("/check/ufw", Fixture, &cases[3], set_up, culprit, tear_down);
        g_test_add("/check/iptables-legacy", Fixture, &cases[4], set_up, culprit, tear_down);
        return g_test_run();
}
