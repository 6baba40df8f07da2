/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/engine/run-file.h"

#include <unistd.h>

#include "dbus/error.h"
#include "tests/unit/engine/made.h"

/* Notes "KIND@NUMBER ", and refuses from line `refused` on. */
typedef struct Taken {
        GString *text;
        guint64 refused;
} Taken;

static gboolean take(const PiContractLine *line, guint64 number, gpointer userdata,
                     GError **error) {
        Taken *taken = userdata;

        if (number >= taken->refused) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_QUEUE_FULL, "enough");
                return FALSE;
        }
        g_string_append_printf(taken->text, "%d@%" G_GUINT64_FORMAT " ", line->kind, number);
        return TRUE;
}

static void assert_read(const char *text, const char *taken_text, guint64 torn) {
        g_autofree char *path = made_file(text, -1);
        g_autoptr(GString) list = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        guint64 found = 99;

        pi_run_file_read(path, take, &(Taken) { list, G_MAXUINT64 }, &found, &error);
        g_unlink(path);
        g_assert_no_error(error);
        g_assert_cmpstr(list->str, ==, taken_text);
        g_assert_cmpuint(found, ==, torn);
}

static void test_lines(void) {
        g_autofree char *a = made_chunk(0, 8, 0), *b = made_chunk(8, 21, 1);
        g_autofree char *text = g_strconcat("a banner\n\n", MADE_HELLO, a, MADE_HELLO, b,
                                            "{\"t\":\"progress\",\"terms\":8,\"out\":0}\n", NULL);

        assert_read("", "", 0);
        assert_read(text, "0@1 0@2 1@3 2@4 1@5 2@6 3@7 ", 0);
}

/* The last line counts without a newline, too, if it is one. */
static void test_torn(void) {
        g_autofree char *a = made_chunk(0, 8, 0), *torn = g_strndup(a, strlen(a) - 2);
        g_autofree char *text = g_strconcat(MADE_HELLO, a, torn, NULL);

        assert_read(text, "1@1 2@2 ", 3);
        g_strchomp(a);
        assert_read(a, "2@1 ", 0);
}

static void assert_refused_bytes(const char *text, gssize length, PiError code,
                                 const char *words) {
        g_autofree char *path = made_file(text, length);
        g_autoptr(GString) list = g_string_new(NULL);
        g_autoptr(GError) error = NULL;

        g_assert_false(
                pi_run_file_read(path, take, &(Taken) { list, 1000 }, NULL, &error));
        g_unlink(path);
        g_assert_error(error, PI_ERROR, (int) code);
        g_assert_true(g_str_has_prefix(error->message, path));
        if (!strstr(error->message, words))
                g_error("%s", error->message);
}

static void assert_refused(const char *text, PiError code, const char *words) {
        assert_refused_bytes(text, -1, code, words);
}

/* Range, rank and host are named, the latter so that a terminal is safe. */
static void test_wrong(void) {
        g_autofree char *good = made_chunk(0, 8, 0), *wrong = made_wrong_chunk(8, 21, 1),
                        *nobody = made_wrong_chunk(0, 8, 2);
        g_autofree char *told = g_strconcat(MADE_HELLO, good, wrong, NULL),
                        *unknown = g_strconcat(MADE_HELLO, nobody, NULL);

        assert_refused(told, PI_ERROR_VERIFICATION_FAILED,
                       ":3: the sum of terms 8 to 20, by rank 1 on n2\\033[2J, is not");
        assert_refused(unknown, PI_ERROR_VERIFICATION_FAILED, "rank 2 on a host that is not told");
        assert_refused(wrong, PI_ERROR_VERIFICATION_FAILED, "rank 1 on a host that is not told");
        g_strchomp(wrong);
        assert_refused(wrong, PI_ERROR_VERIFICATION_FAILED, ":1: ");
}

