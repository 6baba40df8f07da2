/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <string.h>

#include "tests/bus/harness.h"

/* The same bits for a number of terms, whatever it was cut into and whoever summed it. */

/* Four times the true partial sums, cut to 45 decimals, from tests/unit/series/known-values.py. */
static const struct {
        uint64_t terms;
        const char *digits;
} known[] = {
        { 1, "4.000000000000000000000000000000000000000000000" },
        { 2, "2.666666666666666666666666666666666666666666666" },
        { 7, "3.283738483738483738483738483738483738483738483" },
        { 8, "3.017071817071817071817071817071817071817071817" },
        { 9, "3.252365934718875895346483581777699424758248287" },
        { 1000, "3.140592653839792925963596502869395970451389330" },
        { 999999937, "3.141592654589793301462647352029752883962916408" },
        { 1000000001, "3.141592654589793237462643384029502883947169399" },
        { UINT64_C(10000000000), "3.141592653489793238462643383279752884197169399" },
};
static const uint64_t all_parts[] = { 1, 2, 3, 7, 16, 128, 2000, 100000 };

static void check_value(uint64_t terms, const char *digits, double pi, GVariant *report) {
        g_autofree char *text = test_lookup_string(report, PI_REPORT_PI_TEXT);
        gboolean verified = FALSE;

        /* Every digit printed is one of the true partial sum, and there are at least 20. */
        g_assert_cmpuint(strlen(text) - 1, >=, 20);
        g_assert_true(g_str_has_prefix(digits, text));
        g_assert_cmpfloat(fabs(pi - g_ascii_strtod(text, NULL)), <=, 1e-15);
        g_assert_true(g_variant_lookup(report, PI_REPORT_VERIFIED, "b", &verified));
        g_assert_true(verified);
        g_assert_cmpuint(test_lookup_u64(report, PI_REPORT_TERMS), ==, terms);
        g_assert_cmpfloat(fabs(test_lookup_double(report, PI_REPORT_RESIDUAL)), <, 1e-20);
}

static void same_bits(gconstpointer data) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        g_autofree char *workers = g_strdup_printf("--workers=%d", GPOINTER_TO_INT(data));
        sd_bus *client;

        test_daemon_start(bus, (const char *const[]) { workers, NULL });
        client = test_connect(bus);
        for (gsize i = 0; i < G_N_ELEMENTS(known); i++) {
                uint64_t terms = known[i].terms;
                g_autofree char *first = NULL;

                if (terms > 1000 && test_is_instrumented())
                        continue;
                for (gsize k = 0; k < G_N_ELEMENTS(all_parts); k++) {
                        g_autofree char *options = NULL, *error = NULL, *hex = NULL;
                        g_autoptr(GVariant) report = NULL;
                        double pi;

                        if (all_parts[k] > MAX(1, terms / 8))
                                continue;
                        /* The largest sums once for each number of workers, in the finest cut. */
                        if (terms > UINT64_C(2000000000) && all_parts[k] != 100000)
                                continue;
                        options = g_strdup_printf("{'parts': <uint64 %" G_GUINT64_FORMAT ">}",
                                                  all_parts[k]);
                        error = test_compute(client, terms, options, &pi, &report);
                        g_assert_null(error);
                        g_assert_cmpuint(test_lookup_u64(report, PI_REPORT_PARTS), ==,
                                         all_parts[k]);
                        check_value(terms, known[i].digits, pi, report);
                        hex = test_lookup_string(report, PI_REPORT_SUM_HEX);
                        g_assert_cmpuint(strlen(hex), ==, 48);
                        if (!first)
                                first = g_steal_pointer(&hex);
                        else
                                g_assert_cmpstr(hex, ==, first);
                }
                if (first)
                        g_test_message("workers=%d terms=%" G_GUINT64_FORMAT " sum_hex=%s",
                                       GPOINTER_TO_INT(data), terms, first);
        }
        sd_bus_flush_close_unref(client);
}

/* The bits between numbers of workers: one daemon for each, the same terms. */
static void same_bits_between_workers(void) {
        g_autofree char *first = NULL;

        for (int workers = 1; workers <= 3; workers++) {
                g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
                g_autofree char *argument = g_strdup_printf("--workers=%d", workers), *error = NULL,
                                *hex = NULL;
                g_autoptr(GVariant) report = NULL;
                sd_bus *client;

                test_daemon_start(bus, (const char *const[]) { argument, NULL });
                client = test_connect(bus);
                error = test_compute(client, 30000001, "{'parts': <uint64 1009>}", NULL, &report);
                g_assert_null(error);
                hex = test_lookup_string(report, PI_REPORT_SUM_HEX);
                if (!first)
                        first = g_steal_pointer(&hex);
                else
                        g_assert_cmpstr(hex, ==, first);
                sd_bus_flush_close_unref(client);
        }
}

/* The experiment's own loop: right to what a double can do, and it says how far off it is. */
static void reference_kernel(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        g_autofree char *error = NULL, *kernel = NULL, *text = NULL;
        g_autoptr(GVariant) report = NULL;
        sd_bus *client;

        test_daemon_start(bus, NULL);
        client = test_connect(bus);
        error = test_compute(client, 1000003, "{'kernel': <'reference'>, 'parts': <uint64 5>}",
                             NULL, &report);
        g_assert_null(error);
        kernel = test_lookup_string(report, PI_REPORT_KERNEL);
        g_assert_cmpstr(kernel, ==, "reference");
        g_assert_cmpfloat(fabs(test_lookup_double(report, PI_REPORT_RESIDUAL)), >, 0);
        g_assert_cmpfloat(fabs(test_lookup_double(report, PI_REPORT_RESIDUAL)), <, 1e-11);
        text = test_lookup_string(report, PI_REPORT_PI_TEXT);
        /* pi + 1/N - ...: an odd number of terms ends above pi. */
        g_assert_true(g_str_has_prefix(text, "3.14159365358"));
        sd_bus_flush_close_unref(client);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_data_func("/compute/same-bits/1-worker", GINT_TO_POINTER(1), same_bits);
        g_test_add_data_func("/compute/same-bits/2-workers", GINT_TO_POINTER(2), same_bits);
        g_test_add_data_func("/compute/same-bits/3-workers", GINT_TO_POINTER(3), same_bits);
        g_test_add_func("/compute/same-bits/between-workers", same_bits_between_workers);
        g_test_add_func("/compute/reference-kernel", reference_kernel);
        return g_test_run();
}
