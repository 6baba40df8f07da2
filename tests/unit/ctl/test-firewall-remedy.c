/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/remedy.h"

static void expect(PiBlock block, gboolean ufw, guint16 port, const char *wanted) {
        g_autofree char *remedy = pi_remedy_of_block(&block, ufw, port);

        g_assert_cmpstr(remedy, ==, wanted);
}

#define BLOCK(source_, family_, table_, chain_, handle_)                                      \
        (PiBlock) { .source = (char *) source_, .family = (char *) family_,                   \
                    .table = (char *) table_, .chain = (char *) chain_, .handle = handle_ }

/* Who owns the rule is told; nobody's rules are changed behind its back. */
static void test_firewalld(void) {
        expect(BLOCK("192.0.2.7", "inet", "firewalld", "filter_INPUT", 10), FALSE, 31415,
               "sudo pictl firewall apply --firewalld");
        expect(BLOCK("192.0.2.7", "inet", "firewalld", "filter_INPUT", 10), FALSE, 4000,
               "sudo firewall-cmd --permanent --add-port=4000/tcp && sudo firewall-cmd --reload");
}

static void test_ufw(void) {
        expect(BLOCK("192.0.2.7", "ip", "filter", "ufw-user-input", 3), FALSE, 31415,
               "sudo ufw allow from 192.0.2.7 to any app pi-computed");
        expect(BLOCK("2001:db8::7", "ip6", "filter", "ufw6-user-input", 3), TRUE, 4000,
               "sudo ufw allow proto tcp from 2001:db8::7 to any port 4000");
        expect(BLOCK("192.0.2.7", "ip", "filter", "INPUT", 0), TRUE, 31415,
               "sudo ufw allow from 192.0.2.7 to any app pi-computed");
}

static void test_iptables(void) {
        expect(BLOCK("192.0.2.7", "ip", "filter", "INPUT", 0), FALSE, 31415,
               "sudo iptables -I INPUT -p tcp --dport 31415 -s 192.0.2.7 -j ACCEPT");
        expect(BLOCK("192.0.2.7", "ip", "filter", "INPUT", 4), TRUE, 31415,
               "sudo iptables -I INPUT -p tcp --dport 31415 -s 192.0.2.7 -j ACCEPT");
        expect(BLOCK("2001:db8::7", "ip6", "raw", "PREROUTING", 4), FALSE, 31415,
               "sudo ip6tables -t raw -I PREROUTING -p tcp --dport 31415 -s 2001:db8::7 -j ACCEPT");
}

static void test_nft(void) {
        expect(BLOCK("192.0.2.7", "inet", "filter", "input", 9), FALSE, 31415,
               "sudo nft insert rule inet filter input position 9 ip saddr 192.0.2.7 "
               "tcp dport 31415 accept");
        expect(BLOCK("2001:db8::7", "inet", "filter", "input", 0), FALSE, 31415,
               "sudo nft add rule inet filter input ip6 saddr 2001:db8::7 tcp dport 31415 accept");
        /* A name that a shell would read another way stands in no command. */
        expect(BLOCK("192.0.2.7", "inet", "a;reboot", "input", 9), FALSE, 31415,
               "sudo nft -a list ruleset, and let 192.0.2.7 through by hand");
        expect(BLOCK("192.0.2.7", "ip", "filter", "$(reboot)", 9), FALSE, 31415,
               "sudo nft -a list ruleset, and let 192.0.2.7 through by hand");
        expect(BLOCK("192.0.2.7", "inet", "-f", "input", 9), FALSE, 31415,
               "sudo nft -a list ruleset, and let 192.0.2.7 through by hand");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/firewall/remedy/firewalld", test_firewalld);
        g_test_add_func("/ctl/firewall/remedy/ufw", test_ufw);
        g_test_add_func("/ctl/firewall/remedy/iptables", test_iptables);
        g_test_add_func("/ctl/firewall/remedy/nft", test_nft);
        return g_test_run();
}
