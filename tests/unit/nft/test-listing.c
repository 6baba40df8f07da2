/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/listing.h"

#include "dbus/error.h"

static void expect(const char *text, const char *wanted) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) plan = pi_listing_plan(text, &error);
        g_autofree char *joined = NULL;

        g_assert_no_error(error);
        g_ptr_array_add(plan, NULL);
        joined = g_strjoinv("; ", (char **) plan->pdata);
        g_assert_cmpstr(joined, ==, wanted);
}

static void refuse(const char *text) {
        g_autoptr(GError) error = NULL;

        g_assert_null(pi_listing_plan(text, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
}

/* As nft 1.0.6 prints them. */
static void test_tables(void) {
        expect("", "");
        expect("table ip filter { # handle 3\n"
               "\tchain INPUT { # handle 1\n"
               "\t\ttype filter hook input priority filter; policy drop;\n"
               "\t}\n"
               "}\n"
               "table ip6 filter { # handle 4\n}\n",
               "list table ip filter; list table ip6 filter");
        /* Our own has a flag, too, and is left out. */
        expect("table inet picomputed { # progname pi-computed-fir # handle 9\n"
               "\tflags owner\n"
               "\tset rate4 { # handle 1\n\t}\n"
               "}\n",
               "");
}

static void test_flags(void) {
        expect("table inet firewalld { # progname firewalld # handle 2\n"
               "\tflags owner,persist\n"
               "\n"
               "\tset s { # handle 4\n"
               "\t\ttype ipv4_addr\n"
               "\t\tflags interval\n"
               "\t}\n"
               "\tmap m { # handle 5\n\t}\n"
               "\tchain filter_INPUT { # handle 6\n"
               "\t\tmeta iifname vmap { \"eth0\" : jump x }\n"
               "\t}\n"
               "}\n"
               "table inet t { # handle 3\n"
               "\tchain c { # handle 1\n\t}\n"
               "}\n",
               "{\"table\": {\"family\": \"inet\", \"name\": \"firewalld\", "
               "\"flags\": [\"owner\", \"persist\"]}}; "
               "list set inet firewalld s; list map inet firewalld m; "
               "list chain inet firewalld filter_INPUT; list table inet t");
}

static void test_names(void) {
        refuse("table inet a;b { # handle 1\n}\n");
        refuse("table inet\n");
        refuse("table inet t { # handle 1\n\tflags owner\n\tchain a\"b { # handle 1\n");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/listing/tables", test_tables);
        g_test_add_func("/listing/flags", test_flags);
        g_test_add_func("/listing/names", test_names);
        return g_test_run();
}
