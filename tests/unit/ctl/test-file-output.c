/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/file-output.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dbus/error.h"

typedef struct Fixture {
        char *dir, *path;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        g_autoptr(GError) error = NULL;

        f->dir = g_dir_make_tmp("pi-file-XXXXXX", &error);
        g_assert_no_error(error);
        f->path = g_build_filename(f->dir, "out.prom", NULL);
}

/* The directory must be empty but for the file: nothing is left behind. */
static void tear_down(Fixture *f, gconstpointer data) {
        g_unlink(f->path);
        g_assert_no_errno(g_rmdir(f->dir));
        g_free(f->dir);
        g_free(f->path);
}

static void replace(Fixture *f, const char *text) {
        g_autoptr(GError) error = NULL;

        g_assert_true(pi_file_replace(f->path, text, strlen(text), &error));
        g_assert_no_error(error);
}

static void assert_text(Fixture *f, const char *wanted) {
        g_autofree char *text = NULL;

        g_assert_true(g_file_get_contents(f->path, &text, NULL, NULL));
        g_assert_cmpstr(text, ==, wanted);
}

static void test_replace(Fixture *f, gconstpointer data) {
        struct stat first, second;
        mode_t mask = umask(0077);

        replace(f, "one\n");
        assert_text(f, "one\n");
        g_assert_no_errno(stat(f->path, &first));
        g_assert_cmpuint(first.st_mode & 07777, ==, 0644);
        replace(f, "");
        assert_text(f, "");
        g_assert_no_errno(stat(f->path, &second));
        g_assert_cmpuint(second.st_mode & 07777, ==, 0644);
        umask(mask);
}

/* Who has the old file open goes on reading it. */
static void test_at_once(Fixture *f, gconstpointer data) {
        char text[8] = "";
        FILE *old;

        replace(f, "old");
        old = fopen(f->path, "re");
        g_assert_nonnull(old);
        replace(f, "new one");
        g_assert_cmpuint(fread(text, 1, sizeof(text) - 1, old), ==, 3);
        g_assert_cmpstr(text, ==, "old");
        fclose(old);
}

static void assert_refused(const char *path, const char *says) {
        g_autoptr(GError) error = NULL;

        g_assert_false(pi_file_replace(path, "text", 4, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_nonnull(strstr(error->message, path));
        g_assert_nonnull(strstr(error->message, says));
}

static void test_refused(Fixture *f, gconstpointer data) {
        g_autofree char *nowhere = g_build_filename(f->dir, "no", "where", NULL);
        struct stat st;

        assert_refused(nowhere, "No such file or directory");
        assert_refused(f->dir, "directory");
        assert_refused("/dev/null", "no ordinary file");
        g_assert_no_errno(stat("/dev/null", &st));
        g_assert_true(S_ISCHR(st.st_mode));
        g_assert_no_errno(symlink("/dev/null", f->path));
        assert_refused(f->path, "no ordinary file");
}

#define ADD(name, func) g_test_add("/ctl/file-output/" name, Fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("replace", test_replace);
        ADD("at-once", test_at_once);
        ADD("refused", test_refused);
        return g_test_run();
}
