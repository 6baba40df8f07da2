/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/json.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* Takes a floating value. */
static char *render(GVariant *value, PiJsonMode mode) {
        g_autoptr(GVariant) v = g_variant_ref_sink(value);
        GString *s = g_string_new(NULL);

        pi_json_append(v, mode, s);
        return g_string_free(s, FALSE);
}

static void expect(const char *variant, const char *json) {
        g_autofree char *text = render(g_variant_new_parsed(variant), PI_JSON_SHORT);
        g_autofree char *line = g_strconcat(json, "\n", NULL);

        g_assert_cmpstr(text, ==, line);
}

static void test_short(void) {
        expect("{'a': <1>, 'b': <'x'>}", "{\"a\":1,\"b\":\"x\"}");
        expect("[<true>, <false>]", "[true,false]");
        expect("@a{sv} {}", "{}");
        expect("@as []", "[]");
        expect("(1, 'x', objectpath '/a/b')", "[1,\"x\",\"/a/b\"]");
        expect("{objectpath '/a': {'i': {'p': <uint32 7>}}}", "{\"/a\":{\"i\":{\"p\":7}}}");
        expect("{uint32 5: 'five'}", "{\"5\":\"five\"}");
        expect("<<<'deep'>>>", "\"deep\"");
        expect("byte 0xff", "255");
}

static void test_pretty(void) {
        g_autofree char *text = render(g_variant_new_parsed("{'a': <[1, 2]>, 'b': <@as []>}"),
                                       PI_JSON_PRETTY);

        g_assert_cmpstr(text, ==,
                        "{\n        \"a\" : [\n                1,\n                2\n        ],\n"
                        "        \"b\" : []\n}\n");
}

/* Beyond 2^53 a double, beyond 2^63 a signed integer would lose digits. */
static void test_integers(void) {
        expect("uint64 9007199254740993", "9007199254740993");
        expect("uint64 9223372036854775808", "9223372036854775808");
        expect("uint64 18446744073709551615", "18446744073709551615");
        expect("int64 -9223372036854775808", "-9223372036854775808");
        expect("{'t': <uint64 18446744073709551615>}", "{\"t\":18446744073709551615}");
}

static void test_doubles(void) {
        static const double values[] = { 3.141592652589793,       0.1,  1e-300,
                                         -6.8052926987674686e-25, 1e22, 5e-324 };

        for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
                g_autofree char *text = render(g_variant_new_double(values[i]), PI_JSON_SHORT);
                double back = g_ascii_strtod(text, NULL);

                g_assert_cmpmem(&back, sizeof(back), &values[i], sizeof(values[i]));
        }
        expect("[<inf>, <-inf>, <nan>]", "[null,null,null]");
}

static void test_text_is_safe(void) {
        const char *text = "\033[2J\n\"\\\177\302\233 \317\200";
        g_autofree char *json = render(g_variant_new("{ss}", "k\033\302\205", text), PI_JSON_SHORT);
        g_autoptr(JsonNode) node = NULL;
        g_autofree char *object = render(g_variant_new_parsed("{'t': <%s>}", text), PI_JSON_SHORT);

        for (const char *p = json; *p; p++)
                g_assert_true((guchar) *p >= 0x20 || *p == '\n');
        g_assert_null(strstr(json, "\302\233"));
        g_assert_null(strstr(json, "\302\205"));
        g_assert_null(strchr(json, '\177'));
        node = json_from_string(object, NULL);
        g_assert_nonnull(node);
        g_assert_cmpstr(json_object_get_string_member(json_node_get_object(node), "t"), ==, text);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/json/short", test_short);
        g_test_add_func("/ctl/json/pretty", test_pretty);
        g_test_add_func("/ctl/json/integers", test_integers);
        g_test_add_func("/ctl/json/doubles", test_doubles);
        g_test_add_func("/ctl/json/text-is-safe", test_text_is_safe);
        return g_test_run();
}
