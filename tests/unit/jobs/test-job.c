/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/jobs/made.h"

/* Said again, so that a slip in the table does not pass for the truth. */
static gboolean is_legal(PiJobState from, PiJobState to) {
        if (from == PI_JOB_QUEUED)
                return to == PI_JOB_RUNNING || to == PI_JOB_FAILED || to == PI_JOB_CANCELLED;
        if (from == PI_JOB_RUNNING)
                return to != PI_JOB_RUNNING && to < _PI_JOB_STATE_MAX;
        return FALSE;
}

static PiJob *job_in(PiJobState state) {
        PiJob *job = made_job(1, &pi_kernel_generic, 1000, 3, 1);

        if (state == PI_JOB_DONE)
                pi_job_set_state(job, PI_JOB_RUNNING);
        if (state != PI_JOB_QUEUED)
                pi_job_set_state(job, state);
        g_assert_cmpint(job->state, ==, state);
        return job;
}

static void test_legal_moves(void) {
        for (PiJobState from = 0; from < _PI_JOB_STATE_MAX; from++)
                for (PiJobState to = 0; to < _PI_JOB_STATE_MAX; to++) {
                        g_test_message("%s to %s", pi_job_state_to_string(from),
                                       pi_job_state_to_string(to));
                        g_assert_cmpint(pi_job_state_may_follow(from, to), ==, is_legal(from, to));
                }
        g_assert_false(pi_job_state_may_follow(PI_JOB_QUEUED, _PI_JOB_STATE_MAX));
        g_assert_false(pi_job_state_may_follow(_PI_JOB_STATE_MAX, PI_JOB_RUNNING));
}

static void test_setter(void) {
        for (PiJobState from = 0; from < _PI_JOB_STATE_MAX; from++)
                for (PiJobState to = 0; to <= _PI_JOB_STATE_MAX; to++) {
                        g_autoptr(PiJob) job = job_in(from);
                        uint64_t started = job->started_nsec, finished = job->finished_nsec;

                        if (is_legal(from, to)) {
                                pi_job_set_state(job, to);
                                g_assert_cmpint(job->state, ==, to);
                                continue;
                        }
                        g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL,
                                              "*pi_job_state_may_follow*");
                        pi_job_set_state(job, to);
                        g_test_assert_expected_messages();
                        g_assert_cmpint(job->state, ==, from);
                        g_assert_cmpuint(job->started_nsec, ==, started);
                        g_assert_cmpuint(job->finished_nsec, ==, finished);
                }
}

static void test_times(void) {
        for (PiJobState state = 0; state < _PI_JOB_STATE_MAX; state++) {
                g_autoptr(PiJob) job = job_in(state);
                gboolean started = state == PI_JOB_RUNNING || state == PI_JOB_DONE;
                gboolean finished = state >= PI_JOB_DONE;

                g_assert_cmpint(pi_job_is_finished(job), ==, finished);
                g_assert_cmpuint(job->created_usec, >, 0);
                g_assert_cmpuint(job->created_nsec, >, 0);
                g_assert_cmpint(job->started_usec > 0, ==, started);
                g_assert_cmpint(job->started_nsec > 0, ==, started);
                g_assert_cmpint(job->finished_usec > 0, ==, finished);
                g_assert_cmpint(job->finished_nsec > 0, ==, finished);
                if (started)
                        g_assert_cmpuint(job->started_nsec, >=, job->created_nsec);
                if (state == PI_JOB_DONE)
                        g_assert_cmpuint(job->finished_nsec, >=, job->started_nsec);
        }
}

/* Back into the queue and on again: the first start stays, the time with CPU slots adds up, and the
 * CPU time is charged once. */
static void test_made_room(void) {
        g_autoptr(PiJob) job = job_in(PI_JOB_QUEUED);
        uint64_t started_nsec, started_usec, active, submission;

        g_assert_cmpuint(pi_job_active_nsec(job), ==, 0);
        g_assert_cmpuint(pi_job_cpu_nsec(job), ==, 0);
        pi_job_set_state(job, PI_JOB_RUNNING);
        started_nsec = job->started_nsec;
        started_usec = job->started_usec;
        job->task = pi_task_new(job->spec.kernel, 1000, 3, 1);
        job->task->first_start_nsec = 5;
        job->task->share[0].cpu_nsec = 100;
        job->run_nsec -= 1000000;
        g_assert_cmpuint(pi_job_active_nsec(job), >=, 1000000);

        pi_job_set_state(job, PI_JOB_QUEUED);
        g_assert_false(pi_job_is_finished(job));
        active = job->active_nsec;
        submission = job->submission_usec;
        g_assert_cmpuint(active, >=, 1000000);
        g_assert_cmpuint(pi_job_active_nsec(job), ==, active);
        g_assert_cmpuint(submission, >, 0);
        g_assert_cmpuint(job->finished_usec, ==, 0);
        g_assert_cmpuint(pi_job_cpu_nsec(job), ==, 100);

        pi_job_set_state(job, PI_JOB_RUNNING);
        g_assert_cmpuint(job->started_nsec, ==, started_nsec);
        g_assert_cmpuint(job->started_usec, ==, started_usec);
        g_assert_cmpuint(job->run_nsec, >=, started_nsec);
        g_assert_cmpuint(job->charged_nsec, ==, 100);
        job->run_nsec -= 2000000;
        pi_job_set_state(job, PI_JOB_DONE);
        g_assert_cmpuint(job->active_nsec, >=, active + 2000000);
        g_assert_cmpuint(job->submission_usec, ==, submission);
}

