/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/prometheus.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "daemon/metrics/keys.h"
#include "daemon/metrics/metrics.h"

#define PREFIX "picompute_"
#define CORE_PREFIX PREFIX "core_"
#define KERNEL_PREFIX PREFIX "kernel_"
#define NODE_PREFIX PREFIX "node_"
/* Of a label's value, before it is escaped. */
#define LABEL_MAX_LENGTH 256
#define BUCKETS_MAX 64

/* Where a histogram is, in keys that follow one another from the one named count. */
typedef struct Histogram {
        PiMetricId count, last;
        const char *name, *help;
        double unit; /* of sum and bounds, in seconds */
} Histogram;

static const Histogram histograms[] = {
        { PI_METRIC_RESPONSE_COUNT, PI_METRIC_RESPONSE_BUCKETS, PREFIX "response_seconds",
          "Response time of the jobs done: submission to reply.", 1e6 },
        { PI_METRIC_SUBMISSION_COUNT, PI_METRIC_SUBMISSION_BUCKETS, PREFIX "submission_seconds",
          "Submission latency: submission to first lease started.", 1e6 },
        { PI_METRIC_PART_COUNT, PI_METRIC_PART_BUCKETS, PREFIX "part_seconds", "Time of a part.",
          1e9 },
};

/* "_total" is for counters alone. */
static const struct {
        PiMetricId id;
        const char *name;
} renamed[] = { { PI_METRIC_SLOTS_TOTAL, PREFIX "slots" } };

static const char *const core_states[] = { "in-service", "suspect", "out-of-service", NULL };
static const char *const node_states[] = { "self",        "connecting",   "up", "lost",
                                           "quarantined", "incompatible", NULL };

static void append_head(GString *out, const char *name, const char *help, const char *type) {
        g_string_append_printf(out, "# HELP %s ", name);
        for (const char *c = help; *c; c++)
                if (*c == '\\' || *c == '\n')
                        g_string_append(out, *c == '\n' ? "\\n" : "\\\\");
                else
                        g_string_append_c(out, *c);
        g_string_append_printf(out, "\n# TYPE %s %s\n", name, type);
}

/* Text from the bus: valid UTF-8, as all of a GVariant is. */
static void append_label(GString *out, const char *label, const char *value) {
        const char *end = value + strlen(value);

        if (end - value > LABEL_MAX_LENGTH)
                end = g_utf8_find_prev_char(value, value + LABEL_MAX_LENGTH + 1);
        g_string_append_printf(out, "%s=\"", label);
        for (const char *c = value; c < end; c++)
                if (*c == '\\' || *c == '"')
                        g_string_append_printf(out, "\\%c", *c);
                else if (*c == '\n')
                        g_string_append(out, "\\n");
                else
                        g_string_append_c(out, *c);
        g_string_append_c(out, '"');
}

static void append_double(GString *out, double value) {
        /* Not g_ascii_dtostr(): its 17 digits make 0.29999999999999999 of 0.3. */
        static const char *const formats[] = { "%.15g", "%.17g" };
        char digits[G_ASCII_DTOSTR_BUF_SIZE];

        for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
                g_ascii_formatd(digits, sizeof(digits), formats[i], value);
                if (g_ascii_strtod(digits, NULL) == value)
                        break;
        }
        g_string_append(out, digits);
}

/* The unit in base units, to divide a value by. */
static double divisor_of(const PiMetricKey *key) {
        return strcmp(key->unit, "usec") == 0 ? 1e6 : strcmp(key->unit, "nsec") == 0 ? 1e9 : 1;
}

static void append_name(GString *out, const char *prefix, const PiMetricKey *key) {
        size_t length = strlen(key->name);
        gboolean is_time = divisor_of(key) > 1;

        g_string_append(out, prefix);
        /* "_usec" and "_nsec" are of one length. */
        g_string_append_len(out, key->name, (gssize) (is_time ? length - strlen("_usec") : length));
        if (key->kind == PI_METRIC_KIND_MOMENT)
                g_string_append(out, "_timestamp");
        if (is_time)
                g_string_append(out, "_seconds");
        else if (strcmp(key->unit, "ratio") == 0)
                g_string_append(out, "_ratio");
        if (key->kind == PI_METRIC_KIND_COUNTER)
                g_string_append(out, "_total");
}

/* FALSE for what is no number that can be told. */
static gboolean number_of(GVariant *value, double *ret) {
        if (g_variant_is_of_type(value, G_VARIANT_TYPE_DOUBLE))
                *ret = g_variant_get_double(value);
        else if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT64))
                *ret = (double) g_variant_get_uint64(value);
        else if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT32))
                *ret = g_variant_get_uint32(value);
        else if (g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN))
                *ret = g_variant_get_boolean(value);
        else
                return FALSE;
        return isfinite(*ret);
}

