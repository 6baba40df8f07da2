/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/worker.h"

#include <math.h>

#include "daemon/series/expected.h"
#include "daemon/series/partition.h"
#include "daemon/series/sum.h"
#include "daemon/series/verifier.h"
#include "tests/unit/series/random.h"

#define HEAD_TERMS (PI_HEAD_GROUPS * PI_GROUP_TERMS)

#define FIRST_WORKER { .index = 0, .cpu = 7 }

static PiFixed sum_of(PiRange range) {
        PiFixed sum;

        pi_sum_range(&pi_kernel_generic, range, &sum);
        return sum;
}

static void assert_complete(const PiTask *task) {
        PiRange whole = { 0, task->terms };
        PiFixed sum, tolerance;

        pi_task_sum(task, &sum, &tolerance);
        g_assert_true(pi_verify_within(whole, &sum, &tolerance, NULL));
        g_assert_cmpuint(pi_task_terms_done(task), ==, task->terms);
        g_assert_cmpuint(pi_task_leases_missing(task), ==, 0);
        for (uint32_t i = 0; i < task->leases->n; i++)
                g_assert_cmpint(task->leases->lease[i].state, ==, PI_LEASE_VERIFIED);
        if (task->kernel->exact) {
                PiFixed want = sum_of(whole);

                assert_fixed_equal(&sum, &want);
        }
}

static void check_one(const PiKernel *kernel, uint64_t terms, uint64_t parts) {
        g_autoptr(PiTask) task = pi_task_new(kernel, terms, parts, 1);
        PiWorker worker = FIRST_WORKER;

        pi_worker_run(task, &worker);
        assert_complete(task);
        g_assert_cmpuint(pi_task_retries(task), ==, 0);
        g_assert_false(pi_task_may_run_on(task, worker.cpu));
        g_assert_cmpuint(task->share[0].leases, ==, task->leases->n);
        g_assert_cmpuint(task->share[0].recomputed, ==, 0);
        g_assert_cmpuint(task->share[0].cpu, ==, worker.cpu);
        g_assert_cmpuint(worker.stats.terms, ==, terms);
        g_assert_cmpuint(worker.stats.parts, ==, parts);
        g_assert_cmpuint(worker.stats.leases_verified, ==, task->leases->n);
        g_assert_cmpuint(worker.stats.leases_failed, ==, 0);
        g_assert_cmpuint(worker.stats.recomputed, ==, 0);
        g_assert_cmpuint(worker.stats.beats, >=, 1);
        g_assert_cmpuint(task->leases->lease[0].cpu, ==, worker.cpu);
}

static void test_sums(void) {
        static const uint64_t terms[] = {
                1, 2, 7, 8, 9, 15, 16, 17, 1000, HEAD_TERMS - 1, HEAD_TERMS, HEAD_TERMS + 1,
                HEAD_TERMS + 9, 1048579, PI_STRETCH_MAX - 8, PI_STRETCH_MAX,
                PI_STRETCH_MAX + 1, 2 * PI_STRETCH_MAX + 12345
        };
        static const uint64_t parts[] = { 1, 2, 3, 7, 64, 4097 };

        for (size_t i = 0; i < G_N_ELEMENTS(terms); i++) {
                for (size_t j = 0; j < G_N_ELEMENTS(parts); j++)
                        if (parts[j] <= pi_parts_max(terms[i]))
                                check_one(&pi_kernel_generic, terms[i], parts[j]);
                if (pi_parts_max(terms[i]) < 17000)
                        check_one(&pi_kernel_generic, terms[i], pi_parts_max(terms[i]));
        }
}

static void test_random_sums(void) {
        for (unsigned round = 0; round < 50; round++) {
                uint64_t terms = 1 + random_magnitude(20);

                check_one(&pi_kernel_generic, terms, 1 + random_below(pi_parts_max(terms)));
        }
}

/* The same number by a way that shares nothing with the code under test. */
static void test_against_plain_loop(void) {
        const uint64_t terms = 1000003;
        g_autoptr(PiTask) task = pi_task_new(&pi_kernel_generic, terms, 77, 1);
        PiWorker worker = FIRST_WORKER;
        PiFixed sum, tolerance;
        double plain = 0;

        pi_worker_run(task, &worker);
        pi_task_sum(task, &sum, &tolerance);
        for (uint64_t i = terms; i-- > 0;)
                plain += (i % 2 ? -1.0 : 1.0) / (double) (2 * i + 1);
        g_assert_cmpfloat(fabs(pi_fixed_to_double(&sum) - plain), <, 1e-13);
}

static void test_reference(void) {
        static const uint64_t terms[] = { 1, 2, 9, 1000, 100007, PI_STRETCH_MAX + 1001 };
        static const uint64_t parts[] = { 1, 3, 100, 5000 };

        for (size_t i = 0; i < G_N_ELEMENTS(terms); i++)
                for (size_t j = 0; j < G_N_ELEMENTS(parts); j++)
                        if (parts[j] <= pi_parts_max(terms[i]))
                                check_one(&pi_kernel_reference, terms[i], parts[j]);
}

