/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/sweep-check.h"

#include <string.h>

#include "dbus/error.h"
#include "dbus/names.h"

#define BASELINE                                                                               \
        "{'kernel': <'avx2'>, 'terms': <uint64 1000>, 'response_usec': <[uint64 9, 10]>, "     \
        "'wall_usec': <[uint64 11, 12]>, 'cpu_utilization': <[0.5, 0.5]>}"
#define POINT(parts)                                                                           \
        "{'parts': <uint64 " parts ">, 'response_usec': <[uint64 7]>, "                        \
        "'wall_usec': <[uint64 8]>, 'cpu_utilization': <[1.0]>}"
#define POINTS "[" POINT("1") ", " POINT("125") "]"
#define NODES(nodes)                                                                           \
        "{'nodes': <uint32 " nodes ">, 'parts': <uint64 64>, 'response_usec': <[uint64 7]>, "  \
        "'wall_usec': <[uint64 8]>, 'cpu_utilization': <[1.0]>}"

/* A key of a run and its value as text; NULL leaves the key out. */
typedef struct Change {
        const char *key, *value;
} Change;

static const Change good[] = {
        { "label", "'night'" },
        { "terms", "uint64 1000" },
        { "kernel", "'avx2'" },
        { "cpus", "uint32 2" },
        { "slots", "uint32 2" },
        { "repeats", "uint32 1" },
        { "node", "'0123456789abcdef0123456789abcdef'" },
        { "host", "'node1'" },
        { "cpu_model", "''" },
        { "version", "'0.3.0'" },
        { "begin_usec", "uint64 1700000000000000" },
        { "duration_usec", "uint64 5" },
        { "baselines", "[" BASELINE "]" },
        { "points", POINTS },
};

/* A good run with one key changed, added or left out. */
static GVariant *make_run(const Change *change) {
        g_autoptr(GString) text = g_string_new("@a{sv} {");
        g_autoptr(GError) error = NULL;
        gboolean found = FALSE;
        GVariant *run;

        for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
                const char *value = good[i].value;

                if (change && strcmp(change->key, good[i].key) == 0) {
                        found = TRUE;
                        value = change->value;
                }
                if (value)
                        g_string_append_printf(text, "%s'%s': <%s>", text->len > 8 ? ", " : "",
                                               good[i].key, value);
        }
        if (change && !found)
                g_string_append_printf(text, ", '%s': <%s>", change->key, change->value);
        g_string_append_c(text, '}');
        run = g_variant_parse(NULL, text->str, NULL, NULL, &error);
        g_assert_no_error(error);
        return run;
}

static void refuse_run(GVariant *run, const char *key, const char *says) {
        g_autoptr(GError) error = NULL;
        gboolean taken = pi_sweep_check(run, &error);

        g_test_message("%s", error ? error->message : "taken");
        g_assert_false(taken);
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_nonnull(strstr(error->message, key));
        g_assert_nonnull(strstr(error->message, says));
}

static void refuse(const char *key, const char *value, const char *says) {
        g_autoptr(GVariant) run = make_run(&(Change) { key, value });
        refuse_run(run, key, says);
}

static void accept(const char *key, const char *value) {
        g_autoptr(GVariant) run = make_run(&(Change) { key, value });
        g_autoptr(GError) error = NULL;

        g_assert_true(pi_sweep_check(run, &error));
        g_assert_no_error(error);
}

static void test_good(void) {
        accept("label", "''");
        accept("terms", "uint64 10000000000000000");
        accept("points", "[" POINT("1") "]");
        accept("cpus", "uint32 1");
        accept("repeats", "uint32 100");
}

static void test_missing(void) {
        g_autoptr(GVariant) empty = g_variant_ref_sink(g_variant_new("a{sv}", NULL));

        for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
                refuse(good[i].key, NULL, "is missing");
        refuse_run(empty, "\"label\"", "is missing");
}

static void test_types(void) {
        refuse("label", "uint32 1", "give type \"s\"");
        refuse("terms", "1000", "give type \"t\"");
        refuse("cpus", "uint64 2", "give type \"u\"");
        refuse("points", "@aa{ss} []", "give type \"aa{sv}\"");
        refuse("points", "'many'", "give type \"aa{sv}\"");
}

static void test_ranges(void) {
        refuse("terms", "uint64 0", "1 to 10000000000000000");
        refuse("terms", "uint64 10000000000000001", "1 to 10000000000000000");
        refuse("kernel", "''", "1 to 256");
        refuse("cpus", "uint32 0", "1 to 65536");
        refuse("cpus", "uint32 3", "1 to \"slots\", 2");
        refuse("repeats", "uint32 101", "1 to 100");
        refuse("begin_usec", "uint64 18446744073709551615", "0 to 3155760000000000");
        refuse("points", "@aa{sv} []", "1 to 64");
        refuse("baselines", "@aa{sv} []", "1 to 8");
}

static void test_texts(void) {
        g_autofree char *at = g_strnfill(256, 'x'), *over = g_strnfill(257, 'x');
        g_autofree char *at_text = g_strdup_printf("'%s'", at);
        g_autofree char *over_text = g_strdup_printf("'%s'", over);

        accept("label", at_text);
        refuse("label", over_text, "257 bytes, out of range: 0 to 256");
        refuse("host", over_text, "0 to 256");
}

static void test_unknown(void) {
        refuse("id", "uint64 1", "unknown key");
        refuse("owner", "uint32 0", "unknown key");
        refuse("colour", "'red'", "leave it out");
}

