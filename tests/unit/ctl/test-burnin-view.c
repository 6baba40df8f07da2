/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/burnin-view.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "ctl/screen.h"
#include "ctl/text.h"

static const PiBurninFacts facts = {
        .start_usec = 1700000000000000,
        .wanted_usec = 60 * G_USEC_PER_SEC,
        .node = "0123456789abcdef",
        .kernel = "generic",
};

static GVariant *make_cores(guint n, gboolean begun) {
        GVariantBuilder list;

        g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
        for (guint i = 0; i < n; i++) {
                guint64 terms = begun ? i == 1 ? 88000000000 : 100000000000 : 0;

                g_variant_builder_add_parsed(
                        &list,
                        "{'cpu': <%u>, 'terms': <%t>, 'busy_usec': <%t>, 'leases_failed': <%t>, "
                        "'state': <%s>}",
                        i, terms, begun ? (guint64) 10000000 : 0,
                        begun && i == 2 ? (guint64) 3 : 0,
                        begun && i == 2 ? "out-of-service" : "in-service");
        }
        return g_variant_ref_sink(g_variant_builder_end(&list));
}

/* n cores after 10 s: CPU 1 is slow, CPU 2 broken. */
static PiBurnin *make(guint n) {
        g_autoptr(GVariant) before = make_cores(n, FALSE), after = make_cores(n, TRUE);
        PiBurnin *b = pi_burnin_new(0);

        pi_burnin_begin(b, before);
        pi_burnin_update(b, after, 10000000);
        return b;
}

static void test_frame(void) {
        static const PiTerminal t = { .is_tty = TRUE, .columns = 100, .rows = 24, .utf8 = TRUE };
        g_autoptr(PiBurnin) b = make(4);
        g_autofree char *frame = pi_burnin_frame(b, &facts, &t);

        g_assert_cmpstr(frame, ==,
                        "burn-in: 10 s, 50 s left\n"
                        "CPU RESULT TERMS/S OF MEDIAN  BUSY TERMS LEASES FAULTS NOTE\n"
                        "  0 PASS     10.0G     100 % 100 %  100G      0      0\n"
                        "  1 PASS     8.80G    88.0 % 100 % 88.0G      0      0 12 % under the "
                        "median\n"
                        "  2 FAIL     10.0G     100 % 100 %  100G      0      3 gave wrong sums: "
                        "out of service\n"
                        "  3 PASS     10.0G     100 % 100 %  100G      0      0\n"
                        "FAIL  388G terms in 10.0 s, 38.8 Gterm/s, 3 faults; failed: CPU 2; slow: "
                        "CPU 1\n");
}

/* Whatever the window: the frame fits, and the last line is the summary. */
static void test_fits(void) {
        static const guint sizes[] = { 1, 4, 1024 };

        for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
                g_autoptr(PiBurnin) b = make(sizes[i]);

                for (unsigned columns = 1; columns < 130; columns += 3)
                        for (unsigned rows = 1; rows < 40; rows += 3) {
                                PiTerminal t = { .is_tty = TRUE, .colours = TRUE,
                                                 .columns = columns, .rows = rows, .utf8 = TRUE };
                                g_autofree char *frame = pi_burnin_frame(b, &facts, &t);
                                g_auto(GStrv) lines = g_strsplit(frame, "\n", 0);
                                guint n = g_strv_length(lines) - 1;

                                g_assert_cmpstr(lines[n], ==, "");
                                g_assert_cmpuint(n, <=, MAX(rows - 1, 1));
                                for (guint k = 0; k < n; k++)
                                        g_assert_cmpuint(pi_screen_width(lines[k]), <=,
                                                         MAX(columns - 1, 1));
                                if (columns > 10)
                                        g_assert_nonnull(strstr(lines[n - 1],
                                                                sizes[i] < 3 ? "PASS" : "FAIL"));
                        }
        }
}

/* Too many cores for the window: the worst are shown. */
static void test_worst(void) {
        static const PiTerminal t = { .is_tty = TRUE, .columns = 80, .rows = 6, .utf8 = TRUE };
        g_autoptr(PiBurnin) b = make(1024);
        g_autofree char *frame = pi_burnin_frame(b, &facts, &t);
        g_auto(GStrv) lines = g_strsplit(frame, "\n", 0);

        g_assert_cmpuint(g_strv_length(lines), ==, 6);
        g_assert_cmpstr(lines[1], ==, "CPU 2 FAIL 10.0G/s gave wrong sums: out of service");
        g_assert_cmpstr(lines[2], ==, "CPU 1 PASS 8.80G/s 12 % under the median");
        g_assert_cmpstr(lines[3], ==, "CPU 0 PASS 10.0G/s 100 % of the median");
}

