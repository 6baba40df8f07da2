/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has to leave the CPU slots, when, and what becomes of it. */
#include "daemon/jobs/scheduler.h"

#include "dbus/names.h"
#include "tests/unit/jobs/crowd.h"
#include "tests/unit/jobs/made.h"

static void test_time_slice(void) {
        PiJob *endless, *other;
        Node node;

        node_start_with(&node, 1, long_slices());
        endless = submit(&node, (Wish) { USER_A });
        other = submit_short(&node, USER_B, FALSE);
        let_ticks_pass(&node);
        g_assert_cmpint(other->state, ==, PI_JOB_QUEUED);
        g_assert_cmpuint(times_preempted(&node, endless), ==, 0);

        pi_jobs_apply_settings(node.jobs, short_slices());
        node_wait_for_state(other, PI_JOB_DONE);
        g_assert_cmpuint(times_preempted(&node, endless), >, 0);
        node_wait_for_state(endless, PI_JOB_RUNNING);
        g_assert_cmpfloat(pi_job_progress(endless), >, 0);
        end_all(&node);
        node_stop(&node);
}

/* The slots are the user's who has had less, as long as he has. */
static void test_not_to_who_had_more(void) {
        PiJob *a, *b;
        Node node;

        node_start_with(&node, 1, short_slices());
        b = submit(&node, (Wish) { USER_B });
        while (pi_job_cpu_nsec(b) < 50000000)
                g_main_context_iteration(NULL, TRUE);
        end(&node, b);
        node_wait(&node);
        a = submit(&node, (Wish) { USER_A, .gated = TRUE });
        gate_close(&gate);
        b = submit_short(&node, USER_B, FALSE);
        /* Held at the gate, it uses no more. */
        gate_wait_for(&gate, 1);
        let_ticks_pass(&node);
        g_assert_cmpint(b->state, ==, PI_JOB_QUEUED);
        g_assert_false(a->leaving);
        end_all(&node);
        node_stop(&node);
}

static void test_higher_priority_at_once(void) {
        PiJob *endless, *urgent;
        Node node;

        for (uid_t user = ROOT; user <= USER_A; user += USER_A) {
                PiSettings *settings = long_slices();

                settings->priority_max = 100;
                node_start_with(&node, 1, settings);
                endless = submit(&node, (Wish) { USER_A });
                urgent = submit(&node, (Wish) { user, .terms = NODE_TERMS, .priority = 1 });
                g_assert_cmpint(endless->state, ==, PI_JOB_RUNNING);
                g_assert_true(endless->leaving);
                node_wait_for_state(urgent, PI_JOB_DONE);
                g_assert_cmpuint(times_preempted(&node, endless), ==, 1);
                node_wait_for_state(endless, PI_JOB_RUNNING);
                g_assert_false(endless->leaving);
                end_all(&node);
                node_stop(&node);
        }
}

static void test_not_for_lower_priority(void) {
        PiJob *endless, *idle;
        Node node;

        node_start_with(&node, 1, short_slices());
        endless = submit(&node, (Wish) { USER_A });
        idle = submit(&node, (Wish) { USER_B, .terms = NODE_TERMS, .priority = -1 });
        let_ticks_pass(&node);
        g_assert_cmpint(idle->state, ==, PI_JOB_QUEUED);
        g_assert_cmpuint(times_preempted(&node, endless), ==, 0);
        end(&node, endless);
        node_wait_for_state(idle, PI_JOB_DONE);
        node_stop(&node);
}

/* Somebody waits: his own job in the background makes room at once. Not the other way round, and
 * not for one of the same kind. */
static void test_within_a_user(void) {
        PiJob *background, *waited_for, *another;
        Node node;

        node_start_with(&node, 1, long_slices());
        background = submit(&node, (Wish) { USER_A });
        waited_for = submit_short(&node, USER_A, TRUE);
        node_wait_for_state(waited_for, PI_JOB_DONE);
        g_assert_cmpuint(times_preempted(&node, background), ==, 1);
        end_all(&node);
        node_stop(&node);

        for (unsigned attached = 0; attached <= 1; attached++) {
                node_start_with(&node, 1, short_slices());
                waited_for = submit(&node, (Wish) { USER_A, attached });
                another = submit_short(&node, USER_A, attached);
                background = submit_short(&node, USER_A, FALSE);
                let_ticks_pass(&node);
                g_assert_cmpint(waited_for->state, ==, PI_JOB_RUNNING);
                g_assert_cmpint(another->state, ==, PI_JOB_QUEUED);
                g_assert_cmpint(background->state, ==, PI_JOB_QUEUED);
                g_assert_cmpuint(node.count[EVENT_PREEMPTED], ==, 0);
                end_all(&node);
                node_stop(&node);
        }
}

