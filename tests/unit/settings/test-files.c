/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/settings/files.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/settings/settings.h"
#include "dbus/error.h"

#define NOBODY 65534

/* Three directories, the most important first, as /etc, /run and /usr/lib. */
typedef struct Tree {
        char *root;
        char *etc, *run, *lib;
        const char *directories[4];
} Tree;

static void tree_up(Tree *t, gconstpointer unused) {
        g_autoptr(GError) error = NULL;

        t->root = g_dir_make_tmp("pi-settings-XXXXXX", &error);
        g_assert_no_error(error);
        t->directories[0] = t->etc = g_build_filename(t->root, "etc", NULL);
        t->directories[1] = t->run = g_build_filename(t->root, "run", NULL);
        t->directories[2] = t->lib = g_build_filename(t->root, "lib", NULL);
}

static void remove_all(const char *path) {
        if (g_file_test(path, G_FILE_TEST_IS_DIR) && !g_file_test(path, G_FILE_TEST_IS_SYMLINK)) {
                g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
                const char *name;

                while (dir && (name = g_dir_read_name(dir))) {
                        g_autofree char *inner = g_build_filename(path, name, NULL);

                        remove_all(inner);
                }
        }
        g_assert_cmpint(g_remove(path), ==, 0);
}

static void tree_down(Tree *t, gconstpointer unused) {
        remove_all(t->root);
        g_free(t->root);
        g_free(t->etc);
        g_free(t->run);
        g_free(t->lib);
}

/* The path of a file whose directory is made. */
static char *place(const char *directory, const char *name) {
        char *path = g_build_filename(directory, name, NULL);
        g_autofree char *parent = g_path_get_dirname(path);

        g_assert_cmpint(g_mkdir_with_parents(parent, 0755), ==, 0);
        return path;
}

static void put(const char *directory, const char *name, const char *text) {
        g_autofree char *path = place(directory, name);
        g_autoptr(GError) error = NULL;

        g_file_set_contents(path, text, -1, &error);
        g_assert_no_error(error);
}

static void put_link(const char *directory, const char *name, const char *target) {
        g_autofree char *path = place(directory, name);

        g_assert_cmpint(symlink(target, path), ==, 0);
}

static PiSettings *load(const Tree *t) {
        g_autoptr(GError) error = NULL;
        PiSettings *settings = pi_settings_load(t->directories, &error);

        g_assert_no_error(error);
        g_assert_nonnull(settings);
        return settings;
}

/* The message, without the root of the tree. */
static void refuse(const Tree *t, const char *message) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GString) text = NULL;

        g_assert_null(pi_settings_load(t->directories, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_SETTING);
        text = g_string_new(error->message);
        g_string_replace(text, t->root, "", 0);
        g_assert_cmpstr(text->str, ==, message);
}

static void test_nothing(Tree *t, gconstpointer unused) {
        g_autoptr(PiSettings) settings = load(t);

        g_assert_cmpuint(settings->jobs, ==, 1024);
}

static void test_first_directory(Tree *t, gconstpointer unused) {
        g_autoptr(PiSettings) lib = NULL, etc = NULL;

        put(t->lib, "pi-computed.conf", "[Limits]\nJobs=3\nJobsPerUser=3\n");
        lib = load(t);
        g_assert_cmpuint(lib->jobs, ==, 3);
        put(t->etc, "pi-computed.conf", "[Limits]\nJobs=1\n");
        etc = load(t);
        g_assert_cmpuint(etc->jobs, ==, 1);
        /* Not of the file that is hidden. */
        g_assert_cmpuint(etc->jobs_per_user, ==, 256);
}

static void test_drop_ins(Tree *t, gconstpointer unused) {
        g_autoptr(PiSettings) settings = NULL;

        put(t->etc, "pi-computed.conf", "[Limits]\nJobs=1\nCpusPerUser=1\nPriorityMax=1\n");
        /* By name, whatever the directory; of one name, the first directory's. */
        put(t->lib, "pi-computed.conf.d/90-last.conf", "[Limits]\nJobs=90\n");
        put(t->etc, "pi-computed.conf.d/10-first.conf", "[Limits]\nJobs=10\nCpusPerUser=10\n");
        put(t->lib, "pi-computed.conf.d/50-same.conf", "[Limits]\nCpusPerUser=53\n");
        put(t->run, "pi-computed.conf.d/50-same.conf", "[Limits]\nCpusPerUser=52\n");
        put(t->etc, "pi-computed.conf.d/95-other.txt", "not read");
        put(t->etc, "pi-computed.conf.d/.96-hidden.conf", "not read");
        settings = load(t);
        g_assert_cmpuint(settings->jobs, ==, 90);
        g_assert_cmpuint(settings->cpus_per_user, ==, 52);
        g_assert_cmpint(settings->priority_max, ==, 1);
}

static void test_masks(Tree *t, gconstpointer unused) {
        g_autoptr(PiSettings) settings = NULL;

        put(t->lib, "pi-computed.conf", "[Limits]\nJobs=3\n");
        put(t->lib, "pi-computed.conf.d/a.conf", "[Limits]\nJobsPerUser=3\n");
        put(t->lib, "pi-computed.conf.d/b.conf", "[Limits]\nCpusPerUser=3\n");
        put_link(t->etc, "pi-computed.conf", "/dev/null");
        put_link(t->etc, "pi-computed.conf.d/a.conf", "/dev/null");
        put(t->run, "pi-computed.conf.d/b.conf", "");
        settings = load(t);
        g_assert_cmpuint(settings->jobs, ==, 1024);
        g_assert_cmpuint(settings->jobs_per_user, ==, 256);
        g_assert_cmpuint(settings->cpus_per_user, ==, 0);
}

