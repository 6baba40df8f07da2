/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/judge.h"

#include "ctl/firewall/gather.h"
#include "dbus/error.h"
#include "tests/unit/ctl/findings.h"

/* Facts of a member of a cluster of two where all is well, and what follows from them. */
typedef struct Fixture {
        PiFirewallFacts *facts;
        PiFindings *findings;
} Fixture;

static void set_text(char **text, const char *value) {
        g_free(*text);
        *text = g_strdup(value);
}

static PiPeer *add_peer(Fixture *f, const char *name, const char *address) {
        PiPeer *peer = pi_peer_new(name);

        if (address)
                g_ptr_array_add(peer->addresses, g_strdup(address));
        g_ptr_array_add(f->facts->peers, peer);
        return peer;
}

static void let_in(Fixture *f, const char *address) {
        PiRuleMember *member = g_new0(PiRuleMember, 1);

        member->address = g_strdup(address);
        member->name = g_strdup("node");
        g_ptr_array_add(f->facts->rules->members, member);
}

static void set_up(Fixture *f, gconstpointer data) {
        PiFirewallFacts *facts = f->facts = pi_firewall_facts_new();

        f->findings = pi_findings_new();
        facts->service = facts->in_cluster = facts->local = TRUE;
        set_text(&facts->state, "applied");
        facts->listener = PI_LISTENER_SERVICE;
        facts->rules = pi_rules_new();
        facts->rules->applied = facts->rules->limits = facts->rules->owner = TRUE;
        set_text(&facts->rules->intended, "table");
        set_text(&facts->rules->live, "table");
        facts->rules->counters.seen = facts->rules->counters.delivered = 12;
        facts->blocks = g_ptr_array_new();
        add_peer(f, "gpu-1", "192.0.2.7");
        let_in(f, "192.0.2.7");
}

static void tear_down(Fixture *f, gconstpointer data) {
        pi_firewall_facts_free(f->facts);
        pi_findings_free(f->findings);
}

static void judge(Fixture *f) {
        pi_firewall_judge(f->facts, f->findings);
}

