/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/variant.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <unistd.h>

#include "tests/unit/dbus/link.h"

static Link pair;

static sd_bus_message *new_message(void) {
        sd_bus_message *m = NULL;

        assert_ok(sd_bus_message_new_method_call(pair.client, &m, NULL, "/a", "a.b", "C"));
        return m;
}

static void seal(sd_bus_message *m) {
        assert_ok(sd_bus_message_seal(m, 1, 0));
        assert_ok(sd_bus_message_rewind(m, 1));
}

static void assert_round_trip(GVariant *value) {
        g_autoptr(GVariant) in = g_variant_ref_sink(value), out = NULL;
        sd_bus_message *m = new_message();

        assert_ok(pi_variant_append(m, in));
        seal(m);
        g_assert_cmpstr(sd_bus_message_get_signature(m, 1), ==, g_variant_get_type_string(in));
        assert_ok(pi_variant_read(m, &out));
        g_assert_false(g_variant_is_floating(out));
        g_assert_cmpint(pi_variant_read(m, &out), ==, -ENXIO);
        if (!g_variant_equal(in, out)) {
                g_autofree char *a = g_variant_print(in, TRUE), *b = g_variant_print(out, TRUE);
                g_error("%s came back as %s", a, b);
        }
        sd_bus_message_unref(m);
}

