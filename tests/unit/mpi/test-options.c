/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "daemon/mpi/options.h"
#include "dbus/error.h"

static gboolean parse(const char *line, PiMpiOptions *ret, GError **error) {
        g_autofree char *whole = g_strconcat("pi-computed-mpi ", line, NULL);
        g_auto(GStrv) words = g_strsplit(whole, " ", -1);
        g_autofree char **argv = g_memdup2(words, sizeof(char *) * (g_strv_length(words) + 1));
        char **rest = argv;
        int argc = (int) g_strv_length(words);

        return pi_mpi_options_parse(ret, &argc, &rest, error);
}

static void test_taken(void) {
        g_auto(PiMpiOptions) o = {}, by_stdin = {};

        g_assert_true(parse("--from=80 --to=1e12 --chunk=8M --threads=3 --expect-ranks=4 "
                            "--kernel=generic --resume=a --resume=b --fault-injection=0",
                            &o, NULL));
        g_assert_cmpuint(o.range.begin, ==, 80);
        g_assert_cmpuint(o.range.end, ==, UINT64_C(1000000000000));
        g_assert_cmpuint(o.chunk, ==, 8000000);
        g_assert_cmpuint(o.threads, ==, 3);
        g_assert_cmpuint(o.expect_ranks, ==, 4);
        g_assert_true(o.kernel == &pi_kernel_generic);
        g_assert_cmpuint(g_strv_length(o.resume), ==, 2);
        g_assert_cmpint(o.liar, ==, 0);
        g_assert_true(parse("--control=stdin", &by_stdin, NULL));
        g_assert_true(by_stdin.by_stdin);
        g_assert_cmpint(by_stdin.liar, ==, -1);
        g_assert_cmpuint(by_stdin.threads, >=, 1);
}

static void test_threads_of_slurm(void) {
        g_auto(PiMpiOptions) o = {}, given = {}, wrong = {};
        g_autoptr(GError) error = NULL;

        g_setenv("SLURM_CPUS_PER_TASK", "7", TRUE);
        g_assert_true(parse("--to=8", &o, NULL));
        g_assert_cmpuint(o.threads, ==, 7);
        g_assert_true(parse("--to=8 --threads=2", &given, NULL));
        g_assert_cmpuint(given.threads, ==, 2);
        g_setenv("SLURM_CPUS_PER_TASK", "many", TRUE);
        g_assert_false(parse("--to=8", &wrong, &error));
        g_assert_nonnull(strstr(error->message, "SLURM_CPUS_PER_TASK"));
        g_unsetenv("SLURM_CPUS_PER_TASK");
}

static void test_refused(void) {
        static const struct {
                const char *line, *named;
        } lines[] = {
                { "--from=0", "no range" },
                { "--to=0", "--to=0" },
                { "--to=1e17", "10000000000000000" },
                { "--to=ten", "--to=ten" },
                { "--from=4 --to=8", "multiple of 8" },
                { "--from=8 --to=8", "no range" },
                { "--to=8 --chunk=12", "--chunk=12" },
                { "--to=8 --chunk=4", "--chunk=4" },
                { "--to=8 --threads=0", "--threads=0" },
                { "--to=8 --threads=65536", "1 to 65535" },
                { "--to=8 --expect-ranks=0", "--expect-ranks=0" },
                { "--to=8 --kernel=fast", "--kernel=fast" },
                { "--to=8 --kernel=reference", "one of" },
                { "--to=8 --control=x", "none or stdin" },
                { "--to=8 --control=stdin", "--control=stdin" },
                { "--to=8 run.jsonl", "run.jsonl" },
        };

        for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
                g_auto(PiMpiOptions) o = {};
                g_autoptr(GError) error = NULL;

                if (parse(lines[i].line, &o, &error))
                        g_error("\"%s\" is taken", lines[i].line);
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
                if (!strstr(error->message, lines[i].named))
                        g_error("%s: %s", lines[i].line, error->message);
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_unsetenv("SLURM_CPUS_PER_TASK");
        g_test_add_func("/options/taken", test_taken);
        g_test_add_func("/options/threads-of-slurm", test_threads_of_slurm);
        g_test_add_func("/options/refused", test_refused);
        return g_test_run();
}
