/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one service leaves in its store, and what the next one makes of it. */
#include "daemon/jobs/saver.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "daemon/jobs/job-record.h"
#include "daemon/series/sum.h"
#include "dbus/names.h"
#include "tests/unit/jobs/made.h"
#include "tests/unit/jobs/node.h"
#include "tests/unit/store/sample.h"

#define WORKERS 2
#define PARTS 8
#define TERMS (40 * NODE_TERMS)
#define DIRECTORY_VARIABLE "PI_TEST_SAVER_DIRECTORY"

/* A checkpoint at every tick. */
static PiSettings *often(void) {
        PiSettings *settings = pi_settings_new();

        settings->checkpoint_interval_usec = 1000;
        return settings;
}

/* A life of the service begins, with the gate closed. */
static void live(Node *node, const char *dir) {
        node_start_with(node, WORKERS, often());
        gate_close(&gate);
        pi_jobs_open_store(node->jobs, dir);
}

/* It ends in order. */
static void shut_down(Node *node) {
        pi_jobs_shut_down(node->jobs);
        node_stop(node);
}

/* It ends without a word: what it has not put into the store is lost. */
static void drop(Node *node) {
        gate_open(&gate);
        pi_pool_free(g_steal_pointer(&node->pool));
        pi_jobs_free(node->jobs);
        while (g_main_context_iteration(NULL, FALSE))
                ;
        g_array_unref(node->events);
}

static void on_recorded(const GError *error, gpointer userdata) {
        g_assert_no_error(error);
        *(gboolean *) userdata = TRUE;
}

static PiJob *submit(Node *node, uint64_t terms, const char *more) {
        g_autofree char *options = g_strdup_printf("{'parts': <uint64 %d>%s}", PARTS, more);
        PiJob *job = node_submit(node, terms, options);
        gboolean recorded = FALSE;

        pi_jobs_record(node->jobs, job, on_recorded, &recorded);
        while (!recorded)
                g_main_context_iteration(NULL, TRUE);
        return job;
}

static PiJob *submit_attached(Node *node, uint64_t terms) {
        PiJob *job = node_try_as(node, NODE_USER, ":1.5", terms, "{'cpus': <uint32 1>}", NULL);

        g_assert_nonnull(job);
        return job;
}

static uint64_t checkpoints(Node *node) {
        PiStoreFigures figures;

        pi_store_figures(pi_jobs_store(node->jobs), &figures);
        return figures.checkpoints;
}

/* Until everything as of now is in a checkpoint. */
static void wait_for_checkpoint(Node *node) {
        uint64_t goal = checkpoints(node) + 2;

        while (checkpoints(node) < goal)
                g_main_context_iteration(NULL, TRUE);
}

/* Lets the workers get on a little, and tells how far the job is: as far as its checkpoint. */
static uint64_t advance(Node *node, const PiJob *job) {
        uint64_t before = pi_task_terms_done(job->task), terms;

        gate_allow(&gate, 100);
        gate_wait_for(&gate, WORKERS);
        wait_for_checkpoint(node);
        terms = pi_task_terms_done(job->task);
        g_assert_cmpuint(terms, >, before);
        g_assert_cmpuint(terms, <, job->spec.terms);
        return terms;
}

static PiJob *resumed_job(Node *node) {
        g_assert_cmpuint(node->count[EVENT_ADDED], ==, 1);
        g_assert_cmpuint(node->count[EVENT_RESUMED], ==, 1);
        g_assert_cmpuint(node->discarded, ==, 0);
        return pi_jobs_list(node->jobs)->data;
}

static void assert_right(const PiJob *job) {
        g_autofree char *hex = NULL;
        PiFixed sum;

        g_assert_no_error(job->error);
        g_assert_cmpint(job->state, ==, PI_JOB_DONE);
        pi_sum_range(&pi_kernel_generic, (PiRange) { 0, job->spec.terms }, &sum);
        hex = pi_fixed_to_hex(&sum);
        g_assert_cmpstr(string_of(job->report, PI_REPORT_SUM_HEX), ==, hex);
        g_assert_cmpuint(u32_of(job->report, PI_REPORT_RESUMES), ==, job->resumes);
        g_assert_cmpuint(u64_of(job->report, PI_REPORT_RESUMED_TERMS), ==, job->resumed_terms);
}

static void finish(Node *node, const PiJob *job) {
        gate_open(&gate);
        node_wait(node);
        assert_right(job);
}

