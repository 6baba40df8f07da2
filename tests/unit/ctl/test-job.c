/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/job.h"

#include <string.h>

#include "dbus/error.h"

static void test_paths(void) {
        static const char *const refused[] = {
                "",
                "0",
                "07",
                "-7",
                "+7",
                "7 ",
                " 7",
                "x",
                "7x",
                "1e3",
                "18446744073709551616",
                "/",
                "/org/picompute1/job/",
                "/org/picompute1/job/0",
                "/org/picompute1/job/07",
                "/org/picompute1/job/7/x",
                "/org/picompute1/jobs/7",
                "/org/picompute1/job7",
                "../7",
                "\033[2J",
        };
        g_autofree char *number = pi_job_path_parse("7", NULL);
        g_autofree char *path = pi_job_path_parse("/org/picompute1/job/7", NULL);
        g_autofree char *last = pi_job_path_parse("18446744073709551615", NULL);

        g_assert_cmpstr(number, ==, "/org/picompute1/job/7");
        g_assert_cmpstr(path, ==, "/org/picompute1/job/7");
        g_assert_cmpuint(pi_job_id_of_path(last), ==, G_MAXUINT64);
        for (gsize i = 0; i < G_N_ELEMENTS(refused); i++) {
                g_autoptr(GError) error = NULL;

                g_assert_null(pi_job_path_parse(refused[i], &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
                g_assert_null(strchr(error->message, '\033'));
                g_assert_nonnull(strstr(error->message, "pictl jobs"));
        }
}

static void test_dictionary(void) {
        g_autoptr(GVariant) dict = g_variant_ref_sink(g_variant_new_parsed(
                "{'t': <uint64 5>, 'u': <uint32 6>, 'd': <0.5>, 's': <'x'>, "
                "'o': <objectpath '/y'>}"));

        g_assert_cmpuint(pi_dict_u64(dict, "t"), ==, 5);
        g_assert_cmpuint(pi_dict_u64(dict, "u"), ==, 6);
        g_assert_cmpuint(pi_dict_u64(dict, "s"), ==, 0);
        g_assert_cmpuint(pi_dict_u64(dict, "absent"), ==, 0);
        g_assert_cmpfloat(pi_dict_double(dict, "d"), ==, 0.5);
        g_assert_cmpfloat(pi_dict_double(dict, "t"), ==, 0);
        g_assert_cmpstr(pi_dict_string(dict, "s"), ==, "x");
        g_assert_cmpstr(pi_dict_string(dict, "o"), ==, "/y");
        g_assert_cmpstr(pi_dict_string(dict, "t"), ==, "");
        g_assert_true(pi_dict_has(dict, "d"));
        g_assert_false(pi_dict_has(dict, "absent"));
}

/* What DescribeJob says, by the names of the properties. */
static void test_entry(void) {
        g_autoptr(GVariant) done = g_variant_ref_sink(g_variant_new_parsed(
                "{'id': <uint64 7>, 'state': <'done'>, 'created_usec': <uint64 5>, "
                "'error_name': <''>, 'pi': <3.1>, 'report': <{'terms': <uint64 8>}>, "
                "'': <1>, '_a__b_': <uint64 2>}"));
        g_autoptr(GVariant) failed = g_variant_ref_sink(g_variant_new_parsed(
                "{'state': <'failed'>, 'error_message': <'no'>}"));
        g_autoptr(GVariant) job = pi_job_properties_of_entry(done);
        g_autoptr(GVariant) other = pi_job_properties_of_entry(failed);
        g_autoptr(GVariant) report = g_variant_lookup_value(job, "Report", G_VARIANT_TYPE_VARDICT);

        g_assert_cmpuint(pi_dict_u64(job, "Id"), ==, 7);
        g_assert_cmpstr(pi_dict_string(job, "State"), ==, "done");
        g_assert_cmpuint(pi_dict_u64(job, "CreatedUsec"), ==, 5);
        g_assert_true(pi_dict_has(job, "ErrorName"));
        g_assert_cmpfloat(pi_dict_double(job, "Pi"), ==, 3.1);
        g_assert_nonnull(report);
        g_assert_cmpuint(pi_dict_u64(report, "terms"), ==, 8);
        g_assert_cmpuint(pi_dict_u64(job, "AB"), ==, 2);
        g_assert_cmpfloat(pi_dict_double(job, "Progress"), ==, 1);
        /* How far it had come is not known. */
        g_assert_false(pi_dict_has(other, "Progress"));
        g_assert_cmpstr(pi_dict_string(other, "ErrorMessage"), ==, "no");
}

static void test_states(void) {
        g_assert_true(pi_job_state_is_final("done"));
        g_assert_true(pi_job_state_is_final("failed"));
        g_assert_true(pi_job_state_is_final("cancelled"));
        g_assert_false(pi_job_state_is_final("running"));
        g_assert_false(pi_job_state_is_final("queued"));
        g_assert_false(pi_job_state_is_final(""));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/job/paths", test_paths);
        g_test_add_func("/ctl/job/dictionary", test_dictionary);
        g_test_add_func("/ctl/job/entry", test_entry);
        g_test_add_func("/ctl/job/states", test_states);
        return g_test_run();
}
