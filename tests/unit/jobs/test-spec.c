/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/spec.h"

#include <string.h>

#include "daemon/series/partition.h"
#include "dbus/error.h"
#include "dbus/names.h"

static const PiJobOffer offer = { .cpus = 4, .kernel = &pi_kernel_generic };
static const PiJobOffer limited = {
        .cpus = 4,
        .cpus_per_user = 2,
        .kernel = &pi_kernel_generic,
        .deadline_default_usec = 2000000,
        .deadline_max_usec = 5000000,
        .priority_max = 10,
};

static gboolean parse_for(const PiJobOffer *o, uint64_t terms, const char *options,
                          PiJobSpec *ret, GError **error) {
        g_autoptr(GError) syntax = NULL;
        g_autoptr(GVariant) v =
                g_variant_parse(G_VARIANT_TYPE_VARDICT, options, NULL, NULL, &syntax);

        g_assert_no_error(syntax);
        return pi_job_spec_parse(terms, v, o, ret, error);
}

static gboolean parse(uint64_t terms, const char *options, PiJobSpec *ret, GError **error) {
        return parse_for(&offer, terms, options, ret, error);
}

static void accept_for(const PiJobOffer *o, const char *options, PiJobSpec *ret) {
        g_autoptr(GError) error = NULL;

        g_test_message("%s", options);
        pi_job_spec_clear(ret);
        g_assert_true(parse_for(o, 1000000, options, ret, &error));
        g_assert_no_error(error);
}

static void accept(uint64_t terms, const char *options, PiJobSpec *ret) {
        g_autoptr(GError) error = NULL;

        g_test_message("%s", options);
        g_assert_true(parse(terms, options, ret, &error));
        g_assert_no_error(error);
}

/* Refused with all of `words`, separated by '|', in the message, and the answer left alone. */
static void refuse_for(const PiJobOffer *o, uint64_t terms, const char *options, PiError code,
                       const char *words) {
        g_auto(GStrv) word = g_strsplit(words, "|", -1);
        g_autoptr(GError) error = NULL;
        PiJobSpec spec, before;

        memset(&spec, 0xa5, sizeof(spec));
        before = spec;
        g_test_message("%s", options);
        g_assert_false(parse_for(o, terms, options, &spec, &error));
        g_assert_error(error, PI_ERROR, (int) code);
        g_test_message("%s", error->message);
        for (char **w = word; *w; w++)
                if (!strstr(error->message, *w))
                        g_error("\"%s\" is not in \"%s\"", *w, error->message);
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        g_assert_cmpmem(&spec, sizeof(spec), &before, sizeof(before));
}

static void refuse(uint64_t terms, const char *options, PiError code, const char *words) {
        refuse_for(&offer, terms, options, code, words);
}

static void refuse_option(const char *options, const char *words) {
        refuse(1000000, options, PI_ERROR_INVALID_OPTION, words);
}

static void test_defaults(void) {
        g_auto(PiJobSpec) spec = {};

        accept(1000000, "{}", &spec);
        g_assert_cmpuint(spec.terms, ==, 1000000);
        g_assert_true(spec.kernel == offer.kernel);
        g_assert_cmpstr(spec.label, ==, "");
        g_assert_cmpuint(spec.deadline_usec, ==, 0);
        g_assert_cmpint(spec.priority, ==, 0);
        g_assert_cmpuint(spec.parts, >=, 1);
        g_assert_cmpuint(spec.cpus, >=, 1);
}

static void test_everything(void) {
        g_auto(PiJobSpec) spec = {};

        accept(1000000,
               "{'parts': <uint64 7>, 'cpus': <uint32 3>, 'scope': <'local'>, 'engine': <'local'>,"
               " 'kernel': <'reference'>, 'label': <'tea'>, 'deadline_usec': <uint64 5000>,"
               " 'priority': <-7>}",
               &spec);
        g_assert_cmpuint(spec.parts, ==, 7);
        g_assert_cmpuint(spec.cpus, ==, 3);
        g_assert_true(spec.kernel == &pi_kernel_reference);
        g_assert_cmpstr(spec.label, ==, "tea");
        g_assert_cmpuint(spec.deadline_usec, ==, 5000);
        g_assert_cmpint(spec.priority, ==, -7);
}

