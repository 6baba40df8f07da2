/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/figures.h"

#include <json-glib/json-glib.h>
#include <math.h>
#include <stdlib.h>

#include "config.h"
#include "daemon/series/kernel.h"

struct BenchFigures {
        JsonBuilder *json;
};

static void add_string(JsonBuilder *b, const char *name, const char *value) {
        json_builder_set_member_name(b, name);
        json_builder_add_string_value(b, value);
}

static void add_double(JsonBuilder *b, const char *name, double value) {
        json_builder_set_member_name(b, name);
        if (isfinite(value))
                json_builder_add_double_value(b, value);
        else
                json_builder_add_null_value(b);
}

BenchFigures *bench_figures_new(const BenchMachine *m) {
        BenchFigures *f = g_new0(BenchFigures, 1);
        JsonBuilder *b = f->json = json_builder_new();

        json_builder_begin_object(b);
        json_builder_set_member_name(b, "machine");
        json_builder_begin_object(b);
        add_string(b, "cpu", m->cpu);
        json_builder_set_member_name(b, "cpus");
        json_builder_add_int_value(b, m->n_cpus);
        json_builder_set_member_name(b, "virtual");
        json_builder_add_boolean_value(b, m->is_virtual);
        add_string(b, "os", m->os);
        add_string(b, "compiler", m->compiler);
        add_double(b, "load_before", m->load);
        json_builder_end_object(b);
        add_string(b, "version", PI_VERSION);
        add_string(b, "kernel", pi_kernel_default()->name);
        json_builder_set_member_name(b, "figures");
        json_builder_begin_array(b);
        return f;
}

static void begin(BenchFigures *f, const char *group, const char *subject, const char *what,
                  const char *unit) {
        json_builder_begin_object(f->json);
        add_string(f->json, "group", group);
        add_string(f->json, "subject", subject);
        add_string(f->json, "what", what);
        add_string(f->json, "unit", unit);
}

void bench_figures_add(BenchFigures *f, const char *group, const char *subject, const char *what,
                       const char *unit, const BenchSample *sample) {
        begin(f, group, subject, what, unit);
        add_double(f->json, "median", bench_sample_median(sample));
        add_double(f->json, "min", bench_sample_quantile(sample, 0));
        add_double(f->json, "max", bench_sample_quantile(sample, 1));
        json_builder_set_member_name(f->json, "runs");
        json_builder_add_int_value(f->json, (gint64) bench_sample_size(sample));
        json_builder_end_object(f->json);
}

void bench_figures_add_value(BenchFigures *f, const char *group, const char *subject,
                             const char *what, const char *unit, double value) {
        begin(f, group, subject, what, unit);
        add_double(f->json, "value", value);
        json_builder_end_object(f->json);
}

int bench_figures_finish(BenchFigures *f) {
        const char *dir = g_getenv("PI_BENCH_DIR");
        g_autofree char *file = g_build_filename(dir ? dir : ".", "bench.json", NULL);
        g_autoptr(JsonGenerator) generator = json_generator_new();
        g_autoptr(GError) error = NULL;
        JsonNode *root;

        json_builder_end_array(f->json);
        json_builder_end_object(f->json);
        root = json_builder_get_root(f->json);
        json_generator_set_root(generator, root);
        json_generator_set_pretty(generator, TRUE);
        if (json_generator_to_file(generator, file, &error))
                g_print("\nAll figures, with units and ranges: %s\n", file);
        else
                g_printerr("%s: %s\n", file, error->message);
        json_node_unref(root);
        g_object_unref(f->json);
        g_free(f);
        return error ? EXIT_FAILURE : EXIT_SUCCESS;
}
