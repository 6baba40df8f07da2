/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/top.h"

#include "ctl/job.h"

#define SECOND G_USEC_PER_SEC

static GVariant *parsed(const char *type, const char *text) {
        g_autoptr(GError) error = NULL;
        GVariant *value = g_variant_parse(G_VARIANT_TYPE(type), text, NULL, NULL, &error);

        g_assert_no_error(error);
        return value;
}

/* An entry of GetManagedObjects. */
#define JOB(path, properties) \
        "objectpath '/org/picompute1/job/" path "': {'org.picompute1.Job': {" properties "}}"

static void take_objects(PiTop *top, const char *text, gint64 usec) {
        g_autoptr(GVariant) objects = parsed("a{oa{sa{sv}}}", text);

        pi_top_take_objects(top, objects, usec);
}

static void take_metrics(PiTop *top, const char *text) {
        g_autoptr(GVariant) metrics = parsed("a{sv}", text);

        pi_top_take_metrics(top, metrics);
}

static const PiTopJob *active(const PiTop *top, guint i) {
        g_assert_cmpuint(i, <, top->active->len);
        return top->active->pdata[i];
}

static const PiTopJob *finished(const PiTop *top, guint i) {
        g_assert_cmpuint(i, <, top->finished->len);
        return top->finished->pdata[i];
}

static const PiTopCore *core(const PiTop *top, guint i) {
        g_assert_cmpuint(i, <, top->cores->len);
        return &g_array_index(top->cores, PiTopCore, i);
}

static void test_empty(void) {
        g_autoptr(PiTop) top = pi_top_new();

        g_assert_cmpuint(top->active->len, ==, 0);
        g_assert_cmpuint(top->cores->len, ==, 0);
        g_assert_cmpuint(g_variant_n_children(top->metrics), ==, 0);
        take_objects(top, "{}", 1);
        take_metrics(top, "{}");
        g_assert_cmpuint(top->active->len, ==, 0);
        g_assert_cmpuint(top->cores->len, ==, 0);
}

/* Running jobs first, then the queue by priority; those that ended apart, the newest first. */
static void test_order(void) {
        g_autoptr(PiTop) top = pi_top_new();

        take_objects(
                top,
                "{" JOB("10", "'Id': <uint64 10>, 'State': <'queued'>") ","
                JOB("9", "'Id': <uint64 9>, 'State': <'queued'>") ","
                JOB("12", "'Id': <uint64 12>, 'State': <'queued'>, 'Priority': <5>") ","
                JOB("11", "'Id': <uint64 11>, 'State': <'running'>, 'Priority': <-5>") ","
                JOB("3", "'Id': <uint64 3>, 'State': <'done'>, 'FinishedUsec': <uint64 30>") ","
                JOB("4", "'Id': <uint64 4>, 'State': <'failed'>, 'FinishedUsec': <uint64 20>") ","
                JOB("5", "'Id': <uint64 5>, 'State': <'cancelled'>, 'FinishedUsec': <uint64 40>")
                ", objectpath '/org/picompute1': {'org.picompute1.Manager': {'Cpus': <2>}}}",
                1);
        g_assert_cmpuint(top->active->len, ==, 4);
        g_assert_cmpuint(top->n_running, ==, 1);
        g_assert_cmpuint(active(top, 0)->id, ==, 11);
        g_assert_cmpuint(active(top, 1)->id, ==, 12);
        g_assert_cmpuint(active(top, 2)->id, ==, 9);
        g_assert_cmpuint(active(top, 3)->id, ==, 10);
        g_assert_cmpuint(top->finished->len, ==, 3);
        g_assert_cmpuint(finished(top, 0)->id, ==, 5);
        g_assert_cmpuint(finished(top, 1)->id, ==, 3);
        g_assert_cmpuint(finished(top, 2)->id, ==, 4);
}

static void take_progress(PiTop *top, const char *state, double share, gint64 usec) {
        g_autofree char *text = g_strdup_printf(
                "{" JOB("7", "'Id': <uint64 7>, 'Terms': <uint64 1000000>, 'State': <'%s'>, "
                             "'Progress': <%f>") "}", state, share);

        take_objects(top, text, usec);
}

