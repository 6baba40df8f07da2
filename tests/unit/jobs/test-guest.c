/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/guest.h"

#include "daemon/series/sum.h"
#include "tests/unit/jobs/made.h"
#include "tests/unit/jobs/node.h"

/* Leases of other nodes' jobs, among those of this node. */

typedef struct Answer {
        unsigned came;
        gboolean good;
        PiLeaseAnswer answer;
        int code;
} Answer;

static void answered(const PiLeaseAnswer *answer, const GError *error, gpointer userdata) {
        Answer *a = userdata;

        a->came++;
        a->good = answer != NULL;
        if (answer)
                a->answer = *answer;
        else
                a->code = error->code;
}

static const PiLeaseOrder some = {
        .job = 7, .terms = NODE_TERMS, .parts = 100, .first_lease = 40, .n_leases = 20,
};

static PiGuest *run(Node *node, const char *from, const PiLeaseOrder *order, Answer *a) {
        g_autoptr(GError) error = NULL;
        PiGuest *guest = pi_guest_run(node->jobs, from, order, answered, a, &error);

        g_assert_no_error(error);
        return guest;
}

static void wait_for(const Answer *a) {
        while (a->came == 0)
                g_main_context_iteration(NULL, TRUE);
}

static void assert_right(const Answer *a, const PiLeaseOrder *o) {
        g_autoptr(PiTask) task = pi_task_new(&pi_kernel_generic, o->terms, o->parts, 1);

        g_assert_cmpuint(a->came, ==, 1);
        g_assert_true(a->good);
        g_assert_cmpuint(a->answer.n_leases, ==, o->n_leases);
        for (uint32_t i = 0; i < o->n_leases; i++) {
                PiFixed want;

                pi_sum_range(&pi_kernel_generic, pi_task_lease_range(task, o->first_lease + i),
                             &want);
                g_assert_cmpint(pi_fixed_cmp(&a->answer.sum[i], &want), ==, 0);
        }
}

/* It is no job of this node: nobody is told of it, and it is in no list. */
static void test_sums(void) {
        Node node;
        Answer a = {};

        node_start(&node, 2);
        (void) run(&node, "other", &some, &a);
        g_assert_null(pi_jobs_list(node.jobs));
        wait_for(&a);
        assert_right(&a, &some);
        g_assert_cmpstr(a.answer.kernel, ==, "test");
        g_assert_cmpuint(node.events->len, ==, 0);
        node_stop(&node);
}

