/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/burnin.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/job.h"

#define FAULTS_MAX 1000

/* What a core computes in the time of the burn-in, roughly. A core that failed a lease is judged
 * when another has computed that lease: this long a time must be a small part of the whole. Shorter
 * leases would only end jobs more often. */
#define LEASES_PER_CORE 60

/* What is counted of a core, in the order of `keys`. */
enum { TERMS, LEASES, FAILED, RECOMPUTED, BUSY, N_COUNTERS };

static const char *const keys[N_COUNTERS] = {
        [TERMS] = "terms",
        [LEASES] = "leases_verified",
        [FAILED] = "leases_failed",
        [RECOMPUTED] = "leases_recomputed",
        [BUSY] = "busy_usec",
};

typedef struct Entry {
        PiBurninCore core;
        guint64 base[N_COUNTERS];
        guint64 told; /* rows of faults that name this CPU */
} Entry;

struct PiBurnin {
        GArray *entries; /* of Entry */
        GVariant *faults; /* of this burn-in */
        guint64 slots;
        PiBurninSummary summary;
};

PiBurnin *pi_burnin_new(guint64 slots) {
        PiBurnin *b = g_new0(PiBurnin, 1);

        b->entries = g_array_new(FALSE, TRUE, sizeof(Entry));
        b->faults = g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE_VARDICT, NULL, 0));
        b->slots = slots;
        return b;
}

void pi_burnin_free(PiBurnin *b) {
        g_array_unref(b->entries);
        g_variant_unref(b->faults);
        g_free(b);
}

static Entry *entry_at(const PiBurnin *b, guint i) {
        return &g_array_index(b->entries, Entry, i);
}

guint pi_burnin_n_cores(const PiBurnin *b) {
        return b->entries->len;
}

const PiBurninCore *pi_burnin_core(const PiBurnin *b, guint i) {
        return &entry_at(b, i)->core;
}

/* Rows come in the same order each time, so the place is tried first: that also keeps two workers
 * on one CPU apart. */
static Entry *find(const PiBurnin *b, guint32 cpu, guint place) {
        if (place < b->entries->len && entry_at(b, place)->core.cpu == cpu)
                return entry_at(b, place);
        for (guint i = 0; i < b->entries->len; i++)
                if (entry_at(b, i)->core.cpu == cpu)
                        return entry_at(b, i);
        return NULL;
}

static void take_state(Entry *e, GVariant *row) {
        g_strlcpy(e->core.state, pi_dict_string(row, "state"), sizeof(e->core.state));
        if (strcmp(e->core.state, "out-of-service") == 0)
                e->core.was_out = TRUE;
}

static Entry *add(PiBurnin *b, GVariant *row) {
        Entry e = { .core.cpu = (guint32) pi_dict_u64(row, "cpu") };

        for (guint k = 0; k < N_COUNTERS; k++)
                e.base[k] = pi_dict_u64(row, keys[k]);
        g_array_append_val(b->entries, e);
        return entry_at(b, b->entries->len - 1);
}

static void take_row(Entry *e, GVariant *row) {
        guint64 *const counters[N_COUNTERS] = {
                &e->core.terms, &e->core.leases, &e->core.leases_failed,
                &e->core.leases_recomputed, &e->core.busy_usec,
        };

        for (guint k = 0; k < N_COUNTERS; k++) {
                guint64 value = pi_dict_u64(row, keys[k]);
                if (value >= e->base[k])
                        *counters[k] = value - e->base[k];
        }
        take_state(e, row);
}

static void add_up(PiBurnin *b) {
        PiBurninSummary *s = &b->summary;

        *s = (PiBurninSummary) {
                .elapsed_usec = s->elapsed_usec,
                .jobs_done = s->jobs_done,
                .jobs_failed = s->jobs_failed,
        };
        for (guint i = 0; i < b->entries->len; i++) {
                Entry *e = entry_at(b, i);
                PiBurninCore *c = &e->core;

                /* A lease that failed is counted at once, and told of when there is a verdict. */
                c->faults = MAX(c->leases_failed, e->told);
                c->terms_per_second =
                        c->busy_usec > 0 ? (double) c->terms * 1e6 / (double) c->busy_usec : 0;
                c->busy = s->elapsed_usec > 0
                                  ? MIN(1, (double) c->busy_usec / (double) s->elapsed_usec)
                                  : 0;
                s->terms += c->terms;
                s->faults += c->faults;
        }
        if (s->elapsed_usec > 0)
                s->terms_per_second = (double) s->terms * 1e6 / (double) s->elapsed_usec;
}

