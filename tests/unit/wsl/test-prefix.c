/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/prefix.h"

#include <string.h>

#include "dbus/error.h"

static void expect(const char *text, const char *wanted) {
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) list = pi_prefixes_parse(text, &error);
        g_autofree char *joined = list ? g_strjoinv(" ", list) : NULL;

        g_test_message("%s: %s", text, error ? error->message : "");
        g_assert_cmpstr(joined, ==, wanted);
        if (!wanted)
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
}

static void test_good(void) {
        expect("192.168.1.0/24", "192.168.1.0/24");
        expect("192.168.1.77/24", "192.168.1.0/24");
        expect("192.168.1.77", "192.168.1.77");
        expect("192.168.1.77/32", "192.168.1.77");
        expect("10.255.0.0/9", "10.128.0.0/9");
        expect("10.0.0.1,FD00:0::7,2001:DB8:1234:5678::1/33", "10.0.0.1 fd00::7 2001:db8::/33");
}

static void test_refused(void) {
        g_autoptr(GString) many = g_string_new("10.0.0.1");

        for (int i = 0; i < PI_PREFIXES_MAX; i++)
                g_string_append(many, ",10.0.0.1");
        expect(many->str, NULL);
        expect("", NULL);
        expect(",", NULL);
        expect("10.0.0.1,", NULL);
        expect("0.0.0.0/0", NULL);
        expect("0.0.0.0/8", NULL);
        expect("0.0.0.0", NULL);
        expect("::1", NULL);
        expect("10.0.0.0/7", NULL);
        expect("::/0", NULL);
        expect("fd00::/15", NULL);
        expect("10.0.0.0/33", NULL);
        expect("10.0.0.0/-1", NULL);
        expect("10.0.0.0/", NULL);
        expect("10.0.0.0/8/8", NULL);
        expect("10.0.0.0/ 8", NULL);
        expect("10.0.0", NULL);
        expect("010.0.0.1", NULL);
        expect("localhost", NULL);
        expect("fe80::1%eth0", NULL);
        expect("Any", NULL);
        expect("10.0.0.1'; rm", NULL);
        expect("10.0.0.1\n", NULL);
}

static void routes(const char *json, const char *wanted) {
        g_autofree char *prefix = pi_prefix_from_routes(json);

        g_assert_cmpstr(prefix, ==, wanted);
}

#define LINK(dst) "{\"dst\":\"" dst "\",\"dev\":\"e\",\"scope\":\"link\"}"
#define VIA(gateway) "{\"dst\":\"default\",\"dev\":\"e\",\"gateway\":\"" gateway "\"}"

static void test_routes(void) {
        routes("[{\"dst\":\"default\",\"dev\":\"e\"},{\"dst\":\"192.168.7.0/24\",\"dev\":\"d\","
               "\"scope\":\"link\"},{\"dst\":\"10.1.0.0/16\",\"dev\":\"e\",\"scope\":\"link\"}]",
               "10.1.0.0/16");
        routes("[{\"dst\":\"10.1.0.0/16\",\"dev\":\"e\",\"scope\":\"link\"}]", NULL);
        routes("[{\"dst\":\"default\",\"dev\":\"e\"},{\"dst\":\"10.1.0.1\",\"dev\":\"e\","
               "\"scope\":\"link\"}]", NULL);
        routes("[{\"dst\":\"default\",\"dev\":7},{},null,[],{\"dst\":{}}]", NULL);
        routes("[" VIA("10.2.3.4") "," LINK("169.254.0.0/16") "," LINK("10.1.0.0/16") ","
               LINK("10.2.0.0/15") "," LINK("10.9.0.0/16") "]", "10.2.0.0/15");
        routes("[{\"dst\":\"default\",\"dev\":\"e\"}," LINK("169.254.0.0/16") ","
               LINK("10.1.0.0/16") "]", "10.1.0.0/16");
        routes("[" VIA("x") "," LINK("169.254.0.0/16") "]", NULL);
        routes("[" VIA("1.2.3.4") "," LINK("/") "," LINK("x/24") "]", NULL);
        routes("{}", NULL);
        routes("[", NULL);
        routes("", NULL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/wsl/prefix/good", test_good);
        g_test_add_func("/wsl/prefix/refused", test_refused);
        g_test_add_func("/wsl/prefix/routes", test_routes);
        return g_test_run();
}