static void test_basic(void) {
        static const char *const texts[] = {
                "true",
                "false",
                "byte 0xff",
                "int16 -32768",
                "uint16 65535",
                "-2147483648",
                "uint32 4294967295",
                "int64 -9223372036854775808",
                "uint64 18446744073709551615",
                "0.1",
                "-0.0",
                "2.5e-308",
                "''",
                "'a b \303\244'",
                "objectpath '/'",
                "objectpath '/org/picompute1/job/1'",
                "signature ''",
                "signature 'a{sv}'",
                "<uint64 1>",
                "<<<'x'>>>",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                assert_round_trip(g_variant_new_parsed(texts[i]));
        assert_round_trip(g_variant_new_double(INFINITY));
        assert_round_trip(g_variant_new_double(NAN));
}

static void test_containers(void) {
        static const char *const texts[] = {
                "@as []",
                "@a{sv} {}",
                "@aa{sv} []",
                "@a(tt) []",
                "@aas [['a'], [], ['b', 'c']]",
                "@an [1, -2]",
                "@aq [1, 65535]",
                "@ai [1, -2]",
                "@au [1, 4294967295]",
                "@ax [1, -2]",
                "@at [1, 18446744073709551615]",
                "@ad [1, -0.5]",
                "@at []",
                "@ay []",
                "@aat [[1], [], [2, 3]]",
                "@(yatyad) (1, [2], 3, [4.0])",
                "[byte 1, 2, 3]",
                "[true, false, true]",
                "(1, 'two', <3.0>)",
                "((((uint64 1,),),),)",
                "{'a': <1>, 'b': <@as []>}",
                "[{'a': <uint64 1>}, {}, {'b': <{'c': <'d'>}>}]",
                "{uint32 1: {byte 2: (true, [objectpath '/'])}}",
                "<{'nodes': <[{'id': <'x'>, 'cpus': <uint32 4>}]>}>",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                assert_round_trip(g_variant_new_parsed(texts[i]));
}

static const char basic_types[] = "bynqiuxtdsog";

static void random_basic_type(GString *type) {
        g_string_append_c(type,
                          basic_types[g_test_rand_int_range(0, (gint32) sizeof(basic_types) - 1)]);
}

/* Appends a complete type whose containers go at most `depth` deep. */
static void random_type(GString *type, int depth) {
        int kind = depth == 0 ? 0 : g_test_rand_int_range(0, 6);

        switch (kind) {
        case 2:
                g_string_append_c(type, 'a');
                random_type(type, depth - 1);
                break;
        case 3:
                g_string_append_c(type, '(');
                for (int n = g_test_rand_int_range(1, 5); n > 0; n--)
                        random_type(type, depth - 1);
                g_string_append_c(type, ')');
                break;
        case 4:
                g_string_append(type, "a{");
                random_basic_type(type);
                /* The array and the entry are a level each. */
                random_type(type, MAX(depth - 2, 0));
                g_string_append_c(type, '}');
                break;
        case 5:
                g_string_append_c(type, 'v');
                break;
        default:
                random_basic_type(type);
        }
}

static GVariant *random_value(const GVariantType *type, int depth);

static GVariant *random_basic(char type) {
        static const char *const strings[] = { "", "x", "\303\244\342\202\254",
                                               "a longer one, of some forty bytes" };
        static const char *const paths[] = { "/", "/a", "/org/picompute1" };
        static const char *const signatures[] = { "", "t", "a{sv}", "(ii)" };
        guint32 low = (guint32) g_test_rand_int();
        guint64 wide = (guint64) low << 32 | (guint32) g_test_rand_int();

        switch (type) {
        case 'b': return g_variant_new_boolean(low & 1);
        case 'y': return g_variant_new_byte((guint8) low);
        case 'n': return g_variant_new_int16((gint16) low);
        case 'q': return g_variant_new_uint16((guint16) low);
        case 'i': return g_variant_new_int32((gint32) low);
        case 'u': return g_variant_new_uint32(low);
        case 'x': return g_variant_new_int64((gint64) wide);
        case 't': return g_variant_new_uint64(wide);
        case 'd': return g_variant_new_double(g_test_rand_double());
        case 's': return g_variant_new_string(strings[low % G_N_ELEMENTS(strings)]);
        case 'o': return g_variant_new_object_path(paths[low % G_N_ELEMENTS(paths)]);
        default: return g_variant_new_signature(signatures[low % G_N_ELEMENTS(signatures)]);
        }
}

static GVariant *random_members(const GVariantType *type, int depth) {
        GVariantBuilder b;

        g_variant_builder_init(&b, type);
        if (g_variant_type_is_array(type))
                for (int n = g_test_rand_int_range(0, 4); n > 0; n--)
                        g_variant_builder_add_value(
                                &b, random_value(g_variant_type_element(type), depth - 1));
        else
                for (const GVariantType *t = g_variant_type_first(type); t;
                     t = g_variant_type_next(t))
                        g_variant_builder_add_value(&b, random_value(t, depth - 1));
        return g_variant_builder_end(&b);
}

static GVariant *random_value(const GVariantType *type, int depth) {
        g_autoptr(GString) inner = NULL;

        if (g_variant_type_is_basic(type))
                return random_basic(*g_variant_type_peek_string(type));
        if (!g_variant_type_is_variant(type))
                return random_members(type, depth);
        inner = g_string_new(NULL);
        random_type(inner, MAX(depth - 1, 0));
        return g_variant_new_variant(random_value(G_VARIANT_TYPE(inner->str), depth - 1));
}

static void test_random(void) {
        for (unsigned i = 0; i < 2000; i++) {
                g_autoptr(GString) type = g_string_new(NULL);

                random_type(type, 6);
                assert_round_trip(random_value(G_VARIANT_TYPE(type->str), 6));
        }
}

/* Several values follow each other in one message, as the arguments of a call do. */
static void test_sequence(void) {
        sd_bus_message *m = new_message();
        const char *texts[] = { "uint64 5", "{'parts': <uint64 2>}", "'end'" };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                assert_ok(pi_variant_append(m, g_variant_new_parsed(texts[i])));
        seal(m);
        g_assert_cmpstr(sd_bus_message_get_signature(m, 1), ==, "ta{sv}s");
        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autoptr(GVariant) out = NULL,
                                    want = g_variant_ref_sink(g_variant_new_parsed(texts[i]));

                assert_ok(pi_variant_read(m, &out));
                g_assert_cmpvariant(out, want);
        }
        sd_bus_message_unref(m);
}

static void test_nothing_left(void) {
        g_autoptr(GVariant) out = NULL;
        sd_bus_message *m = new_message();

        seal(m);
        g_assert_cmpint(pi_variant_read(m, &out), ==, -ENXIO);
        g_assert_null(out);
        sd_bus_message_unref(m);
}

/* `depth` containers in one another, a number in the innermost: variants, arrays, structs,
 * dictionaries. */
static GVariant *nested(unsigned depth, char kind) {
        GVariant *value = g_variant_new_uint32(7);

        for (unsigned i = 0; i < depth; i++)
                if (kind == 'v')
                        value = g_variant_new_variant(value);
                else if (kind == 'a')
                        value = g_variant_new_array(NULL, &value, 1);
                else if (kind == '(')
                        value = g_variant_new_tuple(&value, 1);
                else {
                        GVariant *entry =
                                g_variant_new_dict_entry(g_variant_new_string("k"), value);

                        value = g_variant_new_array(NULL, &entry, 1);
                        i++;
                }
        return value;
}

static void test_depth_append(void) {
        static const char kinds[] = "va({";

        for (const char *kind = kinds; *kind; kind++) {
                sd_bus_message *m = new_message();
                unsigned step = *kind == '{' ? 2 : 1;

                assert_round_trip(nested(PI_VARIANT_DEPTH_MAX, *kind));
                g_assert_cmpint(pi_variant_append(m, nested(PI_VARIANT_DEPTH_MAX + step, *kind)),
                                ==, -ELOOP);
                sd_bus_message_unref(m);
        }
}

/* A peer writes what it likes. */
static void test_depth_read(void) {
        static const unsigned too_deep[] = { PI_VARIANT_DEPTH_MAX + 1, 60 };

        for (size_t i = 0; i < G_N_ELEMENTS(too_deep); i++) {
                sd_bus_message *m = new_message();
                g_autoptr(GVariant) out = NULL;

                for (unsigned d = 1; d < too_deep[i]; d++)
                        assert_ok(sd_bus_message_open_container(m, 'v', "v"));
                assert_ok(sd_bus_message_append(m, "v", "u", 7));
                for (unsigned d = 1; d < too_deep[i]; d++)
                        assert_ok(sd_bus_message_close_container(m));
                seal(m);
                g_assert_cmpint(pi_variant_read(m, &out), ==, -ELOOP);
                g_assert_null(out);
                sd_bus_message_unref(m);
        }
}

static void test_unsupported_append(void) {
        static const char *const texts[] = {
                "handle 0",      "@mi 1",   "@mi nothing", "[handle 0]",        "<handle 0>",
                "(1, handle 0)", "<@mi 1>", "[@mi 1]",     "{'a': <handle 0>}",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
                sd_bus_message *m = new_message();

                g_test_message("%s", texts[i]);
                g_assert_cmpint(pi_variant_append(m, g_variant_new_parsed(texts[i])), <, 0);
                sd_bus_message_unref(m);
        }
        sd_bus_message *m = new_message();
        g_assert_cmpint(pi_variant_append(m, g_variant_new_handle(0)), ==, -EOPNOTSUPP);
        sd_bus_message_unref(m);
}

/* A file descriptor is refused wherever it stands. */
static void test_unsupported_read(void) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        g_assert_cmpint(fd, >=, 0);
        for (unsigned i = 0; i < 3; i++) {
                sd_bus_message *m = new_message();
                g_autoptr(GVariant) out = NULL;

                if (i == 0)
                        assert_ok(sd_bus_message_append(m, "h", fd));
                else if (i == 1)
                        assert_ok(sd_bus_message_append(m, "a{sv}", 1, "fd", "h", fd));
                else
                        assert_ok(sd_bus_message_append(m, "(uah)", 1, 2, fd, fd));
                seal(m);
                g_assert_cmpint(pi_variant_read(m, &out), ==, -EOPNOTSUPP);
                g_assert_null(out);
                sd_bus_message_unref(m);
        }
        close(fd);
}

