/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/jobs-private.h"

#include "daemon/jobs/deadline.h"
#include "daemon/jobs/guest-private.h"
#include "daemon/jobs/nodes.h"
#include "daemon/jobs/report.h"
#include "daemon/jobs/runner.h"
#include "daemon/work/clock.h"
#include "dbus/error.h"

#define PROGRESS_MSEC 100
#define PROGRESSES_PER_TICK 10

static const GQueue *running(const PiJobs *jobs) {
        return pi_scheduler_running(jobs->scheduler);
}

/* Of these jobs, those of this node. */
static uint32_t own(const GQueue *queue) {
        uint32_t n = 0;

        for (const GList *l = queue->head; l; l = l->next)
                n += ((const PiJob *) l->data)->guest == NULL;
        return n;
}

static PiMeasureNow measure_now(const PiJobs *jobs) {
        return (PiMeasureNow) {
                .queued = own(pi_scheduler_queued(jobs->scheduler)),
                .running = own(running(jobs)),
                .resumed = jobs->resumed,
                .preempted = jobs->preempted,
                .guests = {
                        .running = running(jobs)->length - own(running(jobs)),
                        .done = jobs->guests_ended.done,
                        .terms = jobs->guests_ended.terms,
                },
                .firewall = { jobs->firewall_error != NULL, jobs->firewall_error },
                .store = jobs->saver ? pi_saver_figures(jobs->saver, running(jobs))
                                      : (PiMetricsStore) {},
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

/* Of a job that does not run any more. */
static void end_launch(PiJobs *jobs, PiJob *job) {
        if (job->spec.engine != PI_ENGINE_LOCAL)
                pi_contractor_forget(jobs->contractor, job);
}

/* The last move of a job: job->error says whether it ended well. */
static void finish(PiJobs *jobs, PiJob *job) {
        PiReportNode node = {
                .id = jobs->node.id,
                .name = jobs->node.name,
                .cpus = pi_pool_size(jobs->pool),
                .baseline_terms = pi_baselines_rate(jobs->baselines, job->spec.kernel),
        };
        PiJobFigures figures = {};

        if (jobs->lender)
                pi_lender_forget(jobs->lender, job);
        end_launch(jobs, job);
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
                /* In one piece it takes a fifth of the memory that its entries do. */
                (void) g_variant_get_data(job->report);
        }
        pi_measure_ended(jobs->measure, job, &figures);
        if (job->task) {
                if (job->spec.cluster)
                        jobs->terms_here += pi_job_terms_here(job);
                job->terms_done = pi_task_terms_done(job->task);
                job->leases = g_steal_pointer(&job->task->leases);
                g_clear_pointer(&job->task, pi_task_free);
        }
        pi_quota_discharge(jobs->quota, job->owner, job->spec.terms);
        if (jobs->saver)
                pi_saver_finished(jobs->saver, job);
        TELL(jobs, state_changed, job);
        keep_finished(jobs, job);
}

static void stop_timer_if_idle(PiJobs *jobs) {
        if (running(jobs)->length > 0)
                return;
        g_clear_handle_id(&jobs->progress_timer, g_source_remove);
        pi_measure_tick(jobs->measure, measure_now(jobs));
}

static gboolean tell_progress(gpointer userdata) {
        PiJobs *jobs = userdata;

        /* No job leaves while its listeners are told: that takes a completion. */
        for (const GList *l = running(jobs)->head; l; l = l->next)
                if (!((PiJob *) l->data)->guest)
                        TELL(jobs, progressed, l->data);
        if (jobs->saver)
                pi_saver_tick(jobs->saver, running(jobs));
        pi_scheduler_tick(jobs->scheduler);
        if (++jobs->progresses % PROGRESSES_PER_TICK == 0)
                pi_measure_tick(jobs->measure, measure_now(jobs));
        return G_SOURCE_CONTINUE;
}

void pi_jobs_start_timer(PiJobs *jobs) {
        if (jobs->progress_timer)
                return;
        pi_measure_tick(jobs->measure, measure_now(jobs));
        jobs->progress_timer = g_timeout_add(PROGRESS_MSEC, tell_progress, jobs);
}

/* Members or the engine may have leases of a job that has just got its CPU slots. */
static void lend(PiJobs *jobs, PiJob *job) {
        if (job->spec.engine != PI_ENGINE_LOCAL)
                pi_contractor_take(jobs->contractor, job);
        else if (jobs->lender)
                pi_lender_feed(jobs->lender, job);
        /* Without slots of this node nobody else looks after it. */
        if (job->slots == 0)
                pi_runner_poke(job);
}

static void job_started(PiJob *job, gpointer userdata) {
        PiJobs *jobs = userdata;

        pi_jobs_start_timer(jobs);
        if (job->guest)
                return;
        lend(jobs, job);
        TELL(jobs, state_changed, job);
}

static void job_done(PiJob *job, gpointer userdata) {
        PiJobs *jobs = userdata;

        pi_cores_job_ended(jobs->cores, job);
        if (job->guest)
                pi_guest_ended(job);
        else
                finish(jobs, job);
        stop_timer_if_idle(jobs);
}

static void job_preempted(PiJob *job, gpointer userdata) {
        PiJobs *jobs = userdata;

        pi_cores_job_ended(jobs->cores, job);
        if (job->guest)
                return;
        end_launch(jobs, job);
        jobs->preempted++;
        if (jobs->saver)
                pi_saver_queued(jobs->saver, job);
        TELL(jobs, state_changed, job);
        TELL(jobs, preempted, job);
}

static gboolean is_judged(const PiJob *job, gpointer userdata) {
        const PiJobs *jobs = userdata;

        return pi_cores_judge(jobs->cores, job);
}

/* The service is being stopped: the job goes on with the next one. */
static void put_away(PiJobs *jobs, PiJob *job) {
        const GError *trouble = pi_saver_trouble(jobs->saver);

        pi_saver_queued(jobs->saver, job);
        job->error = g_error_new(PI_ERROR, PI_ERROR_SHUTTING_DOWN,
                                 "Job %" G_GUINT64_FORMAT " was interrupted because the service is "
                                 "being stopped: it %s%s",
                                 job->id,
                                 trouble ? "is lost, or goes on from an older checkpoint, unless "
                                           "the store can be written in the end. "
                                         : "goes on when the service is up again",
                                 trouble ? trouble->message : "");
        TELL(jobs, suspended, job);
}

static void job_suspended(PiJob *job, gpointer userdata) {
        PiJobs *jobs = userdata;

        pi_cores_job_ended(jobs->cores, job);
        end_launch(jobs, job);
        put_away(jobs, job);
        stop_timer_if_idle(jobs);
}

static void deadline_passed(PiJob *job, GError *error, gpointer userdata) {
        pi_jobs_end(userdata, job, error);
}

/* Of this node and the members that are connected, 0 when there are none. */
static uint32_t cluster_cpus(const PiJobs *jobs) {
        return jobs->lender ? pi_lender_cpus(jobs->lender, pi_pool_size(jobs->pool)) : 0;
}

static PiJobOffer offer_to(const PiJobs *jobs, uid_t user) {
        const PiSettings *s = jobs->settings;

        return (PiJobOffer) {
                .cpus = pi_pool_size(jobs->pool),
                .cluster_cpus = cluster_cpus(jobs),
                .peers = jobs->peers,
                .node_id = jobs->node.id,
                .node_name = jobs->node.name,
                .cpus_per_user = s->cpus_per_user,
                .kernel = jobs->node.kernel,
                .deadline_default_usec = s->deadline_default_usec,
                .deadline_max_usec = s->deadline_max_usec,
                .priority_max = user == 0 ? PI_PRIORITY_LIMIT : s->priority_max,
                .engine_jobs = jobs->contractor ? s->engine_jobs : 0,
                .engine_min_time_usec = s->engine_min_time_usec,
                .terms_per_second = pi_jobs_terms_per_second(jobs),
        };
}

static void take_in(PiJobs *jobs, PiJob *job) {
        g_hash_table_insert(jobs->by_id, &job->id, job);
        g_queue_push_tail(&jobs->all, job);
}

PiJob *pi_jobs_submit(PiJobs *jobs, uid_t owner, const char *sender, uint64_t terms,
                      GVariant *options, GError **error) {
        PiJobOffer offer = offer_to(jobs, owner);
        g_auto(PiJobSpec) spec = {};
        PiJob *job;

        if (jobs->shutting_down) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_SHUTTING_DOWN,
                                    "The service is being stopped: try again when it is up");
                return NULL;
        }
        if (!pi_job_spec_parse(terms, options, &offer, &spec, error))
                return NULL;
        if (!pi_quota_charge(jobs->quota, jobs->settings, owner, terms, error)) {
                pi_measure_refused(jobs->measure);
                return NULL;
        }
        job = pi_job_new(jobs->saver ? pi_store_take_id(pi_saver_store(jobs->saver))
                                      : ++jobs->last_id,
                         owner, sender, &spec);
        take_in(jobs, job);
        if (job->spec.deadline_usec > 0)
                pi_deadline_arm(job, job->spec.deadline_usec, deadline_passed, jobs);
        pi_measure_submitted(jobs->measure);
        /* The workers need not wait until everyone has heard of the job. */
        pi_scheduler_add(jobs->scheduler, job, TRUE);
        if (job->state == PI_JOB_RUNNING) {
                pi_jobs_start_timer(jobs);
                lend(jobs, job);
        }
        TELL(jobs, added, job);
        return job;
}

