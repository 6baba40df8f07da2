/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/address.h"

#include <string.h>

#include "dbus/error.h"

static void test_canonical(void) {
        static const char *const cases[][2] = {
                { "192.0.2.7", "192.0.2.7" },   { "2001:DB8:0::7", "2001:db8::7" },
                { "fe80::7%eth0", "fe80::7" },  { "192.0.2.7%eth0", NULL },
                { "192.0.2", NULL },            { "192.0.2.7/24", NULL },
                { "localhost", NULL },          { "", NULL },
                { "%", NULL },                  { "192.0.2.7;reboot", NULL },
        };
        g_autofree char *wide = g_strnfill(100000, '1');

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *address = pi_address_canonical(cases[i][0]);

                g_assert_cmpstr(address, ==, cases[i][1]);
        }
        g_assert_null(pi_address_canonical(wide));
}

static void test_endpoint(void) {
        static const struct {
                const char *text, *address;
                guint16 port;
        } cases[] = {
                { "192.0.2.7:31415", "192.0.2.7", 31415 },
                { "[2001:db8::7]:1", "2001:db8::7", 1 },
                { "[fe80::7%eth0]:65535", "fe80::7", 65535 },
                { "2001:db8::7:31415", NULL, 0 },
                { "[192.0.2.7]:31415", NULL, 0 },
                { "node1:31415", NULL, 0 },
                { "192.0.2.7", NULL, 0 },
                { "192.0.2.7:0", NULL, 0 },
                { "192.0.2.7:65536", NULL, 0 },
                { "192.0.2.7:-1", NULL, 0 },
                { ":31415", NULL, 0 },
                { "[]:31415", NULL, 0 },
                { "]:31415", NULL, 0 },
                { "[:1", NULL, 0 },
                { "", NULL, 0 },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                guint16 port = 0;
                g_autofree char *address = pi_address_of_endpoint(cases[i].text, &port);

                g_test_message("%s", cases[i].text);
                g_assert_cmpstr(address, ==, cases[i].address);
                if (address)
                        g_assert_cmpuint(port, ==, cases[i].port);
        }
}

static void test_prefix(void) {
        static const char *const good[][2] = {
                { "192.0.2.7", "192.0.2.7" },       { "192.0.2.0/24", "192.0.2.0/24" },
                { "192.0.2.7/32", "192.0.2.7" },    { "0.0.0.0/0", "0.0.0.0/0" },
                { "2001:DB8::/32", "2001:db8::/32" }, { "2001:db8::7/128", "2001:db8::7" },
                { "192.0.2.128/25", "192.0.2.128/25" },
        };
        static const char *const bad[][2] = {
                { "192.0.2.7/24", "192.0.2.0/24" }, { "2001:db8::7/64", "2001:db8::/64" },
                { "192.0.2.0/33", "neither" },      { "2001:db8::/129", "neither" },
                { "192.0.2.0/", "neither" },        { "192.0.2.0/-1", "neither" },
                { "192.0.2.0/2x", "neither" },      { "example.org", "neither" },
                { "", "neither" },                  { "fe80::7%eth0", "neither" },
                { "\033[2J", "'\\x1b[2J'" },
        };
        g_autofree char *wide = g_strnfill(100000, '1');

        for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
                g_autoptr(GError) error = NULL;
                g_autofree char *prefix = pi_address_prefix(good[i][0], &error);

                g_assert_no_error(error);
                g_assert_cmpstr(prefix, ==, good[i][1]);
        }
        for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autoptr(GError) error = NULL;

                g_test_message("%s", bad[i][1]);
                g_assert_null(pi_address_prefix(bad[i][0], &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
                g_assert_nonnull(strstr(error->message, bad[i][1]));
                g_assert_null(strchr(error->message, '\033'));
        }
        g_assert_null(pi_address_prefix(wide, NULL));
}

static void test_within(void) {
        g_assert_true(pi_address_is_within("192.0.2.7", "192.0.2.0/24"));
        g_assert_true(pi_address_is_within("192.0.2.7", "192.0.2.7"));
        g_assert_true(pi_address_is_within("192.0.2.7", "0.0.0.0/0"));
        g_assert_true(pi_address_is_within("2001:db8::7", "2001:db8::/32"));
        g_assert_false(pi_address_is_within("192.0.3.7", "192.0.2.0/24"));
        g_assert_false(pi_address_is_within("192.0.2.7", "::/0"));
        g_assert_false(pi_address_is_within("", "0.0.0.0/0"));
        g_assert_false(pi_address_is_within("192.0.2.7", "all"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/firewall/address/canonical", test_canonical);
        g_test_add_func("/ctl/firewall/address/endpoint", test_endpoint);
        g_test_add_func("/ctl/firewall/address/prefix", test_prefix);
        g_test_add_func("/ctl/firewall/address/within", test_within);
        return g_test_run();
}