static char *report(const PiBurnin *b, PiJsonMode json, const PiBurninFacts *f) {
        PiOutput out = { .text = g_string_new(NULL), .legend = TRUE, .json = json };

        out.terminal = (PiTerminal) { .fd = -1, .is_tty = TRUE, .columns = 40, .utf8 = TRUE };
        if (json == PI_JSON_OFF)
                pi_burnin_append(&out, b, f);
        else
                pi_burnin_append_json(&out, b, f);
        return g_string_free(out.text, FALSE);
}

static void test_report(void) {
        g_autoptr(PiBurnin) b = make(3);
        PiBurninFacts cut = facts;
        g_autofree char *text = NULL;

        cut.interrupted = TRUE;
        pi_burnin_job_ended(b, FALSE);
        text = report(b, PI_JSON_OFF, &cut);
        /* A note is not cut, however narrow the window. */
        g_assert_nonnull(strstr(text, "gave wrong sums: out of service\n"));
        g_assert_nonnull(strstr(text, "Node 01234567, kernel generic; interrupted, asked for "
                                      "1min 0s.\n"));
        g_assert_nonnull(strstr(text, "\nFAIL  288G terms in 10.0 s, 28.8 Gterm/s, 3 faults, "
                                      "1 job failed; failed: CPU 2; slow: CPU 1\n"));
        g_assert_nonnull(strstr(text, "pictl faults"));
}

/* A line must not grow with the number of cores. */
static void test_names(void) {
        g_autoptr(GVariant) idle = make_cores(50, FALSE);
        g_autoptr(PiBurnin) b = pi_burnin_new(0);
        g_autofree char *text = NULL;

        pi_burnin_begin(b, idle);
        pi_burnin_update(b, idle, 1000000);
        text = pi_burnin_summary_text(b);
        g_assert_cmpstr(text, ==, "FAIL  0 terms in 1.00 s, 0 term/s, 0 faults; failed: CPUs 0, 1, "
                                  "2, 3, 4, 5, 6, 7 and 42 more");
}

static void test_json(void) {
        g_autoptr(PiBurnin) b = make(3);
        g_autofree char *text = report(b, PI_JSON_SHORT, &facts);
        g_autoptr(JsonNode) node = json_from_string(text, NULL);
        JsonObject *root, *core, *summary;

        g_assert_nonnull(node);
        root = json_node_get_object(node);
        g_assert_cmpstr(json_object_get_string_member(root, "node"), ==, "0123456789abcdef");
        g_assert_cmpint(json_object_get_int_member(root, "duration_usec"), ==, 10000000);
        g_assert_cmpuint(json_array_get_length(json_object_get_array_member(root, "faults")), ==,
                         0);
        core = json_array_get_object_element(json_object_get_array_member(root, "cores"), 2);
        g_assert_cmpstr(json_object_get_string_member(core, "result"), ==, "fail");
        g_assert_cmpint(json_object_get_int_member(core, "faults"), ==, 3);
        summary = json_object_get_object_member(root, "summary");
        g_assert_cmpstr(json_object_get_string_member(summary, "result"), ==, "fail");
        g_assert_cmpint(json_array_get_int_element(
                                json_object_get_array_member(summary, "slow_cpus"), 0),
                        ==, 1);
}

static void test_screen(void) {
        g_autoptr(GArray) widths = g_array_new(FALSE, FALSE, sizeof(guint));
        static const guint drawn[] = { 0, 10, 40, 41 };

        g_assert_cmpuint(pi_screen_width("\033[1;31mFAIL\033[0m x"), ==, 6);
        g_assert_cmpuint(pi_screen_width("\033["), ==, 0);
        g_assert_cmpuint(pi_screen_rows(NULL, 80), ==, 0);
        g_array_append_vals(widths, drawn, G_N_ELEMENTS(drawn));
        g_assert_cmpuint(pi_screen_rows(widths, 80), ==, 4);
        g_assert_cmpuint(pi_screen_rows(widths, 20), ==, 7);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/burnin-view/frame", test_frame);
        g_test_add_func("/ctl/burnin-view/fits", test_fits);
        g_test_add_func("/ctl/burnin-view/worst", test_worst);
        g_test_add_func("/ctl/burnin-view/report", test_report);
        g_test_add_func("/ctl/burnin-view/names", test_names);
        g_test_add_func("/ctl/burnin-view/json", test_json);
        g_test_add_func("/ctl/burnin-view/screen", test_screen);
        return g_test_run();
}
