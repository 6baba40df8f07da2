/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/figures.h"

#include <json-glib/json-glib.h>
#include <stdlib.h>

struct BenchFigures {
        char *name;
        JsonBuilder *json;
};

BenchFigures *bench_figures_new(const char *name) {
        BenchFigures *f = g_new0(BenchFigures, 1);

        f->name = g_strdup(name);
        f->json = json_builder_new();
        json_builder_begin_object(f->json);
        g_print("%-44s %12s\n", name, "value");
        return f;
}

void bench_figures_add(BenchFigures *f, const char *name, double value, const char *unit,
                       const char *note) {
        g_print("  %-42s %12.4g %-8s %s\n", name, value, unit, note);
        json_builder_set_member_name(f->json, name);
        json_builder_begin_object(f->json);
        json_builder_set_member_name(f->json, "value");
        json_builder_add_double_value(f->json, value);
        json_builder_set_member_name(f->json, "unit");
        json_builder_add_string_value(f->json, unit);
        json_builder_end_object(f->json);
}

int bench_figures_finish(BenchFigures *f) {
        const char *dir = g_getenv("PI_BENCH_DIR");
        g_autofree char *file = g_strdup_printf("%s/%s.json", dir ? dir : ".", f->name);
        g_autoptr(JsonGenerator) generator = json_generator_new();
        g_autoptr(GError) error = NULL;
        JsonNode *root;

        json_builder_end_object(f->json);
        root = json_builder_get_root(f->json);
        json_generator_set_root(generator, root);
        json_generator_set_pretty(generator, TRUE);
        if (json_generator_to_file(generator, file, &error))
                g_print("  written to %s\n", file);
        else
                g_printerr("%s: %s\n", file, error->message);
        json_node_unref(root);
        g_object_unref(f->json);
        g_free(f->name);
        g_free(f);
        return error ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int compare_doubles(const void *a, const void *b) {
        double x = *(const double *) a, y = *(const double *) b;

        return (x > y) - (x < y);
}

double bench_quantile(double *values, gsize n, double q) {
        qsort(values, n, sizeof(*values), compare_doubles);
        return values[MIN((gsize) (q * (double) n), n - 1)];
}

double bench_seconds(void) {
        return (double) g_get_monotonic_time() / 1e6;
}