void pi_jobs_record(PiJobs *jobs, PiJob *job, PiStoreDone done, gpointer userdata) {
        if (jobs->saver)
                pi_saver_submitted(jobs->saver, job, done, userdata);
        else
                done(NULL, userdata);
}

void pi_jobs_end(PiJobs *jobs, PiJob *job, GError *error) {
        g_return_if_fail(!pi_job_is_finished(job));

        if (job->state == PI_JOB_RUNNING) {
                pi_runner_stop(job, error);
                return;
        }
        g_return_if_fail(!job->guest);
        /* One that was put away has an error already. */
        g_clear_error(&job->error);
        job->error = error;
        pi_scheduler_remove(jobs->scheduler, job);
        finish(jobs, job);
        pi_scheduler_admit(jobs->scheduler);
}

static void shut_down_job(PiJobs *jobs, PiJob *job) {
        if (job->guest)
                pi_guest_end(job, g_error_new_literal(PI_ERROR, PI_ERROR_SHUTTING_DOWN,
                                                      "The service of this node is being "
                                                      "stopped"));
        else if (pi_job_is_attached(job) || !jobs->saver)
                pi_jobs_end(jobs, job,
                            g_error_new(PI_ERROR, PI_ERROR_SHUTTING_DOWN,
                                        "Job %" G_GUINT64_FORMAT
                                        " was ended because the service is being stopped: "
                                        "ask again when it is up",
                                        job->id));
        else if (job->state == PI_JOB_RUNNING)
                pi_scheduler_suspend(jobs->scheduler, job);
        else {
                pi_scheduler_remove(jobs->scheduler, job);
                put_away(jobs, job);
        }
}

