/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#include "tests/bus/pictl-run.h"

/* pictl sweep against the real daemon. */

#define POLL_USEC 2000

/* Quick, and with a point that has many parts. */
#define SMALL "sweep --terms=1e7 --parts=1,2,1e4"

static guint length(JsonObject *object, const char *key) {
        g_assert_true(json_object_has_member(object, key));
        return json_array_get_length(json_object_get_array_member(object, key));
}

static JsonObject *entry(JsonObject *object, const char *key, guint index) {
        return json_array_get_object_element(json_object_get_array_member(object, key), index);
}

/* Whether any job is queued or running. */
static gboolean has_job(TestSession *f) {
        g_autoptr(GVariant) metrics = test_metrics(f->client);
        guint32 queued, running;

        g_assert_true(g_variant_lookup(metrics, "jobs_queued", "u", &queued));
        g_assert_true(g_variant_lookup(metrics, "jobs_running", "u", &running));
        return queued + running > 0;
}

static void wait_for_job(TestSession *f, gboolean there) {
        while (has_job(f) != there)
                g_usleep(POLL_USEC);
}

static guint n_stored(TestSession *f) {
        g_auto(Run) run = pictl(f, "sweep history --json=short -n 1000");

        g_assert_cmpint(run.status, ==, 0);
        g_assert_nonnull(run.json);
        return json_array_get_length(json_node_get_array(run.json));
}

static void measured(TestSession *f, gconstpointer data) {
        g_auto(Run) run = pictl(f, SMALL " --json=short --label='a b'");
        JsonObject *root = root_of(&run);

        g_assert_cmpint(run.status, ==, 0);
        g_assert_cmpstr(run.err, ==, "");
        g_assert_cmpuint(number(root, "id"), >, 0);
        g_assert_cmpuint(number(root, "terms"), ==, 10000000);
        g_assert_cmpuint(number(root, "cpus"), ==, 2);
        g_assert_cmpuint(number(root, "slots"), ==, 2);
        g_assert_cmpstr(json_object_get_string_member(root, "label"), ==, "a b");
        g_assert_false(json_object_get_boolean_member(root, "interrupted"));
        g_assert_cmpuint(length(root, "points"), ==, 3);
        for (guint i = 0; i < 3; i++) {
                JsonObject *point = entry(root, "points", i);

                g_assert_cmpuint(length(point, "response_usec"), ==, 5);
                g_assert_cmpuint(length(point, "wall_usec"), ==, 5);
                g_assert_cmpfloat(json_object_get_double_member(point, "speedup"), >, 0);
                for (guint k = 0; k < 5; k++)
                        g_assert_cmpint(json_array_get_int_element(json_object_get_array_member(
                                                point, "wall_usec"), k), >=,
                                        json_array_get_int_element(json_object_get_array_member(
                                                point, "response_usec"), k));
        }
        g_assert_cmpuint(number(entry(root, "points", 2), "parts"), ==, 10000);
        g_assert_cmpstr(json_object_get_string_member(entry(root, "baselines", 0), "kernel"), ==,
                        "reference");
        g_assert_false(has_job(f));
        g_assert_cmpuint(n_stored(f), ==, 1);
}

/* What was stored is shown as it was when it was measured. */
static void shown_again(TestSession *f, gconstpointer data) {
        g_auto(Run) first = pictl(f, SMALL), again = pictl(f, "sweep show 1");
        g_auto(Run) csv = pictl(f, "sweep show 1 --format=csv"), missing = {};

        g_assert_cmpint(first.status, ==, 0);
        g_assert_cmpstr(first.err, ==, "");
        g_assert_true(g_str_has_prefix(first.out, "10 000 000 terms on 2 workers, kernel "));
        g_assert_nonnull(strstr(first.out, "\nONE THREAD TERMS RESPONSE"));
        g_assert_nonnull(strstr(first.out, "\nPARTS RESPONSE"));
        g_assert_nonnull(strstr(first.out, "Stored as run 1;"));
        g_assert_cmpint(again.status, ==, 0);
        g_assert_cmpstr(again.out, ==, first.out);
        g_assert_true(g_str_has_prefix(csv.out, "kind,kernel,terms,"));
        g_assert_nonnull(strstr(csv.out, "\r\npoint,"));
        missing = pictl(f, "sweep show 99");
        g_assert_cmpint(missing.status, ==, 3);
        g_assert_cmpstr(missing.out, ==, "");
        g_assert_nonnull(strstr(missing.err, "99"));
}

