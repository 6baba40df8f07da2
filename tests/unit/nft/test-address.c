/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/address.h"

#include <string.h>

#include "dbus/error.h"

static void expect(const char *text, const char *wanted) {
        char buffer[PI_NFT_PREFIX_SIZE];
        g_autoptr(GError) error = NULL;
        PiNftPrefix prefix;

        g_assert_true(pi_nft_prefix_parse(text, &prefix, &error));
        g_assert_cmpstr(pi_nft_prefix_print(&prefix, buffer), ==, wanted);
}

static void refuse(const char *text, const char *why) {
        g_autoptr(GError) error = NULL;
        PiNftPrefix prefix;

        g_test_message("%s", text);
        g_assert_false(pi_nft_prefix_parse(text, &prefix, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_nonnull(strstr(error->message, why));
}

static void test_prefix(void) {
        expect("192.0.2.7", "192.0.2.7");
        expect("192.0.2.7/32", "192.0.2.7");
        expect("192.0.2.0/24", "192.0.2.0/24");
        expect("0.0.0.0/0", "0.0.0.0/0");
        expect("2001:0DB8::/32", "2001:db8::/32");
        expect("::/0", "::/0");
        expect("2001:db8::7/128", "2001:db8::7");
        expect("::ffff:192.0.2.7", "192.0.2.7");
        expect("::ffff:192.0.2.0/120", "192.0.2.0/24");
        refuse("", "no address");
        refuse("localhost", "no address");
        refuse("192.0.2", "no address");
        refuse("192.0.2.7 ", "no address");
        refuse("fe80::1%eth0", "without a zone");
        refuse("192.0.2.7/", "0 to 32");
        refuse("192.0.2.7/33", "0 to 32");
        refuse("192.0.2.7/-1", "0 to 32");
        refuse("192.0.2.7/032", "0 to 32");
        refuse("192.0.2.7/1e1", "0 to 32");
        refuse("::/129", "0 to 128");
        refuse("::/4294967296", "0 to 128");
        refuse("192.0.2.7/24", "is 192.0.2.0/24 meant?");
        refuse("2001:db8::7/64", "is 2001:db8::/64 meant?");
}

static void test_address(void) {
        static const char *const bad[] = {
                "0.0.0.0", "255.255.255.255", "224.0.0.1", "::", "ff02::1", "::ffff:0.0.0.0",
                "192.0.2.0/24", "1.2.3.4%1",
        };
        PiNftAddress a, b;
        GError *error = NULL;

        for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_assert_false(pi_nft_address_parse(bad[i], &a, &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
                g_clear_error(&error);
        }
        g_assert_true(pi_nft_address_parse("::ffff:192.0.2.7", &a, &error));
        g_assert_true(pi_nft_address_parse("192.0.2.7", &b, &error));
        g_assert_cmpint(pi_nft_address_cmp(&a, &b), ==, 0);
        g_assert_true(pi_nft_address_parse("192.0.10.7", &a, &error));
        g_assert_cmpint(pi_nft_address_cmp(&a, &b), >, 0);
        g_assert_true(pi_nft_address_parse("::1", &a, &error));
        g_assert_cmpint(pi_nft_address_cmp(&b, &a), <, 0);
}

static void test_contains(void) {
        static const struct {
                const char *outer, *inner;
                gboolean contains;
        } cases[] = {
                { "0.0.0.0/0", "10.0.0.0/8", TRUE },      { "10.0.0.0/8", "0.0.0.0/0", FALSE },
                { "10.0.0.0/8", "10.255.255.255", TRUE }, { "10.0.0.0/9", "10.128.0.0/9", FALSE },
                { "10.0.0.0/8", "10.0.0.0/8", TRUE },     { "0.0.0.0/0", "::/0", FALSE },
                { "::/0", "10.0.0.1", FALSE },            { "fd00::/8", "fdff::/16", TRUE },
                { "fd00::/16", "fd00:8000::/17", TRUE },  { "fd00::/17", "fd00:8000::/17", FALSE },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                PiNftPrefix outer, inner;

                g_test_message("%s %s", cases[i].outer, cases[i].inner);
                g_assert_true(pi_nft_prefix_parse(cases[i].outer, &outer, NULL));
                g_assert_true(pi_nft_prefix_parse(cases[i].inner, &inner, NULL));
                g_assert_cmpint(pi_nft_prefix_contains(&outer, &inner), ==, cases[i].contains);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/address/prefix", test_prefix);
        g_test_add_func("/address/address", test_address);
        g_test_add_func("/address/contains", test_contains);
        return g_test_run();
}
