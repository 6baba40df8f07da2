/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/sweep-view.h"

#include <string.h>

#include "ctl/screen.h"
#include "dbus/error.h"

static void replace(char **text, const char *value) {
        g_free(*text);
        *text = g_strdup(value);
}

/* Medians of the points, three samples each, 10 us around. */
static PiSweep *make_sweep(guint64 id, guint64 terms, const guint64 *parts, const guint64 *medians,
                           guint n) {
        PiSweep *sweep = pi_sweep_new();

        sweep->id = id;
        sweep->terms = terms;
        sweep->cpus = 16;
        sweep->slots = 16;
        sweep->repeats = 3;
        sweep->begin_usec = G_GUINT64_CONSTANT(1700000000000000);
        replace(&sweep->kernel, "avx2");
        replace(&sweep->host, "node1");
        pi_sweep_series_add(pi_sweep_add_baseline(sweep, "reference", terms / 10), 9000, 9000, 1);
        pi_sweep_series_add(pi_sweep_add_baseline(sweep, "avx2", terms), 10000, 10000, 1);
        for (guint i = 0; i < n; i++) {
                PiSweepSeries *s = pi_sweep_add_point(sweep, parts[i]);

                pi_sweep_series_add(s, medians[i] + 10, medians[i] + 20, 0.9);
                pi_sweep_series_add(s, medians[i] - 10, medians[i], 0.5);
                pi_sweep_series_add(s, medians[i], medians[i] + 10, 0.75);
        }
        return sweep;
}

static PiSweep *make_small(guint64 id) {
        static const guint64 parts[] = { 1, 16, 1000000 }, medians[] = { 10000, 1000, 1600 };
        return make_sweep(id, 1000000000, parts, medians, G_N_ELEMENTS(parts));
}

static PiOutput make_output(PiJsonMode json) {
        PiOutput out;

        pi_output_init(&out);
        out.terminal = (PiTerminal) { .fd = 1, .columns = 80 };
        out.json = json;
        return out;
}

static void expect_width(const char *text) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

        for (guint i = 0; lines[i]; i++) {
                g_test_message("%s", lines[i]);
                g_assert_cmpuint(pi_screen_width(lines[i]), <=, 80);
        }
}

static void test_table(void) {
        g_autoptr(PiSweep) sweep = make_small(7);
        PiOutput out = make_output(PI_JSON_OFF);

        pi_sweep_append(&out, sweep);
        expect_width(out.text->str);
        g_assert_nonnull(strstr(out.text->str, "1 000 000 000 terms on 16 workers, kernel avx2, "
                                               "3 times each\n"));
        g_assert_nonnull(strstr(out.text->str,
                                "reference   100M  9.00 ms 9.00..9.00 ms   11.1G   1 time\n"));
        g_assert_nonnull(strstr(
                out.text->str,
                "   16  1.00 ms 990 us..1.01 ms 75.0 %   1.00T       10     62.5 %         -\n"));
        /* 600 us of 16 workers for 999 984 parts. */
        g_assert_nonnull(strstr(
                out.text->str,
                "   1M  1.60 ms   1.59..1.61 ms 75.0 %    625G     6.25     39.1 %     10 ns\n"));
        g_assert_nonnull(strstr(out.text->str, "Speed-up: against one thread of kernel avx2."));
        g_assert_nonnull(strstr(out.text->str, "A baseline of fewer terms counts"));
        g_assert_nonnull(strstr(out.text->str, "16 parts are enough; more than 16 only cost: "
                                               "1 000 000 take 1.6 times as long."));
        g_assert_nonnull(strstr(out.text->str, "Stored as run 7;"));
        pi_output_clear(&out);
}

/* Words of many digits wrap, and the widest figures still fit. */
static void test_wide(void) {
        static const guint64 parts[] = { 999999, 1999999, 123456789 };
        static const guint64 medians[] = { 359999000000, 9999000, 350000000000 };
        g_autoptr(PiSweep) sweep = make_sweep(1234567, 10000000000000000, parts, medians, 3);
        PiOutput out = make_output(PI_JSON_OFF);

        pi_sweep_append(&out, sweep);
        expect_width(out.text->str);
        pi_output_clear(&out);
}

