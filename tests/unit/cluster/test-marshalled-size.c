/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/marshalled-size.h"

#include <gio/gio.h>
#include <string.h>

#define RANDOM_VALUES 600
#define DEPTH_MAX 5
#define CHILDREN_MAX 4

/* The header of a message has the length of its body at byte 4. */
static gsize size_by_gdbus(GVariant *value) {
        g_autoptr(GDBusMessage) m = g_dbus_message_new_method_call(NULL, "/", NULL, "A");
        g_autoptr(GError) error = NULL;
        g_autofree guchar *blob = NULL;
        guint32 body;
        gsize size;

        g_dbus_message_set_byte_order(m, G_BYTE_ORDER == G_LITTLE_ENDIAN
                                                 ? G_DBUS_MESSAGE_BYTE_ORDER_LITTLE_ENDIAN
                                                 : G_DBUS_MESSAGE_BYTE_ORDER_BIG_ENDIAN);
        g_dbus_message_set_body(m, g_variant_new_tuple(&value, 1));
        blob = g_dbus_message_to_blob(m, &size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
        g_assert_no_error(error);
        memcpy(&body, blob + 4, sizeof(body));
        g_assert_cmpuint(body, <, size);
        return body;
}

/* As it was built, and as it is read from bytes. Sinks a floating value. */
static void assert_same(GVariant *floating) {
        g_autoptr(GVariant) value = g_variant_ref_sink(floating);
        gsize built = pi_marshalled_size(value), expected = size_by_gdbus(value);
        g_autoptr(GVariant) copy = NULL;

        if (built != expected) {
                g_autofree char *text = g_variant_print(value, TRUE);

                g_error("%s: %" G_GSIZE_FORMAT " bytes, not %" G_GSIZE_FORMAT, text, expected,
                        built);
        }
        copy = g_variant_ref_sink(g_variant_new_from_data(g_variant_get_type(value),
                                                          g_variant_get_data(value),
                                                          g_variant_get_size(value), FALSE, NULL,
                                                          NULL));
        g_assert_cmpuint(pi_marshalled_size(copy), ==, expected);
}

static void assert_text(const char *type, const char *text) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariantType) of = g_variant_type_new(type);
        g_autoptr(GVariant) value = g_variant_parse(of, text, NULL, NULL, &error);

        g_assert_no_error(error);
        assert_same(value);
}

/* These two by the specification alone. */
static void test_known(void) {
        g_autoptr(GVariant) byte = g_variant_ref_sink(g_variant_new_byte(1)),
                            none = g_variant_ref_sink(g_variant_new("at", NULL));

        g_assert_cmpuint(pi_marshalled_size(byte), ==, 1);
        g_assert_cmpuint(pi_marshalled_size(none), ==, 8);
}

static void test_shapes(void) {
        static const char *const shapes[][2] = {
                { "y", "1" }, { "b", "true" }, { "n", "-2" }, { "q", "2" }, { "i", "-3" },
                { "u", "3" }, { "x", "-4" }, { "t", "4" }, { "d", "0.5" }, { "h", "0" },
                { "s", "''" }, { "s", "'one'" }, { "o", "'/'" }, { "o", "'/a/b'" },
                { "g", "''" }, { "g", "'a{sv}'" }, { "v", "<byte 1>" }, { "v", "<uint64 1>" },
                { "v", "<<<<1>>>>" }, { "v", "<('a', <@at []>)>" }, { "v", "<@a{sv} {}>" },
                { "(y)", "(1,)" }, { "(yt)", "(1, 2)" }, { "(ty)", "(1, 2)" },
                { "(yqyuytys)", "(1, 2, 3, 4, 5, 6, 7, 'odd')" }, { "(y(y(y)))", "(1, (2, (3,)))" },
                { "(gv)", "('', <'x'>)" }, { "(yv)", "(1, <(byte 1, 2.0)>)" },
                { "(sbs)", "('a', true, 'b')" }, { "ab", "[true, false, true]" },
                { "ay", "b'odd'" }, { "as", "['', 'a', 'bc', 'def', 'ghij']" },
                { "ao", "['/', '/a']" }, { "ag", "['', 'u', 'uu']" },
                { "av", "[<1>, <'a'>, <byte 1>, <@t 1>]" }, { "a(ty)", "[(1, 2), (3, 4)]" },
                { "a(yt)", "[(1, 2), (3, 4)]" }, { "aay", "[b'a', b'', b'abcdef']" },
                { "aat", "[[], [1], [], [2, 3]]" }, { "(yaat)", "(1, [[], []])" },
                { "a{sv}", "{'a': <1>, 'bcd': <@x 2>, 'e': <{'f': <@ay []>}>}" },
                { "a{ys}", "{1: 'a', 2: 'bcdefgh', 3: ''}" }, { "a{ta{yas}}", "{1: {2: ['a']}}" },
        };

        for (guint i = 0; i < G_N_ELEMENTS(shapes); i++)
                assert_text(shapes[i][0], shapes[i][1]);
}

