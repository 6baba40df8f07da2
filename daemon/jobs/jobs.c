/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/jobs.h"

#include "daemon/jobs/history.h"
#include "daemon/jobs/inject.h"
#include "daemon/jobs/measure.h"
#include "daemon/jobs/quota.h"
#include "daemon/jobs/report.h"
#include "daemon/jobs/runner.h"
#include "dbus/error.h"

#define PROGRESS_MSEC 100
#define PROGRESSES_PER_TICK 10
#define LISTENERS_MAX 8

typedef struct Listener {
        const PiJobsListener *calls;
        gpointer userdata;
} Listener;

struct PiJobs {
        PiPool *pool;
        PiNode node;
        PiQuota *quota;
        PiMeasure *measure;
        PiCores *cores;
        PiCoresHooks cores_hooks;
        PiRunnerHooks hooks;
        Listener listener[LISTENERS_MAX];
        gsize n_listeners;

        GHashTable *by_id; /* &job->id -> PiJob, owns it */
        GQueue all;        /* PiJob, oldest first */
        GQueue queue;      /* PiJob, queued, next first */
        GQueue running;    /* PiJob */
        GQueue finished;   /* PiJob, first finished first */
        uint64_t last_id;
        gboolean shutting_down;

        guint progress_timer; /* while jobs run */
        guint progresses;
};

#define TELL(jobs, call, ...)                                                                     \
        for (gsize i_ = 0; i_ < (jobs)->n_listeners; i_++)                                        \
                if ((jobs)->listener[i_].calls->call)                                             \
                        (jobs)->listener[i_].calls->call(__VA_ARGS__, (jobs)->listener[i_].userdata)

static void admit(PiJobs *jobs);

static PiMeasureNow measure_now(const PiJobs *jobs) {
        return (PiMeasureNow) {
                .queued = pi_jobs_n_queued(jobs),
                .running = jobs->running.length,
                .faults = {
                        .transient = pi_cores_faults(jobs->cores, PI_VERDICT_TRANSIENT),
                        .core = pi_cores_faults(jobs->cores, PI_VERDICT_CORE),
                        .node = pi_cores_faults(jobs->cores, PI_VERDICT_NODE),
                        .software = pi_cores_faults(jobs->cores, PI_VERDICT_SOFTWARE),
                },
        };
}

static void remove_job(PiJobs *jobs, PiJob *job) {
        TELL(jobs, removed, job);
        g_queue_remove(&jobs->all, job);
        g_hash_table_remove(jobs->by_id, &job->id);
}

/* Makes room: the oldest finished jobs go, those a little younger forget their leases. */
static void keep_finished(PiJobs *jobs, PiJob *job) {
        PiJob *old;

        g_queue_push_tail(&jobs->finished, job);
        old = g_queue_peek_nth(&jobs->finished, jobs->finished.length - 1 - PI_JOBS_LEASES_KEPT);
        if (old)
                g_clear_pointer(&old->leases, pi_lease_table_free);
        if (jobs->finished.length > PI_JOBS_FINISHED_KEPT)
                remove_job(jobs, g_queue_pop_head(&jobs->finished));
}

/* The last move of a job: job->error says whether it ended well. */
static void finish(PiJobs *jobs, PiJob *job) {
        PiReportNode node = {
                .id = jobs->node.id,
                .name = jobs->node.name,
                .cpus = pi_pool_size(jobs->pool),
                .baseline_terms = pi_measure_baseline(jobs->measure, job->spec.kernel),
        };
        PiJobFigures figures = {};

        g_clear_handle_id(&job->deadline, g_source_remove);
        pi_job_set_state(job, !job->error ? PI_JOB_DONE
                              : g_error_matches(job->error, PI_ERROR, PI_ERROR_CANCELLED)
                                              ? PI_JOB_CANCELLED
                                              : PI_JOB_FAILED);
        if (job->task)
                pi_job_figures(job, &node, &figures);
        if (job->state == PI_JOB_DONE) {
                g_variant_unref(job->report);
                job->report = g_variant_ref_sink(pi_report_new(job, &node, &figures, &job->pi));
        }
        pi_measure_ended(jobs->measure, job, &figures);
        if (job->task) {
                job->terms_done = pi_task_terms_done(job->task);
                job->leases = g_steal_pointer(&job->task->leases);
                g_clear_pointer(&job->task, pi_task_free);
        }
        pi_quota_discharge(jobs->quota, job->owner);
        TELL(jobs, state_changed, job);
        keep_finished(jobs, job);
}

