/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/diff.h"

#include <glib/gstdio.h>
#include <string.h>

#include "dbus/error.h"

static void expect(const char *before, const char *after, const char *wanted) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = pi_diff(before, after, "a", "b", &error);

        g_assert_no_error(error);
        g_assert_cmpstr(text, ==, wanted);
}

static void test_forms(void) {
        expect("", "", "");
        expect("x\n", "x\n", "");
        expect("", "x\n", "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n");
        expect("x\n", "", "--- a\n+++ b\n@@ -1 +0,0 @@\n-x\n");
        expect("x\ny\n", "x\nz\n", "--- a\n+++ b\n@@ -1,2 +1,2 @@\n x\n-y\n+z\n");
        expect("x", "x\n",
               "--- a\n+++ b\n@@ -1 +1 @@\n-x\n\\ No newline at end of file\n+x\n");
        expect("x\r\n", "x\n", "--- a\n+++ b\n@@ -1 +1 @@\n-x\r\n+x\n");
}

/* Six lines between two changes are the context of both; seven are not. */
static void test_hunks(void) {
        expect("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
               "--- a\n+++ b\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
        expect("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
               "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n"
               "@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
}

static void test_caps(void) {
        g_autofree char *large = g_strnfill(PI_DIFF_BYTES_MAX + 1, 'x');
        g_autoptr(GError) error = NULL;

        g_assert_null(pi_diff(large, "", "a", "b", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
}

static char *make_lines(GRand *rand, const char *end) {
        GString *s = g_string_new(NULL);

        for (int n = g_rand_int_range(rand, 0, 40); n > 0; n--)
                g_string_append_printf(s, "%c%s", 'a' + g_rand_int_range(rand, 0, 5),
                                       n > 1 ? "\n" : end);
        return g_string_free(s, FALSE);
}

/* What patch(1) makes of it is the other text. */
static void test_patch(void) {
        g_autofree char *program = g_find_program_in_path("patch");
        g_autofree char *folder = g_dir_make_tmp("pi-diff-XXXXXX", NULL);
        g_autofree char *file = g_build_filename(folder, "a", NULL);
        g_autofree char *patch = g_build_filename(folder, "p", NULL);
        g_autoptr(GRand) rand = g_rand_new_with_seed(31415);

        for (int i = 0; program && i < 100; i++) {
                g_autofree char *before = make_lines(rand, i % 3 ? "\n" : "");
                g_autofree char *after = make_lines(rand, i % 5 ? "\n" : "");
                g_autofree char *text = pi_diff(before, after, "a", "a", NULL), *got = NULL;
                const char *argv[] = { program, "-s", "-i", patch, file, NULL };
                int status;

                g_assert_true(g_file_set_contents(file, before, -1, NULL));
                g_assert_true(g_file_set_contents(patch, text, -1, NULL));
                g_assert_true(g_spawn_sync(NULL, (char **) argv, NULL,
                                           G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL, NULL, NULL,
                                           &status, NULL));
                g_assert_cmpint(text[0] == '\0' ? 0 : status, ==, 0);
                /* patch(1) removes a file that becomes empty. */
                if (!g_file_get_contents(file, &got, NULL, NULL))
                        got = g_strdup("");
                g_assert_cmpstr(got, ==, after);
        }
        g_unlink(file);
        g_unlink(patch);
        g_rmdir(folder);
        if (!program)
                g_test_skip("no patch on this machine");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/diff/forms", test_forms);
        g_test_add_func("/ctl/diff/hunks", test_hunks);
        g_test_add_func("/ctl/diff/caps", test_caps);
        g_test_add_func("/ctl/diff/patch", test_patch);
        return g_test_run();
}