static void test_rate(void) {
        g_autoptr(PiTop) top = pi_top_new();

        take_progress(top, "queued", 0, 0);
        g_assert_cmpfloat(active(top, 0)->rate, ==, 0);
        take_progress(top, "running", 0.1, 1 * SECOND);
        /* Waiting is no time it computed. */
        g_assert_cmpfloat(active(top, 0)->rate, ==, 0);
        g_assert_cmpfloat(pi_top_job_left(active(top, 0)), <, 0);
        take_progress(top, "running", 0.2, 3 * SECOND);
        g_assert_cmpfloat_with_epsilon(active(top, 0)->rate, 50000, 1);
        g_assert_cmpfloat_with_epsilon(pi_top_job_left(active(top, 0)), 16, 0.01);
        /* It follows what is new, and does not jump. */
        take_progress(top, "running", 0.4, 4 * SECOND);
        g_assert_cmpfloat(active(top, 0)->rate, >, 60000);
        g_assert_cmpfloat(active(top, 0)->rate, <, 199999);
}

/* After a restart the job may be a little back: no negative rate. */
static void test_back(void) {
        g_autoptr(PiTop) top = pi_top_new();

        take_progress(top, "running", 0.5, 1 * SECOND);
        take_progress(top, "running", 0.4, 2 * SECOND);
        g_assert_cmpfloat(active(top, 0)->rate, ==, 0);
        take_progress(top, "running", 0.5, 3 * SECOND);
        g_assert_cmpfloat_with_epsilon(active(top, 0)->rate, 100000, 1);
        /* Two looks of one moment tell nothing. */
        take_progress(top, "running", 0.6, 3 * SECOND);
        g_assert_cmpfloat(active(top, 0)->rate, ==, 0);
}

#define CORES(uptime, terms, busy)                                                              \
        "{'uptime_usec': <uint64 " uptime ">, 'cores': <[{'cpu': <uint32 3>, "                  \
        "'state': <'in-service'>, 'terms': <uint64 " terms ">, 'busy_usec': <uint64 " busy ">}]>}"

static void test_cores(void) {
        g_autoptr(PiTop) top = pi_top_new();

        take_metrics(top, CORES("1000000", "1000", "500000"));
        g_assert_cmpuint(core(top, 0)->cpu, ==, 3);
        g_assert_cmpstr(core(top, 0)->state, ==, "in-service");
        g_assert_cmpfloat(core(top, 0)->use, <, 0);
        take_metrics(top, CORES("3000000", "9000", "1500000"));
        g_assert_cmpfloat_with_epsilon(core(top, 0)->use, 0.5, 1e-9);
        g_assert_cmpfloat_with_epsilon(core(top, 0)->rate, 4000, 1e-6);
        /* Busier than time passed: clocks of two kinds. */
        take_metrics(top, CORES("3000001", "9000", "1600000"));
        g_assert_cmpfloat(core(top, 0)->use, ==, 1);
        /* Another process counts from 0 again. */
        take_metrics(top, CORES("4000000", "10", "100"));
        g_assert_cmpfloat(core(top, 0)->use, <, 0);
        take_metrics(top, CORES("100", "20", "200"));
        g_assert_cmpfloat(core(top, 0)->use, <, 0);
}

/* What another service, or a liar, may send. */
static void test_strange(void) {
        g_autoptr(PiTop) top = pi_top_new();

        take_metrics(top, "{'uptime_usec': <'long'>, 'cores': <5>}");
        take_metrics(top, "{'cores': <[{'cpu': <'three'>, 'terms': <-1>}, @a{sv} {}]>}");
        g_assert_cmpuint(top->cores->len, ==, 2);
        g_assert_cmpstr(core(top, 1)->state, ==, "");
        take_objects(top,
                     "{" JOB("1", "'Id': <'one'>, 'State': <7>, 'Progress': <1e300>") ","
                     JOB("2", "'State': <'a state of more than fifteen characters'>, "
                              "'Progress': <-4.0>, 'Label': <uint32 1>") "}", 1);
        g_assert_cmpuint(top->active->len, ==, 2);
        for (guint i = 0; i < 2; i++) {
                g_assert_cmpfloat(active(top, i)->share, >=, 0);
                g_assert_cmpfloat(active(top, i)->share, <=, 1);
                g_assert_cmpstr(active(top, i)->label, ==, "");
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/top/empty", test_empty);
        g_test_add_func("/ctl/top/order", test_order);
        g_test_add_func("/ctl/top/rate", test_rate);
        g_test_add_func("/ctl/top/back", test_back);
        g_test_add_func("/ctl/top/cores", test_cores);
        g_test_add_func("/ctl/top/strange", test_strange);
        return g_test_run();
}