static void runner_done(PiJob *job, gpointer userdata) {
        PiJobs *jobs = userdata;

        pi_cores_job_ended(jobs->cores, job);
        g_queue_remove(&jobs->running, job);
        finish(jobs, job);
        admit(jobs);
        if (jobs->running.length == 0) {
                g_clear_handle_id(&jobs->progress_timer, g_source_remove);
                pi_measure_tick(jobs->measure, measure_now(jobs));
        }
}

static gboolean tell_progress(gpointer userdata) {
        PiJobs *jobs = userdata;

        /* No job leaves the queue while its listeners are told: that takes a completion. */
        for (GList *l = jobs->running.head; l; l = l->next)
                TELL(jobs, progressed, l->data);
        if (++jobs->progresses % PROGRESSES_PER_TICK == 0)
                pi_measure_tick(jobs->measure, measure_now(jobs));
        return G_SOURCE_CONTINUE;
}

/* What the job reserves: what it asked for, or what there is where cores are out of service. */
static uint32_t slots_for(const PiJobs *jobs, const PiJob *job) {
        return MIN(job->spec.cpus, pi_pool_in_service(jobs->pool));
}

static bool next_fits(const PiJobs *jobs) {
        const PiJob *job = g_queue_peek_head((GQueue *) &jobs->queue);

        return job && slots_for(jobs, job) <= pi_pool_idle(jobs->pool);
}

static PiJob *start_next(PiJobs *jobs) {
        PiJob *job = g_queue_pop_head(&jobs->queue);

        g_queue_push_tail(&jobs->running, job);
        if (jobs->progress_timer == 0) {
                pi_measure_tick(jobs->measure, measure_now(jobs));
                jobs->progress_timer = g_timeout_add(PROGRESS_MSEC, tell_progress, jobs);
        }
        pi_job_set_state(job, PI_JOB_RUNNING);
        pi_runner_start(jobs->pool, job, slots_for(jobs, job), &jobs->hooks);
        return job;
}

/* Starts what fits. A job that does not fit yet holds those behind it back, or a large one would
 * wait for ever behind small ones. */
static void admit(PiJobs *jobs) {
        while (next_fits(jobs)) {
                PiJob *job = start_next(jobs);
                TELL(jobs, state_changed, job);
        }
}

typedef struct Deadline {
        PiJobs *jobs;
        PiJob *job;
} Deadline;

static gboolean deadline_passed(gpointer userdata) {
        Deadline *d = userdata;

        d->job->deadline = 0;
        pi_jobs_end(d->jobs, d->job,
                    g_error_new(PI_ERROR, PI_ERROR_DEADLINE_EXCEEDED,
                                "Job %" G_GUINT64_FORMAT
                                " was not done within its deadline of %" G_GUINT64_FORMAT
                                " microseconds: give it more time, more CPUs or fewer terms",
                                d->job->id, d->job->spec.deadline_usec));
        return G_SOURCE_REMOVE;
}

