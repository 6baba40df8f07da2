/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/guest-private.h"

#include "daemon/jobs/jobs-private.h"
#include "daemon/jobs/runner.h"
#include "daemon/series/partition.h"
#include "daemon/series/range.h"
#include "dbus/error.h"

struct PiGuest {
        PiJobs *jobs;
        PiJob *job;
        PiLeaseOrder order;
        PiLeaseAnswered answered;
        gpointer userdata;
};

/* Users that no system has: one for each node, but for chance. */
#define GUEST_USERS_BEGIN 0xe0000000u
#define GUEST_USERS (1u << 28)

static uid_t user_of(const char *node) {
        return GUEST_USERS_BEGIN + g_str_hash(node) % GUEST_USERS;
}

static gboolean check_leases(const PiLeaseOrder *o, GError **error) {
        if (o->terms < 1 || o->terms > PI_TERMS_MAX || o->parts < 1 ||
            o->parts > pi_parts_max(o->terms)) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "There is no job of %" G_GUINT64_FORMAT " terms in %" G_GUINT64_FORMAT
                            " parts",
                            o->terms, o->parts);
                return FALSE;
        }
        if (o->n_leases < 1 || o->n_leases > PI_LEASE_ORDER_MAX ||
            o->first_lease >= pi_leases_of(o->parts) ||
            o->n_leases > pi_leases_of(o->parts) - o->first_lease) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "%u leases from %u on are not of a job of %u, or more than %d",
                            o->n_leases, o->first_lease, pi_leases_of(o->parts),
                            PI_LEASE_ORDER_MAX);
                return FALSE;
        }
        return TRUE;
}

/* Any exact kernel gives the same bits: the fastest, unless one is asked for. */
static const PiKernel *choose_kernel(const PiJobs *jobs, const PiLeaseOrder *o, GError **error) {
        const PiKernel *kernel = o->kernel[0] ? pi_kernel_find(o->kernel) : jobs->node.kernel;

        if (!o->kernel[0] && !kernel->exact)
                kernel = pi_kernel_default();
        if (kernel && kernel->exact)
                return kernel;
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "This node has no exact kernel \"%s\"", o->kernel);
        return NULL;
}

static gboolean may_come(const PiJobs *jobs, GError **error) {
        if (jobs->shutting_down) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_SHUTTING_DOWN,
                                    "The service of this node is being stopped");
                return FALSE;
        }
        if (jobs->guests.length >= PI_GUESTS_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_QUEUE_FULL,
                            "This node has %d orders of other nodes already, the most there may "
                            "be",
                            PI_GUESTS_MAX);
                return FALSE;
        }
        return TRUE;
}

PiGuest *pi_guest_run(PiJobs *jobs, const char *node, const PiLeaseOrder *order,
                      PiLeaseAnswered answered, gpointer userdata, GError **error) {
        const PiKernel *kernel;
        PiJobSpec spec = { .terms = order->terms, .parts = order->parts };
        PiGuest *guest;
        PiJob *job;

        if (!may_come(jobs, error) || !check_leases(order, error))
                return NULL;
        kernel = choose_kernel(jobs, order, error);
        if (!kernel)
                return NULL;
        spec.kernel = kernel;
        spec.cpus = order->cpus > 0 ? MIN(order->cpus, pi_pool_size(jobs->pool))
                                    : pi_pool_size(jobs->pool);
        spec.cpus = MIN(spec.cpus, order->n_leases);
        spec.priority = CLAMP(order->priority, -PI_PRIORITY_LIMIT, PI_PRIORITY_LIMIT);
        guest = g_new0(PiGuest, 1);
        *guest = (PiGuest) { .jobs = jobs, .order = *order, .answered = answered,
                             .userdata = userdata };
        guest->job = job = pi_job_new(UINT64_MAX - jobs->last_guest++, user_of(node), "", &spec);
        job->guest = guest;
        job->task = pi_task_new_run(kernel, order->terms, order->parts, order->first_lease,
                                    order->n_leases, pi_pool_size(jobs->pool));
        g_queue_push_tail(&jobs->guests, job);
        pi_scheduler_add(jobs->scheduler, job, TRUE);
        if (job->state == PI_JOB_RUNNING)
                pi_jobs_start_timer(jobs);
        return guest;
}

static void guest_free(PiGuest *guest) {
        pi_job_free(guest->job);
        g_free(guest);
}

static PiLeaseAnswer answer_of(const PiJob *job) {
        const PiTask *task = job->task;
        PiLeaseAnswer answer = {
                .n_leases = task->leases->n,
                .cpu_nsec = pi_task_cpu_nsec(task),
                .elapsed_nsec = pi_job_active_nsec(job),
                .retries = pi_task_retries(task) + pi_task_recomputed(task),
        };

        for (uint32_t i = 0; i < answer.n_leases; i++)
                answer.sum[i] = task->lease_sum[i];
        g_strlcpy(answer.kernel, job->spec.kernel->name, sizeof(answer.kernel));
        return answer;
}

void pi_guest_ended(PiJob *job) {
        PiGuest *guest = job->guest;
        PiLeaseAnswer answer;

        g_queue_remove(&guest->jobs->guests, job);
        if (!job->error) {
                answer = answer_of(job);
                guest->jobs->guests_ended.done++;
                guest->jobs->guests_ended.terms += pi_task_terms_done(job->task);
        }
        guest->answered(job->error ? NULL : &answer, job->error, guest->userdata);
        guest_free(guest);
}

void pi_guest_end(PiJob *job, GError *error) {
        PiScheduler *scheduler = job->guest->jobs->scheduler;

        if (job->state == PI_JOB_RUNNING) {
                pi_runner_stop(job, error);
                return;
        }
        job->error = error;
        pi_scheduler_remove(scheduler, job);
        pi_guest_ended(job);
}

void pi_guest_cancel(PiGuest *guest) {
        pi_guest_end(guest->job, g_error_new_literal(PI_ERROR, PI_ERROR_CANCELLED,
                                                     "The order was called off"));
}

void pi_guests_drop(PiJobs *jobs) {
        PiJob *job;

        while ((job = g_queue_pop_head(&jobs->guests)))
                guest_free(job->guest);
}

uint64_t pi_guest_job_number(const PiJob *job) {
        return job->guest ? job->guest->order.job : job->id;
}
