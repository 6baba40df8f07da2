/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/cores.h"

#include "daemon/jobs/guest-private.h"
#include "daemon/jobs/referee.h"
#include "daemon/jobs/runner.h"
#include "daemon/work/clock.h"
#include "dbus/error.h"

struct PiCores {
        PiPool *pool;
        const char *node_id;
        const PiCoresHooks *hooks;
        PiReferee *referee;
        PiRefereeHooks referee_hooks;
        GHashTable *record; /* CPUs taken out of service, as a set */
        PiFaultList *faults;
        uint64_t counts[_PI_VERDICT_MAX];
};

static gboolean take_out(PiCores *cores, const PiFaultRow *row) {
        PiBadCore core = { .cpu = row->cpu, .since_usec = row->time_usec, .job = row->job };

        if (pi_pool_is_last_in_service(cores->pool, row->cpu))
                return FALSE;
        pi_pool_set_core_state(cores->pool, row->cpu, PI_CORE_OUT_OF_SERVICE);
        g_hash_table_add(cores->record, GUINT_TO_POINTER(row->cpu));
        cores->hooks->record(&core, cores->hooks->userdata);
        return TRUE;
}

static PiFaultRow make_row(const PiCores *cores, const PiJob *job, const PiRuling *r, uint32_t i) {
        const PiLeaseTable *leases = job->task->leases;
        const PiWrong *wrong = &r->wrong[i];
        PiFaultRow row = {
                .time_usec = pi_clock_nsec(CLOCK_REALTIME) / 1000,
                .job = pi_guest_job_number(job),
                .verdict = r->verdict,
                .node = cores->node_id,
                .cpu = wrong->cpu,
                .kernel = job->spec.kernel->name,
                .first_part = pi_lease_first_part(leases, r->lease),
                .first_term = wrong->stretch.begin,
                .terms = wrong->stretch.end - wrong->stretch.begin,
                .residual = 4 * pi_fixed_to_double(&wrong->residual),
                .attempts = wrong->attempts,
                .undecided = r->undecided,
        };

        row.parts = pi_lease_first_part(leases, r->lease + 1) - row.first_part;
        pi_topology_read(NULL, wrong->cpu, &row.topology);
        return row;
}

/* A core is trusted again when nothing is held against it any more. */
static void release(PiCores *cores, uint32_t cpu) {
        if (pi_pool_core_state(cores->pool, cpu) == PI_CORE_SUSPECT &&
            !pi_referee_suspects(cores->referee, cpu))
                pi_pool_set_core_state(cores->pool, cpu, PI_CORE_IN_SERVICE);
}

/* Into the job's own list; FALSE when that has enough of the kind. */
static gboolean keep(PiJob *job, const PiFaultRow *row) {
        if (!job->faults)
                job->faults = pi_fault_list_new(PI_FAULTS_PER_JOB);
        if (row->verdict == PI_VERDICT_TRANSIENT &&
            pi_fault_list_length(job->faults) >= PI_FAULTS_PER_JOB)
                return FALSE;
        pi_fault_list_add(job->faults, row);
        return TRUE;
}

static void on_ruling(const PiRuling *r, gpointer userdata) {
        PiCores *cores = userdata;
        PiJob *job = cores->hooks->job_of_id(r->job, cores->hooks->userdata);
        PiFaultRow rows[PI_LEASE_ATTEMPTS_MAX];
        gboolean kept = FALSE;

        g_return_if_fail(job && job->task);
        job->verdict = MAX(job->verdict, r->verdict);
        for (uint32_t i = 0; i < r->n_wrong; i++) {
                rows[i] = make_row(cores, job, r, i);
                if (r->verdict == PI_VERDICT_CORE)
                        rows[i].taken_out = take_out(cores, &rows[i]);
                release(cores, rows[i].cpu);
                cores->counts[r->verdict]++;
                pi_fault_list_add(cores->faults, &rows[i]);
                kept |= keep(job, &rows[i]);
        }
        /* What is wrong by the same bits on each core would be so elsewhere. */
        if (r->verdict == PI_VERDICT_SOFTWARE ||
            (r->verdict == PI_VERDICT_NODE &&
             !cores->hooks->rescue(job, r->lease, cores->hooks->userdata)))
                pi_runner_give_up(job, r->lease, r->verdict);
        if (kept)
                cores->hooks->judged(job, rows, r->n_wrong, cores->hooks->userdata);
        cores->hooks->released(cores->hooks->userdata);
}

static bool may_try(const PiRuling *open, gpointer userdata) {
        const PiCores *cores = userdata;

        for (uint32_t i = 0; i < pi_pool_size(cores->pool); i++) {
                uint32_t cpu = pi_pool_worker_cpu(cores->pool, i);
                bool tried = false;

                for (uint32_t w = 0; w < open->n_wrong; w++)
                        tried |= open->wrong[w].cpu == cpu;
                if (!tried && pi_pool_core_state(cores->pool, cpu) != PI_CORE_OUT_OF_SERVICE)
                        return true;
        }
        return false;
}