static void test_bad_orders(void) {
        static const struct {
                PiLeaseOrder order;
                const char *kernel;
        } bad[] = {
                { { .terms = 0, .parts = 1, .n_leases = 1 }, "" },
                { { .terms = UINT64_MAX, .parts = 1, .n_leases = 1 }, "" },
                { { .terms = 1000, .parts = 0, .n_leases = 1 }, "" },
                { { .terms = 1000, .parts = 126, .n_leases = 1 }, "" },
                { { .terms = 1000, .parts = 100, .n_leases = 0 }, "" },
                { { .terms = 1000, .parts = 100, .first_lease = 36, .n_leases = 65 }, "" },
                { { .terms = 1000, .parts = 100, .first_lease = 100, .n_leases = 1 }, "" },
                { { .terms = 1000, .parts = 100, .first_lease = 99, .n_leases = 2 }, "" },
                { { .terms = 1000, .parts = 100, .first_lease = UINT32_MAX, .n_leases = 2 }, "" },
                { { .terms = 1000, .parts = 100, .n_leases = 1 }, "reference" },
                { { .terms = 1000, .parts = 100, .n_leases = 1 }, "none such" },
        };
        Node node;
        Answer a = {};

        node_start(&node, 1);
        for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
                PiLeaseOrder order = bad[i].order;
                g_autoptr(GError) error = NULL;

                g_strlcpy(order.kernel, bad[i].kernel, sizeof(order.kernel));
                g_assert_null(pi_guest_run(node.jobs, "other", &order, answered, &a, &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        }
        g_assert_cmpuint(a.came, ==, 0);
        node_stop(&node);
}

static void test_full(void) {
        static Answer answers[PI_GUESTS_MAX];
        Node node;
        g_autoptr(GError) error = NULL;

        node_start(&node, 1);
        gate_close(&gate);
        memset(answers, 0, sizeof(answers));
        for (guint i = 0; i < PI_GUESTS_MAX; i++)
                (void) run(&node, "other", &some, &answers[i]);
        g_assert_null(pi_guest_run(node.jobs, "other", &some, answered, NULL, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_QUEUE_FULL);
        gate_open(&gate);
        for (guint i = 0; i < PI_GUESTS_MAX; i++) {
                wait_for(&answers[i]);
                assert_right(&answers[i], &some);
        }
        node_stop(&node);
}

static void test_cancelled(void) {
        Node node;
        Answer a = {}, b = {};
        PiGuest *running, *queued;

        node_start(&node, 1);
        gate_close(&gate);
        running = run(&node, "other", &some, &a);
        queued = run(&node, "other", &some, &b);
        pi_guest_cancel(queued);
        pi_guest_cancel(running);
        gate_open(&gate);
        wait_for(&a);
        wait_for(&b);
        g_assert_false(a.good || b.good);
        g_assert_cmpint(a.code, ==, PI_ERROR_CANCELLED);
        g_assert_cmpint(b.code, ==, PI_ERROR_CANCELLED);
        node_stop(&node);
}

static void test_shut_down(void) {
        Node node;
        Answer a = {}, b = {};
        g_autoptr(GError) error = NULL;

        node_start(&node, 1);
        gate_close(&gate);
        (void) run(&node, "other", &some, &a);
        (void) run(&node, "other", &some, &b);
        pi_jobs_shut_down(node.jobs);
        g_assert_null(pi_guest_run(node.jobs, "other", &some, answered, NULL, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_SHUTTING_DOWN);
        gate_open(&gate);
        wait_for(&a);
        wait_for(&b);
        g_assert_cmpint(a.code, ==, PI_ERROR_SHUTTING_DOWN);
        g_assert_cmpint(b.code, ==, PI_ERROR_SHUTTING_DOWN);
        node_stop(&node);
}

/* Two orders of one lease each on two workers: side by side, as the second takes what is idle. */
static void test_side_by_side(void) {
        Node node;
        Answer a = {}, b = {};
        PiLeaseOrder one = some, other = some;

        one.n_leases = other.n_leases = 1;
        other.first_lease = 41;
        node_start(&node, 2);
        gate_close(&gate);
        (void) run(&node, "other", &one, &a);
        (void) run(&node, "other", &other, &b);
        g_assert_cmpuint(pi_pool_busy(node.pool), ==, 2);
        gate_open(&gate);
        wait_for(&a);
        wait_for(&b);
        assert_right(&a, &one);
        assert_right(&b, &other);
        node_stop(&node);
}

/* A job of this node that needs both workers gets them when the guest has had its slice, and the
 * guest goes on later. */
static void test_beside_a_job(void) {
        Node node;
        Answer a = {};
        PiJob *job;

        node_start(&node, 2);
        gate_close(&gate);
        (void) run(&node, "other", &some, &a);
        job = node_submit_wide(&node, NODE_TERMS, 2);
        g_assert_cmpint(job->state, ==, PI_JOB_QUEUED);
        gate_open(&gate);
        node_wait(&node);
        g_assert_cmpint(job->state, ==, PI_JOB_DONE);
        wait_for(&a);
        assert_right(&a, &some);
        node_stop(&node);
}

static GVariant *metrics_of(Node *node) {
        return g_variant_ref_sink(pi_jobs_metrics(node->jobs));
}

/* Told apart from the jobs of this node, and only those that were answered. */
static void test_counted(void) {
        Node node;
        Answer a = {}, b = {};
        PiRange first, last;
        PiGuest *guest;
        g_autoptr(PiTask) task = pi_task_new(&pi_kernel_generic, some.terms, some.parts, 1);
        g_autoptr(GVariant) meanwhile = NULL, after = NULL;
        PiNodeUsage usage;

        node_start(&node, 2);
        gate_close(&gate);
        (void) run(&node, "other", &some, &a);
        guest = run(&node, "other", &some, &b);
        meanwhile = metrics_of(&node);
        g_assert_cmpuint(u32_of(meanwhile, "guests_running"), ==, 1);
        g_assert_cmpuint(u64_of(meanwhile, "guests_done"), ==, 0);
        g_assert_cmpuint(u32_of(meanwhile, "jobs_running"), ==, 0);
        pi_jobs_usage(node.jobs, &usage);
        g_assert_cmpuint(usage.slots_in_use, ==, 2);
        pi_guest_cancel(guest);
        gate_open(&gate);
        wait_for(&a);
        wait_for(&b);
        after = metrics_of(&node);
        first = pi_task_lease_range(task, some.first_lease);
        last = pi_task_lease_range(task, some.first_lease + some.n_leases - 1);
        g_assert_cmpuint(u32_of(after, "guests_running"), ==, 0);
        g_assert_cmpuint(u64_of(after, "guests_done"), ==, 1);
        g_assert_cmpuint(u64_of(after, "guest_terms"), ==, last.end - first.begin);
        g_assert_cmpuint(u64_of(after, "jobs_done"), ==, 0);
        node_stop(&node);
}

/* What no core of this node gets right is an error, not a sum. */
static void test_broken(void) {
        Node node;
        Answer a = {};

        node_start(&node, 2);
        atomic_store(&node_broken, true);
        (void) run(&node, "other", &some, &a);
        wait_for(&a);
        g_assert_false(a.good);
        g_assert_cmpint(a.code, ==, PI_ERROR_VERIFICATION_FAILED);
        atomic_store(&node_broken, false);
        node_stop(&node);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/guest/sums", test_sums);
        g_test_add_func("/guest/bad-orders", test_bad_orders);
        g_test_add_func("/guest/full", test_full);
        g_test_add_func("/guest/cancelled", test_cancelled);
        g_test_add_func("/guest/shut-down", test_shut_down);
        g_test_add_func("/guest/side-by-side", test_side_by_side);
        g_test_add_func("/guest/beside-a-job", test_beside_a_job);
        g_test_add_func("/guest/counted", test_counted);
        g_test_add_func("/guest/broken", test_broken);
        return g_test_run();
}
