/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/introduction.h"

#include <string.h>

#include "tests/unit/cluster/sample.h"

static GVariant *make(void) {
        static const char *const addresses[] = { "192.0.2.7:31415", "[fe80::7%eth9]:31415", NULL };
        PiIntroduction in = {
                .edition = { 3, 2, 1, "1.2.3" }, .name = "node-a", .cluster = SAMPLE_CLUSTER,
                .instance = "ffffffffffffffff0000000000000000", .cpus = 16,
                .terms_per_second = 2.5e10, .kernel = "avx2", .clock_usec = 1790000000000000,
                .port = 31415, .addresses = (char **) addresses,
        };

        return g_variant_ref_sink(pi_introduction_to_variant(&in));
}

static void test_round_trip(void) {
        g_autoptr(GVariant) dict = make(), again = NULL,
                            more = sample_with(dict, "new", "{1: 'x'}"),
                            none = sample_with(dict, "cluster", "''");
        g_auto(PiIntroduction) in = { .name = "" }, out = { .name = "" };
        g_autoptr(GError) error = NULL;

        pi_introduction_from_variant(more, &in, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(in.name, ==, "node-a");
        g_assert_cmpuint(in.edition.protocol_oldest, ==, 2);
        again = g_variant_ref_sink(pi_introduction_to_variant(&in));
        g_assert_true(g_variant_equal(dict, again));
        pi_introduction_from_variant(none, &out, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(out.cluster, ==, "");
}

static void test_refused(void) {
        static const struct {
                const char *key, *value;
        } bad[] = {
                { "protocol", NULL },
                { "protocol", "uint32 0" },
                { "protocol", "'1'" },
                { "protocol_oldest", "uint32 4" },
                { "numerics", "uint32 0" },
                { "version", "'a\\u001bb'" },
                { "name", "''" },
                { "name", "'-x'" },
                { "cluster", "'xyz'" },
                { "instance", "'ff'" },
                { "roster", "'ff'" },
                { "cpus", "uint32 0" },
                { "cpus", "uint32 65537" },
                { "terms_per_second", "-1.0" },
                { "terms_per_second", "nan" },
                { "terms_per_second", "inf" },
                { "kernel", "'a kernel of far too long a name'" },
                { "clock_usec", "uint64 18446744073709551615" },
                { "port", "uint32 65536" },
                { "outbound_only", "uint32 1" },
                { "addresses", "['1','2','3','4','5','6','7','8','9']" },
        };
        g_autoptr(GVariant) good = make();

        for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autoptr(GVariant) dict = sample_with(good, bad[i].key, bad[i].value);
                g_autoptr(GError) error = NULL;
                PiIntroduction in;

                g_assert_false(pi_introduction_from_variant(dict, &in, &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
                g_assert_true(g_str_has_prefix(error->message, "Identify: "));
                g_assert_nonnull(strstr(error->message, bad[i].key));
                g_assert_null(in.addresses);
        }
}

static void test_too_many_keys(void) {
        g_autoptr(GVariant) good = make(), dict = NULL;
        g_autoptr(GError) error = NULL;
        PiIntroduction in;
        GVariantDict d;

        g_variant_dict_init(&d, good);
        for (guint i = 0; i < PI_FIELDS_MAX; i++) {
                g_autofree char *key = g_strdup_printf("key%u", i);

                g_variant_dict_insert(&d, key, "u", i);
        }
        dict = g_variant_ref_sink(g_variant_dict_end(&d));
        g_assert_false(pi_introduction_from_variant(dict, &in, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
}

static void assert_editions(const PiEdition *a, const PiEdition *b, const char *word) {
        g_autoptr(GError) error = NULL;

        if (!word) {
                g_assert_true(pi_edition_check(a, "a", b, "b", &error));
                return;
        }
        g_assert_false(pi_edition_check(a, "a", b, "b", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INCOMPATIBLE);
        g_assert_nonnull(strstr(error->message, word));
        g_assert_nonnull(strstr(error->message, a->version));
        g_assert_nonnull(strstr(error->message, b->version));
}

/* A version and the one before it work together. */
static void test_editions(void) {
        PiEdition now = { 2, 1, 1, "0.2" }, before = { 1, 1, 1, "0.1" }, next = { 3, 2, 1, "0.3" },
                  other = { 2, 1, 2, "0.2x" };

        assert_editions(&now, &now, NULL);
        assert_editions(&now, &before, NULL);
        assert_editions(&now, &next, NULL);
        assert_editions(&before, &next, "do not overlap");
        assert_editions(&next, &before, "do not overlap");
        assert_editions(&now, &other, "numerics 2");
}

static void test_names(void) {
        g_autofree char *a = pi_node_name_make_valid("my host(ä)"),
                        *b = pi_node_name_make_valid(""), *c = pi_node_name_make_valid("-x"),
                        *endless = g_strnfill(500, 'x'), *d = pi_node_name_make_valid(endless);

        g_assert_true(pi_node_name_is_valid("a.b-c_D9"));
        g_assert_false(pi_node_name_is_valid(endless));
        g_assert_true(pi_node_name_is_valid(a));
        g_assert_cmpstr(b, ==, "node");
        g_assert_cmpstr(c, ==, "node");
        g_assert_cmpuint(strlen(d), ==, PI_NODE_NAME_MAX);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/introduction/round-trip", test_round_trip);
        g_test_add_func("/introduction/refused", test_refused);
        g_test_add_func("/introduction/too-many-keys", test_too_many_keys);
        g_test_add_func("/introduction/editions", test_editions);
        g_test_add_func("/introduction/names", test_names);
        return g_test_run();
}
