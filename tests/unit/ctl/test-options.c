/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/options.h"

#include <string.h>

#include "dbus/error.h"

/* Parses the words of a line; gives the arguments joined by "|", NULL on an error. */
static char *parse(const char *line, PiOptions *options, GError **error) {
        g_auto(GStrv) argv = g_strsplit(line, " ", 0);
        g_autofree char **arguments = NULL;

        if (!pi_options_parse(options, (int) g_strv_length(argv), argv, &arguments, error))
                return NULL;
        /* The values point into argv, which ends here. */
        options->host = options->host ? g_intern_string(options->host) : NULL;
        options->label = options->label ? g_intern_string(options->label) : NULL;
        options->parts_text = options->parts_text ? g_intern_string(options->parts_text) : NULL;
        options->kernel = options->kernel ? g_intern_string(options->kernel) : NULL;
        return g_strjoinv("|", arguments);
}

static void test_values(void) {
        PiOptions o;
        g_autofree char *args = parse(
                "pictl compute 1e9 --parts=16 --cpus 2 --kernel=generic --label=a=b "
                "--timeout=90 --json=short --user --no-pager",
                &o, NULL);

        g_assert_cmpstr(args, ==, "compute|1e9");
        g_assert_cmpuint(o.parts, ==, 16);
        g_assert_cmpuint(o.cpus, ==, 2);
        g_assert_cmpstr(o.kernel, ==, "generic");
        g_assert_cmpstr(o.label, ==, "a=b");
        g_assert_cmpuint(o.timeout_usec, ==, 90000000);
        g_assert_cmpint(o.json, ==, PI_JSON_SHORT);
        g_assert_cmpint(o.bus, ==, PI_BUS_USER);
        g_assert_cmpuint(o.given, ==,
                         PI_OPT(PARTS) | PI_OPT(CPUS) | PI_OPT(KERNEL) | PI_OPT(LABEL) |
                                 PI_OPT(TIMEOUT) | PI_OPT(JSON) | PI_OPT(USER) | PI_OPT(NO_PAGER));
}

static void test_order(void) {
        PiOptions o;
        g_autofree char *before = parse("pictl --user -n 5 history", &o, NULL);
        g_autofree char *dashes = parse("pictl -- --user x", &o, NULL);
        g_autofree char *none = parse("pictl", &o, NULL);

        g_assert_cmpstr(before, ==, "history");
        g_assert_cmpstr(dashes, ==, "--user|x");
        g_assert_cmpstr(none, ==, "");
        g_assert_cmpuint(o.given, ==, 0);
        g_assert_cmpint(o.bus, ==, PI_BUS_SYSTEM);
}

static void test_optional_value(void) {
        PiOptions o;
        g_autofree char *bare = parse("pictl show 7 --leases", &o, NULL);

        g_assert_cmpstr(bare, ==, "show|7");
        g_assert_true(o.given & PI_OPT(LEASES));
        g_assert_cmpuint(o.leases_from, ==, 0);
        g_free(g_steal_pointer(&bare));
        bare = parse("pictl show --leases=1M 7", &o, NULL);
        g_assert_cmpstr(bare, ==, "show|7");
        g_assert_cmpuint(o.leases_from, ==, 1000000);
}

static void test_host(void) {
        PiOptions o;
        g_autofree char *args = parse("pictl -H me@node2 jobs", &o, NULL);

        g_assert_cmpstr(args, ==, "jobs");
        g_assert_cmpint(o.bus, ==, PI_BUS_REMOTE);
        g_assert_cmpstr(o.host, ==, "me@node2");
}

