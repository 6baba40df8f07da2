/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/keep.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dbus/error.h"

/* A file in a folder of its own. */
typedef struct Place {
        char *folder, *path, *backup, *record;
} Place;

static void place_init(Place *p) {
        p->folder = g_dir_make_tmp("pi-keep-XXXXXX", NULL);
        p->path = g_build_filename(p->folder, "f", NULL);
        p->backup = g_strconcat(p->path, ".pi-backup", NULL);
        p->record = g_strconcat(p->path, ".pi-setup", NULL);
}

static guint count(const Place *p) {
        g_autoptr(GDir) dir = g_dir_open(p->folder, 0, NULL);
        guint n = 0;

        while (g_dir_read_name(dir))
                n++;
        return n;
}

static void place_clear(Place *p) {
        g_autoptr(GDir) dir = p->folder ? g_dir_open(p->folder, 0, NULL) : NULL;
        const char *name;

        if (!dir)
                return;
        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(p->folder, name, NULL);

                g_unlink(path);
        }
        g_rmdir(p->folder);
        g_free(p->folder);
        g_free(p->path);
        g_free(p->backup);
        g_free(p->record);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static void put(const char *path, const char *text, gsize length) {
        g_assert_true(g_file_set_contents(path, text, (gssize) length, NULL));
}

static void has(const char *path, const char *text, gsize length) {
        g_autofree char *got = NULL;
        gsize n = 0;

        g_assert_true(g_file_get_contents(path, &got, &n, NULL));
        g_assert_cmpmem(got, n, text, length);
}

static void change(const Place *p, const char *after) {
        g_auto(PiKeepText) before = {};
        g_autoptr(GError) error = NULL;

        g_assert_true(pi_keep_read(p->path, &before, &error));
        g_assert_true(pi_keep_write(p->path, &before, after, &error));
        g_assert_no_error(error);
}

static void restore(const Place *p, gboolean force) {
        g_autoptr(GError) error = NULL;

        g_assert_true(pi_keep_restore(p->path, force, &error));
        g_assert_no_error(error);
}

static void expect(const Place *p, PiKeepState wanted) {
        PiKeepState state;

        g_assert_true(pi_keep_state(p->path, &state, NULL));
        g_assert_cmpint(state, ==, wanted);
}

/* Every file of the corpus comes back byte for byte, and so do bytes that are no text. */
static void test_bytes(void) {
        g_autofree char *corpus = g_test_build_filename(G_TEST_DIST, "corpus", NULL);
        g_autoptr(GDir) dir = g_dir_open(corpus, 0, NULL);
        const char *name;

        g_assert_nonnull(dir);
        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(corpus, name, NULL), *text = NULL;
                g_auto(Place) p = {};
                gsize length;

                if (!g_str_has_suffix(name, ".before"))
                        continue;
                g_assert_true(g_file_get_contents(path, &text, &length, NULL));
                place_init(&p);
                put(p.path, text, length);
                change(&p, "one\n");
                change(&p, "two\r\n");
                has(p.path, "two\r\n", 5);
                has(p.backup, text, length);
                expect(&p, PI_KEEP_OURS);
                restore(&p, FALSE);
                has(p.path, text, length);
                g_assert_cmpuint(count(&p), ==, 1);
        }
}

static void test_absent(void) {
        g_auto(Place) p = {};

        place_init(&p);
        expect(&p, PI_KEEP_NONE);
        restore(&p, FALSE);
        change(&p, "x");
        g_assert_cmpint(access(p.backup, F_OK), !=, 0);
        expect(&p, PI_KEEP_OURS);
        restore(&p, FALSE);
        g_assert_cmpuint(count(&p), ==, 0);
}

static void test_edited(void) {
        g_auto(Place) p = {};
        g_autoptr(GError) error = NULL;
        g_autofree char *edited = NULL;

        place_init(&p);
        edited = g_strconcat(p.path, ".pi-edited", NULL);
        put(p.path, "a\0b", 3);
        change(&p, "ours");
        put(p.path, "theirs", 6);
        expect(&p, PI_KEEP_EDITED);
        g_assert_false(pi_keep_restore(p.path, FALSE, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        has(p.path, "theirs", 6);
        restore(&p, TRUE);
        has(p.path, "a\0b", 3);
        has(edited, "theirs", 6);
        g_assert_cmpuint(count(&p), ==, 2);
}

/* Power went after the backup; after the record; and after the file. */
static void test_cut(void) {
        g_auto(Place) p = {};

        place_init(&p);
        put(p.path, "old", 3);
        put(p.backup, "old", 3);
        expect(&p, PI_KEEP_NONE);
        change(&p, "new");
        has(p.path, "new", 3);

        put(p.path, "old", 3);
        expect(&p, PI_KEEP_OURS);
        restore(&p, FALSE);
        has(p.path, "old", 3);
        g_assert_cmpuint(count(&p), ==, 1);
}

static void refused(const Place *p, const char *words) {
        PiKeepText before = { .text = (char *) "old", .length = 3, .exists = TRUE };
        g_autoptr(GError) error = NULL;

        g_assert_false(pi_keep_write(p->path, &before, "new", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, words));
        has(p->path, "old", 3);
}

static void test_refused(void) {
        g_auto(Place) p = {};
        g_autofree char *link = NULL;

        place_init(&p);
        put(p.path, "old", 3);
        put(p.backup, "older", 5);
        refused(&p, "from an earlier time");
        has(p.backup, "older", 5);
        put(p.record, "rubbish", 7);
        refused(&p, "no record of pictl wsl setup");
        put(p.record, "[setup]\nexisted=true\nwritten=00\n", 32);
        g_unlink(p.backup);
        refused(&p, "lost its .pi-backup");
        g_unlink(p.record);
        link = g_strconcat(p.path, "-link", NULL);
        g_assert_cmpint(rename(p.path, link), ==, 0);
        g_assert_cmpint(symlink(link, p.path), ==, 0);
        refused(&p, "is a link");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/wsl/keep/bytes", test_bytes);
        g_test_add_func("/wsl/keep/absent", test_absent);
        g_test_add_func("/wsl/keep/edited", test_edited);
        g_test_add_func("/wsl/keep/cut", test_cut);
        g_test_add_func("/wsl/keep/refused", test_refused);
        return g_test_run();
}