/* Over and over, in either way: nothing that was in a checkpoint is computed again. */
static void test_resumed(void) {
        enum { LIVES = 4 };
        g_autofree char *dir = sample_directory();
        Node node;
        PiJob *job;

        live(&node, dir);
        job = submit(&node, TERMS, ", 'label': <'phoenix'>");
        for (unsigned life = 1; life <= LIVES; life++) {
                uint64_t terms = advance(&node, job);
                uint64_t created = job->created_usec, started = job->started_usec;
                uint64_t active = pi_job_active_nsec(job);

                if (life % 2)
                        drop(&node);
                else
                        shut_down(&node);

                live(&node, dir);
                job = resumed_job(&node);
                g_assert_cmpuint(job->id, ==, 1);
                g_assert_cmpstr(job->spec.label, ==, "phoenix");
                g_assert_cmpuint(job->resumes, ==, life);
                if (life % 2)
                        g_assert_cmpuint(job->resumed_terms, ==, terms);
                else /* It went on to the end of a stretch. */
                        g_assert_cmpuint(job->resumed_terms, >=, terms);
                g_assert_cmpuint(job->created_usec, ==, created);
                g_assert_cmpuint(job->started_usec, ==, started);
                g_assert_cmpuint(job->active_nsec, >, 0);
                if (life % 2 == 0)
                        g_assert_cmpuint(job->active_nsec, >=, active / 1000 * 1000);
                g_assert_cmpint(job->state, ==, PI_JOB_RUNNING);
        }
        finish(&node, job);
        g_assert_cmpuint(job->resumes, ==, LIVES);
        g_assert_cmpuint(u64_of(job->report, PI_REPORT_LEASES_RETRIED), ==, 0);
        shut_down(&node);

        /* And is not resumed once more. */
        live(&node, dir);
        g_assert_null(pi_jobs_list(node.jobs));
        shut_down(&node);
        sample_remove(dir);
}

/* In a process of its own, which ends for good. */
static void test_killed_subprocess(void) {
        Node node;
        PiJob *job;

        live(&node, g_getenv(DIRECTORY_VARIABLE));
        job = submit(&node, TERMS, "");
        g_print("at %" G_GUINT64_FORMAT " terms\n", advance(&node, job));
        fflush(stdout);
        kill(getpid(), SIGKILL);
}

