/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/metrics-view.h"

#include <string.h>

#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/report.h"
#include "ctl/table.h"
#include "ctl/text.h"

#define TEXT_MAX 256
#define SEGMENTS_MAX 5

/* {name} stands for the figure of that name; a segment that lacks a figure is left out. */
typedef struct Row {
        const char *family; /* title above the row, or NULL: the same as before */
        const char *label;
        const char *segments[SEGMENTS_MAX];
} Row;

static const Row rows[] = {
        { "Jobs",
          "ended",
          { "{jobs_done} done", "{jobs_failed} failed", "{jobs_cancelled} cancelled" } },
        { NULL, "asked for", { "{jobs_submitted} accepted", "{jobs_refused} refused" } },
        { NULL, "moved", { "{jobs_resumed} resumed", "{jobs_preempted} preempted" } },
        { NULL,
          "now",
          { "{jobs_running} running", "{jobs_queued} queued",
            "{slots_in_use} of {slots_total} CPU slots in use" } },
        { NULL,
          "orders of others",
          { "{guests_running} running", "{guests_done} answered", "{guest_terms} terms" } },
        { NULL, "uptime", { "{uptime_usec}" } },

        { "Times",
          "response time",
          { "p50 {response_p50_usec}", "p90 {response_p90_usec}", "p99 {response_p99_usec}",
            "max {response_max_usec}" } },
        { NULL, "", { "{response_count} measured", "{response_sum_usec} in all" } },
        { NULL,
          "submission latency",
          { "p50 {submission_p50_usec}", "p90 {submission_p90_usec}", "p99 {submission_p99_usec}",
            "max {submission_max_usec}" } },
        { NULL, "", { "{submission_count} measured", "{submission_sum_usec} in all" } },
        { NULL,
          "time of a part",
          { "p50 {part_p50_nsec}", "p90 {part_p90_nsec}", "p99 {part_p99_nsec}",
            "max {part_max_nsec}" } },
        { NULL, "", { "{part_count} measured", "{part_sum_nsec} in all" } },

        { "Throughput",
          "last minute",
          { "{last_minute_terms_per_second}", "{last_minute_parts_per_second}",
            "{last_minute_jobs_per_second}", "over {last_minute_usec}" } },
        { NULL,
          "lifetime",
          { "{lifetime_terms_per_second}", "{lifetime_parts_per_second}",
            "{lifetime_jobs_per_second}" } },
        { NULL, "computed", { "{terms_computed} terms", "{parts_computed} parts" } },
        { NULL, "delivered", { "{terms_delivered} terms", "{parts_delivered} parts" } },

        { "CPU use", "workers", { "{last_minute_worker_utilization} busy in the last minute" } },
        { NULL,
          "service",
          { "{process_cpu_utilization} of the machine", "{process_cpu_usec} in all" } },
        { NULL, "jobs", { "{jobs_cpu_usec} of CPU time", "{jobs_compute_usec} of compute time" } },
        { NULL, "control group", { "{cgroup_cpu_usec}" } },
        { NULL, "", { "{cgroup_cpu_path}" } },
        { NULL,
          "throttled",
          { "{cgroup_cpu_throttled_usec}",
            "{cgroup_cpu_throttled_periods} of {cgroup_cpu_periods} periods" } },
        { NULL,
          "group pressure",
          { "{cgroup_cpu_pressure_10s} of 10 s", "{cgroup_cpu_pressure_60s} of 60 s",
            "{cgroup_cpu_pressure_usec} in all" } },
        { NULL,
          "machine",
          { "{machine_cpu_utilization} of {machine_cpus} CPUs", "{machine_cpu_steal} stolen",
            "over {machine_cpu_interval_usec}" } },
        { NULL,
          "machine pressure",
          { "{machine_cpu_pressure_10s} of 10 s", "{machine_cpu_pressure_60s} of 60 s",
            "{machine_cpu_pressure_usec} in all" } },

        { "Memory use",
          "resident",
          { "{memory_rss_bytes}", "peak {memory_rss_peak_bytes}",
            "{memory_machine_share} of {machine_memory_bytes}" } },
        { NULL, "control group", { "{cgroup_memory_bytes}", "peak {cgroup_memory_peak_bytes}" } },
        { NULL, "", { "{cgroup_memory_path}" } },

        { "Efficiency", "speed-up", { "last {speedup_last}", "mean {speedup_mean}" } },
        { NULL,
          "efficiency",
          { "last {efficiency_last} of {workers_last} workers", "mean {efficiency_mean}" } },
        { NULL, "baseline", { "one thread with {baseline_kernel}: {baseline_terms_per_second}" } },

        { "Leases",
          "leases",
          { "{leases_verified} verified", "{leases_failed} failed",
            "{leases_recomputed} recomputed", "{leases_retried} retried" } },
        { NULL,
          "faults",
          { "{faults_transient} transient", "{faults_core} core", "{faults_node} node",
            "{faults_software} software" } },
        { NULL, "cores", { "{cores_out_of_service} out of service" } },

        { "Store", "degraded", { "{store_degraded}", "{store_error}" } },
        { NULL, "written", { "{store_commits} times", "{store_failures} failed" } },
        { NULL, "checkpoints", { "{store_checkpoints} written", "oldest {checkpoint_age_usec}" } },
        { NULL, "changes", { "{store_queued} waiting", "{store_lost} lost" } },
};

