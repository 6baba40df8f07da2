/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/options.h"

#include <string.h>

#include "dbus/error.h"

typedef struct Request {
        guint32 number;
        guint parsed;
} Request;

static gboolean parse_number(gpointer request, GVariant *value, GError **error) {
        Request *r = request;

        r->parsed++;
        r->number = g_variant_get_uint32(value);
        return r->number < 10 || pi_option_invalid(error, "%u is too much", r->number);
}

static gboolean parse_text(gpointer request, GVariant *value, GError **error) {
        ((Request *) request)->parsed++;
        return TRUE;
}

static const PiOption table[] = {
        { "number", "u", parse_number },
        { "text",   "s", parse_text   },
        {},
};

static gboolean parse(const char *text, Request *ret, guint32 *ret_seen, GError **error) {
        g_autoptr(GVariant) options = g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL,
                                                      NULL);

        g_assert_nonnull(options);
        *ret = (Request) {};
        return pi_options_parse(options, table, ret, ret_seen, error);
}

static void test_good(void) {
        g_autoptr(GError) error = NULL;
        guint32 seen = 99;
        Request r;

        g_assert_true(parse("{}", &r, &seen, &error));
        g_assert_cmpuint(seen, ==, 0);
        g_assert_true(parse("{'text': <'a'>}", &r, &seen, &error));
        g_assert_cmpuint(seen, ==, 2);
        g_assert_true(parse("{'text': <'a'>, 'number': <uint32 7>}", &r, &seen, &error));
        g_assert_cmpuint(seen, ==, 3);
        g_assert_cmpuint(r.number, ==, 7);
        g_assert_cmpuint(r.parsed, ==, 2);
        g_assert_true(parse("{'number': <uint32 7>}", &r, NULL, &error));
        g_assert_no_error(error);
}

static void refused(const char *text, const char *message, guint parsed) {
        g_autoptr(GError) error = NULL;
        Request r;

        g_assert_false(parse(text, &r, NULL, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_cmpstr(error->message, ==, message);
        g_assert_cmpuint(r.parsed, ==, parsed);
        g_assert_false(parse(text, &r, NULL, NULL));
}

static void test_refused(void) {
        refused("{'amount': <uint32 7>}", "Unknown option \"amount\": give any of number, text", 0);
        refused("{'': <uint32 7>}", "Unknown option \"\": give any of number, text", 0);
        refused("{'number': <7>}", "Option \"number\" has type \"i\": give type \"u\"", 0);
        refused("{'number': <uint32 7>, 'number': <uint32 7>}",
                "Option \"number\" is given twice: give it once", 1);
        refused("{'number': <uint32 10>, 'text': <''>}", "10 is too much", 1);
}

static void test_out_of_range(void) {
        g_autoptr(GError) error = NULL;

        g_assert_false(pi_option_out_of_range(&error, "number", G_MAXUINT64, 1, 9, " or so"));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_cmpstr(error->message, ==,
                        "Option \"number\" is 18446744073709551615, out of range: 1 to 9 or so");
}

static void test_shown(void) {
        g_autofree char *many = g_strnfill(100000, 'x');
        g_autofree char *cut = pi_option_shown(many), *bad = pi_option_shown("a\xff");
        g_autofree char *lines = pi_option_shown("a\n\033[1mb\x7f");

        g_assert_cmpuint(strlen(cut), ==, 64);
        g_assert_true(g_utf8_validate(bad, -1, NULL));
        g_assert_true(g_str_has_prefix(bad, "a"));
        g_assert_cmpstr(lines, ==, "a??[1mb?");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/options/good", test_good);
        g_test_add_func("/options/refused", test_refused);
        g_test_add_func("/options/out-of-range", test_out_of_range);
        g_test_add_func("/options/shown", test_shown);
        return g_test_run();
}
