/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/mpi/team.h"
#include "daemon/series/expected.h"
#include "daemon/series/sum.h"

#define WAIT_USEC 100000

static PiTeamSum sum_of(PiTeam *team, PiRange range) {
        PiTeamSum sum;

        pi_team_start(team, range);
        while (!pi_team_take(team, &sum))
                pi_team_wait(team, WAIT_USEC);
        g_assert_true(pi_team_is_idle(team));
        return sum;
}

/* The bits are those of one thread, wherever a range begins and ends. */
static void test_same_bits(void) {
        static const PiRange ranges[] = {
                { 0, 1 }, { 0, 21 }, { 8, 131072 }, { 0, 5000003 }, { 123456 * 8, 300000001 },
                { UINT64_C(1000000000000000), UINT64_C(1000000000000000) + 70000001 },
        };
        const PiKernel *kernel = pi_kernel_default();

        for (uint32_t threads = 1; threads <= 5; threads += 2) {
                g_autoptr(PiTeam) team = pi_team_new(kernel, threads, NULL);

                for (guint i = 0; i < G_N_ELEMENTS(ranges); i++) {
                        PiTeamSum sum = sum_of(team, ranges[i]);
                        PiFixed one;

                        pi_sum_range(kernel, ranges[i], &one);
                        g_assert_false(sum.failed);
                        g_assert_cmpmem(&sum.sum, sizeof(one), &one, sizeof(one));
                        g_assert_cmpuint(sum.range.end, ==, ranges[i].end);
                }
        }
}

/* A range of hours is dropped at once, and the next one is not touched by it. */
static void test_drop(void) {
        g_autoptr(PiTeam) team = pi_team_new(pi_kernel_default(), 2, NULL);
        PiTeamSum sum;

        pi_team_start(team, (PiRange) { 0, PI_TERMS_MAX });
        pi_team_wait(team, 1000);
        g_assert_false(pi_team_take(team, &sum));
        pi_team_drop(team);
        g_assert_true(pi_team_is_idle(team));
        g_assert_false(pi_team_take(team, &sum));
        sum = sum_of(team, (PiRange) { 0, 1000 });
        g_assert_true(pi_verify(&pi_kernel_generic, (PiRange) { 0, 1000 }, &sum.sum, NULL));
        pi_team_start(team, (PiRange) { 0, PI_TERMS_MAX });
}

static uint64_t wrong_groups(uint64_t first_group, uint32_t n_groups, double scaled_numerator) {
        return pi_kernel_generic.sum_groups(first_group, n_groups, scaled_numerator) +
               (UINT64_C(1) << 40);
}

static void test_wrong_kernel(void) {
        PiKernel wrong = pi_kernel_generic;
        g_autoptr(PiTeam) team = NULL;

        wrong.sum_groups = wrong_groups;
        wrong.sum_pieces = NULL;
        team = pi_team_new(&wrong, 3, NULL);
        g_assert_true(sum_of(team, (PiRange) { 0, 400000000 }).failed);
        /* The head is in a table, so there is nothing that this kernel has wrong. */
        g_assert_false(sum_of(team, (PiRange) { 0, 1000 }).failed);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/team/same-bits", test_same_bits);
        g_test_add_func("/team/drop", test_drop);
        g_test_add_func("/team/wrong-kernel", test_wrong_kernel);
        return g_test_run();
}