static gboolean is_idle(const PiBurninCore *c) {
        return c->terms == 0 && c->faults == 0 && !c->was_out;
}

/* Which cores a job with fewer slots than cores gets is the service's choice: as many may be idle
 * as are left over, not one more. */
static void judge(PiBurnin *b) {
        guint64 n = b->entries->len, spare = b->slots > 0 && b->slots < n ? n - b->slots : 0;
        guint64 idle = 0;

        for (guint i = 0; i < n; i++)
                idle += is_idle(&entry_at(b, i)->core);
        for (guint i = 0; i < n; i++) {
                PiBurninCore *c = &entry_at(b, i)->core;

                if (is_idle(c))
                        c->result = idle <= spare ? PI_BURNIN_UNUSED : PI_BURNIN_FAIL;
                else
                        c->result = c->terms == 0 || c->faults > 0 || c->was_out ? PI_BURNIN_FAIL
                                                                                 : PI_BURNIN_PASS;
        }
}

static int compare_doubles(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;
        return (x > y) - (x < y);
}

/* Of the cores that pass, so that a broken one does not shift it. */
static double median_rate(const PiBurnin *b) {
        g_autofree double *rates = g_new(double, b->entries->len + 1);
        gsize n = 0;

        for (guint i = 0; i < b->entries->len; i++) {
                const PiBurninCore *c = pi_burnin_core(b, i);
                if (c->result == PI_BURNIN_PASS && c->terms_per_second > 0)
                        rates[n++] = c->terms_per_second;
        }
        if (n == 0)
                return 0;
        qsort(rates, n, sizeof(double), compare_doubles);
        return (rates[(n - 1) / 2] + rates[n / 2]) / 2;
}

static void compare_speeds(PiBurnin *b) {
        PiBurninSummary *s = &b->summary;

        s->median = median_rate(b);
        for (guint i = 0; i < b->entries->len; i++) {
                PiBurninCore *c = &entry_at(b, i)->core;

                c->of_median = s->median > 0 ? c->terms_per_second / s->median : 0;
                c->slow = c->result == PI_BURNIN_PASS && c->of_median > 0 &&
                          c->of_median < PI_BURNIN_SLOW_BELOW;
                s->slow += c->slow;
                s->passed += c->result == PI_BURNIN_PASS;
                s->failed += c->result == PI_BURNIN_FAIL;
                s->unused += c->result == PI_BURNIN_UNUSED;
        }
        s->pass = s->passed > 0 && s->failed == 0 && s->jobs_failed == 0;
}

static void evaluate(PiBurnin *b) {
        add_up(b);
        judge(b);
        compare_speeds(b);
}

void pi_burnin_begin(PiBurnin *b, GVariant *cores) {
        gsize n = MIN(g_variant_n_children(cores), PI_BURNIN_CORES_MAX);

        g_array_set_size(b->entries, 0);
        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(cores, i);
                take_state(add(b, row), row);
        }
        evaluate(b);
}

void pi_burnin_update(PiBurnin *b, GVariant *cores, guint64 elapsed_usec) {
        gsize n = MIN(g_variant_n_children(cores), PI_BURNIN_CORES_MAX);

        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(cores, i);
                Entry *e = find(b, (guint32) pi_dict_u64(row, "cpu"), (guint) i);

                if (!e && b->entries->len < PI_BURNIN_CORES_MAX)
                        e = add(b, row);
                if (e)
                        take_row(e, row);
        }
        b->summary.elapsed_usec = elapsed_usec;
        evaluate(b);
}

static void count_fault(const PiBurnin *b, guint32 cpu, guint64 *told) {
        for (guint k = 0; k < b->entries->len; k++)
                if (entry_at(b, k)->core.cpu == cpu) {
                        told[k]++;
                        break;
                }
}

