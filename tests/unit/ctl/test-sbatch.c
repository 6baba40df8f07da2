/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/sbatch.h"

#include <string.h>

#include "config.h"

static void has(const char *script, const char *line, gboolean wanted) {
        g_autofree char *between = g_strdup_printf("\n%s\n", line);

        g_test_message("%s", script);
        g_assert_cmpint(strstr(script, between) != NULL, ==, wanted);
}

static void test_least(void) {
        g_autofree char *script = pi_sbatch_script(&(PiSbatch) { .nodes = 1, .token = "/t" });

        g_assert_true(g_str_has_prefix(script, "#!/bin/sh\n"));
        has(script, "#SBATCH --job-name=pi-computed-member", TRUE);
        has(script, "#SBATCH --array=1-1", TRUE);
        has(script, "#SBATCH --nodes=1", TRUE);
        has(script, "#SBATCH --ntasks=1", TRUE);
        has(script, "#SBATCH --exclusive", TRUE);
        has(script, "#SBATCH --signal=B:TERM@60", TRUE);
        g_assert_null(strstr(script, "--time="));
        g_assert_null(strstr(script, "--partition="));
        g_assert_null(strstr(script, "--account="));
        g_assert_null(strstr(script, "--cpus-per-task="));
        has(script, "exec '" PI_MEMBER "' '/t'", TRUE);
}

static void test_all(void) {
        g_autofree char *script = pi_sbatch_script(&(PiSbatch) {
                        .nodes = 100, .cpus = 16, .partition = "long,short", .account = "a+b",
                        .time_usec = G_GUINT64_CONSTANT(93784000001), .token = "/t" });

        has(script, "#SBATCH --array=1-100", TRUE);
        has(script, "#SBATCH --cpus-per-task=16", TRUE);
        has(script, "#SBATCH --exclusive", FALSE);
        /* 1 day, 2 h, 3 min, 4 s, and a microsecond more. */
        has(script, "#SBATCH --time=1-02:03:05", TRUE);
        has(script, "#SBATCH --partition=long,short", TRUE);
        has(script, "#SBATCH --account=a+b", TRUE);
}

/* Slurm looks for its lines before the first command only. */
static void test_order(void) {
        g_autofree char *script = pi_sbatch_script(&(PiSbatch) { .nodes = 2, .token = "/t" });
        const char *last = g_strrstr(script, "#SBATCH");

        g_assert_cmpuint((gsize) last, <, (gsize) strstr(script, "\nexec"));
}

/* A shell takes the path as one word. */
static void test_path(void) {
        static const char token[] = "/it's $(a) `b` \"c\"";
        g_autofree char *script = pi_sbatch_script(&(PiSbatch) { .nodes = 2, .token = token });
        g_autofree char *command = g_strdup(strstr(script, "\nexec ") + strlen("\nexec"));
        g_autofree char *program = g_strdup_printf("printf '%%s,' %s", command);
        const char *argv[] = { "/bin/sh", "-c", program, NULL };
        g_autofree char *wanted = g_strdup_printf(PI_MEMBER ",%s,", token), *out = NULL;
        g_autoptr(GError) error = NULL;

        g_spawn_sync(NULL, (char **) argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &out, NULL, NULL,
                     &error);
        g_assert_no_error(error);
        g_assert_cmpstr(out, ==, wanted);
}

static void test_names(void) {
        static const char *const good[] = { "debug", "gpu-1", "a.b_c", "x@y:z", "p,q", "+" };
        static const char *const bad[] = { "", "-x", "a b", "a\nb", "a;b", "a#b", "\303\244", "a/b",
                                           "a=b", "$x", "a'b" };
        g_autofree char *longest = g_strnfill(255, 'a'), *longer = g_strnfill(256, 'a');

        for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
                g_assert_true(pi_sbatch_name_is_valid(good[i]));
        for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
                g_assert_false(pi_sbatch_name_is_valid(bad[i]));
        g_assert_true(pi_sbatch_name_is_valid(longest));
        g_assert_false(pi_sbatch_name_is_valid(longer));
}

static void check_job(const char *answer, const char *wanted) {
        g_autofree char *job = pi_sbatch_job(answer);

        g_test_message("'%s'", answer);
        g_assert_cmpstr(job, ==, wanted);
}

static void test_job(void) {
        check_job("145\n", "145");
        check_job("145;rack\n", "145");
        check_job("145", "145");
        check_job("18446744073709551615\n", "18446744073709551615");
        check_job("184467440737095516150\n", NULL);
        check_job("", NULL);
        check_job("\n", NULL);
        check_job(";rack\n", NULL);
        check_job("Submitted batch job 145\n", NULL);
        check_job("145 jobs\n", NULL);
        check_job("-1\n", NULL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/sbatch/least", test_least);
        g_test_add_func("/sbatch/all", test_all);
        g_test_add_func("/sbatch/order", test_order);
        g_test_add_func("/sbatch/path", test_path);
        g_test_add_func("/sbatch/names", test_names);
        g_test_add_func("/sbatch/job", test_job);
        return g_test_run();
}