static void test_points(void) {
        refuse("points", "[" POINT("2") ", " POINT("1") "]", "Entry 1");
        refuse("points", "[" POINT("2") ", " POINT("2") "]", "3 to 125");
        refuse("points", "[" POINT("126") "]", "1 to 125");
        refuse("points", "[" POINT("0") "]", "parts");
        refuse("points", "[{'parts': <uint64 1>}]", "\"response_usec\" (at) is missing");
        refuse("points",
               "[{'parts': <uint64 1>, 'response_usec': <[uint64 1, 2]>, 'wall_usec': <[uint64 1]>,"
               " 'cpu_utilization': <[1.0, 1.0]>}]",
               "\"wall_usec\" has 1 entries, \"response_usec\" has 2");
        refuse("points",
               "[{'parts': <uint64 1>, 'response_usec': <@at []>, 'wall_usec': <@at []>,"
               " 'cpu_utilization': <@ad []>}]",
               "1 to 100");
        refuse("points",
               "[{'parts': <uint64 1>, 'response_usec': <[uint64 1]>, 'wall_usec': <[uint64 1]>,"
               " 'cpu_utilization': <[-0.5]>}]",
               "entry 0 of \"cpu_utilization\" is out of range: 0 to 2");
        refuse("points",
               "[{'parts': <uint64 1>, 'response_usec': <[uint64 18446744073709551615]>, "
               "'wall_usec': <[uint64 1]>, 'cpu_utilization': <[0.5]>}]",
               "entry 0 of \"response_usec\"");
}

static void test_nodes(void) {
        accept("points", "[" NODES("1") ", " NODES("2") ", " NODES("128") "]");
        refuse("points", "[" NODES("0") "]", "1 to 128");
        refuse("points", "[" NODES("129") "]", "1 to 128");
        refuse("points", "[" NODES("2") ", " NODES("2") "]", "3 to 128");
        refuse("points", "[" NODES("1") ", " POINT("65") "]", "in all or in none");
        refuse("points", "[" POINT("1") ", " NODES("2") "]", "in all or in none");
}

static void add_entry(GVariantBuilder *list, guint64 parts, gsize n_samples) {
        g_autofree guint64 *times = g_new0(guint64, n_samples);
        g_autofree double *shares = g_new0(double, n_samples);
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert(&d, "parts", "t", parts);
        g_variant_dict_insert_value(&d, "response_usec",
                                    g_variant_new_fixed_array(G_VARIANT_TYPE_UINT64, times,
                                                              n_samples, sizeof(guint64)));
        g_variant_dict_insert_value(&d, "wall_usec",
                                    g_variant_new_fixed_array(G_VARIANT_TYPE_UINT64, times,
                                                              n_samples, sizeof(guint64)));
        g_variant_dict_insert_value(&d, "cpu_utilization",
                                    g_variant_new_fixed_array(G_VARIANT_TYPE_DOUBLE, shares,
                                                              n_samples, sizeof(double)));
        g_variant_builder_add_value(list, g_variant_dict_end(&d));
}

/* A good run but for so many points with so many samples each. */
static GVariant *make_large(guint n_points, gsize n_samples) {
        g_autoptr(GVariant) base = make_run(NULL);
        GVariantBuilder list;
        GVariantDict d;

        g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
        for (guint i = 0; i < n_points; i++)
                add_entry(&list, i + 1, n_samples);
        g_variant_dict_init(&d, base);
        g_variant_dict_insert_value(&d, "points", g_variant_builder_end(&list));
        return g_variant_ref_sink(g_variant_dict_end(&d));
}

static void test_sizes(void) {
        g_autoptr(GVariant) most_points = make_large(64, 1), most_samples = make_large(1, 100);
        g_autoptr(GVariant) points = make_large(65, 1), samples = make_large(1, 101);
        g_autoptr(GVariant) bytes = make_large(64, 100);
        g_autoptr(GError) error = NULL;

        g_assert_true(pi_sweep_check(most_points, &error));
        g_assert_true(pi_sweep_check(most_samples, &error));
        g_assert_no_error(error);
        refuse_run(points, "\"points\"", "65 entries, out of range: 1 to 64");
        refuse_run(samples, "\"response_usec\"", "101 entries, out of range: 1 to 100");
        refuse_run(bytes, "The run", "at most 65536");
}

static void test_twice(void) {
        g_autoptr(GVariant) base = make_run(NULL), run = NULL;
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE_VARDICT);
        for (gsize i = 0; i < g_variant_n_children(base); i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(base, i);
                g_variant_builder_add_value(&b, entry);
        }
        g_variant_builder_add(&b, "{sv}", "label", g_variant_new_string("again"));
        run = g_variant_ref_sink(g_variant_builder_end(&b));
        refuse_run(run, "label", "given twice");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/sweep-check/good", test_good);
        g_test_add_func("/sweep-check/missing", test_missing);
        g_test_add_func("/sweep-check/types", test_types);
        g_test_add_func("/sweep-check/ranges", test_ranges);
        g_test_add_func("/sweep-check/texts", test_texts);
        g_test_add_func("/sweep-check/unknown", test_unknown);
        g_test_add_func("/sweep-check/points", test_points);
        g_test_add_func("/sweep-check/nodes", test_nodes);
        g_test_add_func("/sweep-check/sizes", test_sizes);
        g_test_add_func("/sweep-check/twice", test_twice);
        return g_test_run();
}