static void arm_deadline(PiJobs *jobs, PiJob *job) {
        Deadline *d = g_new(Deadline, 1);
        uint64_t msec = (job->spec.deadline_usec + 999) / 1000;

        *d = (Deadline) { jobs, job };
        /* One long wait fits no guint of milliseconds beyond 49 days; seconds fit a year. */
        if (msec < G_MAXUINT / 2)
                job->deadline = g_timeout_add_full(G_PRIORITY_DEFAULT, (guint) msec,
                                                   deadline_passed, d, g_free);
        else
                job->deadline = g_timeout_add_seconds_full(G_PRIORITY_DEFAULT,
                                                           (guint) (msec / 1000), deadline_passed,
                                                           d, g_free);
}

PiJob *pi_jobs_submit(PiJobs *jobs, uid_t owner, const char *sender, uint64_t terms,
                      GVariant *options, GError **error) {
        PiJobOffer offer = { .cpus = pi_pool_size(jobs->pool), .kernel = jobs->node.kernel };
        g_auto(PiJobSpec) spec = {};
        PiJob *job;

        if (jobs->shutting_down) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_SHUTTING_DOWN,
                                    "The service is being stopped: try again when it is up");
                return NULL;
        }
        if (!pi_job_spec_parse(terms, options, &offer, &spec, error))
                return NULL;
        if (!pi_quota_charge(jobs->quota, owner, error)) {
                pi_measure_refused(jobs->measure);
                return NULL;
        }
        job = pi_job_new(++jobs->last_id, owner, sender, &spec);
        g_hash_table_insert(jobs->by_id, &job->id, job);
        g_queue_push_tail(&jobs->all, job);
        g_queue_push_tail(&jobs->queue, job);
        if (job->spec.deadline_usec > 0)
                arm_deadline(jobs, job);
        pi_measure_submitted(jobs->measure);
        /* The workers need not wait until everyone has heard of the job. */
        if (next_fits(jobs))
                start_next(jobs);
        TELL(jobs, added, job);
        return job;
}

void pi_jobs_end(PiJobs *jobs, PiJob *job, GError *error) {
        g_return_if_fail(!pi_job_is_finished(job));

        if (job->state == PI_JOB_RUNNING) {
                pi_runner_stop(job, error);
                return;
        }
        job->error = error;
        g_queue_remove(&jobs->queue, job);
        finish(jobs, job);
        admit(jobs);
}

static void end_for_shutdown(PiJobs *jobs, PiJob *job) {
        pi_jobs_end(jobs, job,
                    g_error_new(PI_ERROR, PI_ERROR_SHUTTING_DOWN,
                                "Job %" G_GUINT64_FORMAT
                                " was ended because the service is being stopped: "
                                "ask again when it is up",
                                job->id));
}

void pi_jobs_shut_down(PiJobs *jobs) {
        PiJob *job;

        jobs->shutting_down = TRUE;
        /* From the back: ending a queued job must not start the one behind it. */
        while ((job = g_queue_peek_tail(&jobs->queue)))
                end_for_shutdown(jobs, job);
        for (GList *l = jobs->running.head; l; l = l->next)
                end_for_shutdown(jobs, l->data);
}

uint32_t pi_jobs_n_queued(const PiJobs *jobs) {
        return jobs->queue.length;
}

uint32_t pi_jobs_n_running(const PiJobs *jobs) {
        return jobs->running.length;
}

PiJob *pi_jobs_find(PiJobs *jobs, uint64_t id) {
        return g_hash_table_lookup(jobs->by_id, &id);
}

const GList *pi_jobs_list(const PiJobs *jobs) {
        return jobs->all.head;
}

PiJob *pi_jobs_find_by_task(PiJobs *jobs, const PiTask *task) {
        for (GList *l = jobs->running.head; l; l = l->next)
                if (((PiJob *) l->data)->task == task)
                        return l->data;
        return NULL;
}

static PiJob *job_of_task(const PiTask *task, gpointer userdata) {
        return pi_jobs_find_by_task(userdata, task);
}

static PiJob *job_of_id(uint64_t id, gpointer userdata) {
        return pi_jobs_find(userdata, id);
}