/* Figures of a machine that was busy with something else are called so. */
static void test_busy(void) {
        static const guint64 parts[] = { 16, 32 }, medians[] = { 10000, 10000 };
        g_autoptr(PiSweep) sweep = make_sweep(7, 1000000000, parts, medians, 2);
        PiSweepSeries *first = sweep->points->pdata[0];
        PiOutput out = make_output(PI_JSON_OFF);

        pi_sweep_append(&out, sweep);
        g_assert_null(strstr(out.text->str, "Something else"));
        g_array_index(first->utilization, double, 2) = 0.6;
        pi_sweep_append(&out, sweep);
        expect_width(out.text->str);
        g_assert_nonnull(strstr(out.text->str, " 60.0 % "));
        pi_output_clear(&out);
}

static void test_no_legend(void) {
        g_autoptr(PiSweep) sweep = make_small(7);
        PiOutput out = make_output(PI_JSON_OFF);

        out.legend = FALSE;
        pi_sweep_append(&out, sweep);
        g_assert_null(strstr(out.text->str, "PARTS"));
        g_assert_null(strstr(out.text->str, "Stored"));
        g_assert_true(g_str_has_prefix(out.text->str, "reference "));
        pi_output_clear(&out);
}

/* What somebody else wrote into a run moves no cursor. */
static void test_hostile_text(void) {
        g_autoptr(PiSweep) sweep = make_small(7);
        PiOutput out = make_output(PI_JSON_OFF);

        replace(&sweep->label, "a\033[2Jb\nc");
        replace(&sweep->host, "h\rx");
        replace(&sweep->kernel, "k\033");
        pi_sweep_append(&out, sweep);
        pi_sweep_append_comparison(&out, sweep, sweep);
        g_assert_null(strchr(out.text->str, '\033'));
        g_assert_null(strchr(out.text->str, '\r'));
        g_assert_nonnull(strstr(out.text->str, "a\\x1b[2Jb\\nc"));
        pi_output_clear(&out);
}

static void test_json(void) {
        g_autoptr(PiSweep) sweep = make_small(7);
        PiOutput out = make_output(PI_JSON_SHORT);

        pi_sweep_append_json(&out, sweep);
        g_assert_nonnull(strstr(out.text->str, "\"id\":7"));
        g_assert_nonnull(strstr(out.text->str, "\"response_usec\":[1010,990,1000]"));
        g_assert_nonnull(strstr(out.text->str, "\"enough_parts\":16"));
        g_assert_nonnull(strstr(out.text->str, "\"most_parts\":16"));
        g_assert_nonnull(strstr(out.text->str, "\"interrupted\":false"));
        g_assert_nonnull(strstr(out.text->str, "\"response_median_usec\":1000"));
        pi_output_clear(&out);
}

static void test_csv(void) {
        g_autoptr(PiSweep) sweep = make_small(7);
        g_autoptr(GString) text = g_string_new(NULL);
        g_auto(GStrv) lines = NULL;

        pi_sweep_append_csv(text, sweep);
        lines = g_strsplit(text->str, "\r\n", -1);
        g_assert_cmpuint(g_strv_length(lines), ==, 7); /* header, 2 + 3 rows, the end */
        g_assert_cmpstr(lines[6], ==, "");
        for (guint i = 0; i < 6; i++) {
                g_auto(GStrv) fields = g_strsplit(lines[i], ",", -1);
                g_assert_cmpuint(g_strv_length(fields), ==, 15);
        }
        g_assert_true(g_str_has_prefix(lines[0], "kind,kernel,terms,cpus,parts,samples,response_"));
        g_assert_cmpstr(lines[2], ==,
                        "baseline,avx2,1000000000,1,1,1,10000,10000,10000,1,1e+11,1,,,1");
        g_assert_cmpstr(lines[4], ==,
                        "point,avx2,1000000000,16,16,3,1000,990,1010,0.75,1e+12,10,0.625,,1");
        g_assert_true(g_str_has_prefix(lines[5], "point,avx2,1000000000,16,1000000,3,1600,"));
        g_assert_false(g_str_has_suffix(lines[5], ",,1"));
}

