/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/cluster/puppet.h"

#include <string.h>

#include "daemon/series/sum.h"
#include "daemon/work/task.h"
#include "tests/cluster/namespaces.h"

#define NAME "puppet"
#define WRONG_BIT 60 /* of the upper half of the fraction: far above every tolerance */

void puppet_init(Puppet *puppet) {
        node_init_at(puppet, NAME, TRUE, PI_TEST_STRANGER);
}

void puppet_clear(Puppet *puppet) {
        node_clear(puppet);
}

void puppet_restart(Puppet *puppet) {
        node_stop(puppet);
        node_start(puppet);
}

static void run_for_a_moment(void) {
        while (g_main_context_iteration(NULL, FALSE))
                ;
        g_usleep(500);
}

void puppet_wait_for(Puppet *puppet, TestNode *at, const char *state) {
        for (;;) {
                g_autoptr(GVariant) member = test_member(at, NAME);
                g_autofree char *now = member ? test_lookup_string(member, "State") : NULL;

                if (g_strcmp0(now, state) == 0)
                        return;
                run_for_a_moment();
        }
}

void puppet_join(Puppet *puppet, TestNode *host) {
        g_autofree char *token = test_token(host, NULL);
        g_auto(Answer) answer = { FALSE };

        pi_cluster_join(puppet->cluster, token, answer_take, &answer);
        WAIT_FOR(answer.came);
        g_assert_no_error(answer.error);
        puppet_wait_for(puppet, host, "up");
}

static PiLeaseAnswer right_answer(const PiLeaseOrder *o) {
        const PiKernel *kernel = pi_kernel_default();
        g_autoptr(PiTask) task = pi_task_new_run(kernel, o->terms, o->parts, o->first_lease,
                                                 o->n_leases, 1);
        PiLeaseAnswer a = { .n_leases = o->n_leases, .cpu_nsec = 1, .elapsed_nsec = 1 };

        for (uint32_t i = 0; i < o->n_leases; i++)
                pi_sum_range(kernel, pi_task_lease_range(task, i), &a.sum[i]);
        g_strlcpy(a.kernel, kernel->name, sizeof(a.kernel));
        return a;
}

static void answer_one(Jobs *jobs, PuppetAnswer how) {
        const PiGuest *guest = g_ptr_array_index(jobs->guests, 0);
        const PiLeaseOrder *o = &guest->order;
        g_autofree char *many = g_strnfill(100000, 'x');
        g_autoptr(GError) error = NULL;
        PiLeaseAnswer a = right_answer(o);

        switch (how) {
        case PUPPET_RIGHT:
                break;
        case PUPPET_ZERO:
                memset(a.sum, 0, sizeof(a.sum));
                break;
        case PUPPET_ALL_ONES:
                memset(a.sum, 0xff, sizeof(a.sum));
                break;
        case PUPPET_ONE_WRONG:
                a.sum[o->n_leases - 1].limb[1] ^= UINT64_C(1) << WRONG_BIT;
                break;
        case PUPPET_SHIFTED:
                memmove(a.sum, a.sum + 1, (o->n_leases - 1) * sizeof(*a.sum));
                a.sum[o->n_leases - 1] = (PiFixed) {};
                break;
        case PUPPET_TOO_FEW:
                a.n_leases--;
                break;
        case PUPPET_TOO_MANY:
                a.n_leases = o->n_leases < PI_LEASE_ORDER_MAX ? o->n_leases + 1 : 0;
                break;
        case PUPPET_EONS:
                a.cpu_nsec = UINT64_MAX;
                break;
        case PUPPET_ESCAPES:
                g_strlcpy(a.kernel, "\033[2J\n", sizeof(a.kernel));
                break;
        case PUPPET_LONG_ERROR:
                error = g_error_new_literal(PI_ERROR, PI_ERROR_FAILED, many);
                break;
        case PUPPET_SILENT:
        case _PUPPET_ANSWER_MAX:
                return;
        }
        guest_answer(jobs, error ? NULL : &a, error);
}

GVariant *puppet_compute(Puppet *puppet, PuppetAnswer how, TestNode *at, uint64_t terms,
                         const char *sum) {
        g_autoptr(TestCall) call = test_call_begin(at, "ComputePi",
                                                   test_compute_arguments(terms, NULL));
        g_autofree char *got = NULL;

        while (!test_call_poll(call)) {
                while (how != PUPPET_SILENT && puppet->jobs.guests->len > 0)
                        answer_one(&puppet->jobs, how);
                run_for_a_moment();
        }
        got = test_call_sum(call);
        g_assert_cmpstr(got, ==, sum);
        return test_call_report(call);
}