void pi_jobs_shut_down(PiJobs *jobs) {
        PiJob *job;

        jobs->shutting_down = TRUE;
        pi_scheduler_stop(jobs->scheduler);
        while ((job = g_queue_peek_head((GQueue *) pi_scheduler_queued(jobs->scheduler))))
                shut_down_job(jobs, job);
        for (const GList *l = running(jobs)->head; l; l = l->next)
                shut_down_job(jobs, l->data);
}

uint32_t pi_jobs_n_queued(const PiJobs *jobs) {
        return pi_scheduler_queued(jobs->scheduler)->length;
}

uint32_t pi_jobs_n_running(const PiJobs *jobs) {
        return running(jobs)->length;
}

PiJob *pi_jobs_find(PiJobs *jobs, uint64_t id) {
        return g_hash_table_lookup(jobs->by_id, &id);
}

const GList *pi_jobs_list(const PiJobs *jobs) {
        return jobs->all.head;
}

PiJob *pi_jobs_find_by_task(PiJobs *jobs, const PiTask *task) {
        for (const GList *l = running(jobs)->head; l; l = l->next)
                if (((PiJob *) l->data)->task == task)
                        return l->data;
        return NULL;
}

static void resumed(PiJob *job, gboolean discarded, gpointer userdata) {
        PiJobs *jobs = userdata;
        uint64_t now = pi_clock_nsec(CLOCK_REALTIME) / 1000, end;

        if (job->spec.cluster)
                job->spec.elsewhere = pi_job_nodes_are_others(&job->spec, jobs->node.id,
                                                              jobs->peers);
        take_in(jobs, job);
        pi_quota_add(jobs->quota, job->owner, job->spec.terms);
        jobs->resumed += job->resumes > 0;
        TELL(jobs, added, job);
        TELL(jobs, resumed, job, discarded);
        if (job->spec.deadline_usec > 0) {
                end = job->created_usec + job->spec.deadline_usec;
                /* A clock that was set back does not make it longer. */
                pi_deadline_arm(job, MIN(end > now ? end - now : 0, job->spec.deadline_usec),
                                deadline_passed, jobs);
        }
        pi_scheduler_add(jobs->scheduler, job, FALSE);
}