/* Over nodes: 1000 us alone, `medians` on two and three. */
static PiSweep *make_nodes(guint64 id, guint64 two, guint64 three) {
        const guint64 medians[] = { 1000, two, three };
        PiSweep *sweep = make_sweep(id, 1000000000, NULL, NULL, 0);

        for (guint i = 0; i < G_N_ELEMENTS(medians); i++) {
                PiSweepSeries *s = pi_sweep_add_nodes_point(sweep, i + 1, 64);

                pi_sweep_series_add(s, medians[i] - 10, medians[i], 0.9);
                pi_sweep_series_add(s, medians[i], medians[i] + 10, 0.9);
                pi_sweep_series_add(s, medians[i] + 10, medians[i] + 20, 0.9);
        }
        return sweep;
}

static void test_nodes(void) {
        g_autoptr(PiSweep) sweep = make_nodes(7, 500, 400);
        PiOutput out = make_output(PI_JSON_OFF);
        g_autoptr(GString) csv = g_string_new(NULL);

        pi_sweep_append(&out, sweep);
        expect_width(out.text->str);
        g_assert_nonnull(strstr(out.text->str, "1 000 000 000 terms on 1 to 3 nodes, kernel avx2"));
        g_assert_nonnull(strstr(out.text->str, "NODES RESPONSE"));
        g_assert_nonnull(strstr(out.text->str, "against this node alone"));
        g_assert_nonnull(strstr(out.text->str, "3 nodes are 2.5 times as fast as this one alone: "
                                               "83.3 % of the ideal."));
        pi_output_clear(&out);
        out = make_output(PI_JSON_SHORT);
        pi_sweep_append_json(&out, sweep);
        g_assert_nonnull(strstr(out.text->str, "\"nodes\":3"));
        g_assert_nonnull(strstr(out.text->str, "\"efficiency\":0.83"));
        g_assert_null(strstr(out.text->str, "\"knee\""));
        pi_output_clear(&out);
        pi_sweep_append_csv(csv, sweep);
        g_assert_nonnull(strstr(csv->str,
                                "point,avx2,1000000000,16,64,3,500,490,510,0.9,2e+12,2,1,,2\r\n"));
}

