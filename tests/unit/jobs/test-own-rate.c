/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/own-rate.h"

#include "daemon/jobs/order-size.h"
#include "tests/unit/jobs/made.h"

#define TERMS UINT64_C(1000000000)
#define BASELINE 1e9
#define SLOTS 4
#define NOW (UINT64_C(1000) * 1000000000)

/* One that has been at it for `nsec` and done `terms`. */
static PiJob *job_after(const PiKernel *kernel, uint64_t nsec, uint64_t terms) {
        PiJob *job = made_job(1, kernel, TERMS, 100, SLOTS);

        job->task = pi_task_new(kernel, TERMS, 100, SLOTS);
        job->active_nsec = nsec;
        atomic_store(&job->task->share[0].terms, terms);
        return job;
}

static double rate(PiOwnRate *own, const PiKernel *kernel, uint64_t nsec, uint64_t terms,
                   uint64_t now) {
        g_autoptr(PiJob) job = job_after(kernel, nsec, terms);

        return pi_own_rate(own, job, BASELINE, now);
}

static void test_measured(void) {
        const PiKernel *kernel = &pi_kernel_generic;
        PiOwnRate own = {};

        /* Nothing is known but what a thread alone can do. */
        g_assert_cmpfloat(rate(&own, kernel, 0, 0, NOW), ==, SLOTS * BASELINE);
        g_assert_cmpfloat(rate(&own, kernel, PI_RATE_MEASURED_NSEC - 1, 1, NOW), ==,
                          SLOTS * BASELINE);
        g_assert_cmpfloat(rate(&own, kernel, 500000000, TERMS / 2, NOW), ==, 1e9);
        /* Less than its slots' baselines, and so is the next one that begins. */
        g_assert_cmpfloat(rate(&own, kernel, 0, 0, NOW + 1), ==, 1e9);
}

static void test_forgotten(void) {
        const PiKernel *kernel = &pi_kernel_generic, *other = &pi_kernel_reference;
        PiOwnRate own = {};

        (void) rate(&own, kernel, 500000000, TERMS / 2, NOW);
        g_assert_cmpfloat(rate(&own, other, 0, 0, NOW), ==, SLOTS * BASELINE);
        g_assert_cmpfloat(rate(&own, kernel, 0, 0, NOW + PI_RATE_KEPT_NSEC), ==, 1e9);
        g_assert_cmpfloat(rate(&own, kernel, 0, 0, NOW + PI_RATE_KEPT_NSEC + 1), ==,
                          SLOTS * BASELINE);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/own-rate/measured", test_measured);
        g_test_add_func("/own-rate/forgotten", test_forgotten);
        return g_test_run();
}