/* Lists with a place of their own. */
#define KEY_CORES "cores"
#define KEY_BASELINES "baselines"
#define KEY_NODES "nodes"

/* Moments among the times. */
#define KEY_MEASURED "measured_usec"
#define KEY_LAST_SEEN "last_seen_usec"

/* Counts by bound are for programs: people have the quantiles. */
static const char *const for_programs[] = {
        "response_buckets",
        "submission_buckets",
        "part_buckets",
};

static char *number_text(const char *key, guint64 value) {
        if (g_str_equal(key, KEY_MEASURED) || g_str_equal(key, KEY_LAST_SEEN))
                return pi_format_moment(value);
        if (g_str_has_suffix(key, "_usec"))
                return pi_format_usec(value);
        if (g_str_has_suffix(key, "_nsec"))
                return pi_format_nsec(value);
        if (g_str_has_suffix(key, "_bytes"))
                return pi_format_bytes(value);
        return pi_format_grouped(value);
}

static char *double_text(const char *key, double value) {
        static const char *const shares[] = { "_utilization", "_share", "_steal", "_pressure_10s",
                                              "_pressure_60s" };

        if (g_str_has_suffix(key, "terms_per_second"))
                return pi_format_rate(value, "term");
        if (g_str_has_suffix(key, "parts_per_second"))
                return pi_format_rate(value, "part");
        if (g_str_has_suffix(key, "jobs_per_second"))
                return pi_format_rate(value, "job");
        if (g_str_has_prefix(key, "efficiency") || g_str_equal(key, "share"))
                return pi_format_percent(value);
        for (gsize i = 0; i < G_N_ELEMENTS(shares); i++)
                if (g_str_has_suffix(key, shares[i]))
                        return pi_format_percent(value);
        return pi_format_number(value);
}

char *pi_metric_text(const char *key, GVariant *value) {
        g_autofree char *printed = NULL;

        if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT64))
                return number_text(key, g_variant_get_uint64(value));
        if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT32))
                return number_text(key, g_variant_get_uint32(value));
        if (g_variant_is_of_type(value, G_VARIANT_TYPE_DOUBLE))
                return double_text(key, g_variant_get_double(value));
        if (g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN))
                return g_strdup(g_variant_get_boolean(value) ? "yes" : "no");
        if (g_variant_is_of_type(value, G_VARIANT_TYPE_STRING))
                return pi_text_escape(g_variant_get_string(value, NULL), FALSE, TEXT_MAX);
        printed = g_variant_print(value, FALSE);
        return pi_text_escape(printed, FALSE, TEXT_MAX);
}

/* The segment with its figures, NULL if one is absent. Adds the names of its figures to `used`. */
static char *fill_segment(const char *segment, GVariant *metrics, GPtrArray *used) {
        g_autoptr(GString) text = g_string_new(NULL);

        for (const char *p = segment; *p; p++) {
                const char *end = *p == '{' ? strchr(p, '}') : NULL;
                g_autoptr(GVariant) value = NULL;
                g_autofree char *key = NULL, *figure = NULL;

                if (!end) {
                        g_string_append_c(text, *p);
                        continue;
                }
                key = g_strndup(p + 1, (gsize) (end - p - 1));
                value = g_variant_lookup_value(metrics, key, NULL);
                if (!value)
                        return NULL;
                figure = pi_metric_text(key, value);
                g_string_append(text, figure);
                g_ptr_array_add(used, g_steal_pointer(&key));
                p = end;
        }
        return g_string_free(g_steal_pointer(&text), FALSE);
}

/* The segments that can be filled; the figures in them, and no others, are noted in `shown`. */
static char *fill_row(const Row *row, GVariant *metrics, GHashTable *shown) {
        g_autoptr(GPtrArray) segments = g_ptr_array_new_with_free_func(g_free);

        for (gsize i = 0; i < SEGMENTS_MAX && row->segments[i]; i++) {
                g_autoptr(GPtrArray) used = g_ptr_array_new_with_free_func(g_free);
                char *segment = fill_segment(row->segments[i], metrics, used);

                if (!segment)
                        continue;
                g_ptr_array_add(segments, segment);
                for (guint k = 0; k < used->len; k++)
                        g_hash_table_add(shown, g_strdup(used->pdata[k]));
        }
        if (segments->len == 0)
                return NULL;
        g_ptr_array_add(segments, NULL);
        return g_strjoinv(", ", (char **) segments->pdata);
}

static void append_title(PiOutput *out, const char *title) {
        if (out->text->len > 0)
                pi_output_printf(out, "\n");
        pi_output_style(out, PI_STYLE_STRONG, title);
        pi_output_printf(out, "\n");
}

