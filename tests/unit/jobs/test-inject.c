/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/inject.h"

#include <string.h>

#include "dbus/error.h"

static GVariant *options(const char *text) {
        g_autoptr(GError) error = NULL;
        GVariant *v = g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

        g_assert_no_error(error);
        return v;
}

static PiFaultOrder accept(const char *text) {
        g_autoptr(GVariant) v = options(text);
        g_autoptr(GError) error = NULL;
        PiFaultOrder order = {};

        g_assert_true(pi_inject_parse(v, &order, &error));
        g_assert_no_error(error);
        return order;
}

static void test_good(void) {
        PiFaultOrder o = accept("{'kind': <'flip'>}");

        g_assert_cmpint(o.kind, ==, PI_FAULT_FLIP);
        g_assert_cmpuint(o.bit, ==, 40);
        g_assert_cmpuint(o.count, ==, 1);
        o = accept("{'count': <uint32 4294967295>, 'bit': <uint32 63>, 'kind': <'flip'>}");
        g_assert_cmpuint(o.bit, ==, 63);
        g_assert_cmpuint(o.count, ==, UINT32_MAX);
        o = accept("{'kind': <'flip'>, 'bit': <uint32 0>, 'count': <uint32 0>}");
        g_assert_cmpuint(o.bit, ==, 0);
        g_assert_cmpuint(o.count, ==, 0);
        o = accept("{'kind': <'slow'>}");
        g_assert_cmpint(o.kind, ==, PI_FAULT_SLOW);
        g_assert_cmpfloat(o.factor, ==, 2);
        o = accept("{'factor': <1000.0>, 'kind': <'slow'>}");
        g_assert_cmpfloat(o.factor, ==, 1000);
        g_assert_cmpint(accept("{'kind': <'hang'>}").kind, ==, PI_FAULT_HANG);
        g_assert_cmpint(accept("{'kind': <'lie'>}").kind, ==, PI_FAULT_LIE);
        g_assert_cmpint(accept("{'kind': <'none'>}").kind, ==, PI_FAULT_NONE);
}

static const struct {
        const char *text, *words;
} bad[] = {
        { "@a{sv} {}", "\"kind\"|missing|flip|slow|hang|none" },
        { "{'bit': <uint32 3>}", "\"kind\"|missing" },
        { "{'kind': <'melt'>}", "\"kind\"|\"melt\"|flip|slow|hang|none" },
        { "{'kind': <''>}", "\"kind\"" },
        { "{'kind': <uint32 1>}", "\"kind\"|type \"u\"|type \"s\"" },
        { "{'kind': <'flip'>, 'kind': <'flip'>}", "\"kind\"|twice" },
        { "{'kind': <'flip'>, 'bit': <uint32 64>}", "\"bit\"|is 64|0 to 63" },
        { "{'kind': <'flip'>, 'bit': <uint64 4>}", "\"bit\"|type \"t\"|type \"u\"" },
        { "{'kind': <'flip'>, 'count': <-1>}", "\"count\"|type \"i\"|type \"u\"" },
        { "{'kind': <'flip'>, 'factor': <2.0>}", "\"factor\"|\"slow\"|\"flip\"" },
        { "{'kind': <'slow'>, 'factor': <1.0>}", "\"factor\"|is 1|more than 1, at most 1000" },
        { "{'kind': <'slow'>, 'factor': <1000.5>}", "\"factor\"|at most 1000" },
        { "{'kind': <'slow'>, 'factor': <-2.0>}", "\"factor\"|more than 1" },
        { "{'kind': <'slow'>, 'factor': <2>}", "\"factor\"|type \"i\"|type \"d\"" },
        { "{'kind': <'slow'>, 'count': <uint32 1>}", "\"count\"|\"flip\"|\"slow\"" },
        { "{'bit': <uint32 1>, 'kind': <'hang'>}", "\"bit\"|\"flip\"|\"hang\"" },
        { "{'kind': <'none'>, 'factor': <2.0>}", "\"factor\"|\"slow\"|\"none\"" },
        { "{'kind': <'flip'>, 'colour': <'red'>}", "\"colour\"|kind, bit, count, factor" },
};

static void test_bad(void) {
        for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autoptr(GVariant) v = options(bad[i].text);
                g_auto(GStrv) words = g_strsplit(bad[i].words, "|", -1);
                g_autoptr(GError) error = NULL;
                PiFaultOrder order = { .bit = 77 };

                g_assert_false(pi_inject_parse(v, &order, &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
                g_test_message("%s", error->message);
                for (char **w = words; *w; w++)
                        g_assert_nonnull(strstr(error->message, *w));
                g_assert_cmpuint(order.bit, ==, 77);
        }
}

static void test_not_a_number(void) {
        GVariantBuilder b;
        g_autoptr(GVariant) v = NULL;
        g_autoptr(GError) error = NULL;
        PiFaultOrder order;

        g_variant_builder_init(&b, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&b, "{sv}", "kind", g_variant_new_string("slow"));
        g_variant_builder_add(&b, "{sv}", "factor", g_variant_new_double(__builtin_nan("")));
        v = g_variant_ref_sink(g_variant_builder_end(&b));
        g_assert_false(pi_inject_parse(v, &order, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/inject/good", test_good);
        g_test_add_func("/inject/bad", test_bad);
        g_test_add_func("/inject/not-a-number", test_not_a_number);
        return g_test_run();
}