/* Who has all the slots a user may have can still wait for a job, in place of his own background
 * job and of nobody else's. */
static void test_within_cpus_per_user(void) {
        PiSettings *settings = long_slices();
        PiJob *background, *waited_for, *other;
        Node node;

        settings->cpus_per_user = 1;
        node_start_with(&node, 3, settings);
        other = submit(&node, (Wish) { USER_B });
        background = submit(&node, (Wish) { USER_A });
        g_assert_cmpint(background->state, ==, PI_JOB_RUNNING);
        g_assert_cmpuint(pi_pool_idle(node.pool), ==, 1);
        waited_for = submit_short(&node, USER_A, TRUE);
        g_assert_cmpint(waited_for->state, ==, PI_JOB_QUEUED);
        g_assert_true(background->leaving);
        node_wait_for_state(waited_for, PI_JOB_DONE);
        node_wait_for_state(background, PI_JOB_RUNNING);
        g_assert_cmpuint(times_preempted(&node, background), ==, 1);
        g_assert_cmpuint(times_preempted(&node, other), ==, 0);
        /* And not for one that he does not wait for. */
        waited_for = submit_short(&node, USER_A, FALSE);
        let_ticks_pass(&node);
        g_assert_cmpint(waited_for->state, ==, PI_JOB_QUEUED);
        g_assert_false(background->leaving);
        end_all(&node);
        node_stop(&node);
}

/* Several leave for one, all of them at once. */
static void test_room_of_several(void) {
        PiJob *small[3], *wide;
        Node node;

        node_start_with(&node, 3, long_slices());
        for (gsize i = 0; i < G_N_ELEMENTS(small); i++)
                small[i] = submit(&node, (Wish) { USER_A });
        wide = submit(&node, (Wish) { ROOT, .terms = 3 * NODE_TERMS, .cpus = 3, .priority = 1 });
        for (gsize i = 0; i < G_N_ELEMENTS(small); i++)
                g_assert_true(small[i]->leaving);
        node_wait_for_state(wide, PI_JOB_DONE);
        g_assert_cmpuint(wide->slots, ==, 3);
        for (gsize i = 0; i < G_N_ELEMENTS(small); i++) {
                g_assert_cmpuint(times_preempted(&node, small[i]), ==, 1);
                node_wait_for_state(small[i], PI_JOB_RUNNING);
        }
        end_all(&node);
        node_stop(&node);
}

/* No more leave than it takes, the youngest of the least priority first; none where all that may
 * leave would not do. */
static void test_no_more_than_needed(void) {
        PiJob *weak, *old, *young, *wide;
        Node node;

        node_start_with(&node, 3, long_slices());
        old = submit(&node, (Wish) { USER_A });
        weak = submit(&node, (Wish) { USER_A, .priority = -5 });
        young = submit(&node, (Wish) { USER_A });
        wide = submit(&node, (Wish) { ROOT, .terms = NODE_TERMS, .cpus = 2, .priority = 1 });
        g_assert_true(weak->leaving);
        g_assert_true(young->leaving);
        g_assert_false(old->leaving);
        node_wait_for_state(wide, PI_JOB_DONE);
        g_assert_cmpuint(times_preempted(&node, old), ==, 0);

        node_wait_for_state(weak, PI_JOB_RUNNING);
        wide = submit(&node, (Wish) { ROOT, .terms = NODE_TERMS, .cpus = 3, .priority = -1 });
        let_ticks_pass(&node);
        g_assert_cmpint(wide->state, ==, PI_JOB_QUEUED);
        g_assert_false(weak->leaving);
        g_assert_cmpuint(times_preempted(&node, weak), ==, 1);
        end_all(&node);
        node_stop(&node);
}