static void test_bad(void) {
        g_autofree char *chunk = made_chunk(0, 8, 0);
        g_autofree char *appended = g_strconcat("{\"t\":\"chunk\",\"fr", chunk, "x\n", NULL);

        assert_refused("x\n{\"t\":\"chunk\"}\n", PI_ERROR_FAILED, ":2: A line has no \"from\"");
        assert_refused(appended, PI_ERROR_FAILED, ":1: A line is not JSON");
        assert_refused("{\"t\":\"hello\",\"proto\":1,\"numerics\":2,\"hosts\":[\"a\"],"
                       "\"threads\":[1],\"kernel\":\"x\"}\n",
                       PI_ERROR_INCOMPATIBLE, ":1: the sums are of version 2 of the numbers");
        assert_refused_bytes("{\0}\n", 4, PI_ERROR_FAILED, ":1: A line is not UTF-8");
}

/* The longest line is taken; a byte more is refused also of a banner, and when no end of it is in
 * sight. */
static void test_long(void) {
        g_autofree char *longest = g_strnfill(PI_CONTRACT_LINE_MAX, 'x'),
                        *longer = g_strnfill(2 * PI_CONTRACT_LINE_MAX, 'x');
        g_autofree char *fits = g_strconcat(longest, "\ny\n", NULL),
                        *exceeds = g_strconcat("y\nz", longest, "\n", NULL);

        assert_read(fits, "0@1 0@2 ", 0);
        assert_refused(exceeds, PI_ERROR_FAILED, ":2: The line has more than 1048576 bytes");
        assert_refused(longer, PI_ERROR_FAILED, ":1: The line has more than 1048576 bytes");
}

static void test_refusing(void) {
        g_autofree char *path = made_file("a\nb\nc\n", -1);
        g_autoptr(GString) list = g_string_new(NULL);
        g_autoptr(GError) error = NULL;

        g_assert_false(pi_run_file_read(path, take, &(Taken) { list, 2 }, NULL, &error));
        g_unlink(path);
        g_assert_error(error, PI_ERROR, PI_ERROR_QUEUE_FULL);
        g_assert_true(g_str_has_suffix(error->message, ":2: enough"));
        g_assert_cmpstr(list->str, ==, "0@1 ");
}

static void test_unreadable(void) {
        g_autoptr(GError) missing = NULL, directory = NULL;
        Taken taken = {};

        g_assert_false(pi_run_file_read("/nonexistent/run.jsonl", take, &taken, NULL, &missing));
        g_assert_error(missing, PI_ERROR, PI_ERROR_FAILED);
        g_assert_nonnull(strstr(missing->message, "/nonexistent/run.jsonl"));
        g_assert_false(pi_run_file_read("/", take, &taken, NULL, &directory));
        g_assert_error(directory, PI_ERROR, PI_ERROR_FAILED);
        g_assert_true(g_str_has_prefix(directory->message, "/:1: Cannot read on: "));
}

static void test_stdin(void) {
        g_autoptr(GString) list = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        int fds[2];

        g_assert_cmpint(pipe(fds), ==, 0);
        g_assert_cmpint(write(fds[1], "a\n{\"t\":\n", 8), ==, 8);
        g_assert_cmpint(dup2(fds[0], STDIN_FILENO), ==, STDIN_FILENO);
        close(fds[0]);
        close(fds[1]);
        g_assert_false(pi_run_file_read("-", take, &(Taken) { list, 1000 }, NULL, &error));
        g_assert_cmpstr(list->str, ==, "0@1 ");
        g_assert_true(g_str_has_prefix(error->message, "-:2: "));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/run-file/lines", test_lines);
        g_test_add_func("/run-file/torn", test_torn);
        g_test_add_func("/run-file/wrong", test_wrong);
        g_test_add_func("/run-file/bad", test_bad);
        g_test_add_func("/run-file/long", test_long);
        g_test_add_func("/run-file/refusing", test_refusing);
        g_test_add_func("/run-file/unreadable", test_unreadable);
        g_test_add_func("/run-file/stdin", test_stdin);
        return g_test_run();
}