static void test_places(Tree *t, gconstpointer unused) {
        put(t->etc, "pi-computed.conf", "[Limits]\nDeadlineMax=1h\n");
        put(t->run, "pi-computed.conf.d/a.conf", "\n[Limits]\nDeadlineDefault=2h\n");
        refuse(t, "/run/pi-computed.conf.d/a.conf:3: DeadlineDefault=2h is longer than "
                  "DeadlineMax=1h of /etc/pi-computed.conf:2: give at most that");
        put(t->run, "pi-computed.conf.d/a.conf", "[Store]\nJobs=1\n");
        refuse(t, "/run/pi-computed.conf.d/a.conf:2: Jobs= belongs in [Limits], not in [Store]");
        put(t->run, "pi-computed.conf.d/a.conf", "");
        g_clear_pointer(&(PiSettings *) { load(t) }, pi_settings_free);
}

static void test_unreadable(Tree *t, gconstpointer unused) {
        g_autofree char *path = place(t->etc, "pi-computed.conf");
        g_autofree char *folder = g_build_filename(t->run, "pi-computed.conf.d", NULL);

        g_assert_cmpint(g_mkdir(path, 0755), ==, 0);
        refuse(t, "/etc/pi-computed.conf: It is no regular file");
        g_assert_cmpint(g_rmdir(path), ==, 0);
        g_assert_cmpint(mkfifo(path, 0600), ==, 0);
        refuse(t, "/etc/pi-computed.conf: It is no regular file");
        g_assert_cmpint(g_unlink(path), ==, 0);
        g_assert_cmpint(symlink("nowhere", path), ==, 0);
        refuse(t, "/etc/pi-computed.conf: It cannot be read: No such file or directory");
        g_assert_cmpint(g_unlink(path), ==, 0);
        put_link(t->run, "pi-computed.conf.d", "pi-computed.conf.d");
        refuse(t, "/run/pi-computed.conf.d: It cannot be read: Too many levels of symbolic links");
        g_assert_cmpint(g_unlink(folder), ==, 0);
        g_clear_pointer(&(PiSettings *) { load(t) }, pi_settings_free);
}

static void test_forbidden(Tree *t, gconstpointer unused) {
        g_autofree char *path = place(t->etc, "pi-computed.conf");

        gboolean root = geteuid() == 0;

        put(t->etc, "pi-computed.conf", "");
        g_assert_cmpint(g_chmod(path, 0), ==, 0);
        /* Root may read every file: be somebody else for a while. */
        g_assert_cmpint(g_chmod(t->root, 0755), ==, 0);
        g_assert_cmpint(root ? seteuid(NOBODY) : 0, ==, 0);
        refuse(t, "/etc/pi-computed.conf: It cannot be read: Permission denied");
        g_assert_cmpint(root ? seteuid(0) : 0, ==, 0);
        /* A directory that may not be searched is no missing file. */
        g_assert_cmpint(g_chmod(t->etc, 0), ==, 0);
        g_assert_cmpint(root ? seteuid(NOBODY) : 0, ==, 0);
        refuse(t, "/etc/pi-computed.conf: It cannot be read: Permission denied");
        g_assert_cmpint(root ? seteuid(0) : 0, ==, 0);
        g_assert_cmpint(g_chmod(t->etc, 0755), ==, 0);
}

static void test_limits(Tree *t, gconstpointer unused) {
        g_autofree char *text = g_strnfill(65537, '\n');

        put(t->etc, "pi-computed.conf", text);
        refuse(t, "/etc/pi-computed.conf: It is longer than 65536 bytes");
        text[65536] = '\0';
        put(t->etc, "pi-computed.conf", text);
        for (int i = 0; i < PI_SETTINGS_DROP_INS_MAX; i++) {
                g_autofree char *name = g_strdup_printf("pi-computed.conf.d/%d.conf", i);

                put(i % 2 ? t->run : t->lib, name, "[Limits]\nJobs=7\n");
        }
        /* One more of a name that is there already is none. */
        put(t->lib, "pi-computed.conf.d/1.conf", "not read");
        g_clear_pointer(&(PiSettings *) { load(t) }, pi_settings_free);
        put(t->lib, "pi-computed.conf.d/more.conf", "");
        refuse(t, "/lib/pi-computed.conf.d: There are more than 128 files NAME.conf with those of "
                  "its kind");
}

static void add(const char *path, void (*test)(Tree *, gconstpointer)) {
        g_test_add(path, Tree, NULL, tree_up, test, tree_down);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        add("/settings/files/nothing", test_nothing);
        add("/settings/files/first-directory", test_first_directory);
        add("/settings/files/drop-ins", test_drop_ins);
        add("/settings/files/masks", test_masks);
        add("/settings/files/places", test_places);
        add("/settings/files/unreadable", test_unreadable);
        add("/settings/files/forbidden", test_forbidden);
        add("/settings/files/limits", test_limits);
        return g_test_run();
}
