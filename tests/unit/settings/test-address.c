/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/settings/address.h"

static const char *const good[] = {
        "192.0.2.7",
        "192.0.2.7:1",
        "192.0.2.7:65535",
        "::1",
        "2001:db8::7",
        "[2001:db8::7]",
        "[2001:db8::7]:31415",
        "[fe80::7%eth0]:31415",
        "[fe80::7%2]",
        "[::ffff:192.0.2.7]:31415",
};

static const char *const bad[] = {
        "",
        "node2",
        "node2:31415",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.7:",
        "192.0.2.7:0",
        "192.0.2.7:01",
        "192.0.2.7:65536",
        "192.0.2.7:-1",
        "192.0.2.7:1x",
        "192.0.2.7 ",
        "[192.0.2.7]",
        "[2001:db8::7",
        "[2001:db8::7]31415",
        "[2001:db8::7]:",
        "2001:db8::7]:31415",
        "[fe80::7%]:31415",
        "[fe80::7%a/b]:31415",
        "[fe80::7%aaaaaaaaaaaaaaaa]:31415",
        "[]:31415",
        "0.0.0.0:31415",
        "255.255.255.255",
        "224.0.0.1",
        "::",
        "[ff02::1]:31415",
        "fe80::7",
        "[2001:db8::7%eth0]:31415",
        "[::ffff:0.0.0.0]",
        "1111111111111111111111111111111111111111111111111111111111111111111111",
};

static void test_good(void) {
        for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
                g_test_message("%s", good[i]);
                g_assert_true(pi_is_address(good[i]));
        }
}

static void test_bad(void) {
        for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_test_message("%s", bad[i]);
                g_assert_false(pi_is_address(bad[i]));
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/settings/address/good", test_good);
        g_test_add_func("/settings/address/bad", test_bad);
        return g_test_run();
}