static void append_families(PiOutput *out, GVariant *metrics, GHashTable *shown) {
        const char *family = NULL;

        for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
                g_autofree char *text = fill_row(&rows[i], metrics, shown);

                if (rows[i].family)
                        family = rows[i].family;
                if (!text)
                        continue;
                if (family)
                        append_title(out, family);
                family = NULL;
                pi_report_row(out, rows[i].label, "%s", text);
        }
}

static void append_list(PiOutput *out, GVariant *metrics, const char *key, const char *title,
                        const PiColumn *columns, const char *const *keys, gsize n_columns,
                        gsize entries_min, GHashTable *shown) {
        g_autoptr(GVariant) list = g_variant_lookup_value(metrics, key, G_VARIANT_TYPE("aa{sv}"));
        g_autoptr(PiTable) table = pi_table_new(columns, n_columns);

        if (!list)
                return;
        g_hash_table_add(shown, g_strdup(key));
        if (g_variant_n_children(list) < entries_min)
                return;
        for (gsize i = 0; i < g_variant_n_children(list); i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);

                for (gsize c = 0; c < n_columns; c++) {
                        g_autoptr(GVariant) value = g_variant_lookup_value(entry, keys[c], NULL);
                        pi_table_take(table, value ? pi_metric_text(keys[c], value) : g_strdup("-"),
                                      PI_STYLE_PLAIN);
                }
        }
        append_title(out, title);
        pi_table_render(table, &out->terminal, out->legend, out->text);
}

static void append_nodes(PiOutput *out, GVariant *metrics, GHashTable *shown) {
        static const PiColumn columns[] = {
                { "NODE", FALSE },    { "STATE", FALSE }, { "RATE", TRUE }, { "SHARE", TRUE },
                { "VERIFIED", TRUE }, { "FAILED", TRUE }, { "LOST", TRUE }, { "RTT", TRUE },
                { "CPU", TRUE },      { "MEMORY", TRUE },
        };
        static const char *const keys[] = {
                "name",
                "state",
                "terms_per_second",
                "share",
                "leases_verified",
                "leases_failed",
                "leases_lost",
                "round_trip_usec",
                "cpu_usage",
                "memory_bytes",
        };

        G_STATIC_ASSERT(G_N_ELEMENTS(columns) == G_N_ELEMENTS(keys));
        append_list(out, metrics, KEY_NODES, "Nodes", columns, keys, G_N_ELEMENTS(keys), 2, shown);
}

static void append_lists(PiOutput *out, GVariant *metrics, GHashTable *shown) {
        static const PiColumn baseline_columns[] = {
                { "KERNEL", FALSE }, { "RATE", TRUE }, { "TIMES", TRUE }, { "MEASURED", FALSE },
        };
        static const char *const baseline_keys[] = {
                "kernel",
                "terms_per_second",
                "measurements",
                KEY_MEASURED,
        };
        static const PiColumn core_columns[] = {
                { "CPU", TRUE },    { "RATE", TRUE },   { "BUSY", TRUE },  { "OF CPU", TRUE },
                { "USE", TRUE },    { "STEAL", TRUE },  { "PARTS", TRUE }, { "VERIFIED", TRUE },
                { "FAILED", TRUE }, { "REDONE", TRUE }, { "STATE", FALSE },
        };
        static const char *const core_keys[] = {
                "cpu",
                "terms_per_second",
                "busy_usec",
                "cpu_share",
                "machine_cpu_utilization",
                "machine_cpu_steal",
                "parts",
                "leases_verified",
                "leases_failed",
                "leases_recomputed",
                "state",
        };

        G_STATIC_ASSERT(G_N_ELEMENTS(baseline_columns) == G_N_ELEMENTS(baseline_keys));
        G_STATIC_ASSERT(G_N_ELEMENTS(core_columns) == G_N_ELEMENTS(core_keys));
        append_list(out, metrics, KEY_BASELINES, "One thread of each kernel", baseline_columns,
                    baseline_keys, G_N_ELEMENTS(baseline_keys), 1, shown);
        append_list(out, metrics, KEY_CORES, "Cores", core_columns, core_keys,
                    G_N_ELEMENTS(core_keys), 1, shown);
        append_nodes(out, metrics, shown);
}

static void append_others(PiOutput *out, GVariant *metrics, GHashTable *shown) {
        gboolean titled = FALSE;

        for (gsize i = 0; i < g_variant_n_children(metrics); i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(metrics, i);
                g_autoptr(GVariant) value = NULL;
                g_autofree char *name = NULL, *text = NULL;
                const char *key;

                g_variant_get(entry, "{&sv}", &key, &value);
                if (g_hash_table_contains(shown, key))
                        continue;
                if (!titled)
                        append_title(out, "Other");
                titled = TRUE;
                name = pi_text_escape(key, FALSE, TEXT_MAX);
                text = pi_metric_text(key, value);
                pi_report_row(out, name, "%s", text);
        }
}

void pi_metrics_append(PiOutput *out, GVariant *metrics) {
        g_autoptr(GHashTable) shown = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        append_families(out, metrics, shown);
        append_lists(out, metrics, shown);
        for (gsize i = 0; i < G_N_ELEMENTS(for_programs); i++)
                g_hash_table_add(shown, g_strdup(for_programs[i]));
        append_others(out, metrics, shown);
}