static void test_terms(void) {
        static const uint64_t good[] = { 1, 2, 8, PI_TERMS_MAX - 1, PI_TERMS_MAX };
        static const uint64_t bad[] = { 0, PI_TERMS_MAX + 1, UINT64_MAX };

        for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
                g_auto(PiJobSpec) spec = {};

                accept(good[i], "{}", &spec);
                g_assert_cmpuint(spec.terms, ==, good[i]);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autofree char *words = g_strdup_printf(
                        "%" G_GUINT64_FORMAT " terms|1 to 10000000000000000", (guint64) bad[i]);

                refuse(bad[i], "{}", PI_ERROR_INVALID_TERMS, words);
        }
}

static void test_parts(void) {
        static const uint64_t terms[] = { 1, 7, 8, 15, 16, 17, 1000, 1000000007, PI_TERMS_MAX };

        for (size_t i = 0; i < G_N_ELEMENTS(terms); i++) {
                uint64_t max = pi_parts_max(terms[i]), given[] = { 1, (max + 1) / 2, max };
                g_autofree char *options = g_strdup_printf(
                        "{'parts': <uint64 %" G_GUINT64_FORMAT ">}", (guint64) max + 1);
                g_autofree char *words =
                        g_strdup_printf("\"parts\"|is %" G_GUINT64_FORMAT "|0 to %" G_GUINT64_FORMAT
                                        "|%" G_GUINT64_FORMAT " terms",
                                        (guint64) max + 1, (guint64) max, (guint64) terms[i]);

                for (size_t j = 0; j < G_N_ELEMENTS(given); j++) {
                        g_autofree char *good = g_strdup_printf(
                                "{'parts': <uint64 %" G_GUINT64_FORMAT ">}", (guint64) given[j]);
                        g_auto(PiJobSpec) spec = {};

                        accept(terms[i], good, &spec);
                        g_assert_cmpuint(spec.parts, ==, given[j]);
                        g_assert_cmpuint(spec.cpus, ==, MIN(given[j], offer.cpus));
                }
                refuse(terms[i], options, PI_ERROR_INVALID_OPTION, words);
                refuse(terms[i], "{'parts': <uint64 18446744073709551615>}",
                       PI_ERROR_INVALID_OPTION, "\"parts\"");
        }
}

/* Left to the daemon: never more parts than there may be, and enough for the CPUs of a long job. */
static void test_chosen_parts(void) {
        for (uint64_t terms = 1; terms <= PI_TERMS_MAX; terms += 1 + terms / 3) {
                g_autofree char *zero = g_strdup("{'parts': <uint64 0>, 'cpus': <uint32 0>}");
                g_auto(PiJobSpec) spec = {}, same = {};

                accept(terms, "{}", &spec);
                accept(terms, zero, &same);
                g_assert_cmpuint(spec.parts, ==, same.parts);
                g_assert_cmpuint(spec.cpus, ==, same.cpus);
                g_assert_cmpuint(spec.parts, >=, 1);
                g_assert_cmpuint(spec.parts, <=, pi_parts_max(terms));
                g_assert_cmpuint(spec.parts, <=, 1000);
                g_assert_cmpuint(spec.cpus, >=, 1);
                g_assert_cmpuint(spec.cpus, <=, offer.cpus);
                g_assert_cmpuint(spec.cpus, <=, spec.parts);
                if (terms >= 1000000000)
                        g_assert_cmpuint(spec.cpus, ==, offer.cpus);
        }
}

static void test_cpus(void) {
        for (uint32_t cpus = 0; cpus <= offer.cpus; cpus++) {
                g_autofree char *options =
                        g_strdup_printf("{'cpus': <uint32 %u>, 'parts': <uint64 100>}", cpus);
                g_auto(PiJobSpec) spec = {};

                accept(1000000, options, &spec);
                g_assert_cmpuint(spec.cpus, ==, cpus == 0 ? offer.cpus : cpus);
                /* All of those that come, and no more than there are parts. */
                g_assert_cmpuint(spec.cpus_most, ==, cpus == 0 ? 100 : cpus);
        }
        refuse_option("{'cpus': <uint32 5>}", "\"cpus\"|is 5|0 to 4");
        refuse_option("{'cpus': <uint32 4294967295>}", "\"cpus\"|is 4294967295|0 to 4");
}