static void lost(const PiJobRecord *record, gpointer userdata) {
        PiJobs *jobs = userdata;

        TELL(jobs, lost, record);
}

static void take_bad_cores(const GArray *cores, gpointer userdata) {
        PiJobs *jobs = userdata;

        pi_cores_take_record(jobs->cores, (const PiBadCore *) (const void *) cores->data,
                             cores->len);
}

static void remember_calibrations(const GArray *calibrations, gpointer userdata) {
        PiJobs *jobs = userdata;

        pi_baselines_remember(jobs->baselines, calibrations);
}

static void store_changed(const GError *error, gpointer userdata) {
        PiJobs *jobs = userdata;

        TELL(jobs, store_changed, error);
}

static void store_set_aside(const GError *what, gpointer userdata) {
        PiJobs *jobs = userdata;

        TELL(jobs, store_set_aside, what);
}

void pi_jobs_open_store(PiJobs *jobs, const char *directory) {
        jobs->saver = pi_saver_new(directory, jobs->settings, jobs->node.kernel,
                                   pi_pool_size(jobs->pool), &jobs->saver_hooks);
        pi_baselines_keep_in(jobs->baselines, pi_saver_store(jobs->saver));
}

PiStore *pi_jobs_store(PiJobs *jobs) {
        return jobs->saver ? pi_saver_store(jobs->saver) : NULL;
}

static const GQueue *running_jobs(gpointer userdata) {
        return running(userdata);
}

static void settled_elsewhere(PiJob *job, uint32_t lease, gpointer userdata) {
        PiJobs *jobs = userdata;

        pi_cores_settled(jobs->cores, job, lease);
}

static double rate_here(const PiJob *job, gpointer userdata) {
        PiJobs *jobs = userdata;

        return pi_own_rate(&jobs->own_rate, job,
                           pi_baselines_rate(jobs->baselines, job->spec.kernel),
                           pi_clock_nsec(CLOCK_MONOTONIC));
}

void pi_jobs_set_peers(PiJobs *jobs, const PiPeers *peers) {
        jobs->lender_hooks = (PiLenderHooks) {
                .running = running_jobs,
                .settled = settled_elsewhere,
                .rate_here = rate_here,
                .is_judged = is_judged,
                .userdata = jobs,
        };
        jobs->peers = peers;
        jobs->lender = pi_lender_new(peers, &jobs->lender_hooks);
}

