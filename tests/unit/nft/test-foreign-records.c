/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is in the way by rule sets as they are on real machines. */
#include "tests/unit/nft/blocks.h"

typedef struct Case {
        const char *record;
        const char *source;
        const char *wanted;
} Case;

static const Case cases[] = {
        { "policy", "192.0.2.1", "" },
        { "policy", "198.51.100.1", "drop inet filter input 0" },
        { "policy", "2001:db8::1", "drop inet filter input 0" },
        { "firewalld-closed", "10.0.0.1", "reject inet firewalld filter_IN_public 46" },
        { "firewalld-closed", "fd00::1", "reject inet firewalld filter_IN_public 46" },
        { "firewalld-open", "10.0.0.1", "" },
        { "firewalld-open", "192.0.2.1", "reject inet firewalld filter_IN_public 46" },
        /* What extensions of iptables match is not in the JSON: here, packets that are invalid. */
        { "ufw", "10.0.0.1", "maybe ip filter ufw-before-input 22" },
        { "ufw", "192.0.2.1", "maybe ip filter INPUT 0" },
        { "ufw", "fd00::1", "" },
        { "iptables", "10.0.0.1", "" },
        { "iptables", "192.0.2.1", "reject ip filter INPUT 4" },
        { "iptables", "2001:db8::1", "drop ip6 filter INPUT 3" },
        { "iptables", "2001:db9::1", "" },
        { "docker", "10.0.0.1", "" },
        { "fail2ban", "10.0.0.1", "" },
        { "fail2ban", "198.51.100.7", "reject inet f2b-table f2b-chain 5" },
        { "fail2ban", "203.0.113.15", "reject inet f2b-table f2b-chain 5" },
        { "fail2ban", "203.0.113.16", "" },
        { "fail2ban", "203.0.113.72", "reject inet f2b-table f2b-chain 5" },
        { "fail2ban", "2001:db8::bad", "drop inet f2b-table f2b-chain 6" },
        { "fail2ban", "2001:db8::1", "" },
        { "maps", "10.0.0.1", "" },
        { "maps", "10.1.0.1", "drop inet maps input 11" },
        { "maps", "10.2.0.1", "" },
        { "maps", "10.2.0.2", "reject inet maps picky 8" },
        { "maps", "10.3.0.9", "" },
        { "maps", "192.0.2.1", "drop inet maps input 0" },
        { "maps", "2001:db8::5", "" },
        { "maps", "2001:db8:1::5", "drop inet maps input 0" },
        { "unknown", "10.0.0.1", "maybe inet odd input 4" },
};

static void test_record(gconstpointer data) {
        const Case *c = data;
        g_autofree char *name = g_strconcat(c->record, ".json", NULL);
        g_autofree char *path = g_build_filename(g_getenv("PI_RECORDS"), name, NULL);
        g_autofree char *json = NULL, *text = NULL;
        g_autoptr(GError) error = NULL;

        g_file_get_contents(path, &json, NULL, &error);
        g_assert_no_error(error);
        text = blocks_text(json, c->source, 31415);
        g_assert_cmpstr(text, ==, c->wanted);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = g_strdup_printf("/nft/foreign/records/%s/%s",
                                                        cases[i].record, cases[i].source);

                g_test_add_data_func(path, &cases[i], test_record);
        }
        return g_test_run();
}