#define ASSERT(severity, check, words, remedy)                                                \
        assert_finding(f->findings, PI_FINDING_##severity, check, words, remedy)

static void good(Fixture *f, gconstpointer data) {
        judge(f);
        g_assert_cmpint(pi_findings_exit_status(f->findings), ==, 0);
        ASSERT(OK, "firewall", "only members may connect to port 31415", NULL);
        ASSERT(OK, "table", "as they were made", NULL);
        ASSERT(OK, "addresses", "let in every member (1)", NULL);
        ASSERT(OK, "listener", "listens at port 31415", NULL);
        ASSERT(OK, "filters", "no rule of another table", NULL);
        ASSERT(OK, "attempts", "dropped any of 12", NULL);
}

static void states(Fixture *f, gconstpointer data) {
        set_text(&f->facts->state, "pending");
        judge(f);
        ASSERT(WARNING, "firewall", "not made yet", "pictl firewall apply");
        set_text(&f->facts->state, "disabled");
        judge(f);
        ASSERT(NOTE, "firewall", "Firewall=no", NULL);
        set_text(&f->facts->state, "removed");
        judge(f);
        ASSERT(WARNING, "firewall", "removed", "pictl firewall apply");
        set_text(&f->facts->state, "failed");
        set_text(&f->facts->state_error, "no such helper");
        judge(f);
        ASSERT(WARNING, "firewall", "no such helper", "pictl firewall apply");
        f->facts->in_cluster = FALSE;
        judge(f);
        ASSERT(OK, "firewall", "in no cluster", NULL);
}

static void without_helper(Fixture *f, PiError code, const char *text) {
        g_clear_pointer(&f->facts->rules, pi_rules_free);
        g_clear_pointer(&f->facts->blocks, g_ptr_array_unref);
        g_clear_error(&f->facts->rules_error);
        f->facts->rules_error = g_error_new_literal(PI_ERROR, (int) code, text);
        judge(f);
}

static PiBlock block_of(const char *source, const char *family, const char *table_name,
                        const char *chain, guint64 handle) {
        return (PiBlock) { .source = (char *) source, .family = (char *) family,
                           .table = (char *) table_name, .chain = (char *) chain,
                           .handle = handle };
}

/* Port=0, which has no port that anything could be wrong with. */
static void only_connects(Fixture *f, gconstpointer data) {
        PiBlock block = block_of("192.0.2.7", "inet", "mine", "input", 10);

        set_text(&f->facts->state, "off");
        f->facts->listener = PI_LISTENER_NONE;
        f->facts->firewalld = PI_FIREWALLD_SHUT;
        f->facts->ufw = f->facts->flushes = f->facts->wide_open = TRUE;
        set_text(&f->facts->legacy, "filter");
        f->facts->rules->counters = (PiRuleCounters) { .seen = 3 };
        g_ptr_array_add(f->facts->blocks, &block);
        judge(f);
        ASSERT(OK, "firewall", "nothing listens here: this node connects to the others", NULL);
        g_assert_cmpuint(f->findings->len, ==, 1);
        without_helper(f, PI_ERROR_UNREACHABLE, "not installed; install it");
        g_assert_cmpint(pi_findings_exit_status(f->findings), ==, 0);
}

static void helper(Fixture *f, gconstpointer data) {
        without_helper(f, PI_ERROR_NOT_AUTHORIZED, "no");
        g_assert_cmpint(pi_findings_exit_status(f->findings), ==, 0);
        ASSERT(NOTE, "helper", "only root", "sudo pictl firewall check");
        without_helper(f, PI_ERROR_UNREACHABLE, "not installed; install it");
        ASSERT(WARNING, "helper", "not installed", "install it");
        without_helper(f, PI_ERROR_FAILED, "CAP_NET_ADMIN is missing; look at it");
        ASSERT(BROKEN, "helper", "CAP_NET_ADMIN", "look at it");
        f->facts->in_cluster = FALSE;
        without_helper(f, PI_ERROR_UNREACHABLE, "is absent; install it");
        ASSERT(NOTE, "helper", "is absent", "install it");
}

static void table(Fixture *f, gconstpointer data) {
        f->facts->rules->restored = 3;
        judge(f);
        ASSERT(NOTE, "table", "put back, 3 times", "journalctl");
        set_text(&f->facts->rules->live, "other");
        judge(f);
        ASSERT(WARNING, "table", "other rules", "pictl firewall show");
        set_text(&f->facts->rules->live, "");
        judge(f);
        ASSERT(BROKEN, "table", "gone", "pictl firewall apply");
        f->facts->rules->limits = FALSE;
        judge(f);
        ASSERT(WARNING, "kernel", "nft_limit", "modprobe");
        f->facts->rules->applied = FALSE;
        judge(f);
        ASSERT(BROKEN, "table", "has no rules", "pictl firewall apply");
}

static void members(Fixture *f, gconstpointer data) {
        add_peer(f, "gpu-2", "192.0.2.8");
        add_peer(f, "gpu-3", NULL);
        add_peer(f, "192.0.2.9", "192.0.2.9")->stranger = TRUE;
        judge(f);
        ASSERT(BROKEN, "addresses", "gpu-2", "pictl firewall apply");
        ASSERT(WARNING, "addresses", "no address of member gpu-3", "pictl firewall open ADDRESS");
        ASSERT(WARNING, "addresses", "192.0.2.9 is no address", "pictl firewall open 192.0.2.9");
        g_assert_null(find_finding(f->findings, "addresses", "gpu-1"));
}

static void window(Fixture *f, gconstpointer data) {
        PiRuleWindow *open = g_new0(PiRuleWindow, 1);

        open->prefix = g_strdup("192.0.2.8/31");
        open->left_usec = 60 * G_USEC_PER_SEC;
        g_ptr_array_add(f->facts->rules->windows, open);
        add_peer(f, "192.0.2.9", "192.0.2.9")->stranger = TRUE;
        judge(f);
        g_assert_cmpint(pi_findings_exit_status(f->findings), ==, 0);
        ASSERT(OK, "addresses", "192.0.2.9 is let in by the window 192.0.2.8/31, for 1min", NULL);
}

/* A member that has Port=0 is let in where it is connected from, and from everywhere while it is
 * away. */
static void outbound_only(Fixture *f, gconstpointer data) {
        PiRuleWindow *open = g_new0(PiRuleWindow, 1);
        PiPeer *peer = add_peer(f, "node", NULL);

        peer->outbound_only = TRUE;
        judge(f);
        ASSERT(WARNING, "addresses", "where member node comes from is not known",
               "pictl firewall apply");
        g_ptr_array_set_size(f->findings, 0);
        open->prefix = g_strdup("192.0.2.0/24");
        open->left_usec = 60 * G_USEC_PER_SEC;
        g_ptr_array_add(f->facts->rules->windows, open);
        judge(f);
        ASSERT(WARNING, "addresses", "no window lets it in from everywhere", "apply");
        g_ptr_array_set_size(f->findings, 0);
        set_text(&open->prefix, "0.0.0.0/0");
        judge(f);
        g_assert_cmpint(pi_findings_exit_status(f->findings), ==, 0);
        ASSERT(OK, "addresses", "node is let in from wherever it comes by the window 0.0.0.0/0",
               NULL);
        set_text(&open->prefix, "::/0");
        judge(f);
        g_assert_cmpint(pi_findings_exit_status(f->findings), ==, 0);
        g_ptr_array_set_size(f->facts->rules->windows, 0);
        g_ptr_array_set_size(f->findings, 0);
        let_in(f, "198.51.100.9");
        pi_firewall_facts_take_rules(f->facts, g_steal_pointer(&f->facts->rules));
        judge(f);
        g_assert_cmpint(pi_findings_exit_status(f->findings), ==, 0);
        ASSERT(OK, "addresses", "let in every member (2)", NULL);
}

static void listener(Fixture *f, gconstpointer data) {
        f->facts->listener = PI_LISTENER_NONE;
        judge(f);
        ASSERT(BROKEN, "listener", "nothing listens", "systemctl restart pi-computed");
        f->facts->listener = PI_LISTENER_OTHER;
        set_text(&f->facts->program, "nginx");
        judge(f);
        ASSERT(BROKEN, "listener", "nginx", "Port= in pi-computed.conf\nsystemctl restart");
        g_ptr_array_set_size(f->findings, 0);
        f->facts->user = TRUE;
        judge(f);
        ASSERT(BROKEN, "listener", "nginx", "\nsystemctl --user restart pi-computed");
        g_ptr_array_set_size(f->findings, 0);
        f->facts->listener = PI_LISTENER_NONE;
        judge(f);
        ASSERT(BROKEN, "listener", "nothing listens",
               "journalctl --user -u pi-computed -n 50\nsystemctl --user restart pi-computed");
        f->facts->listener = PI_LISTENER_SYSTEMD;
        judge(f);
        ASSERT(OK, "listener", "systemd", NULL);
        f->facts->local = FALSE;
        judge(f);
        ASSERT(NOTE, "host", "another machine", "pictl doctor");
}

static void add_block(Fixture *f, PiBlock *block) {
        g_ptr_array_add(f->facts->blocks, block);
}

static void blocks(Fixture *f, gconstpointer data) {
        PiBlock one = block_of("192.0.2.7", "inet", "mine", "input", 10);
        PiBlock two = block_of("192.0.2.8", "inet", "mine", "input", 10);
        PiBlock policy = block_of("192.0.2.7", "inet", "mine", "input", 0);
        PiBlock maybe = block_of("192.0.2.7", "inet", "mine", "other", 11);

        policy.verdict = PI_BLOCK_REJECT;
        maybe.verdict = PI_BLOCK_MAYBE;
        add_block(f, &one);
        add_block(f, &policy);
        add_block(f, &two);
        add_block(f, &maybe);
        judge(f);
        ASSERT(BROKEN, "filters",
               "rule 10 of chain input of table \"inet mine\" drops connections to port 31415 from "
               "gpu-1 (192.0.2.7), 192.0.2.8",
               "position 10 ip saddr 192.0.2.7 tcp dport 31415 accept\n"
               "sudo nft insert rule inet mine input position 10 ip saddr 192.0.2.8");
        ASSERT(BROKEN, "filters", "the policy of chain input of table \"inet mine\" rejects",
               "/etc/nftables.conf");
        ASSERT(WARNING, "filters", "could not be judged", "position 11");
}

/* A rule for a hundred sources is one finding, with one command where one is enough. */
static void many_blocks(Fixture *f, gconstpointer data) {
        PiBlock all[100];
        guint before;

        for (guint i = 0; i < G_N_ELEMENTS(all); i++) {
                all[i] = block_of("192.0.2.7", "inet", "firewalld", "filter_INPUT", 10);
                add_block(f, &all[i]);
        }
        f->facts->firewalld = PI_FIREWALLD_SHUT;
        judge(f);
        before = f->findings->len;
        ASSERT(BROKEN, "filters", "and 92 more", "pictl firewall apply --firewalld");
        g_assert_cmpuint(before, <, 10);
        /* It is told once. */
        g_assert_null(find_finding(f->findings, "firewalld", ""));
}

static void blocks_unknown(Fixture *f, gconstpointer data) {
        g_clear_pointer(&f->facts->blocks, g_ptr_array_unref);
        f->facts->blocks_error = g_error_new_literal(PI_ERROR, PI_ERROR_FAILED, "no; try again");
        judge(f);
        ASSERT(BROKEN, "filters", "no", "try again");
}

static void blocks_in_part(Fixture *f, gconstpointer data) {
        f->facts->not_asked = 3;
        judge(f);
        ASSERT(NOTE, "filters", "3 more addresses of members were not looked at", "--from=");
        ASSERT(OK, "filters", "no rule of another table", NULL);
}

static void firewalld(Fixture *f, gconstpointer data) {
        f->facts->firewalld = PI_FIREWALLD_OPEN;
        judge(f);
        ASSERT(OK, "firewalld", "has the service", NULL);
        f->facts->firewalld = PI_FIREWALLD_SHUT;
        judge(f);
        ASSERT(NOTE, "firewalld", "but lets its port through", "--firewalld");
        f->facts->firewalld = PI_FIREWALLD_UNKNOWN;
        judge(f);
        ASSERT(NOTE, "firewalld", "does not say", "sudo");
        g_clear_pointer(&f->facts->blocks, g_ptr_array_unref);
        f->facts->firewalld = PI_FIREWALLD_UNTAUGHT;
        judge(f);
        ASSERT(WARNING, "firewalld", "does not know", "firewall-cmd --reload");
        f->facts->firewalld = PI_FIREWALLD_SHUT;
        judge(f);
        g_assert_cmpint(pi_findings_exit_status(f->findings), ==, 1);
}

static void others(Fixture *f, gconstpointer data) {
        f->facts->ufw = f->facts->flushes = f->facts->wide_open = TRUE;
        judge(f);
        ASSERT(OK, "ufw", "lets members in", NULL);
        ASSERT(OK, "nftables", "leaves the rules alone", NULL);
        ASSERT(NOTE, "host", "every other port", NULL);
        f->facts->rules->owner = FALSE;
        set_text(&f->facts->legacy, "filter");
        set_text(&f->facts->legacy6, "nat");
        judge(f);
        ASSERT(NOTE, "nftables", "within a second", "flush ruleset");
        ASSERT(NOTE, "iptables", "(filter, IPv6 nat)", "iptables-legacy -S INPUT");
        g_clear_pointer(&f->facts->blocks, g_ptr_array_unref);
        judge(f);
        ASSERT(NOTE, "ufw", "unless it has a rule", "ufw allow from ADDRESS to any app");
}

static void counters(Fixture *f, gconstpointer data) {
        f->facts->rules->counters = (PiRuleCounters) { .seen = 23, .delivered = 5, .rate_drop = 5,
                                                       .refused = 10 };
        judge(f);
        ASSERT(WARNING, "attempts", "3 of 23 attempts", "nft list ruleset");
        ASSERT(NOTE, "rate limit", "5 attempts", "pictl firewall show");
        set_text(&f->facts->legacy, "filter");
        judge(f);
        ASSERT(WARNING, "iptables", "old iptables", "iptables-legacy");
}

static void silence(Fixture *f, gconstpointer data) {
        f->facts->rules->counters = (PiRuleCounters) {};
        judge(f);
        g_assert_null(find_finding(f->findings, "attempts", ""));
        ((PiPeer *) f->facts->peers->pdata[0])->lost = TRUE;
        judge(f);
        ASSERT(NOTE, "attempts", "nobody has tried", "nc -zv");
        pi_findings_free(f->findings);
        f->findings = pi_findings_new();
        f->facts->only_some = TRUE;
        judge(f);
        ASSERT(WARNING, "attempts", "before it came to this machine", "nc -zv");
}

static void refused(Fixture *f, gconstpointer data) {
        static const char *const addresses[] = { "10.0.0.9", "192.0.2.8", "192.0.2.7" };
        PiPeer *peer = f->facts->peers->pdata[0];

        g_ptr_array_add(peer->addresses, g_strdup("192.0.2.8"));
        for (guint i = 0; i < 21; i++) {
                PiRuleRefused *one = g_new0(PiRuleRefused, 1);

                one->address = g_strdup(i < 3 ? addresses[i] : "10.1.1.1");
                one->attempts = i == 0 ? 4 : 1;
                one->ago_usec = i < 3 ? 120 * G_USEC_PER_SEC : 600 * G_USEC_PER_SEC;
                g_ptr_array_add(f->facts->rules->refused, one);
        }
        judge(f);
        ASSERT(NOTE, "refused", "10.0.0.9 tried 4 times, last 2min",
               "sudo pictl firewall open 10.0.0.9");
        ASSERT(WARNING, "refused", "192.0.2.8, an address of member gpu-1 tried 1 time, ",
               "pictl firewall apply");
        g_assert_null(find_finding(f->findings, "refused", "192.0.2.7"));
        ASSERT(NOTE, "refused", "12 other addresses", "pictl firewall show");
}

#define TEST(name, function)                                                                  \
        g_test_add("/ctl/firewall/judge/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        TEST("good", good);
        TEST("states", states);
        TEST("only-connects", only_connects);
        TEST("helper", helper);
        TEST("table", table);
        TEST("addresses", members);
        TEST("window", window);
        TEST("outbound-only", outbound_only);
        TEST("listener", listener);
        TEST("blocks", blocks);
        TEST("many-blocks", many_blocks);
        TEST("blocks-unknown", blocks_unknown);
        TEST("blocks-in-part", blocks_in_part);
        TEST("firewalld", firewalld);
        TEST("others", others);
        TEST("counters", counters);
        TEST("silence", silence);
        TEST("refused", refused);
        return g_test_run();
}