static void test_scope_and_engine(void) {
        g_auto(PiJobSpec) spec = {};

        accept(1000000, "{'scope': <'local'>, 'engine': <'local'>}", &spec);
        refuse_option("{'scope': <'cluster'>}", "\"scope\"|\"cluster\"|\"local\"");
        refuse_option("{'scope': <''>}", "\"scope\"|\"local\"");
        refuse_option("{'scope': <'Local'>}", "\"scope\"|\"local\"");
        refuse_option("{'engine': <'mpi'>}", "\"engine\"|\"mpi\"|\"local\"");
        refuse_option("{'engine': <'local '>}", "\"engine\"|\"local\"");
}

static void test_kernel(void) {
        g_autoptr(GString) words = g_string_new("\"kernel\"|\"abacus\"");

        for (const PiKernel *const *k = pi_kernels(); *k; k++) {
                g_autofree char *options = g_strdup_printf("{'kernel': <'%s'>}", (*k)->name);
                g_auto(PiJobSpec) spec = {};

                accept(1000000, options, &spec);
                g_assert_true(spec.kernel == *k);
                g_string_append_printf(words, "|\"%s\"", (*k)->name);
        }
        refuse_option("{'kernel': <'abacus'>}", words->str);
        refuse_option("{'kernel': <''>}", "\"kernel\"");
}

static char *label_option(const char *unit, unsigned times) {
        g_autofree char **units = g_new0(char *, times + 1);
        g_autofree char *label = NULL;

        for (unsigned i = 0; i < times; i++)
                units[i] = (char *) unit;
        label = g_strjoinv("", units);
        return g_strdup_printf("{'label': <'%s'>}", label);
}

static void test_label(void) {
        g_autofree char *longest = label_option("x", PI_LABEL_BYTES_MAX);
        g_autofree char *too_long = label_option("x", PI_LABEL_BYTES_MAX + 1);
        g_autofree char *wide = label_option("\303\244", PI_LABEL_BYTES_MAX / 2);
        g_autofree char *too_wide = label_option("\303\244", PI_LABEL_BYTES_MAX / 2 + 1);
        g_auto(PiJobSpec) a = {}, b = {}, c = {};

        accept(1000000, longest, &a);
        g_assert_cmpuint(strlen(a.label), ==, PI_LABEL_BYTES_MAX);
        accept(1000000, wide, &b);
        g_assert_cmpuint(strlen(b.label), ==, PI_LABEL_BYTES_MAX);
        accept(1000000, "{'label': <''>}", &c);
        g_assert_cmpstr(c.label, ==, "");
        refuse_option(too_long, "\"label\"|257 bytes|at most 256");
        refuse_option(too_wide, "\"label\"|258 bytes|at most 256");
}

