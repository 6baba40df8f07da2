/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/top.h"

#include <string.h>

#include "ctl/job.h"
#include "dbus/names.h"

/* Weight of the newest rate in the one that is shown: steady enough to read, and right again within
 * some looks. */
#define RATE_WEIGHT 0.4

static void job_free(gpointer p) {
        PiTopJob *job = p;

        g_free(job->label);
        g_free(job);
}

static GVariant *empty_dict(void) {
        return g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE("{sv}"), NULL, 0));
}

PiTop *pi_top_new(void) {
        PiTop *top = g_new0(PiTop, 1);

        top->metrics = empty_dict();
        top->properties = empty_dict();
        top->active = g_ptr_array_new_with_free_func(job_free);
        top->finished = g_ptr_array_new_with_free_func(job_free);
        top->cores = g_array_new(FALSE, TRUE, sizeof(PiTopCore));
        return top;
}

void pi_top_free(PiTop *top) {
        g_variant_unref(top->metrics);
        g_variant_unref(top->properties);
        g_ptr_array_unref(top->active);
        g_ptr_array_unref(top->finished);
        g_array_unref(top->cores);
        g_free(top);
}

static void replace(GVariant **place, GVariant *value) {
        GVariant *old = *place;

        *place = g_variant_ref_sink(value);
        g_variant_unref(old);
}

void pi_top_take_properties(PiTop *top, GVariant *properties) {
        replace(&top->properties, properties);
}

/* Workers may share a CPU: what tells them apart is their place in the list. */
static const PiTopCore *find_core(const GArray *cores, guint32 cpu, guint place) {
        const PiTopCore *core = place < cores->len ? &g_array_index(cores, PiTopCore, place) : NULL;

        return core && core->cpu == cpu ? core : NULL;
}

static PiTopCore core_from(GVariant *entry, const GArray *before, guint place, guint64 usec) {
        PiTopCore core = {
                .cpu = (guint32) pi_dict_u64(entry, "cpu"),
                .terms = pi_dict_u64(entry, "terms"),
                .busy_usec = pi_dict_u64(entry, "busy_usec"),
                .use = -1,
        };
        const PiTopCore *old = find_core(before, core.cpu, place);

        g_strlcpy(core.state, pi_dict_string(entry, "state"), sizeof(core.state));
        /* Counters that went back are those of another process. */
        if (!old || usec == 0 || core.terms < old->terms || core.busy_usec < old->busy_usec)
                return core;
        core.use = MIN((double) (core.busy_usec - old->busy_usec) / (double) usec, 1);
        core.rate = (double) (core.terms - old->terms) * 1e6 / (double) usec;
        return core;
}

void pi_top_take_metrics(PiTop *top, GVariant *metrics) {
        g_autoptr(GVariant) list = g_variant_lookup_value(metrics, "cores",
                                                          G_VARIANT_TYPE("aa{sv}"));
        guint64 before = pi_dict_u64(top->metrics, "uptime_usec"),
                now = pi_dict_u64(metrics, "uptime_usec");
        GArray *cores = g_array_new(FALSE, TRUE, sizeof(PiTopCore));

        for (gsize i = 0; list && i < g_variant_n_children(list); i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);
                PiTopCore core = core_from(entry, top->cores, (guint) i,
                                           now > before && before > 0 ? now - before : 0);

                g_array_append_val(cores, core);
        }
        g_array_unref(top->cores);
        top->cores = cores;
        replace(&top->metrics, metrics);
}

static const PiTopJob *find_job(const GPtrArray *jobs, guint64 id) {
        for (guint i = 0; i < jobs->len; i++)
                if (((const PiTopJob *) jobs->pdata[i])->id == id)
                        return jobs->pdata[i];
        return NULL;
}

/* What the job did since the last look. */
static void measure(PiTopJob *job, const PiTopJob *old) {
        double rate;

        if (!old || strcmp(old->state, "running") != 0 || job->seen_usec <= old->seen_usec)
                return;
        if (job->share < old->share)
                return; /* it began again from an older checkpoint */
        rate = (job->share - old->share) * (double) job->terms * 1e6 /
               (double) (job->seen_usec - old->seen_usec);
        job->rate = old->rate > 0 ? old->rate + RATE_WEIGHT * (rate - old->rate) : rate;
}

static PiTopJob *job_from(GVariant *properties, gint64 now_usec) {
        PiTopJob *job = g_new0(PiTopJob, 1);

        job->id = pi_dict_u64(properties, "Id");
        job->terms = pi_dict_u64(properties, "Terms");
        job->started_usec = pi_dict_u64(properties, "StartedUsec");
        job->finished_usec = pi_dict_u64(properties, "FinishedUsec");
        job->owner = (guint32) pi_dict_u64(properties, "Owner");
        (void) g_variant_lookup(properties, "Priority", "i", &job->priority);
        g_strlcpy(job->state, pi_dict_string(properties, "State"), sizeof(job->state));
        job->label = g_strdup(pi_dict_string(properties, "Label"));
        job->share = CLAMP(pi_dict_double(properties, "Progress"), 0, 1);
        job->seen_usec = now_usec;
        return job;
}

static gboolean is_running(const PiTopJob *job) {
        return strcmp(job->state, "running") == 0;
}

/* The order they were started in, then that in which they wait. */
static int compare_active(gconstpointer a, gconstpointer b) {
        const PiTopJob *x = *(PiTopJob *const *) a, *y = *(PiTopJob *const *) b;

        if (is_running(x) != is_running(y))
                return is_running(x) ? -1 : 1;
        if (!is_running(x) && x->priority != y->priority)
                return x->priority > y->priority ? -1 : 1;
        return (x->id > y->id) - (x->id < y->id);
}

static int compare_finished(gconstpointer a, gconstpointer b) {
        const PiTopJob *x = *(PiTopJob *const *) a, *y = *(PiTopJob *const *) b;

        if (x->finished_usec != y->finished_usec)
                return x->finished_usec > y->finished_usec ? -1 : 1;
        return (x->id < y->id) - (x->id > y->id);
}

void pi_top_take_objects(PiTop *top, GVariant *objects, gint64 now_usec) {
        g_autoptr(GPtrArray) before = top->active;

        top->active = g_ptr_array_new_with_free_func(job_free);
        g_ptr_array_set_size(top->finished, 0);
        top->n_running = 0;
        for (gsize i = 0; i < g_variant_n_children(objects); i++) {
                g_autoptr(GVariant) object = g_variant_get_child_value(objects, i);
                g_autoptr(GVariant) interfaces = g_variant_get_child_value(object, 1);
                g_autoptr(GVariant) properties = g_variant_lookup_value(
                        interfaces, PI_INTERFACE_JOB, G_VARIANT_TYPE_VARDICT);
                PiTopJob *job = properties ? job_from(properties, now_usec) : NULL;

                if (!job)
                        continue;
                if (pi_job_state_is_final(job->state)) {
                        g_ptr_array_add(top->finished, job);
                        continue;
                }
                top->n_running += is_running(job);
                if (is_running(job))
                        measure(job, find_job(before, job->id));
                g_ptr_array_add(top->active, job);
        }
        g_ptr_array_sort(top->active, compare_active);
        g_ptr_array_sort(top->finished, compare_finished);
}

double pi_top_job_left(const PiTopJob *job) {
        return job->rate > 0 ? (1 - job->share) * (double) job->terms / job->rate : -1;
}