static void append_number(GString *out, const PiMetricKey *key, GVariant *value) {
        double number = 0;

        if (divisor_of(key) == 1 && g_variant_is_of_type(value, G_VARIANT_TYPE_UINT64))
                g_string_append_printf(out, "%" G_GUINT64_FORMAT, g_variant_get_uint64(value));
        else if (number_of(value, &number))
                append_double(out, number / divisor_of(key));
        g_string_append_c(out, '\n');
}

static GVariant *look_up(GVariant *dict, const PiMetricKey *key) {
        return g_variant_lookup_value(dict, key->name, G_VARIANT_TYPE(key->type));
}

/* A text: "baseline_kernel" is baseline_kernel_info{kernel="..."} 1. */
static void append_info(GString *out, const PiMetricKey *key, GVariant *value) {
        g_autofree char *name = g_strconcat(PREFIX, key->name, "_info", NULL);
        const char *word = strrchr(key->name, '_');

        append_head(out, name, key->description, "gauge");
        g_string_append_printf(out, "%s{", name);
        append_label(out, word ? word + 1 : key->name, g_variant_get_string(value, NULL));
        g_string_append(out, "} 1\n");
}

static void append_figure(GString *out, const PiMetricKey *key, GVariant *value) {
        g_autoptr(GString) name = g_string_new(NULL);
        double number;

        if (!number_of(value, &number))
                return;
        append_name(name, PREFIX, key);
        for (size_t i = 0; i < G_N_ELEMENTS(renamed); i++)
                if (key == &pi_metric_keys()[renamed[i].id])
                        g_string_assign(name, renamed[i].name);
        append_head(out, name->str, key->description,
                    key->kind == PI_METRIC_KIND_COUNTER ? "counter" : "gauge");
        g_string_append_printf(out, "%s ", name->str);
        append_number(out, key, value);
}

static const Histogram *histogram_of(PiMetricId id) {
        for (size_t i = 0; i < G_N_ELEMENTS(histograms); i++)
                if (id == histograms[i].count || id == histograms[i].count + 1 ||
                    id == histograms[i].last)
                        return &histograms[i];
        return NULL;
}

static void append_histogram(GString *out, const Histogram *h, GVariant *metrics) {
        const PiMetricKey *keys = pi_metric_keys();
        g_autoptr(GVariant) count = look_up(metrics, &keys[h->count]);
        g_autoptr(GVariant) sum = look_up(metrics, &keys[h->count + 1]);
        g_autoptr(GVariant) buckets = look_up(metrics, &keys[h->last]);

        if (!count || !buckets)
                return;
        append_head(out, h->name, h->help, "histogram");
        for (gsize i = 0; i < MIN(g_variant_n_children(buckets), BUCKETS_MAX); i++) {
                guint64 bound, up_to;

                g_variant_get_child(buckets, i, "(tt)", &bound, &up_to);
                g_string_append_printf(out, "%s_bucket{le=\"", h->name);
                append_double(out, (double) bound / h->unit);
                g_string_append_printf(out, "\"} %" G_GUINT64_FORMAT "\n", up_to);
        }
        g_string_append_printf(out, "%s_bucket{le=\"+Inf\"} %" G_GUINT64_FORMAT "\n%s_sum ",
                               h->name, g_variant_get_uint64(count), h->name);
        append_double(out, sum ? (double) g_variant_get_uint64(sum) / h->unit : 0);
        g_string_append_printf(out, "\n%s_count %" G_GUINT64_FORMAT "\n", h->name,
                               g_variant_get_uint64(count));
}

/* A list: a figure for each key of its table, with a sample for each entry. `labels` writes those
 * of an entry, or returns FALSE if it cannot be told from others. */
typedef struct List {
        PiMetricId id;
        const char *prefix;
        const PiMetricKey *(*keys)(void);
        gsize max;
        gboolean (*labels)(GString *out, GVariant *entry, gsize index);
        const char *const *states; /* of its key "state"; NULL: it has none */
} List;

/* Several workers may share a CPU. */
static gboolean core_labels(GString *out, GVariant *entry, gsize index) {
        guint32 cpu;

        if (!g_variant_lookup(entry, "cpu", "u", &cpu))
                return FALSE;
        g_string_append_printf(out, "cpu=\"%u\",worker=\"%" G_GSIZE_FORMAT "\"", cpu, index);
        return TRUE;
}