/* From the request to the first lease; by the dates where the clock began anew in between. */
static void test_submission(void) {
        g_autoptr(PiJob) job = job_in(PI_JOB_RUNNING), resumed = job_in(PI_JOB_RUNNING),
                         idle = job_in(PI_JOB_RUNNING);

        job->task = pi_task_new(job->spec.kernel, 1000, 3, 1);
        job->created_nsec = 1000;
        job->task->created_nsec = 3000;
        job->task->first_start_nsec = 1;
        pi_job_set_state(job, PI_JOB_DONE);
        /* 2001 ns, rounded up. */
        g_assert_cmpuint(job->submission_usec, ==, 3);

        resumed->revived = TRUE;
        resumed->task = pi_task_new(job->spec.kernel, 1000, 3, 1);
        resumed->task->first_start_nsec = 1;
        resumed->created_usec = 1000;
        resumed->started_usec = 5000;
        pi_job_set_state(resumed, PI_JOB_DONE);
        g_assert_cmpuint(resumed->submission_usec, ==, 4000);

        idle->task = pi_task_new(job->spec.kernel, 1000, 3, 1);
        pi_job_set_state(idle, PI_JOB_CANCELLED);
        g_assert_cmpuint(idle->submission_usec, ==, 0);
}

static void test_attached(void) {
        PiJobSpec spec = {};
        g_autoptr(PiJob) attached = pi_job_new(1, 0, ":1.7", &spec);
        g_autoptr(PiJob) detached = pi_job_new(2, 0, "", &spec);

        g_assert_true(pi_job_is_attached(attached));
        g_assert_false(pi_job_is_attached(detached));
}

static void test_takes_the_spec(void) {
        PiJobSpec spec = { .terms = 9, .parts = 1, .cpus = 1, .label = g_strdup("mine") };
        g_autoptr(PiJob) job = pi_job_new(42, 1001, ":1.7", &spec);

        g_assert_null(spec.label);
        g_assert_cmpuint(spec.terms, ==, 0);
        g_assert_cmpuint(job->id, ==, 42);
        g_assert_cmpuint(job->owner, ==, 1001);
        g_assert_cmpstr(job->sender, ==, ":1.7");
        g_assert_cmpstr(job->spec.label, ==, "mine");
        g_assert_cmpint(job->state, ==, PI_JOB_QUEUED);
        g_assert_true(g_variant_is_of_type(job->report, G_VARIANT_TYPE_VARDICT));
        g_assert_cmpuint(g_variant_n_children(job->report), ==, 0);
        g_assert_null(job->error);
        pi_job_free(NULL);
}

/* From the task while there is one, then from what was left of it. */
static void test_progress_and_leases(void) {
        g_autoptr(PiJob) job = job_in(PI_JOB_RUNNING);

        g_assert_cmpfloat(pi_job_progress(job), ==, 0);
        g_assert_null(pi_job_leases(job));

        job->task = pi_task_new(job->spec.kernel, 1000, 3, 2);
        g_assert_cmpfloat(pi_job_progress(job), ==, 0);
        g_assert_true(pi_job_leases(job) == job->task->leases);
        job->task->share[0].terms = 200;
        job->task->share[1].terms = 50;
        g_assert_cmpfloat(pi_job_progress(job), ==, 0.25);

        job->leases = g_steal_pointer(&job->task->leases);
        g_clear_pointer(&job->task, pi_task_free);
        job->terms_done = 1000;
        g_assert_cmpfloat(pi_job_progress(job), ==, 1);
        g_assert_true(pi_job_leases(job) == job->leases);
}

static void test_names(void) {
        static const char *const names[] = { "queued", "running", "done", "failed", "cancelled" };

        G_STATIC_ASSERT(G_N_ELEMENTS(names) == _PI_JOB_STATE_MAX);
        for (PiJobState state = 0; state < _PI_JOB_STATE_MAX; state++)
                g_assert_cmpstr(pi_job_state_to_string(state), ==, names[state]);
        g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "*_PI_JOB_STATE_MAX*");
        g_assert_nonnull(pi_job_state_to_string(_PI_JOB_STATE_MAX));
        g_test_assert_expected_messages();
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/job/legal-moves", test_legal_moves);
        g_test_add_func("/job/setter", test_setter);
        g_test_add_func("/job/times", test_times);
        g_test_add_func("/job/made-room", test_made_room);
        g_test_add_func("/job/submission", test_submission);
        g_test_add_func("/job/attached", test_attached);
        g_test_add_func("/job/takes-the-spec", test_takes_the_spec);
        g_test_add_func("/job/progress-and-leases", test_progress_and_leases);
        g_test_add_func("/job/names", test_names);
        return g_test_run();
}