/* Who is on the way out counts as room: for one slot one leaves, however often it is looked at. */
static void test_leaving_counts(void) {
        PiJob *small[2], *urgent;
        Node node;

        node_start_with(&node, 2, long_slices());
        gate_close(&gate);
        for (gsize i = 0; i < G_N_ELEMENTS(small); i++)
                small[i] = submit(&node, (Wish) { USER_A, .gated = TRUE });
        gate_wait_for(&gate, 2);
        urgent = submit(&node, (Wish) { ROOT, .terms = NODE_TERMS, .priority = 1 });
        let_ticks_pass(&node);
        g_assert_false(small[0]->leaving);
        g_assert_true(small[1]->leaving);
        gate_open(&gate);
        node_wait_for_state(urgent, PI_JOB_DONE);
        g_assert_cmpuint(times_preempted(&node, small[0]), ==, 0);
        g_assert_cmpuint(times_preempted(&node, small[1]), ==, 1);
        end_all(&node);
        node_stop(&node);
}

static PiCoreState state_of(const Node *node, uint32_t cpu) {
        return pi_pool_core_state(node->pool, NODE_CPU + cpu);
}

/* While it is open who was wrong in it, a job stays where it is, whoever comes. */
static void test_judged_stays(void) {
        PiJob *failing, *busy, *urgent;
        Node node;

        node_start_with(&node, 2, long_slices());
        gate_close(&gate);
        failing = submit(&node, (Wish) { USER_A, .terms = NODE_TERMS, .gated = TRUE });
        gate_wait_for(&gate, 1);
        busy = submit(&node, (Wish) { USER_A, .terms = 50 * NODE_TERMS, .gated = TRUE });
        gate_wait_for(&gate, 2);
        pi_pool_inject(node.pool, NODE_CPU,
                       &(PiFaultOrder) { .kind = PI_FAULT_FLIP, .bit = 45, .count = 2 });
        while (state_of(&node, 0) != PI_CORE_SUSPECT) {
                gate_allow(&gate, 2);
                while (g_main_context_iteration(NULL, FALSE))
                        ;
                g_usleep(500);
        }
        urgent = submit(&node, (Wish) { ROOT, .terms = NODE_TERMS, .cpus = 2, .priority = 1 });
        let_ticks_pass(&node);
        g_assert_false(failing->leaving);
        g_assert_false(busy->leaving);
        end(&node, urgent);

        urgent = submit(&node, (Wish) { ROOT, .terms = NODE_TERMS, .priority = 1 });
        g_assert_false(failing->leaving);
        g_assert_true(busy->leaving);
        gate_open(&gate);
        node_wait(&node);
        g_assert_no_error(failing->error);
        g_assert_no_error(busy->error);
        g_assert_no_error(urgent->error);
        g_assert_cmpint(failing->verdict, ==, PI_VERDICT_CORE);
        g_assert_cmpuint(times_preempted(&node, failing), ==, 0);
        node_stop(&node);
}

/* Over and over, each time after so many calls of the kernel: more than the stretches of all
 * workers have, and few enough that the job is not done before. */
#define TURNS 5
#define TERMS (40 * NODE_TERMS)

static const struct {
        uint64_t parts;
        uint32_t workers;
        uint64_t calls;
} shapes[] = {
        { 1, 1, 40 },
        { 7, 2, 40 },
        { 100000, 2, 6000 },
};

/* Each time it leaves, it is queued and told of; it never loses what it had. */
static void assert_story(const Node *node, const PiJob *job) {
        double progress = 0;

        for (guint i = 0; i < node->events->len; i++) {
                const Event *e = &g_array_index(node->events, Event, i), *before = e - 1;

                if (e->id != job->id)
                        continue;
                g_assert_cmpfloat(e->progress, >=, progress);
                progress = e->progress;
                if (e->kind != EVENT_PREEMPTED)
                        continue;
                g_assert_cmpuint(before->id, ==, job->id);
                g_assert_cmpint(before->kind, ==, EVENT_STATE);
                g_assert_cmpint(before->state, ==, PI_JOB_QUEUED);
        }
        g_assert_cmpfloat(progress, ==, 1);
}

