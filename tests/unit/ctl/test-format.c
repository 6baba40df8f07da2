/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/format.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "ctl/quantity.h"

static void expect(char *text, const char *wanted) {
        g_assert_cmpstr(text, ==, wanted);
        g_free(text);
}

static void test_grouped(void) {
        expect(pi_format_grouped(0), "0");
        expect(pi_format_grouped(999), "999");
        expect(pi_format_grouped(1000), "1 000");
        expect(pi_format_grouped(1000000000), "1 000 000 000");
        expect(pi_format_grouped(G_MAXUINT64), "18 446 744 073 709 551 615");
}

static void test_count(void) {
        expect(pi_format_count(0), "0");
        expect(pi_format_count(999), "999");
        expect(pi_format_count(1000), "1k");
        expect(pi_format_count(1500), "1500");
        expect(pi_format_count(64000), "64k");
        expect(pi_format_count(1000000000), "1G");
        expect(pi_format_count(2500000000), "2.5G");
        expect(pi_format_count(2550000000), "2550M");
        expect(pi_format_count(1073741824), "1073741824");
        expect(pi_format_count(1000000001), "1000000001");
        expect(pi_format_count(G_GUINT64_CONSTANT(10000000000000000)), "10P");
        expect(pi_format_count(G_MAXUINT64), "18446744073709551615");
}

/* What is printed can be given back as an argument. */
static void test_count_round_trip(void) {
        static const guint64 values[] = {
                1, 8, 999, 1000, 1001, 1100, 123000, 2500000, 1073741824, 1000000007, 99900000000,
                G_GUINT64_CONSTANT(9999999999999999), G_GUINT64_CONSTANT(1200000000000000),
        };

        for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
                g_autofree char *text = pi_format_count(values[i]);
                guint64 back = 0;

                g_assert_true(pi_quantity_parse(text, &pi_quantity_terms, &back, NULL));
                g_assert_cmpuint(back, ==, values[i]);
        }
}

static void test_rate(void) {
        expect(pi_format_rate(0, "term"), "0 term/s");
        expect(pi_format_rate(0.25, "job"), "0.250 job/s");
        expect(pi_format_rate(9.999, "job"), "10.0 job/s");
        expect(pi_format_rate(999.4, "part"), "999 part/s");
        expect(pi_format_rate(999.6, "part"), "1.00 kpart/s");
        expect(pi_format_rate(45.23e9, "term"), "45.2 Gterm/s");
        expect(pi_format_rate(1e30, "term"), "1000000000000 Eterm/s");
        expect(pi_format_rate(-1, "term"), "-");
        expect(pi_format_rate((double) NAN, "term"), "-");
        expect(pi_format_rate((double) INFINITY, "term"), "-");
}

static void test_time(void) {
        expect(pi_format_usec(0), "0 us");
        expect(pi_format_usec(845), "845 us");
        expect(pi_format_usec(1000), "1.00 ms");
        expect(pi_format_usec(26100), "26.1 ms");
        expect(pi_format_usec(999499), "999 ms");
        expect(pi_format_usec(999500), "1.00 s");
        expect(pi_format_usec(1234567), "1.23 s");
        expect(pi_format_usec(59949999), "59.9 s");
        expect(pi_format_usec(59950000), "1min 0s");
        expect(pi_format_usec(125000000), "2min 5s");
        expect(pi_format_usec(G_GUINT64_CONSTANT(10920000000)), "3h 2min");
        expect(pi_format_usec(G_GUINT64_CONSTANT(349200000000)), "4d 1h");
        expect(pi_format_usec(G_MAXUINT64), "213503982d 8h");
        expect(pi_format_nsec(0), "0 ns");
        expect(pi_format_nsec(999), "999 ns");
        expect(pi_format_nsec(1234), "1.23 us");
        expect(pi_format_nsec(999499), "999 us");
        expect(pi_format_nsec(999500), "1.00 ms");
        expect(pi_format_nsec(1500000000), "1.50 s");
}

static void test_bytes(void) {
        expect(pi_format_bytes(0), "0 B");
        expect(pi_format_bytes(1023), "1023 B");
        expect(pi_format_bytes(1024), "1.00 KiB");
        expect(pi_format_bytes(12897485), "12.3 MiB");
        expect(pi_format_bytes(1048575), "1.00 MiB");
        expect(pi_format_bytes(G_MAXUINT64), "16.0 EiB");
}

static void test_shares(void) {
        expect(pi_format_percent(0), "0 %");
        expect(pi_format_percent(0.0004), "0.0 %");
        expect(pi_format_percent(0.973), "97.3 %");
        expect(pi_format_percent(1), "100 %");
        expect(pi_format_percent((double) NAN), "-");
        expect(pi_format_difference(0), "0");
        expect(pi_format_difference(-1e-9), "-1.000e-09");
        expect(pi_format_number(1.9234), "1.92");
        expect(pi_format_number(0.5), "0.5");
        expect(pi_format_number(123456), "123456");
}

static void test_moment(void) {
        expect(pi_format_moment(0), "-");
        expect(pi_format_moment(G_GUINT64_CONSTANT(1714566896999999)), "2024-05-01 12:34:56");
        expect(pi_format_moment(G_MAXUINT64), "-");
}

static void test_amount(void) {
        expect(pi_format_amount(0), "0");
        expect(pi_format_amount(999), "999");
        expect(pi_format_amount(999.6), "1.00k");
        expect(pi_format_amount(11.23e9), "11.2G");
        expect(pi_format_amount(1.345e12), "1.34T");
        expect(pi_format_amount(-1), "-");
        expect(pi_format_amount(NAN), "-");
}

int main(int argc, char **argv) {
        g_setenv("TZ", "UTC", TRUE);
        tzset();
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/format/grouped", test_grouped);
        g_test_add_func("/ctl/format/count", test_count);
        g_test_add_func("/ctl/format/count-round-trip", test_count_round_trip);
        g_test_add_func("/ctl/format/rate", test_rate);
        g_test_add_func("/ctl/format/time", test_time);
        g_test_add_func("/ctl/format/bytes", test_bytes);
        g_test_add_func("/ctl/format/shares", test_shares);
        g_test_add_func("/ctl/format/moment", test_moment);
        g_test_add_func("/ctl/format/amount", test_amount);
        return g_test_run();
}