static void test_compare_nodes(void) {
        g_autoptr(PiSweep) now = make_nodes(0, 500, 400), then = make_nodes(3, 600, 400);
        g_autoptr(PiSweep) parts = make_small(4);
        g_autoptr(GError) error = NULL;
        PiOutput out = make_output(PI_JSON_OFF);
        g_autoptr(GString) csv = g_string_new(NULL);

        pi_sweep_append_comparison(&out, now, then);
        expect_width(out.text->str);
        g_assert_nonnull(strstr(out.text->str, "NODES   RUN 3 THIS RUN RATIO"));
        g_assert_nonnull(strstr(out.text->str, "    2  600 us   500 us 0.833 faster\n"));
        g_assert_nonnull(strstr(out.text->str, "    3  400 us   400 us 1.000\n"));
        pi_output_clear(&out);
        pi_sweep_append_comparison_csv(csv, now, then);
        g_assert_true(g_str_has_prefix(csv->str, "nodes,then_median_usec,"));
        g_assert_true(pi_sweep_can_compare(1000000000, TRUE, then, &error));
        g_assert_false(pi_sweep_can_compare(1000000000, TRUE, parts, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_nonnull(strstr(error->message, "run 4 is over the number of parts"));
}

static void test_csv_quotes(void) {
        g_autoptr(GString) text = g_string_new(NULL);

        pi_csv_append_text(text, "a,\"b\"\n");
        g_assert_cmpstr(text->str, ==, "\"a,\"\"b\"\"\n\"");
        g_string_truncate(text, 0);
        pi_csv_append_text(text, "plain");
        g_assert_cmpstr(text->str, ==, "plain");
}

static const guint64 then_parts[] = { 1, 16, 32 }, then_medians[] = { 10005, 1100, 1000 };

static void test_comparison(void) {
        g_autoptr(PiSweep) now = make_small(0);
        g_autoptr(PiSweep) then = make_sweep(3, 1000000000, then_parts, then_medians, 3);
        PiOutput out = make_output(PI_JSON_OFF);

        pi_sweep_append_comparison(&out, now, then);
        expect_width(out.text->str);
        g_assert_nonnull(strstr(out.text->str, "PARTS   RUN 3 THIS RUN RATIO"));
        g_assert_nonnull(strstr(out.text->str, "    1 10.0 ms  10.0 ms 1.000\n"));
        g_assert_nonnull(strstr(out.text->str, "   16 1.10 ms  1.00 ms 0.909 faster\n"));
        g_assert_nonnull(strstr(out.text->str, "   32 1.00 ms        -     -\n"));
        g_assert_nonnull(strstr(out.text->str, "   1M       -  1.60 ms     -\n"));
        pi_output_clear(&out);
        out = make_output(PI_JSON_OFF);
        pi_sweep_append_comparison(&out, then, now);
        g_assert_nonnull(strstr(out.text->str, "1.100 slower\n"));
        pi_output_clear(&out);
}

static void test_comparison_forms(void) {
        g_autoptr(PiSweep) now = make_small(9);
        g_autoptr(PiSweep) then = make_sweep(3, 1000000000, then_parts, then_medians, 3);
        g_autoptr(GString) csv = g_string_new(NULL);
        PiOutput out = make_output(PI_JSON_SHORT);

        pi_sweep_append_comparison_json(&out, now, then);
        g_assert_nonnull(strstr(out.text->str, "\"then_id\":3"));
        g_assert_nonnull(strstr(out.text->str, "\"change\":\"faster\""));
        pi_output_clear(&out);
        pi_sweep_append_comparison_csv(csv, now, then);
        g_assert_cmpstr(csv->str, ==,
                        "parts,then_median_usec,now_median_usec,ratio,change\r\n"
                        "1,10005,10000,0.9995002499,same\r\n"
                        "16,1100,1000,0.9090909091,faster\r\n"
                        "32,1000,,,\r\n"
                        "1000000,,1600,,\r\n");
}

/* Overlapping ranges are the same, however far the medians are apart; touching ones, too. */
static void test_change(void) {
        static const guint64 one[] = { 1 };
        g_autoptr(PiSweep) a = make_sweep(1, 1000, one, (const guint64[]) { 1000 }, 1);
        g_autoptr(PiSweep) touching = make_sweep(1, 1000, one, (const guint64[]) { 1020 }, 1);
        g_autoptr(PiSweep) apart = make_sweep(1, 1000, one, (const guint64[]) { 1021 }, 1);

        g_assert_cmpint(pi_sweep_change(pi_sweep_point(a, 0), pi_sweep_point(touching, 0)), ==,
                        PI_SWEEP_SAME);
        g_assert_cmpint(pi_sweep_change(pi_sweep_point(a, 0), pi_sweep_point(apart, 0)), ==,
                        PI_SWEEP_FASTER);
        g_assert_cmpint(pi_sweep_change(pi_sweep_point(apart, 0), pi_sweep_point(a, 0)), ==,
                        PI_SWEEP_SLOWER);
}

static void test_other_terms(void) {
        g_autoptr(PiSweep) then = make_small(3);
        g_autoptr(GError) error = NULL;

        g_assert_true(pi_sweep_can_compare(1000000000, FALSE, then, &error));
        g_assert_no_error(error);
        g_assert_false(pi_sweep_can_compare(100000000000, FALSE, then, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_nonnull(strstr(error->message, "run 3 is of 1G terms, this one of 100G"));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/sweep-view/table", test_table);
        g_test_add_func("/sweep-view/wide", test_wide);
        g_test_add_func("/sweep-view/busy", test_busy);
        g_test_add_func("/sweep-view/no-legend", test_no_legend);
        g_test_add_func("/sweep-view/hostile-text", test_hostile_text);
        g_test_add_func("/sweep-view/json", test_json);
        g_test_add_func("/sweep-view/csv", test_csv);
        g_test_add_func("/sweep-view/nodes", test_nodes);
        g_test_add_func("/sweep-view/compare-nodes", test_compare_nodes);
        g_test_add_func("/sweep-view/csv-quotes", test_csv_quotes);
        g_test_add_func("/sweep-view/comparison", test_comparison);
        g_test_add_func("/sweep-view/comparison-forms", test_comparison_forms);
        g_test_add_func("/sweep-view/change", test_change);
        g_test_add_func("/sweep-view/other-terms", test_other_terms);
        return g_test_run();
}