static void judged(PiJob *job, const PiFaultRow *rows, guint n, gpointer userdata) {
        PiJobs *jobs = userdata;

        TELL(jobs, judged, job, rows, n);
}

static void core_news(uint32_t cpu, PiCoreNews news, gpointer userdata) {
        PiJobs *jobs = userdata;

        TELL(jobs, core_news, cpu, news);
}

static void record_trouble(const GError *error, gpointer userdata) {
        PiJobs *jobs = userdata;

        TELL(jobs, record_trouble, error);
}

static void released(gpointer userdata) {
        admit(userdata);
}

void pi_jobs_open_record(PiJobs *jobs, const char *directory) {
        pi_cores_open_record(jobs->cores, directory);
}

GVariant *pi_jobs_list_faults(const PiJobs *jobs, uint32_t limit) {
        return pi_cores_list_faults(jobs->cores, limit);
}

gboolean pi_jobs_restore_core(PiJobs *jobs, uint32_t cpu, GError **error) {
        return pi_cores_restore(jobs->cores, cpu, error);
}

gboolean pi_jobs_may_inject(const PiJobs *jobs, GError **error) {
        if (jobs->node.fault_injection)
                return TRUE;
        g_set_error_literal(error, PI_ERROR, PI_ERROR_FAULT_INJECTION_DISABLED,
                            "Fault injection is off: start the daemon with --fault-injection");
        return FALSE;
}

gboolean pi_jobs_inject(PiJobs *jobs, uint32_t cpu, GVariant *options, GError **error) {
        PiFaultOrder order;

        if (!pi_jobs_may_inject(jobs, error) || !pi_cores_check(jobs->cores, cpu, error) ||
            !pi_inject_parse(options, &order, error))
                return FALSE;
        pi_pool_inject(jobs->pool, cpu, &order);
        TELL(jobs, fault_injected, cpu, &order);
        return TRUE;
}

GVariant *pi_jobs_history(PiJobs *jobs, uint32_t limit) {
        return pi_history_to_variant(&jobs->finished, limit);
}

GVariant *pi_jobs_metrics(PiJobs *jobs) {
        return pi_measure_metrics(jobs->measure, measure_now(jobs));
}

void pi_jobs_add_listener(PiJobs *jobs, const PiJobsListener *listener, gpointer userdata) {
        g_return_if_fail(jobs->n_listeners < LISTENERS_MAX);
        jobs->listener[jobs->n_listeners++] = (Listener) { listener, userdata };
}

PiJobs *pi_jobs_new(PiPool *pool, const PiNode *node) {
        PiJobs *jobs = g_new0(PiJobs, 1);

        jobs->pool = pool;
        jobs->node = *node;
        jobs->quota = pi_quota_new();
        jobs->measure = pi_measure_new(pool, node->kernel);
        jobs->hooks = (PiRunnerHooks) { runner_done, jobs };
        jobs->cores_hooks = (PiCoresHooks) {
                .job_of_task = job_of_task,
                .job_of_id = job_of_id,
                .judged = judged,
                .news = core_news,
                .trouble = record_trouble,
                .released = released,
                .userdata = jobs,
        };
        jobs->cores = pi_cores_new(pool, jobs->node.id, &jobs->cores_hooks);
        jobs->by_id = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL,
                                            (GDestroyNotify) pi_job_free);
        return jobs;
}

void pi_jobs_free(PiJobs *jobs) {
        if (!jobs)
                return;
        g_clear_handle_id(&jobs->progress_timer, g_source_remove);
        g_queue_clear(&jobs->all);
        g_queue_clear(&jobs->queue);
        g_queue_clear(&jobs->running);
        g_queue_clear(&jobs->finished);
        g_hash_table_unref(jobs->by_id);
        pi_quota_free(jobs->quota);
        pi_measure_free(jobs->measure);
        pi_cores_free(jobs->cores);
        g_free(jobs);
}