/* Every error names what is wrong. */
static void test_refused(void) {
        static const struct {
                const char *line, *named;
        } cases[] = {
                { "pictl --nope", "'--nope'" },
                { "pictl --nope=5 jobs", "'--nope=5'" },
                { "pictl jobs -Z", "'-Z'" },
                { "pictl jobs -jZ", "'-Z'" },
                { "pictl --parts", "--parts needs a value" },
                { "pictl -n", "--lines needs a value" },
                { "pictl --user=3", "--user takes no value" },
                { "pictl --detach=no", "--detach takes no value" },
                { "pictl compute -5", "'-5'" },
                { "pictl --json=xml jobs", "'xml'" },
                { "pictl --parts=abc", "'abc' is not a number of parts" },
                { "pictl --parts=0", "'0' is not a number of parts" },
                { "pictl --parts=1,\xff", "--parts" },
                { "pictl --repeats=4", "from 5 to 100" },
                { "pictl --repeats=101", "from 5 to 100" },
                { "pictl --compare=0", "number of a run" },
                { "pictl --terms=\xff", "--terms" },
                { "pictl --cpus=4294967296", "number of CPUs" },
                { "pictl --timeout=never", "'never'" },
                { "pictl --duration=never", "'never'" },
                { "pictl --duration=31d", "from 1s to 30d" },
                { "pictl -n 1001", "'1001'" },
                { "pictl --uses=0", "from 1 to 100" },
                { "pictl --uses=101", "from 1 to 100" },
                { "pictl --ttl=0.5s", "1s to 7d" },
                { "pictl --ttl=8d", "1s to 7d" },
                { "pictl --nodes=\xff", "--nodes" },
                { "pictl --from=\xff", "--from" },
                { "pictl --for=0.5s", "1s to 24h" },
                { "pictl --for=25h", "1s to 24h" },
                { "pictl --firewalld=no", "--firewalld takes no value" },
                { "pictl --quiet=no", "--quiet takes no value" },
                { "pictl --leases=-1", "'-1'" },
                { "pictl --label=\xff", "--label" },
                { "pictl --kernel=\xc3", "--kernel" },
                { "pictl -H -oProxyCommand=x jobs", "'-oProxyCommand=x'" },
                { "pictl --host= jobs", "''" },
                { "pictl --user --system jobs", "only one of" },
                { "pictl --user -H x jobs", "only one of" },
                { "pictl --\033[2J", "'--\\x1b[2J'" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GError) error = NULL;
                PiOptions o;

                g_test_message("%s", cases[i].named);
                g_assert_null(parse(cases[i].line, &o, &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
                g_assert_nonnull(strstr(error->message, cases[i].named));
                g_assert_null(strchr(error->message, '\033'));
        }
}

/* A list is left to the verb; one number is read as ever. */
static void test_list_of_parts(void) {
        PiOptions o;
        g_autofree char *args = parse("pictl sweep --parts=4 --parts=1,x", &o, NULL), *other = NULL;

        g_assert_nonnull(args);
        g_assert_cmpstr(o.parts_text, ==, "1,x");
        g_assert_cmpuint(o.parts, ==, 0);
        other = parse("pictl sweep --parts=1,2 --parts=4", &o, NULL);
        g_assert_nonnull(other);
        g_assert_cmpstr(o.parts_text, ==, "4");
        g_assert_cmpuint(o.parts, ==, 4);
}

static void test_abbreviation(void) {
        g_autoptr(GError) error = NULL;
        PiOptions o;
        g_autofree char *args = parse("pictl --rep=7", &o, NULL);

        g_assert_nonnull(args);
        g_assert_cmpuint(o.repeats, ==, 7);
        /* Two options begin so. */
        g_assert_null(parse("pictl --no", &o, &error));
        g_assert_nonnull(strstr(error->message, "'--no'"));
}

static void test_too_many(void) {
        g_autoptr(GError) error = NULL;
        g_autofree char **argv = g_new0(char *, 5001), **arguments = NULL;
        PiOptions o;

        for (int i = 0; i < 5000; i++)
                argv[i] = (char *) "1";
        g_assert_false(pi_options_parse(&o, 5000, argv, &arguments, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/options/values", test_values);
        g_test_add_func("/ctl/options/order", test_order);
        g_test_add_func("/ctl/options/optional-value", test_optional_value);
        g_test_add_func("/ctl/options/host", test_host);
        g_test_add_func("/ctl/options/refused", test_refused);
        g_test_add_func("/options/list-of-parts", test_list_of_parts);
        g_test_add_func("/ctl/options/abbreviation", test_abbreviation);
        g_test_add_func("/ctl/options/too-many", test_too_many);
        return g_test_run();
}
