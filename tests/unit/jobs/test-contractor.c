/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/contractor.h"

#include "dbus/names.h"
#include "tests/unit/jobs/made.h"
#include "tests/unit/jobs/site.h"

#define PARTS 7

static PiJob *submit(Site *site) {
        g_autofree char *options = g_strdup_printf(
                "{'kernel': <'generic'>, 'engine': <'mpi'>, 'parts': <uint64 %d>}", PARTS);

        return node_submit(&site->node, NODE_TERMS, options);
}

static void assert_right(const PiJob *job) {
        g_autofree char *want = NULL;
        PiFixed sum;

        g_assert_no_error(job->error);
        g_assert_cmpint(job->state, ==, PI_JOB_DONE);
        pi_sum_range(&pi_kernel_generic, (PiRange) { 0, job->spec.terms }, &sum);
        want = pi_fixed_to_hex(&sum);
        g_assert_cmpstr(string_of(job->report, PI_REPORT_SUM_HEX), ==, want);
        g_assert_cmpstr(string_of(job->report, PI_REPORT_ENGINE), ==, "mpi");
}

static void assert_failed(const PiJob *job, const char *what) {
        g_assert_cmpint(job->state, ==, PI_JOB_FAILED);
        g_assert_error(job->error, PI_ERROR, PI_ERROR_ENGINE_FAILED);
        g_assert_nonnull(strstr(job->error->message, what));
}

/* Nobody has to wait for it: the time of the next launch has come, or that of patience is over. */
static void hurry(PiJob *job, PiEngineState state) {
        GSource *source;

        while (job->engine.state != state)
                g_main_context_iteration(NULL, TRUE);
        for (guint id = 1; id < 10000; id++) {
                source = g_main_context_find_source_by_id(NULL, id);
                if (source && g_source_get_ready_time(source) > 0)
                        g_source_set_ready_time(source, 0);
        }
}

static void wait_until_done(PiJob *job) {
        while (!pi_job_is_finished(job)) {
                if (job->engine.state == PI_ENGINE_WAITING)
                        hurry(job, PI_ENGINE_WAITING);
                g_main_context_iteration(NULL, TRUE);
        }
}

static GVariant *row_of(const PiJob *job, const char *id) {
        g_autoptr(GVariant) rows = g_variant_lookup_value(job->report, PI_REPORT_NODES, NULL);

        for (gsize i = 0; i < g_variant_n_children(rows); i++) {
                GVariant *row = g_variant_get_child_value(rows, i);

                if (g_str_equal(string_of(row, "id"), id))
                        return row;
                g_variant_unref(row);
        }
        return NULL;
}

static void test_done(void) {
        g_autoptr(GVariant) first = NULL, second = NULL;
        Site site;
        PiJob *job;

        site_start(&site, SITE_GOOD);
        job = submit(&site);
        g_assert_cmpint(job->engine.state, ==, PI_ENGINE_LAUNCHING);
        g_assert_cmpuint(job->slots, ==, 0);
        wait_until_done(job);
        assert_right(job);
        g_assert_cmpuint(site.ranges, ==, PARTS);
        g_assert_cmpint(job->engine.state, ==, PI_ENGINE_NONE);
        g_assert_cmpuint(u32_of(job->report, PI_REPORT_LAUNCHES), ==, 1);
        g_assert_cmpuint(u32_of(job->report, PI_REPORT_CPUS), ==, 5);
        g_assert_cmpuint(u64_of(job->report, PI_REPORT_CPU_USEC), ==, PARTS * 5000);
        first = row_of(job, "n1#0");
        second = row_of(job, "n2#1");
        g_assert_cmpuint(u64_of(first, "leases") + u64_of(second, "leases"), ==, PARTS);
        g_assert_cmpuint(u64_of(first, "terms") + u64_of(second, "terms"), ==, NODE_TERMS);
        g_assert_cmpstr(string_of(second, "name"), ==, "n2#1");
        g_assert_cmpuint(u32_of(second, "cpus"), ==, 3);
        site_stop(&site);
}

