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

/* What undo --force kept is neither lost to the next one nor shown to others. */
static void test_edited_twice(void) {
        g_auto(Place) p = {};
        g_autoptr(GError) error = NULL;
        g_autofree char *edited = NULL;
        struct stat st;

        place_init(&p);
        edited = g_strconcat(p.path, ".pi-edited", NULL);
        put(p.path, "old", 3);
        g_assert_cmpint(g_chmod(p.path, 0600), ==, 0);
        change(&p, "ours");
        put(p.path, "theirs", 6);
        g_assert_cmpint(g_chmod(p.path, 0600), ==, 0);
        restore(&p, TRUE);
        g_assert_cmpint(g_stat(edited, &st), ==, 0);
        g_assert_cmpint(st.st_mode & 07777, ==, 0600);
        change(&p, "ours");
        put(p.path, "theirs again", 12);
        for (int i = 0; i < 2; i++) {
                g_clear_error(&error);
                g_assert_false(i == 0 ? pi_keep_may_restore(p.path, TRUE, &error)
                                      : pi_keep_restore(p.path, TRUE, &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
                g_assert_nonnull(strstr(error->message, ".pi-edited is there from an earlier"));
        }
        has(edited, "theirs", 6);
        has(p.path, "theirs again", 12);
        put(p.path, "theirs", 6);
        restore(&p, TRUE);
        has(p.path, "old", 3);
}

/* Edited between two of ours, and then taken back by hand. */
static void test_taken_back(void) {
        g_auto(Place) p = {};

        place_init(&p);
        put(p.path, "old", 3);
        change(&p, "one");
        put(p.path, "theirs", 6);
        change(&p, "two");
        expect(&p, PI_KEEP_EDITED);
        put(p.path, "old", 3);
        expect(&p, PI_KEEP_OURS);
        change(&p, "three");
        expect(&p, PI_KEEP_OURS);
        restore(&p, FALSE);
        has(p.path, "old", 3);
        g_assert_cmpuint(count(&p), ==, 1);
}

/* Neither file nor backup is touched when the record is not to be trusted. */
static void test_damaged(void) {
        static const struct {
                const char *record, *words;
                gboolean backup;
        } cases[] = {
                { "[setup]\nmixed=false\nwritten=%s\n", "no record of", TRUE },
                { "[setup]\nexistd=true\nmixed=false\nwritten=%s\n", "no record of", TRUE },
                { "[setup]\nexisted=maybe\nmixed=false\nwritten=%s\n", "no record of", TRUE },
                { "[setup]\nexisted=true\nmixed=\nwritten=%s\n", "no record of", TRUE },
                { "[setup]\nexisted=true\nmixed=false\nwritte=%s\n", "no record of", TRUE },
                { "[setup]\nexisted=false\nmixed=false\nwritten=%s\n", "do not agree on", TRUE },
                { "[setup]\nexisted=true\nmixed=false\nwritten=%s\n", "do not agree on", FALSE },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, "new", -1);
                g_auto(GStrv) parts = g_strsplit(cases[i].record, "%s", 2);
                g_autofree char *record = g_strconcat(parts[0], sum, parts[1], NULL);
                g_auto(Place) p = {};
                PiKeepState state;

                place_init(&p);
                put(p.path, "new", 3);
                if (cases[i].backup)
                        put(p.backup, "old", 3);
                put(p.record, record, strlen(record));
                for (int k = 0; k < 3; k++) {
                        g_autoptr(GError) error = NULL;

                        g_assert_false(k == 0 ? pi_keep_state(p.path, &state, &error)
                                              : pi_keep_restore(p.path, k == 2, &error));
                        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
                        g_assert_nonnull(strstr(error->message, cases[i].words));
                }
                has(p.path, "new", 3);
                if (cases[i].backup)
                        has(p.backup, "old", 3);
        }
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
        put(p.record, "[setup]\nexisted=true\nmixed=false\nwritten=00\n", 44);
        g_unlink(p.backup);
        refused(&p, "do not agree on a .pi-backup");
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
        g_test_add_func("/wsl/keep/edited-twice", test_edited_twice);
        g_test_add_func("/wsl/keep/taken-back", test_taken_back);
        g_test_add_func("/wsl/keep/damaged", test_damaged);
        g_test_add_func("/wsl/keep/refused", test_refused);
        return g_test_run();
}