/* The gate is closed before and after. */
static void let_it_be_preempted(Node *node, const PiJob *job, gsize shape) {
        unsigned times = times_preempted(node, job);
        uint64_t terms = pi_task_terms_done(job->task);
        PiJob *urgent;

        gate_allow(&gate, shapes[shape].calls);
        gate_wait_for(&gate, shapes[shape].workers);
        /* Too few terms to come to the gate. */
        urgent = submit(node, (Wish) { ROOT, .terms = 1000, .priority = 1 });
        g_assert_true(job->leaving);
        /* Enough to leave, and not to be done where it goes on before the gate is closed. */
        gate_allow(&gate, shapes[shape].calls);
        node_wait_for_count(node, EVENT_PREEMPTED, times + 1);
        gate_close(&gate);
        node_wait_for_state(urgent, PI_JOB_DONE);
        g_assert_cmpint(job->state, ==, PI_JOB_RUNNING);
        g_assert_cmpuint(times_preempted(node, job), ==, times + 1);
        g_assert_cmpuint(pi_task_terms_done(job->task), >, terms);
}

static void test_same_bits(void) {
        for (gsize i = 0; i < G_N_ELEMENTS(shapes); i++) {
                g_autofree char *options = g_strdup_printf(
                        "{'parts': <uint64 %" G_GUINT64_FORMAT ">}", (guint64) shapes[i].parts);
                g_autoptr(GVariant) metrics = NULL;
                PiJob *alone, *job;
                Node node;

                node_start_with(&node, shapes[i].workers, long_slices());
                alone = node_submit(&node, TERMS, options);
                node_wait(&node);
                gate_close(&gate);
                job = node_submit(&node, TERMS, options);
                for (unsigned n = 0; n < TURNS; n++)
                        let_it_be_preempted(&node, job, i);
                gate_open(&gate);
                node_wait(&node);
                g_assert_no_error(job->error);
                g_assert_cmpstr(string_of(job->report, PI_REPORT_SUM_HEX), ==,
                                string_of(alone->report, PI_REPORT_SUM_HEX));
                g_assert_cmpuint(u64_of(job->report, PI_REPORT_LEASES_RETRIED), ==, 0);
                g_assert_cmpuint(u32_of(job->report, PI_REPORT_RESUMES), ==, 0);
                assert_story(&node, job);
                metrics = g_variant_ref_sink(pi_jobs_metrics(node.jobs));
                g_assert_cmpuint(u64_of(metrics, "jobs_preempted"), ==, TURNS);
                node_stop(&node);
        }
}

/* A job that was running and waits again, behind one that is held at the gate. */
static PiJob *preempted_job(Node *node, const char *more) {
        g_autofree char *options = g_strdup_printf("{'kernel': <'generic'>%s}", more);
        PiJob *job;

        node_start_with(node, 2, long_slices());
        job = node_submit(node, PI_TERMS_MAX, options);
        while (pi_job_progress(job) == 0)
                g_main_context_iteration(NULL, FALSE);
        gate_close(&gate);
        submit_blocker(node, 2);
        node_wait_for_count(node, EVENT_PREEMPTED, 1);
        g_assert_cmpint(job->state, ==, PI_JOB_QUEUED);
        return job;
}

static void assert_over(const Node *node, const PiJob *job, PiJobState state, PiError code) {
        g_assert_cmpint(job->state, ==, state);
        g_assert_error(job->error, PI_ERROR, (int) code);
        g_assert_null(job->task);
        g_assert_nonnull(pi_job_leases(job));
        g_assert_cmpfloat(pi_job_progress(job), >, 0);
        g_assert_cmpuint(job->deadline, ==, 0);
        g_assert_cmpuint(pi_jobs_n_queued(node->jobs), ==, 0);
}

static void test_cancel_preempted(void) {
        Node node;
        PiJob *job = preempted_job(&node, "");

        end(&node, job);
        assert_over(&node, job, PI_JOB_CANCELLED, PI_ERROR_CANCELLED);
        node_stop(&node);
}

static void test_deadline_of_preempted(void) {
        Node node;
        PiJob *job = preempted_job(&node, ", 'deadline_usec': <uint64 3600000000>");

        g_assert_cmpuint(job->deadline, !=, 0);
        g_source_set_ready_time(g_main_context_find_source_by_id(NULL, job->deadline), 0);
        node_wait_for_state(job, PI_JOB_FAILED);
        assert_over(&node, job, PI_JOB_FAILED, PI_ERROR_DEADLINE_EXCEEDED);
        node_stop(&node);
}