/* GVariant gives an empty string for bytes that are no UTF-8: they cannot come through. */
static void test_label_not_utf8(void) {
        static const char bytes[] = "label\0\0\0\377\376\0\0s\6";
        g_autoptr(GVariant) entry = g_variant_ref_sink(g_variant_new_from_data(
                G_VARIANT_TYPE("{sv}"), bytes, sizeof(bytes) - 1, FALSE, NULL, NULL));
        g_autoptr(GVariant) options =
                g_variant_ref_sink(g_variant_new_array(G_VARIANT_TYPE("{sv}"), &entry, 1));
        g_autoptr(GError) error = NULL;
        g_auto(PiJobSpec) spec = {};

        g_assert_true(pi_job_spec_parse(1000000, options, &offer, &spec, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(spec.label, ==, "");
}

static void test_deadline(void) {
        static const char *const good[] = { "0", "1000", "1001", "31536000000000" };

        for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
                g_autofree char *options =
                        g_strdup_printf("{'deadline_usec': <uint64 %s>}", good[i]);
                g_auto(PiJobSpec) spec = {};

                accept(1000000, options, &spec);
                g_assert_cmpuint(spec.deadline_usec, ==, g_ascii_strtoull(good[i], NULL, 10));
        }
        refuse_option("{'deadline_usec': <uint64 1>}",
                      "\"deadline_usec\"|is 1,|1000 to 31536000000000");
        refuse_option("{'deadline_usec': <uint64 999>}",
                      "\"deadline_usec\"|is 999|1000 to 31536000000000");
        refuse_option("{'deadline_usec': <uint64 31536000000001>}",
                      "\"deadline_usec\"|is 31536000000001|1000 to 31536000000000");
}

/* Without a setting, anything down to the default of the settings; root may ask for all. */
static void test_priority(void) {
        PiJobOffer root = offer;
        g_auto(PiJobSpec) spec = {};

        root.priority_max = PI_PRIORITY_LIMIT;
        accept_for(&offer, "{'priority': <-100>}", &spec);
        g_assert_cmpint(spec.priority, ==, -100);
        accept_for(&offer, "{'priority': <0>}", &spec);
        refuse_for(&offer, 1000, "{'priority': <1>}", PI_ERROR_QUOTA_EXCEEDED,
                   "\"priority\"|is 1,|at most 0|PriorityMax=");
        accept_for(&limited, "{'priority': <10>}", &spec);
        refuse_for(&limited, 1000, "{'priority': <11>}", PI_ERROR_QUOTA_EXCEEDED, "at most 10");
        accept_for(&root, "{'priority': <100>}", &spec);
        g_assert_cmpint(spec.priority, ==, 100);
        refuse_for(&root, 1000, "{'priority': <101>}", PI_ERROR_INVALID_OPTION,
                   "\"priority\"|is 101|-100 to 100");
        refuse_for(&root, 1000, "{'priority': <-101>}", PI_ERROR_INVALID_OPTION, "-100 to 100");
        refuse_for(&root, 1000, "{'priority': <-2147483648>}", PI_ERROR_INVALID_OPTION,
                   "-100 to 100");
}

static void test_cpus_per_user(void) {
        g_auto(PiJobSpec) spec = {};

        accept_for(&limited, "{'cpus': <uint32 2>, 'parts': <uint64 100>}", &spec);
        g_assert_cmpuint(spec.cpus, ==, 2);
        /* All means all of those. */
        accept_for(&limited, "{'cpus': <uint32 0>, 'parts': <uint64 100>}", &spec);
        g_assert_cmpuint(spec.cpus, ==, 2);
        g_assert_cmpuint(spec.cpus_most, ==, 2);
        accept_for(&limited, "{'parts': <uint64 100>}", &spec);
        g_assert_cmpuint(spec.cpus, ==, 2);
        refuse_for(&limited, 1000, "{'cpus': <uint32 3>}", PI_ERROR_QUOTA_EXCEEDED,
                   "\"cpus\" is 3|have 2|CpusPerUser=");
        /* What no node of this size could give is no matter of quota. */
        refuse_for(&limited, 1000, "{'cpus': <uint32 5>}", PI_ERROR_INVALID_OPTION, "0 to 4");
}

static void test_deadline_limits(void) {
        PiJobOffer capped = limited;
        g_auto(PiJobSpec) spec = {};

        accept_for(&limited, "{}", &spec);
        g_assert_cmpuint(spec.deadline_usec, ==, 2000000);
        accept_for(&limited, "{'deadline_usec': <uint64 0>}", &spec);
        g_assert_cmpuint(spec.deadline_usec, ==, 2000000);
        accept_for(&limited, "{'deadline_usec': <uint64 5000000>}", &spec);
        g_assert_cmpuint(spec.deadline_usec, ==, 5000000);
        refuse_for(&limited, 1000, "{'deadline_usec': <uint64 5000001>}", PI_ERROR_INVALID_OPTION,
                   "\"deadline_usec\"|5000001|1000 to 5000000|DeadlineMax=");
        capped.deadline_default_usec = 0;
        accept_for(&capped, "{}", &spec);
        g_assert_cmpuint(spec.deadline_usec, ==, 5000000);
}

static void test_wrong_types(void) {
        static const char *const keys[] = { "parts t",         "cpus u",   "scope s",
                                            "engine s",        "kernel s", "label s",
                                            "deadline_usec t", "priority i" };
        static const char *const values[] = {
                "t <uint64 1>",        "u <uint32 1>",      "i <1>",          "x <int64 1>",
                "y <byte 1>",          "d <1.0>",           "b <true>",       "s <'local'>",
                "o <objectpath '/a'>", "g <signature 's'>", "v <<uint64 1>>", "at <@at [1]>",
                "(t) <(uint64 1,)>"
        };

        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
                for (size_t j = 0; j < G_N_ELEMENTS(values); j++) {
                        g_auto(GStrv) key = g_strsplit(keys[i], " ", 2);
                        g_auto(GStrv) value = g_strsplit(values[j], " ", 2);
                        g_autofree char *options = g_strdup_printf("{'%s': %s}", key[0], value[1]);
                        g_autofree char *words = g_strdup_printf(
                                "\"%s\"|type \"%s\"|give type \"%s\"", key[0], value[0], key[1]);

                        if (!g_str_equal(key[1], value[0]))
                                refuse_option(options, words);
                }
}

static void test_unknown(void) {
        static const char all[] = "parts|cpus|scope|engine|kernel|label|deadline_usec|priority";
        g_autofree char *words = g_strdup_printf("\"part\"|%s", all);
        g_autofree char *name = g_strnfill(5000, 'k');
        g_autofree char *options = g_strdup_printf("{'%s': <1>}", name);
        g_autoptr(GError) error = NULL;
        PiJobSpec spec;

        refuse_option("{'part': <uint64 1>}", words);
        refuse_option("{'Parts': <uint64 1>}", "\"Parts\"");
        refuse_option("{'': <uint64 1>}", "\"\"");
        refuse_option("{'parts': <uint64 1>, 'colour': <'red'>}", "\"colour\"");
        /* What was taken before it must not leak. */
        refuse_option("{'label': <'a'>, 'colour': <'red'>}", "\"colour\"");

        /* A message is for people: a key of any length does not fill their screen. */
        g_assert_false(parse(1000000, options, &spec, &error));
        g_assert_cmpuint(strlen(error->message), <, 500);
}

static void test_twice(void) {
        refuse_option("{'parts': <uint64 1>, 'parts': <uint64 1>}", "\"parts\"|twice|once");
        refuse_option("{'cpus': <uint32 0>, 'label': <'a'>, 'cpus': <uint32 1>}",
                      "\"cpus\"|twice|once");
        refuse_option("{'label': <'a'>, 'label': <'b'>}", "\"label\"|twice|once");
}

/* Bytes of a character cut in the middle do not come out as half a character. */
static void test_long_value_in_message(void) {
        g_autofree char *name = g_strnfill(63, 'k');
        g_autofree char *options = g_strdup_printf("{'kernel': <'%s\303\244\303\244'>}", name);

        refuse_option(options, "\"kernel\"");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/spec/defaults", test_defaults);
        g_test_add_func("/spec/everything", test_everything);
        g_test_add_func("/spec/terms", test_terms);
        g_test_add_func("/spec/parts", test_parts);
        g_test_add_func("/spec/chosen-parts", test_chosen_parts);
        g_test_add_func("/spec/cpus", test_cpus);
        g_test_add_func("/spec/scope-and-engine", test_scope_and_engine);
        g_test_add_func("/spec/kernel", test_kernel);
        g_test_add_func("/spec/label", test_label);
        g_test_add_func("/spec/label-not-utf8", test_label_not_utf8);
        g_test_add_func("/spec/deadline", test_deadline);
        g_test_add_func("/spec/priority", test_priority);
        g_test_add_func("/spec/cpus-per-user", test_cpus_per_user);
        g_test_add_func("/spec/deadline-limits", test_deadline_limits);
        g_test_add_func("/spec/wrong-types", test_wrong_types);
        g_test_add_func("/spec/unknown", test_unknown);
        g_test_add_func("/spec/twice", test_twice);
        g_test_add_func("/spec/long-value-in-message", test_long_value_in_message);
        return g_test_run();
}