/* Each launch is for what is missing. */
static void test_again(void) {
        Site site;
        PiJob *job;

        site_start(&site, SITE_DIES, SITE_REFUSES, SITE_DIES, SITE_GOOD);
        job = submit(&site);
        wait_until_done(job);
        assert_right(job);
        g_assert_cmpuint(site.launches, ==, 4);
        g_assert_cmpuint(site.ranges, ==, PARTS - 2);
        g_assert_cmpuint(u32_of(job->report, PI_REPORT_LAUNCHES), ==, 4);
        site_stop(&site);
}

/* Nothing it told afterwards counts, and the next launch has the rest. */
static void test_wrong(void) {
        static const SiteMood moods[] = { SITE_LIES, SITE_STRAYS };

        for (gsize i = 0; i < G_N_ELEMENTS(moods); i++) {
                Site site;
                PiJob *job;

                site_start(&site, moods[i], SITE_GOOD);
                job = submit(&site);
                wait_until_done(job);
                assert_right(job);
                g_assert_cmpuint(site.launches, ==, 2);
                g_assert_cmpuint(site.ranges, ==, PARTS - 1);
                if (moods[i] == SITE_LIES) {
                        g_autoptr(GVariant) row = row_of(job, "n2#1");

                        g_assert_cmpuint(u64_of(row, "leases_wrong"), ==, 1);
                }
                site_stop(&site);
        }
}

static void test_faulty_rank(void) {
        g_autoptr(GVariant) row = NULL;
        Site site;
        PiJob *job;

        site_start(&site, SITE_FAULTY);
        job = submit(&site);
        wait_until_done(job);
        assert_right(job);
        row = row_of(job, "n2#1");
        g_assert_cmpuint(u64_of(row, "leases_wrong"), ==, 1);
        site_stop(&site);
}