static void history(TestSession *f, gconstpointer data) {
        g_auto(Run) none = pictl(f, "sweep history"), one = {}, two = {}, list = {}, last = {};

        g_assert_cmpint(none.status, ==, 0);
        g_assert_nonnull(strstr(none.out, "No run is stored yet"));
        one = pictl(f, SMALL " --label=first");
        two = pictl(f, SMALL " --label=second --cpus=1");
        g_assert_cmpint(one.status + two.status, ==, 0);
        list = pictl(f, "sweep history");
        g_assert_true(g_str_has_prefix(list.out, "RUN MEASURED"));
        g_assert_nonnull(strstr(list.out, " second\n"));
        g_assert_true(strstr(list.out, " second\n") < strstr(list.out, " first\n"));
        last = pictl(f, "sweep history -n 1 --no-legend");
        g_assert_nonnull(strstr(last.out, " second\n"));
        g_assert_null(strstr(last.out, " first\n"));
}

/* The store outlives the service. */
static void restarted(TestSession *f, gconstpointer data) {
        g_auto(Run) run = pictl(f, SMALL), again = {};

        test_daemon_stop(f->bus);
        test_daemon_start(f->bus, (const char *const[]) { "--workers=2", NULL });
        again = pictl(f, "sweep show 1");
        g_assert_cmpstr(again.out, ==, run.out);
}

static void compared(TestSession *f, gconstpointer data) {
        g_auto(Run) first = pictl(f, SMALL), second = {}, shown = {}, json = {}, other = {};
        g_auto(Run) missing = {};

        g_assert_cmpint(first.status, ==, 0);
        second = pictl(f, SMALL " --compare=1");
        g_assert_cmpint(second.status, ==, 0);
        g_assert_nonnull(strstr(second.out, "RUN 1"));
        g_assert_nonnull(strstr(second.out, "RUN 2 RATIO"));
        shown = pictl(f, "sweep show 2 --compare=1");
        g_assert_cmpstr(shown.out, ==, second.out);
        json = pictl(f, "sweep show 1 --compare=1 --json=short");
        g_assert_cmpuint(length(root_of(&json), "points"), ==, 3);
        g_assert_cmpstr(json_object_get_string_member(entry(root_of(&json), "points", 0),
                                                      "change"), ==, "same");
        /* Refused before anything is measured. */
        other = pictl(f, "sweep --terms=2e7 --parts=1,2 --compare=1");
        g_assert_cmpint(other.status, ==, 2);
        g_assert_nonnull(strstr(other.err, "run 1 is of 10M terms, this one of 20M"));
        missing = pictl(f, SMALL " --compare=99");
        g_assert_cmpint(missing.status, ==, 3);
        g_assert_cmpuint(n_stored(f), ==, 2);
}

static void plotted(TestSession *f, gconstpointer data) {
        g_autofree char *gnuplot = g_find_program_in_path("gnuplot");
        g_autofree char *svg = g_build_filename(f->bus->dir, "chart.svg", NULL), *text = NULL;
        g_autofree char *png = g_build_filename(f->bus->dir, "chart.png", NULL), *image = NULL;
        g_autofree char *words = g_strdup_printf(SMALL " --plot=%s", svg);
        g_autofree char *more = g_strdup_printf("sweep show 1 --plot=%s --json=short", png);
        g_auto(Run) run = {}, again = {};

        if (!gnuplot) {
                g_test_skip("gnuplot is not installed");
                return;
        }
        run = pictl(f, words);
        g_assert_cmpint(run.status, ==, 0);
        g_assert_nonnull(strstr(run.out, "The chart is in "));
        g_assert_true(g_file_get_contents(svg, &text, NULL, NULL));
        g_assert_nonnull(strstr(text, "10 000 000 terms of the Leibniz series"));
        g_assert_nonnull(strstr(text, "</svg>"));
        again = pictl(f, more);
        g_assert_cmpint(again.status, ==, 0);
        g_assert_nonnull(again.json);
        g_assert_true(g_file_get_contents(png, &image, NULL, NULL));
        g_assert_true(g_str_has_prefix(image, "\211PNG"));
        g_unlink(svg);
        g_unlink(png);
}

