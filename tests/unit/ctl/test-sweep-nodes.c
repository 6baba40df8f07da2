/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/sweep-nodes.h"

#include <string.h>

#include "ctl/sweep-plan.h"
#include "ctl/sweep-progress.h"
#include "dbus/error.h"

static void expect(const char *text, const guint64 *values, guint n) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GArray) list = pi_sweep_parse_nodes(text, &error);

        g_assert_no_error(error);
        g_assert_cmpmem(list->data, list->len * sizeof(guint64), values, n * sizeof(guint64));
}

static void refuse(const char *text, const char *says) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GArray) list = pi_sweep_parse_nodes(text, &error);

        g_assert_null(list);
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_test_message("%s", error->message);
        g_assert_true(g_str_has_prefix(error->message, "--nodes: "));
        g_assert_nonnull(strstr(error->message, says));
}

static void test_parse(void) {
        static const guint64 three[] = { 1, 2, 3 }, last[] = { 1, 128 }, one[] = { 1 };

        expect("3,1,2", three, 3);
        /* The speed-up is against one. */
        expect("2,3", three, 3);
        expect("128", last, 2);
        expect("1", one, 1);
        refuse("", "the list is empty");
        refuse("1,,2", "it is empty");
        refuse("0", "'0'");
        refuse("129", "from 1 to 128");
        refuse("2,node3", "'node3' is not a number of nodes");
        refuse("2,2", "2 is in the list twice");
}

static void test_too_many(void) {
        g_autoptr(GString) most = g_string_new("1"), many = NULL;
        g_autoptr(GArray) list = NULL;

        for (guint i = 2; i < PI_SWEEP_POINTS_MAX; i++)
                g_string_append_printf(most, ",%u", i);
        many = g_string_new(most->str);
        g_string_append(many, ",100");
        list = pi_sweep_parse_nodes(most->str, NULL);
        g_assert_cmpuint(list->len, ==, PI_SWEEP_POINTS_MAX - 1);
        refuse(many->str, "too long");
}

/* Texts of a{sv}. */
static GPtrArray *make_nodes(const char *const *texts) {
        GPtrArray *nodes = g_ptr_array_new_with_free_func((GDestroyNotify) g_variant_unref);

        for (; *texts; texts++)
                g_ptr_array_add(nodes, g_variant_ref_sink(g_variant_new_parsed(*texts)));
        return nodes;
}

static void test_choose(void) {
        static const char *const texts[] = {
                "{'Id': <'a1'>, 'State': <'self'>}", "{'Id': <'b2'>, 'State': <'lost'>}",
                "{'Id': <'c3'>, 'State': <'up'>}", "{'Id': <'d4'>, 'State': <'quarantined'>}",
                NULL,
        };
        static const char *const none[] = { NULL };
        g_autoptr(GPtrArray) nodes = make_nodes(texts), alone = make_nodes(none);
        g_autoptr(PiSweep) sweep = pi_sweep_new();
        g_autoptr(GError) few = NULL, no_cluster = NULL;

        g_assert_true(pi_sweep_choose_members(sweep, nodes, 2, NULL));
        g_assert_cmpuint(g_strv_length(sweep->members), ==, 2);
        g_assert_cmpstr(sweep->members[0], ==, "a1");
        g_assert_cmpstr(sweep->members[1], ==, "c3");
        g_assert_false(pi_sweep_choose_members(sweep, nodes, 3, &few));
        g_assert_error(few, PI_ERROR, PI_ERROR_NODE_LOST);
        g_assert_nonnull(strstr(few->message, "3 nodes are asked for, and 2 of 4 are up"));
        g_assert_false(pi_sweep_choose_members(sweep, alone, 1, &no_cluster));
        g_assert_error(no_cluster, PI_ERROR, PI_ERROR_NOT_IN_CLUSTER);
}