/* A job that was told to make room and has not yet: held at the gate. */
static PiJob *leaving_job(Node *node, gboolean attached, PiJob **ret_urgent) {
        PiJob *job;

        node_start_with(node, 1, long_slices());
        pi_jobs_open_store(node->jobs, NULL);
        gate_close(&gate);
        job = submit(node, (Wish) { USER_A, attached, .gated = TRUE });
        gate_wait_for(&gate, 1);
        *ret_urgent = submit(node, (Wish) { ROOT, .terms = NODE_TERMS, .priority = 1 });
        g_assert_true(job->leaving);
        g_assert_cmpint(job->state, ==, PI_JOB_RUNNING);
        return job;
}

/* It does not come back. */
static void test_cancel_leaving(void) {
        PiJob *urgent, *job;
        Node node;

        job = leaving_job(&node, FALSE, &urgent);
        end(&node, job);
        gate_open(&gate);
        node_wait(&node);
        g_assert_cmpint(job->state, ==, PI_JOB_CANCELLED);
        g_assert_cmpuint(node.count[EVENT_PREEMPTED], ==, 0);
        g_assert_cmpint(urgent->state, ==, PI_JOB_DONE);
        node_stop(&node);
}

static void test_shut_down_leaving(void) {
        PiJob *urgent, *job;
        Node node;

        for (unsigned attached = 0; attached <= 1; attached++) {
                job = leaving_job(&node, attached, &urgent);
                pi_jobs_shut_down(node.jobs);
                g_assert_cmpint(urgent->state, ==, PI_JOB_QUEUED);
                g_assert_error(urgent->error, PI_ERROR, PI_ERROR_SHUTTING_DOWN);
                gate_open(&gate);
                node_wait(&node);
                g_assert_error(job->error, PI_ERROR, PI_ERROR_SHUTTING_DOWN);
                g_assert_cmpint(job->state, ==, attached ? PI_JOB_FAILED : PI_JOB_QUEUED);
                g_assert_cmpuint(node.count[EVENT_SUSPENDED], ==, attached ? 1 : 2);
                g_assert_cmpuint(node.count[EVENT_PREEMPTED], ==, 0);
                g_assert_cmpint(node_moment(&node, urgent->id, PI_JOB_RUNNING), ==, -1);
                node_stop(&node);
        }
}

/* What was put away may still be cancelled, or be late, before the service is gone. */
static void test_end_suspended(void) {
        PiJob *urgent, *job;
        Node node;

        job = leaving_job(&node, FALSE, &urgent);
        pi_jobs_shut_down(node.jobs);
        end(&node, urgent);
        g_assert_cmpint(urgent->state, ==, PI_JOB_CANCELLED);
        g_assert_error(urgent->error, PI_ERROR, PI_ERROR_CANCELLED);
        gate_open(&gate);
        node_wait(&node);
        g_assert_cmpuint(node.count[EVENT_SUSPENDED], ==, 2);
        end(&node, job);
        g_assert_cmpint(job->state, ==, PI_JOB_CANCELLED);
        g_assert_error(job->error, PI_ERROR, PI_ERROR_CANCELLED);
        node_stop(&node);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/preemption/time-slice", test_time_slice);
        g_test_add_func("/preemption/not-to-who-had-more", test_not_to_who_had_more);
        g_test_add_func("/preemption/higher-priority-at-once", test_higher_priority_at_once);
        g_test_add_func("/preemption/not-for-lower-priority", test_not_for_lower_priority);
        g_test_add_func("/preemption/within-a-user", test_within_a_user);
        g_test_add_func("/preemption/within-cpus-per-user", test_within_cpus_per_user);
        g_test_add_func("/preemption/room-of-several", test_room_of_several);
        g_test_add_func("/preemption/no-more-than-needed", test_no_more_than_needed);
        g_test_add_func("/preemption/leaving-counts", test_leaving_counts);
        g_test_add_func("/preemption/judged-stays", test_judged_stays);
        g_test_add_func("/preemption/same-bits", test_same_bits);
        g_test_add_func("/preemption/cancel-preempted", test_cancel_preempted);
        g_test_add_func("/preemption/deadline-of-preempted", test_deadline_of_preempted);
        g_test_add_func("/preemption/cancel-leaving", test_cancel_leaving);
        g_test_add_func("/preemption/shut-down-leaving", test_shut_down_leaving);
        g_test_add_func("/preemption/end-suspended", test_end_suspended);
        return g_test_run();
}