/* All is looked at before a job runs. */
static void refused(TestSession *f, gconstpointer data) {
        static const struct {
                int status;
                const char *words, *says;
        } cases[] = {
                { 2, "sweep 1e9", "'1e9' is neither history nor show" },
                { 2, "sweep show", "the number of a run is missing" },
                { 2, "sweep show first", "'first'" },
                { 2, "sweep show 1 2", "'2' is one argument too many" },
                { 2, "sweep history 5", "'5' is one argument too many" },
                { 2, "sweep history --terms=1e9", "--terms does not go with" },
                { 2, "sweep show 1 --repeats=7", "--repeats does not go with" },
                { 2, "sweep --terms=many", "--terms: 'many'" },
                { 2, "sweep --parts=1,2,2", "2 is in the list twice" },
                { 2, "sweep --terms=80 --parts=1,11", "from 1 to 10" },
                { 2, "sweep --repeats=4", "from 5 to 100" },
                { 2, "sweep --cpus=3", "--cpus takes 1 to 2" },
                { 2, "sweep --kernel=quantum", "'quantum' is no kernel" },
                { 2, "sweep --format=prometheus", "--format takes text or csv" },
                { 2, "sweep --format=csv --json=short", "only one of --format and --json" },
                { 2, "sweep --plot=chart.pdf", ".svg or .png" },
                { 2, "sweep --timeout=5", "--timeout" },
                { 2, "sweep --lines=5", "--lines" },
                { 2, "compute 1e9 --parts=1,2", "--parts is a list" },
                { 3, "sweep --compare=7", "7" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_auto(Run) run = pictl(f, cases[i].words);

                g_assert_cmpint(run.status, ==, cases[i].status);
                g_assert_cmpstr(run.out, ==, "");
                g_assert_nonnull(strstr(run.err, cases[i].says));
        }
        {
                g_autoptr(GVariant) metrics = test_metrics(f->client);
                g_assert_cmpuint(test_lookup_u64(metrics, "jobs_submitted"), ==, 0);
        }
}

/* Nothing was measured: nothing is shown. */
static void interrupted_early(TestSession *f, gconstpointer data) {
        g_autoptr(GSubprocess) process = spawn_pictl(f, "sweep --terms=1e16 --parts=1,2");
        g_auto(Run) run = {};

        wait_for_job(f, TRUE);
        g_subprocess_send_signal(process, SIGINT);
        run = finish(process);
        g_assert_cmpint(run.status, ==, 130);
        g_assert_cmpstr(run.out, ==, "");
        g_assert_nonnull(strstr(run.err, "interrupted before a point was measured"));
        wait_for_job(f, FALSE);
        g_assert_cmpuint(n_stored(f), ==, 0);
}

/* Parts of the newest job. */
static guint64 newest_parts(TestSession *f) {
        g_auto(Run) run = pictl(f, "history -n 1 --json=short");
        JsonArray *jobs = json_node_get_array(run.json);

        return json_array_get_length(jobs) > 0
                       ? number(json_array_get_object_element(jobs, 0), "parts") : 0;
}

/* What was measured is shown, and not stored. */
static void interrupted_late(TestSession *f, gconstpointer data) {
        g_autoptr(GSubprocess) process = spawn_pictl(
                f, "sweep --terms=2e7 --kernel=reference --parts=2,3 --repeats=100 --json=short");
        g_auto(Run) run = {};
        guint64 parts;

        do
                parts = newest_parts(f);
        while (parts != 3);
        g_subprocess_send_signal(process, SIGTERM);
        run = finish(process);
        g_assert_cmpint(run.status, ==, 143);
        g_assert_true(json_object_get_boolean_member(root_of(&run), "interrupted"));
        g_assert_cmpuint(length(root_of(&run), "points"), >=, 1);
        g_assert_false(json_object_has_member(root_of(&run), "id"));
        g_assert_nonnull(strstr(run.err, "not complete"));
        wait_for_job(f, FALSE);
        g_assert_cmpuint(n_stored(f), ==, 0);
}

/* However pictl ends: no job is left. */
static void killed(TestSession *f, gconstpointer data) {
        g_autoptr(GSubprocess) process = spawn_pictl(f, "sweep --terms=1e15 --parts=1,2");

        wait_for_job(f, TRUE);
        g_subprocess_force_exit(process);
        g_subprocess_wait(process, NULL, NULL);
        wait_for_job(f, FALSE);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, function)                                                                   \
        g_test_add(path, TestSession, NULL, test_session_set_up, function,                     \
                   test_session_tear_down)
        TEST("/sweep/measured", measured);
        TEST("/sweep/shown-again", shown_again);
        TEST("/sweep/history", history);
        TEST("/sweep/restarted", restarted);
        TEST("/sweep/compared", compared);
        TEST("/sweep/plotted", plotted);
        TEST("/sweep/refused", refused);
        TEST("/sweep/interrupted-early", interrupted_early);
        TEST("/sweep/interrupted-late", interrupted_late);
        TEST("/sweep/killed", killed);
        return g_test_run();
}