/* At every offset within eight bytes, alone and inside of a variant. */
static void test_empty_arrays(void) {
        static const char *const elements[] = {
                "y", "b", "n", "q", "i", "u", "x", "t", "d", "h", "s", "o", "g", "v", "ay", "at",
                "(y)", "(st)", "{yv}", "{sv}", "{ts}", "a{sv}",
        };

        for (guint i = 0; i < G_N_ELEMENTS(elements); i++)
                for (gsize before = 0; before < 8; before++) {
                        g_autofree char *type = g_strconcat("a", elements[i], NULL);
                        g_autofree char *text = g_strnfill(before, 'x');
                        GVariant *array =
                                g_variant_new_array(G_VARIANT_TYPE(elements[i]), NULL, 0);

                        assert_same(g_variant_new("(s@*y)", text, array, 1));
                        array = g_variant_new_array(G_VARIANT_TYPE(elements[i]), NULL, 0);
                        assert_same(g_variant_new("(svy)", text, array, 1));
                        assert_text(type, "[]");
                }
}

static GVariant *random_value(guint depth);

static gsize below(gint32 limit) {
        return (gsize) g_test_rand_int_range(0, limit);
}

static GVariant *random_basic(void) {
        g_autofree char *text = g_strnfill(below(20), 'a');
        g_autofree char *path = g_strconcat("/", text, NULL);

        switch ("ybnqiuxtdhsog"[below(13)]) {
        case 'y':
                return g_variant_new_byte(7);
        case 'b':
                return g_variant_new_boolean(TRUE);
        case 'n':
                return g_variant_new_int16(-7);
        case 'q':
                return g_variant_new_uint16(7);
        case 'i':
                return g_variant_new_int32(-7);
        case 'u':
                return g_variant_new_uint32(7);
        case 'x':
                return g_variant_new_int64(-7);
        case 't':
                return g_variant_new_uint64(7);
        case 'd':
                return g_variant_new_double(0.7);
        case 'h':
                return g_variant_new_handle(0);
        case 's':
                return g_variant_new_string(text);
        case 'o':
                return g_variant_new_object_path(path);
        default:
                memset(text, 'u', strlen(text));
                return g_variant_new_signature(text);
        }
}

static GVariant *random_struct(guint depth) {
        GVariant *members[CHILDREN_MAX];
        gsize n = 1 + below(CHILDREN_MAX);

        for (gsize i = 0; i < n; i++)
                members[i] = random_value(depth + 1);
        return g_variant_new_tuple(members, n);
}

/* Of as many copies of one value, since all have to be of its type. */
static GVariant *random_array(GVariant *element) {
        g_autoptr(GVariant) one = g_variant_ref_sink(element);
        GVariant *elements[CHILDREN_MAX] = { one, one, one, one };

        return g_variant_new_array(g_variant_get_type(one), elements, below(CHILDREN_MAX + 1));
}

static GVariant *random_value(guint depth) {
        switch (depth < DEPTH_MAX ? below(7) : 0) {
        case 0:
        case 1:
        case 2:
                return random_basic();
        case 3:
                return random_struct(depth);
        case 4:
                return g_variant_new_variant(random_value(depth + 1));
        case 5:
                return random_array(random_value(depth + 1));
        default:
                return random_array(g_variant_new_dict_entry(random_basic(),
                                                             random_value(depth + 1)));
        }
}

static void test_random(void) {
        for (guint i = 0; i < RANDOM_VALUES; i++)
                assert_same(random_struct(0));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/marshalled-size/known", test_known);
        g_test_add_func("/marshalled-size/shapes", test_shapes);
        g_test_add_func("/marshalled-size/empty-arrays", test_empty_arrays);
        g_test_add_func("/marshalled-size/random", test_random);
        return g_test_run();
}
