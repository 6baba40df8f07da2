/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/jobs-private.h"

#include "daemon/jobs/inject.h"
#include "dbus/error.h"

static PiJob *job_of_task(const PiTask *task, gpointer userdata) {
        return pi_jobs_find_by_task(userdata, task);
}

static PiJob *job_of_id(uint64_t id, gpointer userdata) {
        PiJobs *jobs = userdata;

        for (const GList *l = jobs->guests.head; l; l = l->next)
                if (((PiJob *) l->data)->id == id)
                        return l->data;
        return pi_jobs_find(jobs, id);
}

static void judged(PiJob *job, const PiFaultRow *rows, guint n, gpointer userdata) {
        PiJobs *jobs = userdata;

        TELL(jobs, judged, job, rows, n);
}

static void core_news(uint32_t cpu, PiCoreNews news, gpointer userdata) {
        PiJobs *jobs = userdata;

        TELL(jobs, core_news, cpu, news);
}

static void record_core(const PiBadCore *core, gpointer userdata) {
        PiJobs *jobs = userdata;

        if (jobs->saver)
                pi_store_put_bad_core(pi_saver_store(jobs->saver), core);
}

static void forget_core(uint32_t cpu, gpointer userdata) {
        PiJobs *jobs = userdata;

        if (jobs->saver)
                pi_store_remove_bad_core(pi_saver_store(jobs->saver), cpu);
}

static gboolean rescue(PiJob *job, uint32_t lease, gpointer userdata) {
        PiJobs *jobs = userdata;

        return jobs->lender && pi_lender_rescue(jobs->lender, job, lease);
}

static void released(gpointer userdata) {
        PiJobs *jobs = userdata;

        pi_scheduler_admit(jobs->scheduler);
}

const PiCoresHooks pi_jobs_cores_hooks = {
        .job_of_task = job_of_task,
        .job_of_id = job_of_id,
        .judged = judged,
        .news = core_news,
        .record = record_core,
        .forget = forget_core,
        .rescue = rescue,
        .released = released,
};

static void calibrated(gpointer userdata) {
        PiJobs *jobs = userdata;

        for (gsize i = 0; i < jobs->n_listeners; i++)
                if (jobs->listener[i].calls->calibrated)
                        jobs->listener[i].calls->calibrated(jobs->listener[i].userdata);
}

gboolean pi_jobs_calibrate(PiJobs *jobs, GError **error) {
        if (pi_jobs_n_running(jobs) == 0)
                return pi_baselines_measure(jobs->baselines, calibrated, jobs, error);
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "Jobs are running (%u), and a calibration needs a CPU for itself: try again "
                    "when they are done",
                    pi_jobs_n_running(jobs));
        return FALSE;
}

GVariant *pi_jobs_baselines(const PiJobs *jobs) {
        return pi_baselines_to_variant(jobs->baselines);
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

uint32_t pi_jobs_cpus(const PiJobs *jobs) {
        return pi_pool_size(jobs->pool);
}

double pi_jobs_terms_per_second(const PiJobs *jobs) {
        return pi_baselines_rate(jobs->baselines, jobs->node.kernel) *
               pi_pool_in_service(jobs->pool);
}

const char *pi_jobs_kernel(const PiJobs *jobs) {
        return jobs->node.kernel->name;
}

void pi_jobs_usage(PiJobs *jobs, PiNodeUsage *ret) {
        pi_measure_usage(jobs->measure, ret);
}

static uint64_t terms_of(const GQueue *queue) {
        uint64_t terms = 0;

        for (const GList *l = queue->head; l; l = l->next) {
                const PiJob *job = l->data;

                /* A queued one has a task when it made room for others. */
                if (job->spec.cluster && job->task)
                        terms += pi_job_terms_here(job);
        }
        return terms;
}

/* Never less than before: it is a counter. */
static uint64_t terms_here(PiJobs *jobs) {
        uint64_t terms = jobs->terms_here + terms_of(pi_scheduler_running(jobs->scheduler)) +
                         terms_of(pi_scheduler_queued(jobs->scheduler));

        jobs->terms_told = MAX(jobs->terms_told, terms);
        return jobs->terms_told;
}

static void describe_self(PiJobs *jobs, PiMetricsNode *node) {
        node->cpus = pi_pool_size(jobs->pool);
        node->terms_per_second = pi_jobs_terms_per_second(jobs);
        node->terms = terms_here(jobs);
        for (uint32_t i = 0; i < node->cpus; i++) {
                const PiWorkerStats *s = pi_pool_worker_stats(jobs->pool, i);

                node->leases_verified += atomic_load(&s->leases_verified);
                node->leases_failed += atomic_load(&s->leases_failed);
        }
        pi_jobs_usage(jobs, &node->usage);
}

PiMetricsNode *pi_jobs_list_members(PiJobs *jobs, size_t *ret_n) {
        const PiPeers *peers = jobs->peers;
        PiMetricsNode *nodes;
        uint64_t all;

        *ret_n = 0;
        if (!peers || !peers->members)
                return NULL;
        nodes = g_new0(PiMetricsNode, PI_METRICS_NODES_MAX);
        *ret_n = peers->members(nodes, PI_METRICS_NODES_MAX, peers->userdata);
        all = pi_lender_terms(jobs->lender) + terms_here(jobs);
        for (size_t i = 0; i < *ret_n; i++) {
                PiMetricsNode *node = &nodes[i];

                if (node->is_self)
                        describe_self(jobs, node);
                else
                        pi_lender_describe(jobs->lender, node);
                node->share = all > 0 ? (double) node->terms / (double) all : -1;
        }
        return nodes;
}

static const PiSettings *settings_now(gpointer userdata) {
        return ((const PiJobs *) userdata)->settings;
}

static double rate_of_one(const PiJob *job, gpointer userdata) {
        return pi_baselines_rate(((const PiJobs *) userdata)->baselines, job->spec.kernel);
}

static void engine_changed(PiJob *job, gpointer userdata) {
        PiJobs *jobs = userdata;

        TELL(jobs, engine_changed, job);
}

static void engine_trouble(PiJob *job, const char *what, gpointer userdata) {
        PiJobs *jobs = userdata;

        TELL(jobs, engine_trouble, job, what);
}

void pi_jobs_set_engine(PiJobs *jobs, const PiEngine *engine) {
        jobs->contractor_hooks = (PiContractorHooks) {
                .settings = settings_now,
                .rate = rate_of_one,
                .changed = engine_changed,
                .trouble = engine_trouble,
                .userdata = jobs,
        };
        jobs->contractor = pi_contractor_new(engine, &jobs->contractor_hooks);
}

void pi_jobs_note_firewall(PiJobs *jobs, const GError *error) {
        g_free(jobs->firewall_error);
        jobs->firewall_error = g_strdup(error ? error->message : NULL);
}