void pi_burnin_take_faults(PiBurnin *b, GVariant *faults, guint64 first_job) {
        g_autofree guint64 *told = g_new0(guint64, b->entries->len + 1);
        gsize n = MIN(g_variant_n_children(faults), FAULTS_MAX);
        GVariantBuilder ours;

        g_variant_builder_init(&ours, G_VARIANT_TYPE("aa{sv}"));
        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) fault = g_variant_get_child_value(faults, i);

                if (first_job == 0 || pi_dict_u64(fault, "job") < first_job)
                        continue;
                g_variant_builder_add_value(&ours, fault);
                count_fault(b, (guint32) pi_dict_u64(fault, "cpu"), told);
        }
        g_variant_unref(b->faults);
        b->faults = g_variant_ref_sink(g_variant_builder_end(&ours));
        /* The service keeps the last ones only: what is gone from its list still happened. */
        for (guint k = 0; k < b->entries->len; k++)
                entry_at(b, k)->told = MAX(entry_at(b, k)->told, told[k]);
        evaluate(b);
}

void pi_burnin_job_ended(PiBurnin *b, gboolean done) {
        if (done)
                b->summary.jobs_done++;
        else
                b->summary.jobs_failed++;
        evaluate(b);
}

PiBurninSummary pi_burnin_summary(const PiBurnin *b) {
        return b->summary;
}

GVariant *pi_burnin_faults(const PiBurnin *b) {
        return b->faults;
}

const char *pi_burnin_result_text(PiBurninResult result) {
        switch (result) {
        case PI_BURNIN_PASS:
                return "pass";
        case PI_BURNIN_FAIL:
                return "fail";
        case PI_BURNIN_UNUSED:
        default:
                return "unused";
        }
}

char *pi_burnin_note(const PiBurninCore *c) {
        if (c->faults > 0)
                return g_strdup_printf("gave %s%s", c->faults == 1 ? "a wrong sum" : "wrong sums",
                                       c->was_out ? ": out of service" : "");
        if (c->was_out)
                return g_strdup("out of service");
        if (c->result == PI_BURNIN_FAIL)
                return g_strdup("did no work");
        if (c->result == PI_BURNIN_UNUSED)
                return g_strdup("not needed");
        if (c->slow)
                return g_strdup_printf("%.*f %% under the median", c->of_median > 0.9 ? 1 : 0,
                                       100 * (1 - c->of_median));
        return g_strdup("");
}

static int compare_cores(gconstpointer a, gconstpointer b) {
        const PiBurninCore *x = *(PiBurninCore *const *) a, *y = *(PiBurninCore *const *) b;

        if ((x->result == PI_BURNIN_FAIL) != (y->result == PI_BURNIN_FAIL))
                return x->result == PI_BURNIN_FAIL ? -1 : 1;
        if (x->faults != y->faults)
                return x->faults > y->faults ? -1 : 1;
        if ((x->result == PI_BURNIN_UNUSED) != (y->result == PI_BURNIN_UNUSED))
                return x->result == PI_BURNIN_UNUSED ? 1 : -1;
        if (x->of_median != y->of_median)
                return x->of_median < y->of_median ? -1 : 1;
        return (x->cpu > y->cpu) - (x->cpu < y->cpu);
}

GPtrArray *pi_burnin_worst(const PiBurnin *b) {
        GPtrArray *cores = g_ptr_array_sized_new(b->entries->len);

        for (guint i = 0; i < b->entries->len; i++)
                g_ptr_array_add(cores, &entry_at(b, i)->core);
        g_ptr_array_sort(cores, compare_cores);
        return cores;
}

guint64 pi_burnin_job_terms(double terms_per_second, guint64 duration_usec, guint64 max_terms) {
        double lease_seconds = (double) duration_usec / 1e6 / LEASES_PER_CORE;
        double terms = terms_per_second * lease_seconds * PI_BURNIN_PARTS;
        guint64 rounded, unit = 1;

        if (!(terms >= PI_BURNIN_PARTS * 8))
                return MIN(PI_BURNIN_PARTS * 8, max_terms);
        if (terms >= (double) max_terms)
                return max_terms;
        /* Two digits are enough, and read better in a list of jobs. */
        for (rounded = (guint64) terms; rounded >= 100; rounded /= 10)
                unit *= 10;
        return rounded * unit;
}
