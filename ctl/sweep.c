/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/sweep.h"

#include <string.h>

#include "ctl/job.h"
#include "dbus/error.h"

static void series_free(gpointer data) {
        PiSweepSeries *s = data;

        g_free(s->kernel);
        g_array_unref(s->response_usec);
        g_array_unref(s->wall_usec);
        g_array_unref(s->utilization);
        g_free(s);
}

static PiSweepSeries *series_new(const char *kernel, guint64 terms, guint64 parts) {
        PiSweepSeries *s = g_new0(PiSweepSeries, 1);

        s->parts = parts;
        s->terms = terms;
        s->kernel = g_strdup(kernel);
        s->response_usec = g_array_new(FALSE, FALSE, sizeof(guint64));
        s->wall_usec = g_array_new(FALSE, FALSE, sizeof(guint64));
        s->utilization = g_array_new(FALSE, FALSE, sizeof(double));
        return s;
}

PiSweep *pi_sweep_new(void) {
        PiSweep *sweep = g_new0(PiSweep, 1);

        sweep->label = g_strdup("");
        sweep->kernel = g_strdup("");
        sweep->node = g_strdup("");
        sweep->host = g_strdup("");
        sweep->cpu_model = g_strdup("");
        sweep->version = g_strdup("");
        sweep->baselines = g_ptr_array_new_with_free_func(series_free);
        sweep->points = g_ptr_array_new_with_free_func(series_free);
        return sweep;
}

void pi_sweep_free(PiSweep *sweep) {
        g_free(sweep->label);
        g_free(sweep->kernel);
        g_free(sweep->node);
        g_free(sweep->host);
        g_free(sweep->cpu_model);
        g_free(sweep->version);
        g_ptr_array_unref(sweep->baselines);
        g_ptr_array_unref(sweep->points);
        g_strfreev(sweep->members);
        g_free(sweep);
}

PiSweepSeries *pi_sweep_add_baseline(PiSweep *sweep, const char *kernel, guint64 terms) {
        PiSweepSeries *s = series_new(kernel, terms, 1);

        g_ptr_array_add(sweep->baselines, s);
        return s;
}

PiSweepSeries *pi_sweep_add_point(PiSweep *sweep, guint64 parts) {
        PiSweepSeries *s = series_new(sweep->kernel, sweep->terms, parts);

        g_ptr_array_add(sweep->points, s);
        return s;
}

PiSweepSeries *pi_sweep_add_nodes_point(PiSweep *sweep, guint32 nodes, guint64 parts) {
        PiSweepSeries *s = pi_sweep_add_point(sweep, parts);

        s->nodes = nodes;
        return s;
}

gboolean pi_sweep_is_over_nodes(const PiSweep *sweep) {
        return sweep->points->len > 0 && pi_sweep_point(sweep, 0)->nodes > 0;
}

guint64 pi_sweep_key(const PiSweepSeries *point) {
        return point->nodes > 0 ? point->nodes : point->parts;
}

const PiSweepSeries *pi_sweep_baseline(const PiSweep *sweep, guint index) {
        return sweep->baselines->pdata[index];
}

const PiSweepSeries *pi_sweep_point(const PiSweep *sweep, guint index) {
        return sweep->points->pdata[index];
}

const PiSweepSeries *pi_sweep_find_point(const PiSweep *sweep, guint64 key) {
        for (guint i = 0; i < sweep->points->len; i++)
                if (pi_sweep_key(pi_sweep_point(sweep, i)) == key)
                        return pi_sweep_point(sweep, i);
        return NULL;
}

void pi_sweep_series_add(PiSweepSeries *s, guint64 response_usec, guint64 wall_usec,
                         double utilization) {
        g_array_append_val(s->response_usec, response_usec);
        g_array_append_val(s->wall_usec, wall_usec);
        g_array_append_val(s->utilization, utilization);
}

guint pi_sweep_series_length(const PiSweepSeries *s) {
        return s->response_usec->len;
}