static PiSweep *make_sweep(const char *sizes) {
        g_autoptr(GArray) list = pi_sweep_parse_nodes(sizes, NULL);
        PiSweep *sweep = pi_sweep_new();

        sweep->terms = G_GUINT64_CONSTANT(10000000000);
        sweep->cpus = sweep->slots = 16;
        sweep->repeats = 5;
        g_free(sweep->kernel);
        sweep->kernel = g_strdup("avx2");
        pi_sweep_prepare_nodes(sweep, list, 0);
        return sweep;
}

/* What is measured on this node alone says so, all else how many nodes. */
static void test_plan(void) {
        g_autoptr(PiSweep) sweep = make_sweep("1,3");
        g_autoptr(GRand) rand = g_rand_new_with_seed(1);
        g_autoptr(GArray) steps = pi_sweep_plan(sweep, rand);
        guint points[4] = {}, baselines = 0, warm_ups = 0;

        g_assert_cmpuint(sweep->baselines->len, ==, 1);
        g_assert_cmpuint(pi_sweep_baseline(sweep, 0)->terms, ==, PI_SWEEP_REFERENCE_TERMS);
        for (guint i = 0; i < steps->len; i++) {
                const PiSweepStep *step = &g_array_index(steps, PiSweepStep, i);

                if (step->baseline) {
                        g_assert_cmpuint(step->nodes, ==, 0);
                        g_assert_cmpuint(step->cpus, ==, 1);
                        baselines++;
                } else if (!step->series) {
                        g_assert_cmpuint(step->nodes, ==, 3);
                        warm_ups++;
                } else {
                        g_assert_cmpuint(step->cpus, ==, 0);
                        g_assert_cmpuint(step->nodes, ==, step->series->nodes);
                        points[step->nodes]++;
                }
        }
        g_assert_cmpuint(points[1], ==, 5);
        g_assert_cmpuint(points[2], ==, 0);
        g_assert_cmpuint(points[3], ==, 5);
        g_assert_cmpuint(baselines, ==, 10);
        g_assert_cmpuint(warm_ups, >, 0);
}

static void test_progress(void) {
        g_autoptr(PiSweep) sweep = make_sweep("3");
        PiSweepStep step = { .series = sweep->points->pdata[1], .nodes = 3, .number = 2 };
        PiSweepProgress progress = { .step = &step, .repeats = 5, .gone = 1, .left = 1 };
        g_autofree char *text = pi_sweep_progress_text(&progress, 80, FALSE);

        g_assert_nonnull(strstr(text, "3 nodes, 2 of 5"));
}

static void test_estimate(void) {
        g_autoptr(PiSweep) sweep = make_sweep("3");
        PiSweepStep step = { .series = sweep->points->pdata[1], .terms = 4800, .nodes = 3 };

        g_assert_cmpfloat(pi_sweep_step_estimate(&step, 16, 100), ==, 1);
}

static void test_text(void) {
        g_autoptr(PiSweep) sweep = make_sweep("1"), three = make_sweep("3");
        g_autofree char *one = NULL, *text = NULL;

        pi_sweep_series_add(sweep->points->pdata[0], 900, 900, 1);
        one = pi_sweep_nodes_text(sweep);
        g_assert_nonnull(strstr(one, "tells nothing"));
        pi_sweep_series_add(three->points->pdata[0], 900, 900, 1);
        pi_sweep_series_add(three->points->pdata[1], 400, 400, 1);
        text = pi_sweep_nodes_text(three);
        g_assert_cmpstr(text, ==,
                        "3 nodes are 2.25 times as fast as this one alone: 75.0 % of the ideal.");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/sweep-nodes/parse", test_parse);
        g_test_add_func("/sweep-nodes/too-many", test_too_many);
        g_test_add_func("/sweep-nodes/choose", test_choose);
        g_test_add_func("/sweep-nodes/plan", test_plan);
        g_test_add_func("/sweep-nodes/progress", test_progress);
        g_test_add_func("/sweep-nodes/estimate", test_estimate);
        g_test_add_func("/sweep-nodes/text", test_text);
        return g_test_run();
}