static void on_sighting(const PiSighting *s, gpointer userdata) {
        PiCores *cores = userdata;
        PiJob *job = cores->hooks->job_of_task(s->task, cores->hooks->userdata);
        PiWrong wrong = {
                .cpu = s->cpu,
                .attempts = s->attempts,
                .stretch = s->stretch,
                .residual = s->residual,
        };

        g_return_if_fail(job);
        switch (s->kind) {
        case PI_SIGHTING_CLEARED:
                pi_referee_cleared(cores->referee, job->id, s->lease, &wrong);
                break;
        case PI_SIGHTING_LASTING:
                if (pi_pool_core_state(cores->pool, s->cpu) == PI_CORE_IN_SERVICE)
                        pi_pool_set_core_state(cores->pool, s->cpu, PI_CORE_SUSPECT);
                pi_referee_lasting(cores->referee, job->id, s->lease, &wrong);
                break;
        case PI_SIGHTING_SETTLED:
                pi_referee_settled(cores->referee, job->id, s->lease);
                break;
        }
}

void pi_cores_settled(PiCores *cores, const PiJob *job, uint32_t lease) {
        pi_referee_settled(cores->referee, job->id, lease);
}

PiCores *pi_cores_new(PiPool *pool, const char *node_id, const PiCoresHooks *hooks) {
        PiCores *cores = g_new0(PiCores, 1);

        cores->pool = pool;
        cores->node_id = node_id;
        cores->hooks = hooks;
        cores->referee_hooks = (PiRefereeHooks) { on_ruling, may_try, cores };
        cores->referee = pi_referee_new(&cores->referee_hooks);
        cores->record = g_hash_table_new(NULL, NULL);
        cores->faults = pi_fault_list_new(PI_FAULTS_KEPT);
        pi_pool_listen(pool, on_sighting, cores);
        return cores;
}

void pi_cores_free(PiCores *cores) {
        if (!cores)
                return;
        pi_referee_free(cores->referee);
        g_hash_table_unref(cores->record);
        pi_fault_list_free(cores->faults);
        g_free(cores);
}

void pi_cores_take_record(PiCores *cores, const PiBadCore *bad, guint n) {
        for (guint i = 0; i < n; i++) {
                uint32_t cpu = bad[i].cpu;
                gboolean last = pi_pool_is_last_in_service(cores->pool, cpu);

                g_hash_table_add(cores->record, GUINT_TO_POINTER(cpu));
                if (!pi_pool_has_cpu(cores->pool, cpu))
                        continue;
                if (!last)
                        pi_pool_set_core_state(cores->pool, cpu, PI_CORE_OUT_OF_SERVICE);
                cores->hooks->news(cpu, last ? PI_CORE_NEWS_STILL_LAST : PI_CORE_NEWS_STILL_OUT,
                                   cores->hooks->userdata);
        }
}

void pi_cores_job_ended(PiCores *cores, PiJob *job) {
        pi_referee_job_ended(cores->referee, job->id);
}

gboolean pi_cores_judge(const PiCores *cores, const PiJob *job) {
        return pi_referee_judges(cores->referee, job->id);
}

gboolean pi_cores_check(const PiCores *cores, uint32_t cpu, GError **error) {
        g_autoptr(GString) list = NULL;
        uint32_t n = pi_pool_size(cores->pool);

        if (pi_pool_has_cpu(cores->pool, cpu))
                return TRUE;
        list = g_string_new(NULL);
        for (uint32_t i = 0; i < n; i++)
                g_string_append_printf(list, "%s%u", i ? ", " : "",
                                       pi_pool_worker_cpu(cores->pool, i));
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "Argument \"cpu\" is %u: give one of the CPUs the workers are on: %s", cpu,
                    list->str);
        return FALSE;
}

gboolean pi_cores_restore(PiCores *cores, uint32_t cpu, GError **error) {
        gboolean recorded = g_hash_table_contains(cores->record, GUINT_TO_POINTER(cpu));

        /* One on record may have gone since, and its entry must be able to go, too. */
        if (!recorded && !pi_cores_check(cores, cpu, error))
                return FALSE;
        if (g_hash_table_remove(cores->record, GUINT_TO_POINTER(cpu)))
                cores->hooks->forget(cpu, cores->hooks->userdata);
        if (!recorded && pi_pool_core_state(cores->pool, cpu) != PI_CORE_OUT_OF_SERVICE)
                return TRUE;
        if (pi_pool_core_state(cores->pool, cpu) == PI_CORE_OUT_OF_SERVICE)
                pi_pool_set_core_state(cores->pool, cpu,
                                       pi_referee_suspects(cores->referee, cpu)
                                                       ? PI_CORE_SUSPECT
                                                       : PI_CORE_IN_SERVICE);
        cores->hooks->news(cpu, PI_CORE_NEWS_RESTORED, cores->hooks->userdata);
        cores->hooks->released(cores->hooks->userdata);
        return TRUE;
}

uint64_t pi_cores_faults(const PiCores *cores, PiVerdict verdict) {
        uint64_t n = cores->counts[verdict];

        return verdict == PI_VERDICT_TRANSIENT ? n + pi_pool_sightings_lost(cores->pool) : n;
}

GVariant *pi_cores_list_faults(const PiCores *cores, uint32_t limit) {
        return pi_fault_list_to_variant(cores->faults, limit);
}
