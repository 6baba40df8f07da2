/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "daemon/series/expected.h"
#include "daemon/series/sum.h"
#include "daemon/work/pool.h"

#define WORKERS 3

typedef struct Trial {
        const PiKernel *kernel;
        uint64_t terms, parts;
        PiPool *pool;
        PiTask *task;
        bool left; /* by all workers */
} Trial;

static void left(PiTask *task, gpointer userdata) {
        ((Trial *) userdata)->left = true;
}

static void trial_begin(Trial *t, const char *kernel, uint64_t terms, uint64_t parts) {
        g_autoptr(GError) error = NULL;

        *t = (Trial) { .kernel = pi_kernel_find(kernel), .terms = terms, .parts = parts };
        g_assert_nonnull(t->kernel);
        t->pool = pi_pool_new(WORKERS, &error);
        g_assert_no_error(error);
        t->task = pi_task_new(t->kernel, terms, parts, WORKERS);
}

static void trial_start(Trial *t) {
        t->left = false;
        pi_pool_start(t->pool, t->task, WORKERS, left, t);
}

static void trial_wait(Trial *t) {
        while (!t->left)
                g_main_context_iteration(NULL, TRUE);
}

static void trial_end(Trial *t) {
        pi_pool_free(t->pool);
        pi_task_free(t->task);
}

/* The bits that a run without any interruption gives. */
static PiFixed whole_sum(const char *kernel, uint64_t terms, uint64_t parts) {
        PiFixed sum, tolerance;
        Trial t;

        trial_begin(&t, kernel, terms, parts);
        trial_start(&t);
        trial_wait(&t);
        g_assert_cmpuint(pi_task_leases_missing(t.task), ==, 0);
        pi_task_sum(t.task, &sum, &tolerance);
        trial_end(&t);
        return sum;
}

static void assert_complete(Trial *t, const PiFixed *wanted) {
        PiFixed sum, tolerance;

        g_assert_cmpuint(pi_task_leases_missing(t->task), ==, 0);
        g_assert_cmpuint(pi_task_terms_done(t->task), ==, t->terms);
        pi_task_sum(t->task, &sum, &tolerance);
        g_assert_cmpmem(&sum, sizeof(sum), wanted, sizeof(*wanted));
        g_assert_true(pi_verify_within((PiRange) { 0, t->terms }, &sum, &tolerance, NULL));
}

static const struct {
        const char *kernel;
        uint64_t terms, parts;
} cases[] = {
        { "generic", 400000003, 1 },      { "generic", 400000003, 2 },
        { "generic", 400000003, 7 },      { "generic", 400000003, 100000 },
        { "generic", 30000007, 3750000 }, { "reference", 50000001, 1 },
        { "reference", 50000001, 5 },     { "reference", 50000001, 10000 },
};

/* Until some terms, but not all, are summed; false when it was done before. */
static bool let_go_on(Trial *t, uint64_t terms) {
        uint64_t goal = pi_task_terms_done(t->task) + terms;

        while (!t->left && pi_task_terms_done(t->task) < goal)
                g_main_context_iteration(NULL, FALSE);
        return !t->left;
}

static unsigned interrupt(gsize i, const PiFixed *wanted) {
        unsigned interruptions = 0;
        uint64_t terms = 0;
        Trial t;

        trial_begin(&t, cases[i].kernel, cases[i].terms, cases[i].parts);
        trial_start(&t);
        while (let_go_on(&t, cases[i].terms / 10)) {
                pi_pool_cancel(t.pool, t.task);
                trial_wait(&t);
                g_assert_cmpuint(pi_task_terms_done(t.task), >=, terms);
                terms = pi_task_terms_done(t.task);
                if (pi_task_leases_missing(t.task) == 0)
                        break;
                g_assert_true(pi_task_may_run_on(t.task, 0));
                interruptions++;
                pi_task_rearm(t.task);
                trial_start(&t);
        }
        g_test_message("%s, %u interruptions", cases[i].kernel, interruptions);
        g_assert_cmpuint(pi_task_retries(t.task), ==, 0);
        assert_complete(&t, wanted);
        trial_end(&t);
        return interruptions;
}

/* Cancelled and started again, over and over: nothing is summed twice or not at all. */
static void test_rearm(void) {
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                PiFixed wanted = whole_sum(cases[i].kernel, cases[i].terms, cases[i].parts);

                /* On a busy machine it may be done before anybody has looked: then once more. */
                while (interrupt(i, &wanted) == 0) {
                }
        }
}

static void finish_from(const Trial *from, const PiSnapshot *snapshot, const PiFixed *wanted) {
        Trial t;

        trial_begin(&t, from->kernel->name, from->terms, from->parts);
        g_assert_true(pi_task_restore(t.task, snapshot));
        g_assert_cmpuint(pi_task_terms_done(t.task), <=, t.terms);
        if (pi_task_leases_missing(t.task) > 0) {
                g_assert_true(pi_task_may_run_on(t.task, 0));
                trial_start(&t);
                trial_wait(&t);
        }
        assert_complete(&t, wanted);
        trial_end(&t);
}