static gboolean kernel_labels(GString *out, GVariant *entry, gsize index) {
        const char *kernel;

        if (!g_variant_lookup(entry, "kernel", "&s", &kernel))
                return FALSE;
        append_label(out, "kernel", kernel);
        return TRUE;
}

static gboolean node_labels(GString *out, GVariant *entry, gsize index) {
        const char *id, *name;

        if (!g_variant_lookup(entry, "id", "&s", &id) ||
            !g_variant_lookup(entry, "name", "&s", &name))
                return FALSE;
        append_label(out, "node", id);
        g_string_append_c(out, ',');
        append_label(out, "name", name);
        return TRUE;
}

static const List lists[] = {
        { PI_METRIC_BASELINES, KERNEL_PREFIX, pi_metric_baseline_keys, PI_METRICS_BASELINES_MAX,
          kernel_labels, NULL },
        { PI_METRIC_CORES, CORE_PREFIX, pi_metric_core_keys, PI_METRICS_CORES_MAX, core_labels,
          core_states },
        { PI_METRIC_NODES, NODE_PREFIX, pi_metric_node_keys, PI_METRICS_NODES_MAX, node_labels,
          node_states },
};

static void append_samples(GString *out, const List *list, const PiMetricKey *key,
                           GVariant *entries) {
        g_autoptr(GString) name = g_string_new(NULL);
        gboolean headed = FALSE;

        append_name(name, list->prefix, key);
        for (gsize i = 0; i < MIN(g_variant_n_children(entries), list->max); i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(entries, i);
                g_autoptr(GVariant) value = look_up(entry, key);
                g_autoptr(GString) labels = g_string_new(NULL);
                double number;

                if (!value || !number_of(value, &number) || !list->labels(labels, entry, i))
                        continue;
                if (!headed)
                        append_head(out, name->str, key->description,
                                    key->kind == PI_METRIC_KIND_COUNTER ? "counter" : "gauge");
                headed = TRUE;
                g_string_append_printf(out, "%s{%s} ", name->str, labels->str);
                append_number(out, key, value);
        }
}

/* One sample for each state that an entry may be in, 1 for the one that it is in. */
static void append_states(GString *out, const List *list, const PiMetricKey *key,
                          GVariant *entries) {
        g_autofree char *name = g_strconcat(list->prefix, key->name, NULL);
        gboolean headed = FALSE;

        for (gsize i = 0; i < MIN(g_variant_n_children(entries), list->max); i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(entries, i);
                g_autoptr(GString) labels = g_string_new(NULL);
                const char *state;

                if (!g_variant_lookup(entry, key->name, "&s", &state) ||
                    !list->labels(labels, entry, i))
                        continue;
                if (!headed)
                        append_head(out, name, key->description, "gauge");
                headed = TRUE;
                for (const char *const *s = list->states; *s; s++)
                        g_string_append_printf(out, "%s{%s,state=\"%s\"} %d\n", name, labels->str,
                                               *s, strcmp(state, *s) == 0);
        }
}

static void append_list(GString *out, const List *list, GVariant *metrics) {
        g_autoptr(GVariant) entries = look_up(metrics, &pi_metric_keys()[list->id]);
        /* A label of all the others. */
        const PiMetricKey *cpu = &pi_metric_core_keys()[PI_METRIC_CORE_CPU];

        if (!entries)
                return;
        for (const PiMetricKey *key = list->keys(); key->name; key++) {
                if (list->states && strcmp(key->name, "state") == 0)
                        append_states(out, list, key, entries);
                else if (key != cpu)
                        append_samples(out, list, key, entries);
        }
}

static void append_key(GString *out, PiMetricId id, GVariant *metrics) {
        const PiMetricKey *key = &pi_metric_keys()[id];
        const Histogram *histogram = histogram_of(id);
        g_autoptr(GVariant) value = NULL;

        if (histogram) {
                if (id == histogram->count)
                        append_histogram(out, histogram, metrics);
                return;
        }
        value = look_up(metrics, key);
        if (!value)
                return;
        if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING))
                append_info(out, key, value);
        else
                append_figure(out, key, value);
}

char *pi_prometheus_text(GVariant *metrics) {
        g_autoptr(GString) out = g_string_new(NULL);

        append_head(out, PREFIX "up", "Whether the service runs.", "gauge");
        g_string_append_printf(out, PREFIX "up %d\n", metrics != NULL);
        if (metrics) {
                for (unsigned id = 0; id < _PI_METRIC_MAX; id++)
                        append_key(out, (PiMetricId) id, metrics);
                for (size_t i = 0; i < G_N_ELEMENTS(lists); i++)
                        append_list(out, &lists[i], metrics);
        }
        return g_string_free(g_steal_pointer(&out), FALSE);
}