static PiTask *victim;
static unsigned calls_until_cancel;

static uint64_t cancelling_groups(uint64_t first, uint32_t n, double scaled_numerator) {
        if (--calls_until_cancel == 0)
                pi_task_cancel(victim);
        return pi_kernel_generic.sum_groups(first, n, scaled_numerator);
}

static const PiKernel cancelling_kernel = {
        .name = "cancelling", .exact = true, .sum_groups = cancelling_groups,
};

/* Cancelled in the second stretch of the second of four leases. */
static void test_cancel(void) {
        const uint64_t terms = 4 * 2 * PI_STRETCH_MAX + 5;
        const uint64_t stretch_calls = PI_STRETCH_MAX / PI_GROUP_TERMS / PI_BLOCK_GROUPS;
        g_autoptr(PiTask) task = pi_task_new(&cancelling_kernel, terms, 4, 1);
        PiWorker worker = FIRST_WORKER;
        PiFixed sum, tolerance, want = sum_of(pi_part_range(terms, 4, 0));

        victim = task;
        calls_until_cancel = (unsigned) (3 * stretch_calls + stretch_calls / 2);
        pi_worker_run(task, &worker);

        g_assert_cmpint(task->leases->lease[0].state, ==, PI_LEASE_VERIFIED);
        for (uint32_t i = 1; i < 4; i++)
                g_assert_cmpint(task->leases->lease[i].state, ==, PI_LEASE_WAITING);
        g_assert_cmpuint(task->leases->lease[1].attempts, ==, 0);
        g_assert_cmpuint(task->leases->lease[2].attempts, ==, 0);
        g_assert_cmpuint(pi_task_leases_missing(task), ==, 3);
        g_assert_cmpuint(task->share[0].leases, ==, 1);
        g_assert_cmpuint(worker.stats.leases_verified, ==, 1);
        g_assert_cmpuint(worker.stats.leases_failed, ==, 0);
        g_assert_cmpuint(pi_task_terms_done(task), <, terms / 2);
        pi_task_sum(task, &sum, &tolerance);
        assert_fixed_equal(&sum, &want);
        g_assert_false(pi_verify_within((PiRange) { 0, terms }, &sum, &tolerance, NULL));
}

static void test_cancelled_before(void) {
        g_autoptr(PiTask) task = pi_task_new(&pi_kernel_generic, 1000, 3, 1);
        PiWorker worker = FIRST_WORKER;

        pi_task_cancel(task);
        pi_worker_run(task, &worker);
        g_assert_cmpuint(pi_task_leases_missing(task), ==, 3);
        g_assert_cmpuint(pi_task_terms_done(task), ==, 0);
        g_assert_cmpuint(task->first_start_nsec, ==, 0);
        /* Who finds nothing to do is alive all the same. */
        g_assert_cmpuint(worker.stats.beats, ==, 1);
}

static uint64_t terms_after_cancel;

/* Knows the sums without adding, so leases of 10^7 terms take no time; and spoils them long
 * after it should have been left, so that a test of a worker that does not leave ends. */
static void endless_terms(PiRange range, PiFixed *ret) {
        pi_task_cancel(victim);
        terms_after_cancel += range.end - range.begin;
        if (terms_after_cancel > 2 * PI_STRETCH_MAX)
                *ret = pi_quarter;
        else
                pi_expected_sum(range, ret);
}

static const PiKernel endless_kernel = { .name = "endless", .sum_terms = endless_terms };

/* Leases of 48 000 parts, each far below a stretch, by a kernel that is not exact. */
static void test_cancel_among_small_parts(void) {
        const uint64_t terms = UINT64_C(100000000000);
        g_autoptr(PiTask) task = pi_task_new(&endless_kernel, terms, terms / 512, 1);
        PiWorker worker = FIRST_WORKER;

        victim = task;
        pi_worker_run(task, &worker);
        g_assert_cmpuint(terms_after_cancel, <=, PI_STRETCH_MAX);
        g_assert_cmpint(task->leases->lease[0].state, ==, PI_LEASE_WAITING);
        g_assert_cmpuint(task->share[0].leases, ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/worker/sums", test_sums);
        g_test_add_func("/worker/random-sums", test_random_sums);
        g_test_add_func("/worker/against-plain-loop", test_against_plain_loop);
        g_test_add_func("/worker/reference", test_reference);
        g_test_add_func("/worker/cancel", test_cancel);
        g_test_add_func("/worker/cancelled-before", test_cancelled_before);
        g_test_add_func("/worker/cancel-among-small-parts", test_cancel_among_small_parts);
        return g_test_run();
}
