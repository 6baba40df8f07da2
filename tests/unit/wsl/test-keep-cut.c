/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The power goes at each step of a change and of taking it back: rename(2) and unlink(2), by which
 * all is done, are the test's own here. So are the answers of access(2) and geteuid(2). */
#include "ctl/wsl/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dbus/error.h"

#define STEPS_MAX 20
#define CUT 77

/* How many steps are left until the end, or until one fails; -1 for no end. */
static int until_cut = -1, until_failure = -1;
static int access_errno;
static uid_t user = 1000;

static int step(void) {
        if (until_cut == 0)
                _exit(CUT);
        until_cut -= until_cut > 0;
        if (until_failure == 0) {
                errno = EIO;
                return -1;
        }
        until_failure -= until_failure > 0;
        return 0;
}

int rename(const char *from, const char *to) {
        return step() < 0 ? -1 : renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int unlink(const char *path) {
        return step() < 0 ? -1 : unlinkat(AT_FDCWD, path, 0);
}

int access(const char *path, int mode) {
        if (access_errno == 0)
                return faccessat(AT_FDCWD, path, mode, 0);
        errno = access_errno;
        return -1;
}

uid_t geteuid(void) {
        return user;
}

/* A file in a folder of its own. */
typedef struct Place {
        char *folder, *path;
} Place;

static const char *const endings[] = { "", ".pi-backup", ".pi-setup", ".pi-edited" };

static void place_init(Place *p, const char *text) {
        p->folder = g_dir_make_tmp("pi-keep-XXXXXX", NULL);
        p->path = g_build_filename(p->folder, "f", NULL);
        if (text)
                g_assert_true(g_file_set_contents(p->path, text, -1, NULL));
}

static void place_clear(Place *p) {
        g_autoptr(GDir) dir = g_dir_open(p->folder, 0, NULL);
        const char *name;

        until_cut = until_failure = -1;
        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(p->folder, name, NULL);

                unlinkat(AT_FDCWD, path, 0);
        }
        unlinkat(AT_FDCWD, p->folder, AT_REMOVEDIR);
        g_free(p->folder);
        g_free(p->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static void has(const Place *p, const char *ending, const char *wanted) {
        g_autofree char *path = g_strconcat(p->path, ending, NULL), *text = NULL;

        (void) g_file_get_contents(path, &text, NULL, NULL);
        g_assert_cmpstr(text, ==, wanted);
}

static gboolean change(const Place *p, const char *after, GError **error) {
        g_auto(PiKeepText) before = {};

        return pi_keep_read(p->path, &before, error) &&
               pi_keep_write(p->path, &before, after, error);
}

static void change_well(const Place *p, const char *after) {
        g_autoptr(GError) error = NULL;

        g_assert_true(change(p, after, &error));
        g_assert_no_error(error);
}

/* Whether it was cut before it was done. */
static gboolean cut_at(int n, const Place *p, const char *after) {
        int status;
        pid_t pid = fork();

        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                until_cut = n;
                _exit((after ? change(p, after, NULL) : pi_keep_restore(p->path, TRUE, NULL)) ? 0
                                                                                              : 1);
        }
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_true(WIFEXITED(status));
        g_assert_true(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == CUT);
        return WEXITSTATUS(status) == CUT;
}

static void expect_state(const Place *p, gboolean may_be_none) {
        g_autoptr(GError) error = NULL;
        PiKeepState state;

        g_assert_true(pi_keep_state(p->path, &state, &error));
        g_assert_no_error(error);
        g_assert_true(state == PI_KEEP_OURS || (may_be_none && state == PI_KEEP_NONE));
}

static void restore(const Place *p, const char *wanted) {
        g_autoptr(GError) error = NULL;

        g_assert_true(pi_keep_restore(p->path, FALSE, &error));
        g_assert_no_error(error);
        has(p, "", wanted);
        has(p, ".pi-setup", NULL);
}

/* `steps` is how many of ours the change has. */
static void cut_change(const char *before, const char *first, int steps) {
        int n;

        for (n = 0; n < STEPS_MAX; n++) {
                g_auto(Place) p = {};
                gboolean was_cut;

                place_init(&p, before);
                if (first)
                        change_well(&p, first);
                was_cut = cut_at(n, &p, "new");
                expect_state(&p, !first);
                restore(&p, before);
                if (!was_cut)
                        break;
        }
        g_assert_cmpint(n, ==, steps);
}

static void test_first(void) {
        cut_change("old", NULL, 3);
        cut_change(NULL, NULL, 2);
}

/* What the first change left is still known when the second one did not come to it. */
static void test_second(void) {
        cut_change("old", "ours", 2);
        cut_change(NULL, "ours", 2);
}

/* Neither is it forgotten by a third one, after a second that was cut. */
static void test_third(void) {
        g_auto(Place) p = {};

        place_init(&p, "old");
        change_well(&p, "one");
        g_assert_true(cut_at(1, &p, "two"));
        has(&p, "", "one");
        g_assert_true(cut_at(1, &p, "three"));
        has(&p, "", "one");
        expect_state(&p, FALSE);
        restore(&p, "old");
}

static void test_failed(void) {
        g_auto(Place) p = {};
        g_autoptr(GError) error = NULL;

        place_init(&p, "old");
        change_well(&p, "one");
        until_failure = 1;
        g_assert_false(change(&p, "two", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        until_failure = -1;
        has(&p, "", "one");
        expect_state(&p, FALSE);
        restore(&p, "old");
}

/* A restore that was cut is done by the next one, and a change may come after it, too. */
static void cut_restore(const char *before, const char *edit, int steps) {
        int n;

        for (n = 0; n < STEPS_MAX; n++) {
                g_auto(Place) p = {};
                gboolean was_cut;

                place_init(&p, before);
                change_well(&p, "ours");
                if (edit)
                        g_assert_true(g_file_set_contents(p.path, edit, -1, NULL));
                was_cut = cut_at(n, &p, NULL);
                if (n % 2 == 0) {
                        g_autoptr(GError) error = NULL;

                        g_assert_true(pi_keep_restore(p.path, TRUE, &error));
                        g_assert_no_error(error);
                        has(&p, "", before);
                }
                change_well(&p, "again");
                if (!was_cut)
                        break;
        }
        g_assert_cmpint(n, ==, steps);
}

static void test_restore(void) {
        cut_restore("old", NULL, 3);
        cut_restore(NULL, NULL, 3);
        cut_restore("old", "theirs", 4);
}

/* Nothing else is left behind. */
static void test_left(void) {
        g_auto(Place) p = {};

        place_init(&p, "old");
        change_well(&p, "one");
        for (gsize i = 0; i < 3; i++) {
                g_autofree char *path = g_strconcat(p.path, endings[i], NULL);

                g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
        }
        restore(&p, "old");
        for (gsize i = 1; i < G_N_ELEMENTS(endings); i++)
                has(&p, endings[i], NULL);
}

static void may_not(int code, uid_t as, const char *words, const char *not) {
        g_autoptr(GError) error = NULL;
        gboolean good;

        access_errno = code;
        user = as;
        good = pi_keep_may_write("/folder/f", &error);
        access_errno = 0;
        user = 1000;
        g_assert_false(good);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, words));
        if (not)
                g_assert_null(strstr(error->message, not));
}

static void test_denied(void) {
        may_not(EACCES, 1000, "; run it with sudo", NULL);
        may_not(EACCES, 0, "cannot be written", "sudo");
        may_not(EROFS, 1000, "the drive is mounted read-only", "sudo");
        may_not(ENOENT, 1000, "cannot be written", "sudo");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/wsl/keep-cut/first", test_first);
        g_test_add_func("/wsl/keep-cut/second", test_second);
        g_test_add_func("/wsl/keep-cut/third", test_third);
        g_test_add_func("/wsl/keep-cut/failed", test_failed);
        g_test_add_func("/wsl/keep-cut/restore", test_restore);
        g_test_add_func("/wsl/keep-cut/left", test_left);
        g_test_add_func("/wsl/keep-cut/denied", test_denied);
        return g_test_run();
}
