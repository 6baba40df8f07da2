/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/settings/amount.h"

#define S UINT64_C(1000000)

typedef struct Case {
        const char *text;
        uint64_t value;
} Case;

static void check(gboolean (*scan)(const char *, uint64_t *), const Case *cases) {
        for (; cases->text; cases++) {
                uint64_t value = 42;

                g_test_message("%s", cases->text);
                g_assert_true(scan(cases->text, &value));
                g_assert_cmpuint(value, ==, cases->value);
        }
}

static void check_bad(gboolean (*scan)(const char *, uint64_t *), const char *const *texts) {
        for (; *texts; texts++) {
                uint64_t value = 42;

                g_test_message("%s", *texts);
                g_assert_false(scan(*texts, &value));
                g_assert_cmpuint(value, ==, 42);
        }
}

static void test_amounts(void) {
        static const Case cases[] = {
                { "0", 0 },
                { "0e999999999", 0 },
                { "0.00", 0 },
                { "007", 7 },
                { "1000000000", 1000000000 },
                { "1e15", UINT64_C(1000000000000000) },
                { "1E+3", 1000 },
                { "1_000", 1000 },
                { "1_0.5_0k", 10500 },
                { "2.5e9", UINT64_C(2500000000) },
                { "1.000", 1 },
                { "0.001k", 1 },
                { "1k", 1000 },
                { "1K", 1000 },
                { "2M", 2000000 },
                { "3G", UINT64_C(3000000000) },
                { "4T", UINT64_C(4000000000000) },
                { "5P", UINT64_C(5000000000000000) },
                { "18446744073709551615", UINT64_MAX },
                { "1844674407370955161500e0", UINT64_MAX },
                { "18446744073709551616", UINT64_MAX },
                { "18446.744073709551615P", UINT64_C(18446744073709551615) },
                { "1e999999999999", UINT64_MAX },
                {},
        };

        check(pi_amount_scan, cases);
}

static void test_bad_amounts(void) {
        static const char *const texts[] = {
                "", " ", "1 ", " 1", "-1", "+1", "abc", "1_", "_1", "1__0", "1.", ".5", "1.5",
                "1.50", "1e", "1e-3", "1e+", "1ee3", "1kk", "1g", "1k5", "0x10", "infinity",
                "1e3k", "1.0005k", "1\n", NULL,
        };

        check_bad(pi_amount_scan, texts);
}

static void test_spans(void) {
        static const Case cases[] = {
                { "5min 30s", 330 * S },
                { "5min30s", 330 * S },
                { " 5 min\t30 s ", 330 * S },
                { "500ms", 500000 },
                { "1", S },
                { "1.5", 1500000 },
                { "1min 30", 90 * S },
                { "0", 0 },
                { "1us", 1 },
                { "2usec", 2 },
                { "3\302\265s", 3 },
                { "4\316\274s", 4 },
                { "1msec", 1000 },
                { "1sec 1second 1seconds", 3 * S },
                { "1m 1minute 1minutes", 180 * S },
                { "1h 1hr 1hour 1hours", 4 * 3600 * S },
                { "1d 1day 1days", 3 * 86400 * S },
                { "1w 1week 1weeks", 21 * 86400 * S },
                { "1M 1month 1months", 3 * 2629800 * S },
                { "1y 1year 1years", 3 * 31557600 * S },
                { "0.0000019s", 1 },
                { "99999999999999999999s", UINT64_MAX },
                { "18446744073709551615us 1us", UINT64_MAX },
                { "999999999999999y", UINT64_MAX },
                {},
        };

        check(pi_span_scan, cases);
}

static void test_bad_spans(void) {
        static const char *const texts[] = {
                "", " ", "s", "-1s", "1x", "1 parsec", "1s x", "1 2", "1.s", ".5s", "1..5s",
                "infinity", "1e3s", "1S", NULL,
        };

        check_bad(pi_span_scan, texts);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/settings/amount/good", test_amounts);
        g_test_add_func("/settings/amount/bad", test_bad_amounts);
        g_test_add_func("/settings/amount/span", test_spans);
        g_test_add_func("/settings/amount/bad-span", test_bad_spans);
        return g_test_run();
}