/* One that brings nothing is tried again so often; a lie does not count as something. */
static void test_gives_up(void) {
        static const struct {
                SiteMood mood;
                guint launches;
                const char *what;
        } cases[] = {
                { SITE_REFUSES,  4, "in the last of 4 launches: no such partition; it never" },
                { SITE_LIES,     4, "rank 1 on n2 told a wrong sum of terms" },
                { SITE_STRAYS,   4, "which nobody had ordered" },
                { SITE_NEVER,    1, "no such partition" },
                { SITE_STRANGER, 1, "install the same version" },
                { SITE_NONE,     0, "no socket" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                Site site;
                PiJob *job;

                site_start(&site, cases[i].mood);
                job = submit(&site);
                wait_until_done(job);
                assert_failed(job, cases[i].what);
                g_assert_cmpuint(site.launches, ==, cases[i].launches);
                g_assert_cmpint(job->engine.state, ==, PI_ENGINE_NONE);
                site_stop(&site);
        }
}

/* The limits are of the settings; here they are over as soon as anybody looks. */
static void test_overdue(void) {
        static const struct {
                SiteMood mood;
                PiEngineState state;
                const char *what;
        } cases[] = {
                { SITE_MUTE,   PI_ENGINE_LAUNCHING, "while it was launching" },
                { SITE_QUEUED, PI_ENGINE_QUEUED,    "while it was queued" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                PiSettings *settings = pi_settings_new();
                Site site;
                PiJob *job;

                settings->engine_min_time_usec = 0;
                settings->engine_start_timeout_usec = 1;
                settings->engine_queue_timeout_usec = 1;
                settings->engine_restarts = 0;
                site_start(&site, cases[i].mood);
                pi_jobs_apply_settings(site.node.jobs, settings);
                job = submit(&site);
                if (cases[i].state == PI_ENGINE_QUEUED)
                        hurry(job, cases[i].state);
                while (!pi_job_is_finished(job))
                        g_main_context_iteration(NULL, TRUE);
                assert_failed(job, cases[i].what);
                site_stop(&site);
        }
}

static void test_cancel(void) {
        static const SiteMood moods[] = { SITE_MUTE, SITE_QUEUED, SITE_HANGS, SITE_REFUSES };
        static const PiEngineState states[] = { PI_ENGINE_LAUNCHING, PI_ENGINE_QUEUED,
                                                PI_ENGINE_RUNNING, PI_ENGINE_WAITING };

        for (gsize i = 0; i < G_N_ELEMENTS(moods); i++) {
                Site site;
                PiJob *job;

                site_start(&site, moods[i]);
                job = submit(&site);
                while (job->engine.state != states[i])
                        g_main_context_iteration(NULL, TRUE);
                pi_jobs_end(site.node.jobs, job, node_reason("seen enough"));
                node_wait(&site.node);
                g_assert_cmpint(job->state, ==, PI_JOB_CANCELLED);
                g_assert_cmpuint(site.launches, ==, 1);
                site_stop(&site);
        }
}

/* The second waits for the first to be over; jobs of this node do not wait for either. */
static void test_turns(void) {
        PiJob *first, *second, *local;
        Site site;

        site_start(&site, SITE_HANGS, SITE_GOOD);
        first = submit(&site);
        second = submit(&site);
        local = node_submit(&site.node, NODE_TERMS, "{'kernel': <'generic'>}");
        node_wait_for_state(local, PI_JOB_DONE);
        g_assert_cmpint(second->state, ==, PI_JOB_QUEUED);
        pi_jobs_end(site.node.jobs, first, node_reason("seen enough"));
        wait_until_done(second);
        assert_right(second);
        site_stop(&site);
}

/* What was told is in the checkpoint, and another service has the rest launched. */
static void test_suspended(void) {
        g_autofree char *directory = g_dir_make_tmp("pi-contractor-XXXXXX", NULL);
        g_autofree char *remove = g_strdup_printf("rm -r '%s'", directory);
        uint64_t id;
        Site site;
        PiJob *job;

        site_start(&site, SITE_HANGS);
        pi_jobs_open_store(site.node.jobs, directory);
        job = submit(&site);
        pi_jobs_record(site.node.jobs, job, NULL, NULL);
        id = job->id;
        while (pi_job_progress(job) == 0)
                g_main_context_iteration(NULL, TRUE);
        pi_jobs_shut_down(site.node.jobs);
        node_wait_for_count(&site.node, EVENT_SUSPENDED, 1);
        site_stop(&site);

        site_start(&site, SITE_GOOD);
        pi_jobs_open_store(site.node.jobs, directory);
        node_wait_for_count(&site.node, EVENT_RESUMED, 1);
        job = pi_jobs_find(site.node.jobs, id);
        wait_until_done(job);
        assert_right(job);
        g_assert_cmpuint(site.ranges, ==, PARTS - 1);
        g_assert_cmpuint(u32_of(job->report, PI_REPORT_RESUMES), ==, 1);
        site_stop(&site);
        g_assert_cmpint(system(remove), ==, 0);
}

static void assert_refused(Site *site, uint64_t terms, const char *options, const char *what) {
        g_autoptr(GError) error = NULL;

        g_assert_null(node_try_as(&site->node, NODE_USER, "", terms, options, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_nonnull(strstr(error->message, what));
}

static void test_refused(void) {
        PiSettings *settings = pi_settings_new(), *none = pi_settings_new();
        Site site;

        none->engine_jobs = 0;
        site_start(&site, SITE_GOOD);
        assert_refused(&site, 1000, "{'engine': <'ray'>}", "give \"local\" or \"mpi\"");
        assert_refused(&site, 1000, "{'engine': <'mpi'>, 'cpus': <uint32 1>}", "\"cpus\"");
        assert_refused(&site, 1000, "{'engine': <'mpi'>, 'kernel': <'reference'>}", "exact kernel");
        pi_jobs_apply_settings(site.node.jobs, settings);
        assert_refused(&site, 1000, "{'engine': <'mpi'>}", "less than 5 s (MinTime=");
        pi_jobs_apply_settings(site.node.jobs, none);
        assert_refused(&site, 1000, "{'engine': <'mpi'>}", "Jobs= is 0");
        g_assert_cmpuint(site.launches, ==, 0);
        site_stop(&site);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/contractor/done", test_done);
        g_test_add_func("/contractor/again", test_again);
        g_test_add_func("/contractor/wrong", test_wrong);
        g_test_add_func("/contractor/faulty-rank", test_faulty_rank);
        g_test_add_func("/contractor/gives-up", test_gives_up);
        g_test_add_func("/contractor/overdue", test_overdue);
        g_test_add_func("/contractor/cancel", test_cancel);
        g_test_add_func("/contractor/turns", test_turns);
        g_test_add_func("/contractor/suspended", test_suspended);
        g_test_add_func("/contractor/refused", test_refused);
        return g_test_run();
}