void pi_jobs_peers_changed(PiJobs *jobs) {
        if (jobs->lender)
                pi_lender_peers_changed(jobs->lender);
}

static void worker_idle(gpointer userdata) {
        PiJobs *jobs = userdata;

        pi_scheduler_admit(jobs->scheduler);
}

void pi_jobs_apply_settings(PiJobs *jobs, PiSettings *settings) {
        gboolean restart = pi_settings_need_restart(jobs->settings, settings);

        pi_scheduler_set_settings(jobs->scheduler, settings);
        if (jobs->saver)
                pi_saver_set_settings(jobs->saver, settings);
        pi_settings_free(jobs->settings);
        jobs->settings = settings;
        TELL(jobs, settings_changed, restart);
        pi_scheduler_admit(jobs->scheduler);
}

GVariant *pi_jobs_metrics(PiJobs *jobs) {
        PiMeasureNow now = measure_now(jobs);
        g_autofree PiMetricsNode *nodes = pi_jobs_list_members(jobs, &now.n_nodes);

        now.nodes = nodes;
        return pi_measure_metrics(jobs->measure, now);
}

void pi_jobs_add_listener(PiJobs *jobs, const PiJobsListener *listener, gpointer userdata) {
        g_return_if_fail(jobs->n_listeners < LISTENERS_MAX);
        jobs->listener[jobs->n_listeners++] = (Listener) { listener, userdata };
}

PiJobs *pi_jobs_new(PiPool *pool, const PiNode *node, PiSettings *settings) {
        PiJobs *jobs = g_new0(PiJobs, 1);

        jobs->pool = pool;
        jobs->node = *node;
        jobs->settings = settings;
        jobs->quota = pi_quota_new();
        jobs->baselines = pi_baselines_new(node->kernel);
        jobs->measure = pi_measure_new(pool, jobs->baselines);
        jobs->scheduler_hooks = (PiSchedulerHooks) {
                .started = job_started,
                .preempted = job_preempted,
                .suspended = job_suspended,
                .done = job_done,
                .is_judged = is_judged,
                .userdata = jobs,
        };
        jobs->scheduler = pi_scheduler_new(pool, settings, &jobs->scheduler_hooks);
        jobs->saver_hooks = (PiSaverHooks) {
                .resumed = resumed,
                .lost = lost,
                .bad_cores = take_bad_cores,
                .calibrations = remember_calibrations,
                .state_changed = store_changed,
                .set_aside = store_set_aside,
                .userdata = jobs,
        };
        jobs->cores_hooks = pi_jobs_cores_hooks;
        jobs->cores_hooks.userdata = jobs;
        jobs->cores = pi_cores_new(pool, jobs->node.id, &jobs->cores_hooks);
        pi_pool_listen_idle(pool, worker_idle, jobs);
        jobs->by_id = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL,
                                            (GDestroyNotify) pi_job_free);
        return jobs;
}

void pi_jobs_free(PiJobs *jobs) {
        if (!jobs)
                return;
        g_clear_handle_id(&jobs->progress_timer, g_source_remove);
        pi_guests_drop(jobs);
        pi_lender_free(jobs->lender);
        pi_contractor_free(jobs->contractor);
        pi_saver_free(jobs->saver);
        g_queue_clear(&jobs->all);
        g_queue_clear(&jobs->finished);
        g_free(jobs->firewall_error);
        g_hash_table_unref(jobs->by_id);
        pi_quota_free(jobs->quota);
        pi_measure_free(jobs->measure);
        pi_baselines_free(jobs->baselines);
        pi_cores_free(jobs->cores);
        pi_scheduler_free(jobs->scheduler);
        pi_settings_free(jobs->settings);
        g_free(jobs);
}