/* A floating value is used up, one that is held stays. */
static void test_ownership(void) {
        g_autoptr(GVariant) held = g_variant_ref_sink(g_variant_new_string("held"));
        sd_bus_message *m = new_message();

        for (unsigned i = 0; i < 3; i++)
                assert_ok(pi_variant_append(m, held));
        assert_ok(pi_variant_append(m, g_variant_new_string("floating")));
        g_assert_cmpstr(g_variant_get_string(held, NULL), ==, "held");
        sd_bus_message_unref(m);
}

int main(int argc, char **argv) {
        int status;

        g_test_init(&argc, &argv, NULL);
        link_open(&pair);
        g_test_add_func("/variant/basic", test_basic);
        g_test_add_func("/variant/containers", test_containers);
        g_test_add_func("/variant/random", test_random);
        g_test_add_func("/variant/sequence", test_sequence);
        g_test_add_func("/variant/nothing-left", test_nothing_left);
        g_test_add_func("/variant/depth-append", test_depth_append);
        g_test_add_func("/variant/depth-read", test_depth_read);
        g_test_add_func("/variant/unsupported-append", test_unsupported_append);
        g_test_add_func("/variant/unsupported-read", test_unsupported_read);
        g_test_add_func("/variant/ownership", test_ownership);
        status = g_test_run();
        link_close(&pair);
        return status;
}
