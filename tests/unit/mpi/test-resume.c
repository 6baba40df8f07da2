/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/mpi/resume.h"

#include "dbus/error.h"
#include "tests/unit/engine/made.h"

/* Reads it as a file; what is wrong with it goes to `ret_error`. */
static GArray *read_text(const char *text, GError **ret_error) {
        g_autofree char *path = made_file(text, -1);
        GArray *done = g_array_new(FALSE, FALSE, sizeof(PiRange));

        if (!pi_resume_read(path, done, ret_error))
                g_clear_pointer(&done, g_array_unref);
        g_unlink(path);
        return done;
}

static void assert_ranges(const GArray *ranges, const PiRange *expected, guint n) {
        g_assert_cmpuint(ranges->len, ==, n);
        for (guint i = 0; i < n; i++) {
                g_assert_cmpuint(g_array_index(ranges, PiRange, i).begin, ==, expected[i].begin);
                g_assert_cmpuint(g_array_index(ranges, PiRange, i).end, ==, expected[i].end);
        }
}

/* Banners and a torn last line are no fault; chunks may overlap. */
static void test_holes(void) {
        static const PiRange expected[] = { { 8, 800 }, { 2400, 3000 } };
        g_autofree char *a = made_chunk(1600, 2400, 0), *b = made_chunk(0, 8, 0),
                        *c = made_chunk(800, 1608, 0), *torn = g_strndup(c, 30);
        g_autofree char *text = g_strconcat("a banner\n", a, b, c, torn, NULL);
        g_autoptr(GArray) done = read_text(text, NULL), holes = NULL;

        g_assert_nonnull(done);
        holes = pi_resume_holes((PiRange) { 0, 3000 }, done, NULL);
        assert_ranges(holes, expected, G_N_ELEMENTS(expected));
}

static void test_nothing_left(void) {
        g_autofree char *text = made_chunk(0, 3000, 0);
        g_autoptr(GArray) done = read_text(text, NULL);
        g_autoptr(GArray) holes = pi_resume_holes((PiRange) { 80, 2000 }, done,
                                                     NULL);

        g_assert_cmpuint(holes->len, ==, 0);
}

static void test_too_many(void) {
        g_autofree char *text = made_chunk(0, 8, 0), *path = made_file(text, -1);
        g_autoptr(GArray) done = g_array_new(FALSE, TRUE, sizeof(PiRange));
        g_autoptr(GError) error = NULL;

        g_array_set_size(done, PI_RESUME_CHUNKS_MAX - 1);
        g_assert_true(pi_resume_read(path, done, &error));
        g_assert_no_error(error);
        g_assert_false(pi_resume_read(path, done, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_nonnull(strstr(error->message, "more than 4194304 chunks"));
        g_unlink(path);
}

/* Of a chunk that ends within a group nothing can follow. */
static void test_odd_end(void) {
        g_autofree char *text = made_chunk(8, 1001, 0);
        g_autoptr(GArray) done = read_text(text, NULL), holes = NULL;
        g_autoptr(GError) error = NULL;

        holes = pi_resume_holes((PiRange) { 0, 1001 }, done, NULL);
        assert_ranges(holes, &(PiRange) { 0, 8 }, 1);
        g_assert_null(pi_resume_holes((PiRange) { 0, 1002 }, done, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_nonnull(strstr(error->message, "the chunk of terms 8 to 1000 "));
}

/* What else is refused, the tests of the reader have. */
static void test_refused(void) {
        g_autoptr(GError) error = NULL;

        g_assert_null(read_text("{\"t\":\"chunk\"}\n", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_nonnull(strstr(error->message, ":1: "));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/resume/holes", test_holes);
        g_test_add_func("/resume/nothing-left", test_nothing_left);
        g_test_add_func("/resume/too-many", test_too_many);
        g_test_add_func("/resume/odd-end", test_odd_end);
        g_test_add_func("/resume/refused", test_refused);
        return g_test_run();
}