/* Snapshots of a task at work, each of them enough to end with the same bits. */
static void test_snapshot_at_work(void) {
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                PiFixed wanted = whole_sum(cases[i].kernel, cases[i].terms, cases[i].parts);
                g_autoptr(GPtrArray) snapshots =
                        g_ptr_array_new_with_free_func((GDestroyNotify) pi_snapshot_free);
                uint64_t terms = 0;
                Trial t;

                trial_begin(&t, cases[i].kernel, cases[i].terms, cases[i].parts);
                trial_start(&t);
                do
                        g_ptr_array_add(snapshots, pi_task_snapshot(t.task));
                while (let_go_on(&t, cases[i].terms / 8));
                assert_complete(&t, &wanted);
                g_ptr_array_add(snapshots, pi_task_snapshot(t.task));
                for (guint k = 0; k < snapshots->len; k++) {
                        const PiSnapshot *s = snapshots->pdata[k];

                        g_assert_cmpuint(s->terms_done, >=, terms);
                        g_assert_cmpuint(s->n_partials, <=, WORKERS);
                        terms = s->terms_done;
                        finish_from(&t, s, &wanted);
                }
                trial_end(&t);
        }
}

/* Taken as fast as can be while small leases change hands all the time. */
static void test_snapshot_storm(void) {
        PiFixed wanted = whole_sum("generic", 200000001, 4096);
        Trial t;

        trial_begin(&t, "generic", 200000001, 4096);
        trial_start(&t);
        for (unsigned n = 0; !t.left; n++) {
                g_autoptr(PiSnapshot) s = pi_task_snapshot(t.task);
                g_autoptr(PiTask) other = pi_task_new(t.kernel, t.terms, t.parts, WORKERS);

                g_assert_true(pi_task_restore(other, s));
                if (n % 64 == 0)
                        finish_from(&t, s, &wanted);
                g_main_context_iteration(NULL, FALSE);
        }
        assert_complete(&t, &wanted);
        trial_end(&t);
}

/* A snapshot of a task that was restored itself, and left in the middle again. */
static unsigned chain(const PiFixed *wanted) {
        g_autoptr(PiSnapshot) s = NULL;
        unsigned links = 0;

        for (bool done = false; !done; links++) {
                Trial t;

                trial_begin(&t, "generic", 300000001, 5);
                if (s)
                        g_assert_true(pi_task_restore(t.task, s));
                trial_start(&t);
                done = !let_go_on(&t, 40000000);
                pi_pool_cancel(t.pool, t.task);
                trial_wait(&t);
                done = done || pi_task_leases_missing(t.task) == 0;
                if (done)
                        assert_complete(&t, wanted);
                g_clear_pointer(&s, pi_snapshot_free);
                s = pi_task_snapshot(t.task);
                trial_end(&t);
        }
        return links;
}

/* On a busy machine it may be done before anybody has looked: then once more. */
static void test_chain(void) {
        PiFixed wanted = whole_sum("generic", 300000001, 5);

        while (chain(&wanted) <= 2) {
        }
}

/* The sum of the terms before `end`, of the lease of a task of one part. */
static PiSnapshot *one_partial(uint64_t end) {
        PiSnapshot *s = pi_snapshot_new(1, 1);

        s->partial[0].next_term = end;
        pi_sum_range(pi_kernel_find("generic"), (PiRange) { 0, end }, &s->partial[0].sum);
        return s;
}

static void assert_refused(PiSnapshot *s, bool refused) {
        g_autoptr(PiTask) task = pi_task_new(pi_kernel_find("generic"), 4000000, 1, 1);

        g_assert_true(pi_task_restore(task, s) != refused);
        if (refused) {
                g_assert_cmpuint(pi_task_terms_done(task), ==, 0);
                g_assert_cmpuint(atomic_load(&task->n_left), ==, 0);
                g_assert_true(pi_fixed_is_zero(&task->restored.sum));
        }
        pi_snapshot_free(s);
}

static void test_refused(void) {
        PiSnapshot *s;

        assert_refused(one_partial(2000000), false);
        assert_refused(one_partial(2000001), true); /* within a group */
        assert_refused(one_partial(4000000), true); /* nothing left of it */
        s = one_partial(2000000);
        s->partial[0].sum.limb[1] ^= UINT64_C(1) << 60;
        assert_refused(s, true);
        s = one_partial(2000000);
        s->partial[0].lease = 1;
        assert_refused(s, true);
        s = one_partial(2000000);
        s->partial[0].next_term += 8;
        assert_refused(s, true);
        s = one_partial(2000000);
        pi_snapshot_add(s, 0);
        assert_refused(s, true);
        s = pi_snapshot_new(2, 0);
        assert_refused(s, true);
        s = pi_snapshot_new(1, 0);
        pi_snapshot_add(s, 0);
        assert_refused(s, true);
        s = pi_snapshot_new(1, 0);
        s->sum.limb[2] = 1;
        assert_refused(s, true);
        assert_refused(pi_snapshot_new(1, 0), false);
}

/* A kernel that is not exact brings its tolerance along: no larger one than such a kernel has. */
static void test_refused_tolerance(void) {
        g_autoptr(PiTask) task = pi_task_new(pi_kernel_find("reference"), 4000000, 2, 1);
        g_autoptr(PiSnapshot) s = pi_snapshot_new(2, 0);

        pi_snapshot_add(s, 0);
        s->sum.limb[2] = UINT32_MAX;
        s->tolerance.limb[2] = UINT32_MAX;
        g_assert_false(pi_task_restore(task, s));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/work/resume/rearm", test_rearm);
        g_test_add_func("/work/resume/snapshot-at-work", test_snapshot_at_work);
        g_test_add_func("/work/resume/snapshot-storm", test_snapshot_storm);
        g_test_add_func("/work/resume/chain", test_chain);
        g_test_add_func("/work/resume/refused", test_refused);
        g_test_add_func("/work/resume/refused-tolerance", test_refused_tolerance);
        return g_test_run();
}