static void drop_empty(GPtrArray *list) {
        for (guint i = list->len; i > 0; i--)
                if (pi_sweep_series_length(list->pdata[i - 1]) == 0)
                        g_ptr_array_remove_index(list, i - 1);
}

void pi_sweep_drop_empty(PiSweep *sweep) {
        drop_empty(sweep->baselines);
        drop_empty(sweep->points);
}

static GVariant *array_value(const GArray *array, const GVariantType *type) {
        return g_variant_new_fixed_array(type, array->data, array->len,
                                         g_array_get_element_size((GArray *) array));
}

static GVariant *series_list(const GPtrArray *list, gboolean points) {
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE("aa{sv}"));
        for (guint i = 0; i < list->len; i++) {
                const PiSweepSeries *s = list->pdata[i];
                GVariantDict d;

                g_variant_dict_init(&d, NULL);
                if (points && s->nodes > 0)
                        g_variant_dict_insert(&d, PI_SWEEP_NODES, "u", s->nodes);
                if (points)
                        g_variant_dict_insert(&d, PI_SWEEP_PARTS, "t", s->parts);
                else {
                        g_variant_dict_insert(&d, PI_SWEEP_KERNEL, "s", s->kernel);
                        g_variant_dict_insert(&d, PI_SWEEP_TERMS, "t", s->terms);
                }
                g_variant_dict_insert_value(&d, PI_SWEEP_RESPONSE_USEC,
                                            array_value(s->response_usec, G_VARIANT_TYPE_UINT64));
                g_variant_dict_insert_value(&d, PI_SWEEP_WALL_USEC,
                                            array_value(s->wall_usec, G_VARIANT_TYPE_UINT64));
                g_variant_dict_insert_value(&d, PI_SWEEP_CPU_UTILIZATION,
                                            array_value(s->utilization, G_VARIANT_TYPE_DOUBLE));
                g_variant_builder_add_value(&b, g_variant_dict_end(&d));
        }
        return g_variant_builder_end(&b);
}

GVariant *pi_sweep_to_variant(const PiSweep *sweep) {
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert(&d, PI_SWEEP_LABEL, "s", sweep->label);
        g_variant_dict_insert(&d, PI_SWEEP_TERMS, "t", sweep->terms);
        g_variant_dict_insert(&d, PI_SWEEP_KERNEL, "s", sweep->kernel);
        g_variant_dict_insert(&d, PI_SWEEP_CPUS, "u", sweep->cpus);
        g_variant_dict_insert(&d, PI_SWEEP_SLOTS, "u", sweep->slots);
        g_variant_dict_insert(&d, PI_SWEEP_REPEATS, "u", sweep->repeats);
        g_variant_dict_insert(&d, PI_SWEEP_NODE, "s", sweep->node);
        g_variant_dict_insert(&d, PI_SWEEP_HOST, "s", sweep->host);
        g_variant_dict_insert(&d, PI_SWEEP_CPU_MODEL, "s", sweep->cpu_model);
        g_variant_dict_insert(&d, PI_SWEEP_VERSION, "s", sweep->version);
        g_variant_dict_insert(&d, PI_SWEEP_BEGIN_USEC, "t", sweep->begin_usec);
        g_variant_dict_insert(&d, PI_SWEEP_DURATION_USEC, "t", sweep->duration_usec);
        g_variant_dict_insert_value(&d, PI_SWEEP_BASELINES, series_list(sweep->baselines, FALSE));
        g_variant_dict_insert_value(&d, PI_SWEEP_POINTS, series_list(sweep->points, TRUE));
        return g_variant_dict_end(&d);
}