static void test_killed(void) {
        const char *dir = g_getenv(DIRECTORY_VARIABLE);
        Node node;
        PiJob *job;

        g_test_trap_subprocess("/saver/killed/subprocess", 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
        g_test_trap_assert_failed();
        g_test_trap_assert_stdout("*at * terms*");
        live(&node, dir);
        job = resumed_job(&node);
        g_assert_cmpuint(job->resumes, ==, 1);
        g_assert_cmpuint(job->resumed_terms, >, 0);
        finish(&node, job);
        /* Nothing says how many numbers it had given. */
        g_assert_cmpuint(submit(&node, 1000, "")->id, >, job->id);
        shut_down(&node);
}

/* Who waits for a job whose service is gone finds it in the history. */
static void test_lost(void) {
        g_autofree char *dir = sample_directory();
        g_autoptr(GPtrArray) history = NULL;
        const PiJobRecord *lost;
        PiJob *done;
        Node node;

        live(&node, dir);
        gate_open(&gate);
        done = submit_attached(&node, NODE_TERMS);
        node_wait_for_state(done, PI_JOB_DONE);
        gate_close(&gate);
        submit_attached(&node, NODE_TERMS);
        /* It is put on record when it takes longer. */
        node_wait_for_count(&node, EVENT_PROGRESS, node.count[EVENT_PROGRESS] + 3);
        drop(&node);

        live(&node, dir);
        g_assert_cmpuint(node.lost, ==, 1);
        g_assert_null(pi_jobs_list(node.jobs));
        history = node_history(&node, 10);
        g_assert_cmpuint(history->len, ==, 2);
        lost = history->pdata[0];
        g_assert_cmpuint(lost->id, ==, 2);
        g_assert_cmpstr(lost->state, ==, "failed");
        g_assert_cmpstr(lost->error_name, ==, "org.picompute1.Error.NodeLost");
        shut_down(&node);

        /* Told once. */
        live(&node, dir);
        g_assert_cmpuint(node.lost, ==, 0);
        shut_down(&node);
        sample_remove(dir);
}

/* An orderly end tells who waits, and keeps the rest: what ran and what waited. */
static void test_shut_down(void) {
        g_autofree char *dir = sample_directory();
        g_autoptr(PiJobRecord) record = NULL;
        PiJob *running, *queued, *attached;
        Node node;

        live(&node, dir);
        running = submit(&node, TERMS, ", 'cpus': <uint32 2>");
        queued = submit(&node, NODE_TERMS, "");
        attached = submit_attached(&node, NODE_TERMS);
        g_assert_true(running->leaving); /* for the one somebody waits for */
        pi_jobs_shut_down(node.jobs);
        g_assert_error(attached->error, PI_ERROR, PI_ERROR_SHUTTING_DOWN);
        g_assert_cmpint(attached->state, ==, PI_JOB_FAILED);
        g_assert_error(queued->error, PI_ERROR, PI_ERROR_SHUTTING_DOWN);
        g_assert_nonnull(strstr(queued->error->message, "goes on when the service is up again"));
        g_assert_cmpint(queued->state, ==, PI_JOB_QUEUED);
        gate_open(&gate);
        node_wait(&node);
        g_assert_error(running->error, PI_ERROR, PI_ERROR_SHUTTING_DOWN);
        g_assert_cmpuint(node.count[EVENT_SUSPENDED], ==, 2);
        node_stop(&node);

        live(&node, dir);
        g_assert_cmpuint(node.count[EVENT_RESUMED], ==, 2);
        g_assert_cmpuint(node.lost, ==, 0);
        running = pi_jobs_find(node.jobs, 1);
        queued = pi_jobs_find(node.jobs, 2);
        g_assert_cmpint(running->state, ==, PI_JOB_RUNNING);
        g_assert_cmpint(queued->state, ==, PI_JOB_QUEUED);
        g_assert_cmpuint(queued->resumed_terms, ==, 0);
        record = node_find_record(&node, 3);
        g_assert_cmpstr(record->error_name, ==, "org.picompute1.Error.ShuttingDown");
        finish(&node, running);
        assert_right(queued);
        g_assert_cmpint(node_moment(&node, 2, PI_JOB_RUNNING), >,
                        node_moment(&node, 1, PI_JOB_DONE));
        shut_down(&node);
        sample_remove(dir);
}

typedef struct Keeper {
        PiStore *store;
        PiStoreHooks hooks;
        GPtrArray *checkpoints;
} Keeper;

static void take_contents(PiStoreContents *contents, gpointer userdata) {
        ((Keeper *) userdata)->checkpoints = g_steal_pointer(&contents->checkpoints);
}

static void told(const GError *error, gpointer userdata) {
        g_assert_no_error(error);
}

/* The store between two lives. */
static void keeper_open(Keeper *k, const char *dir) {
        static const PiRetention retention = { .jobs = 1000, .sweeps = 1 };

        *k = (Keeper) { .hooks = { take_contents, told, told, k } };
        k->store = pi_store_new(dir, &retention, &k->hooks);
}

static void keeper_close(Keeper *k) {
        pi_store_free(k->store);
        g_clear_pointer(&k->checkpoints, g_ptr_array_unref);
}

/* Its sum has another bit, or it was made with other numerics. */
static void test_bad_checkpoint(void) {
        for (unsigned sum = 0; sum <= 1; sum++) {
                g_autofree char *dir = sample_directory();
                PiCheckpoint *c;
                Keeper keeper;
                Node node;
                PiJob *job;

                live(&node, dir);
                advance(&node, submit(&node, TERMS, ""));
                drop(&node);

                keeper_open(&keeper, dir);
                g_assert_cmpuint(keeper.checkpoints->len, ==, 1);
                c = keeper.checkpoints->pdata[0];
                keeper.checkpoints->pdata[0] = NULL;
                if (sum)
                        c->snapshot->partial[0].sum.limb[2] ^= 1;
                else
                        c->numerics++;
                pi_store_put_checkpoint(keeper.store, c);
                keeper_close(&keeper);

                live(&node, dir);
                g_assert_cmpuint(node.count[EVENT_RESUMED], ==, 1);
                g_assert_cmpuint(node.discarded, ==, 1);
                job = pi_jobs_find(node.jobs, 1);
                g_assert_cmpuint(job->resumes, ==, 1);
                g_assert_cmpuint(job->resumed_terms, ==, 0);
                finish(&node, job);
                shut_down(&node);
                sample_remove(dir);
        }
}

static uint64_t now_usec(void) {
        return (uint64_t) g_get_real_time();
}

/* A job that an earlier service had taken in. */
static void put_job(Keeper *k, uint64_t id, uint64_t created, uint64_t deadline, uint64_t parts) {
        PiJobRecord *r = sample_job(id, "queued");

        sample_set(&r->kernel, node_kernel.name);
        r->parts = parts;
        r->created_usec = created;
        r->deadline_usec = deadline;
        r->numerics = PI_NUMERICS_VERSION;
        pi_store_put_job(k->store, r, NULL, NULL);
}

static int64_t left_until_deadline(const PiJob *job) {
        return g_source_get_ready_time(g_main_context_find_source_by_id(NULL, job->deadline)) -
               g_get_monotonic_time();
}

/* The time the service was away counts. */
static void test_deadline(void) {
        const uint64_t second = 1000000, hour = 3600 * second, now = now_usec();
        g_autofree char *dir = sample_directory();
        g_autoptr(PiJobRecord) record = NULL;
        Keeper keeper;
        PiJob *late;
        Node node;

        keeper_open(&keeper, dir);
        put_job(&keeper, 1, now - hour, 10 * hour, PARTS);
        put_job(&keeper, 2, now - hour, hour - second, PARTS);
        put_job(&keeper, 3, now + 10 * hour, hour, PARTS); /* the clock was set back */
        put_job(&keeper, 4, now - hour, 0, PARTS);
        keeper_close(&keeper);
        live(&node, dir);
        g_assert_cmpuint(node.count[EVENT_RESUMED], ==, 4);
        late = pi_jobs_find(node.jobs, 2);
        node_wait_for_state(late, PI_JOB_FAILED);
        g_assert_error(late->error, PI_ERROR, PI_ERROR_DEADLINE_EXCEEDED);
        g_assert_cmpint(left_until_deadline(pi_jobs_find(node.jobs, 1)), <=, 9 * hour + second);
        g_assert_cmpint(left_until_deadline(pi_jobs_find(node.jobs, 3)), <=, hour + second);
        g_assert_cmpuint(pi_jobs_find(node.jobs, 4)->deadline, ==, 0);
        gate_open(&gate);
        node_wait(&node);
        assert_right(pi_jobs_find(node.jobs, 1));
        assert_right(pi_jobs_find(node.jobs, 3));
        record = node_find_record(&node, 2);
        g_assert_cmpstr(record->error_name, ==, "org.picompute1.Error.DeadlineExceeded");
        shut_down(&node);
        sample_remove(dir);
}

/* A row that is no job is given up, and not met again. */
static void test_unsound(void) {
        g_autofree char *dir = sample_directory();
        g_autoptr(GPtrArray) history = NULL;
        Keeper keeper;
        Node node;

        keeper_open(&keeper, dir);
        put_job(&keeper, 1, now_usec(), 0, 0);
        put_job(&keeper, 2, now_usec(), 0, PARTS);
        keeper_close(&keeper);
        live(&node, dir);
        g_assert_cmpuint(node.lost, ==, 1);
        finish(&node, resumed_job(&node));
        history = node_history(&node, 10);
        g_assert_cmpuint(history->len, ==, 2);
        shut_down(&node);
        live(&node, dir);
        g_assert_cmpuint(node.lost, ==, 0);
        shut_down(&node);
        sample_remove(dir);
}

/* Those that were resumed count, and the limits do not turn them away. */
static void test_quota(void) {
        g_autofree char *dir = sample_directory();
        PiSettings *settings = often();
        g_autoptr(GError) error = NULL;
        Keeper keeper;
        Node node;

        keeper_open(&keeper, dir);
        for (uint64_t id = 1; id <= 3; id++)
                put_job(&keeper, id, now_usec(), 0, PARTS);
        keeper_close(&keeper);
        settings->jobs_per_user = 2;
        node_start_with(&node, WORKERS, settings);
        gate_close(&gate);
        pi_jobs_open_store(node.jobs, dir);
        g_assert_cmpuint(node.count[EVENT_RESUMED], ==, 3);
        g_assert_null(node_try(&node, NODE_USER, 1000, "{}", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_QUOTA_EXCEEDED);
        gate_open(&gate);
        node_wait(&node);
        node_submit(&node, 1000, "{}");
        shut_down(&node);
        sample_remove(dir);
}

static void test_ids_and_history(void) {
        g_autofree char *dir = sample_directory();
        g_autoptr(GPtrArray) history = NULL;
        g_autoptr(GVariant) report = NULL;
        const PiJobRecord *record;
        uint64_t finished;
        PiJob *job;
        Node node;

        live(&node, dir);
        gate_open(&gate);
        for (uint64_t id = 1; id <= 3; id++) {
                job = node_submit(&node, NODE_TERMS, "{}");
                g_assert_cmpuint(job->id, ==, id);
                node_wait(&node);
        }
        report = g_variant_ref(job->report);
        finished = job->finished_usec;
        shut_down(&node);

        live(&node, dir);
        gate_open(&gate);
        history = node_history(&node, 2);
        g_assert_cmpuint(history->len, ==, 2);
        record = history->pdata[0];
        g_assert_cmpuint(record->id, ==, 3);
        g_assert_cmpstr(record->state, ==, "done");
        g_assert_cmpuint(record->finished_usec, ==, finished);
        g_assert_cmpvariant(record->report, report);
        g_assert_cmpuint(node_submit(&node, NODE_TERMS, "{}")->id, ==, 4);
        shut_down(&node);
        sample_remove(dir);
}

/* Settings that were applied count for what is kept, too. */
static void test_retention(void) {
        g_autofree char *dir = sample_directory();
        PiSettings *settings = often();
        Node node;

        settings->history_jobs = 2;
        live(&node, dir);
        gate_open(&gate);
        for (unsigned i = 0; i < 5; i++)
                node_submit(&node, 1000, "{}");
        node_wait(&node);
        pi_jobs_apply_settings(node.jobs, settings);
        for (guint n = 5; n > 2;) {
                g_autoptr(GPtrArray) history = node_history(&node, 10);
                n = history->len;
                g_assert_cmpuint(n, >=, 2);
        }
        shut_down(&node);
        sample_remove(dir);
}

/* A disk that comes late: what is on it goes on beside what came meanwhile. */
static void test_opened_late(void) {
        g_autofree char *top = sample_directory();
        g_autofree char *dir = g_build_filename(top, "state", NULL);
        g_autofree char *away = g_build_filename(top, "away", NULL);
        g_autoptr(PiJobRecord) record = NULL, lost = NULL;
        PiJobRecord *attached = sample_job(2, "running");
        PiJob *meanwhile;
        Keeper keeper;
        Node node;

        attached->attached = TRUE;
        keeper_open(&keeper, dir);
        put_job(&keeper, 1, now_usec(), 0, PARTS);
        pi_store_put_job(keeper.store, attached, NULL, NULL);
        keeper_close(&keeper);
        g_assert_cmpint(g_rename(dir, away), ==, 0);
        g_assert_true(g_file_set_contents(dir, "in the way", -1, NULL));
        live(&node, dir);
        g_assert_cmpuint(node.count[EVENT_RESUMED], ==, 0);
        while (!node.store.degraded)
                g_main_context_iteration(NULL, TRUE);
        gate_open(&gate);
        meanwhile = node_submit(&node, NODE_TERMS, "{}");
        node_wait(&node);
        g_assert_cmpuint(meanwhile->id, >, 1000000);

        g_assert_cmpint(g_unlink(dir), ==, 0);
        g_assert_cmpint(g_rename(away, dir), ==, 0);
        while (node.store.degraded)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpuint(node.store.changes, ==, 2);
        node_wait_for_count(&node, EVENT_RESUMED, 1);
        g_assert_cmpuint(node.lost, ==, 1);
        finish(&node, pi_jobs_find(node.jobs, 1));
        record = node_find_record(&node, meanwhile->id);
        g_assert_cmpstr(record->state, ==, "done");
        lost = node_find_record(&node, 2);
        g_assert_cmpstr(lost->error_name, ==, "org.picompute1.Error.NodeLost");
        shut_down(&node);
        sample_remove(top);
}

int main(int argc, char **argv) {
        g_autofree char *dir = NULL;
        int status;

        g_test_init(&argc, &argv, NULL);
        /* Before there is a thread. */
        if (!g_test_subprocess()) {
                dir = sample_directory();
                g_setenv(DIRECTORY_VARIABLE, dir, TRUE);
        }
        g_test_add_func("/saver/resumed", test_resumed);
        g_test_add_func("/saver/killed", test_killed);
        g_test_add_func("/saver/killed/subprocess", test_killed_subprocess);
        g_test_add_func("/saver/lost", test_lost);
        g_test_add_func("/saver/shut-down", test_shut_down);
        g_test_add_func("/saver/bad-checkpoint", test_bad_checkpoint);
        g_test_add_func("/saver/deadline", test_deadline);
        g_test_add_func("/saver/unsound", test_unsound);
        g_test_add_func("/saver/quota", test_quota);
        g_test_add_func("/saver/ids-and-history", test_ids_and_history);
        g_test_add_func("/saver/retention", test_retention);
        g_test_add_func("/saver/opened-late", test_opened_late);
        status = g_test_run();
        if (dir)
                sample_remove(dir);
        return status;
}