static void take_samples(PiSweepSeries *s, GVariant *entry) {
        g_autoptr(GVariant) response = g_variant_lookup_value(entry, PI_SWEEP_RESPONSE_USEC,
                                                              G_VARIANT_TYPE("at"));
        g_autoptr(GVariant) wall = g_variant_lookup_value(entry, PI_SWEEP_WALL_USEC,
                                                          G_VARIANT_TYPE("at"));
        g_autoptr(GVariant) share = g_variant_lookup_value(entry, PI_SWEEP_CPU_UTILIZATION,
                                                           G_VARIANT_TYPE("ad"));
        gsize n = response && wall && share ? g_variant_n_children(response) : 0;

        if (n == 0 || g_variant_n_children(wall) != n || g_variant_n_children(share) != n)
                return;
        for (gsize i = 0; i < MIN(n, PI_SWEEP_SAMPLES_MAX); i++) {
                guint64 response_usec, wall_usec;
                double utilization;

                g_variant_get_child(response, i, "t", &response_usec);
                g_variant_get_child(wall, i, "t", &wall_usec);
                g_variant_get_child(share, i, "d", &utilization);
                pi_sweep_series_add(s, response_usec, wall_usec, utilization);
        }
}

static void take_series(PiSweep *sweep, GVariant *run, const char *key, gsize max) {
        g_autoptr(GVariant) list = g_variant_lookup_value(run, key, G_VARIANT_TYPE("aa{sv}"));
        gsize n = list ? g_variant_n_children(list) : 0;

        for (gsize i = 0; i < MIN(n, max); i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);
                PiSweepSeries *s;

                if (strcmp(key, PI_SWEEP_POINTS) == 0)
                        s = pi_sweep_add_nodes_point(
                                sweep, (guint32) pi_dict_u64(entry, PI_SWEEP_NODES),
                                pi_dict_u64(entry, PI_SWEEP_PARTS));
                else
                        s = pi_sweep_add_baseline(sweep, pi_dict_string(entry, PI_SWEEP_KERNEL),
                                                  pi_dict_u64(entry, PI_SWEEP_TERMS));
                take_samples(s, entry);
        }
}

static void take_text(char **text, GVariant *run, const char *key) {
        g_free(*text);
        *text = g_strdup(pi_dict_string(run, key));
}

PiSweep *pi_sweep_from_variant(GVariant *run, GError **error) {
        g_autoptr(PiSweep) sweep = pi_sweep_new();

        sweep->id = pi_dict_u64(run, PI_SWEEP_ID);
        sweep->owner = (guint32) pi_dict_u64(run, PI_SWEEP_OWNER);
        sweep->time_usec = pi_dict_u64(run, PI_SWEEP_TIME_USEC);
        sweep->terms = pi_dict_u64(run, PI_SWEEP_TERMS);
        sweep->cpus = (guint32) pi_dict_u64(run, PI_SWEEP_CPUS);
        sweep->slots = (guint32) pi_dict_u64(run, PI_SWEEP_SLOTS);
        sweep->repeats = (guint32) pi_dict_u64(run, PI_SWEEP_REPEATS);
        sweep->begin_usec = pi_dict_u64(run, PI_SWEEP_BEGIN_USEC);
        sweep->duration_usec = pi_dict_u64(run, PI_SWEEP_DURATION_USEC);
        take_text(&sweep->label, run, PI_SWEEP_LABEL);
        take_text(&sweep->kernel, run, PI_SWEEP_KERNEL);
        take_text(&sweep->node, run, PI_SWEEP_NODE);
        take_text(&sweep->host, run, PI_SWEEP_HOST);
        take_text(&sweep->cpu_model, run, PI_SWEEP_CPU_MODEL);
        take_text(&sweep->version, run, PI_SWEEP_VERSION);
        take_series(sweep, run, PI_SWEEP_BASELINES, PI_SWEEP_BASELINES_MAX);
        take_series(sweep, run, PI_SWEEP_POINTS, PI_SWEEP_POINTS_MAX);
        pi_sweep_drop_empty(sweep);
        if (sweep->points->len > 0 && sweep->baselines->len > 0 && sweep->terms > 0)
                return g_steal_pointer(&sweep);
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "run %" G_GUINT64_FORMAT " as the service tells it has nothing measured; is it "
                    "of another version? pictl version tells",
                    sweep->id);
        return NULL;
}
