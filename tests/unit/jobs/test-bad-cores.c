/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/bad-cores.h"

#include <glib/gstdio.h>
#include <string.h>

#include "dbus/error.h"

/* A directory of its own for each test. */
typedef struct Fixture {
        char *dir;
        char *file;
        char *damaged;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        f->dir = g_dir_make_tmp("pi-bad-cores-XXXXXX", NULL);
        f->file = g_build_filename(f->dir, "bad-cores", NULL);
        f->damaged = g_build_filename(f->dir, "bad-cores.damaged", NULL);
}

static void tear_down(Fixture *f, gconstpointer data) {
        g_unlink(f->file);
        g_unlink(f->damaged);
        g_rmdir(f->dir);
        g_free(f->file);
        g_free(f->damaged);
        g_free(f->dir);
}

static PiBadCores *open_well(const char *dir) {
        g_autoptr(GError) error = NULL;
        PiBadCores *cores = pi_bad_cores_open(dir, &error);

        g_assert_no_error(error);
        return cores;
}

static void add(PiBadCores *cores, uint32_t cpu, uint64_t since, uint64_t job) {
        g_autoptr(GError) error = NULL;

        g_assert_true(pi_bad_cores_add(cores, &(PiBadCore) { cpu, since, job }, &error));
        g_assert_no_error(error);
}

static void take_away(PiBadCores *cores, uint32_t cpu) {
        g_autoptr(GError) error = NULL;

        g_assert_true(pi_bad_cores_remove(cores, cpu, &error));
        g_assert_no_error(error);
}

/* As "cpu,since,job" each. */
static void assert_list(const PiBadCores *cores, const char *want) {
        g_autoptr(GString) text = g_string_new(NULL);
        const PiBadCore *list;
        guint n;

        list = pi_bad_cores_list(cores, &n);
        for (guint i = 0; i < n; i++)
                g_string_append_printf(text, "%s%u,%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT,
                                       i ? " " : "", list[i].cpu, (guint64) list[i].since_usec,
                                       (guint64) list[i].job);
        g_assert_cmpstr(text->str, ==, want);
}

static void in_memory(void) {
        g_autoptr(PiBadCores) cores = open_well(NULL);

        assert_list(cores, "");
        add(cores, 7, 100, 1);
        add(cores, 3, 200, 2);
        add(cores, 11, 300, 3);
        assert_list(cores, "3,200,2 7,100,1 11,300,3");
        add(cores, 7, 400, 4);
        assert_list(cores, "3,200,2 7,400,4 11,300,3");
        g_assert_nonnull(pi_bad_cores_find(cores, 11));
        g_assert_null(pi_bad_cores_find(cores, 4));
        take_away(cores, 3);
        take_away(cores, 3);
        assert_list(cores, "7,400,4 11,300,3");
}

static void survives(Fixture *f, gconstpointer data) {
        g_autoptr(PiBadCores) first = open_well(f->dir), second = NULL, third = NULL, fourth = NULL;

        add(first, UINT32_MAX, UINT64_MAX, UINT64_MAX);
        add(first, 0, 0, 0);
        second = open_well(f->dir);
        assert_list(second, "0,0,0 4294967295,18446744073709551615,18446744073709551615");
        take_away(second, UINT32_MAX);
        third = open_well(f->dir);
        assert_list(third, "0,0,0");
        take_away(third, 0);
        fourth = open_well(f->dir);
        assert_list(fourth, "");
}

/* What systemd has not made, the daemon of a user makes. */
static void makes_directory(Fixture *f, gconstpointer data) {
        g_autofree char *sub = g_build_filename(f->dir, "sub", NULL);
        g_autofree char *file = g_build_filename(sub, "bad-cores", NULL);
        g_autoptr(PiBadCores) cores = open_well(sub);
        GStatBuf st;

        g_assert_false(g_file_test(sub, G_FILE_TEST_EXISTS));
        add(cores, 1, 2, 3);
        g_assert_cmpint(g_stat(file, &st), ==, 0);
        g_assert_cmpuint(st.st_mode & 0777, ==, 0600);
        g_unlink(file);
        g_rmdir(sub);
}

static const char *const bad_texts[] = {
        "rubbish",
        "[cpu 1]\n",
        "[cpu 1]\nsince_usec=1\n",
        "[cpu 1]\nsince_usec=1\njob=2\nmore=3\n",
        "[cpu 1]\nsince_usec=one\njob=2\n",
        "[cpu 1]\nsince_usec=-1\njob=2\n",
        "[cpu 1]\nsince_usec=1\njob=\n",
        "[cpu 1]\nsince_usec=1\njob=99999999999999999999\n",
        "[cpu]\nsince_usec=1\njob=2\n",
        "[cpu -1]\nsince_usec=1\njob=2\n",
        "[cpu 4294967296]\nsince_usec=1\njob=2\n",
        "[core 1]\nsince_usec=1\njob=2\n",
        "[cpu 1]\nsince_usec=1\njob=2\n[cpu 01]\nsince_usec=1\njob=2\n",
        "[cpu 1]\nsince_usec=1\njob=2\n[rubbish]\n",
        "since_usec=1\n[cpu 1]\nsince_usec=1\njob=2\n",
        "\xff\xfe",
};

/* All cores are in service, the file is kept aside, and the record works on. */
static void assert_damaged(Fixture *f, const char *text, gssize length) {
        g_autoptr(GError) error = NULL;
        g_autoptr(PiBadCores) cores = NULL, again = NULL;
        g_autofree char *kept = NULL;

        g_assert_true(g_file_set_contents(f->file, text, length, NULL));
        cores = pi_bad_cores_open(f->dir, &error);
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_nonnull(strstr(error->message, "damaged"));
        g_assert_nonnull(strstr(error->message, f->damaged));
        assert_list(cores, "");
        g_assert_false(g_file_test(f->file, G_FILE_TEST_EXISTS));
        g_assert_true(g_file_get_contents(f->damaged, &kept, NULL, NULL));
        add(cores, 5, 6, 7);
        again = open_well(f->dir);
        assert_list(again, "5,6,7");
}

static void damaged(Fixture *f, gconstpointer data) {
        for (gsize i = 0; i < G_N_ELEMENTS(bad_texts); i++) {
                g_test_message("%s", i + 1 < G_N_ELEMENTS(bad_texts) ? bad_texts[i] : "binary");
                assert_damaged(f, bad_texts[i], -1);
        }
}

static void too_long(Fixture *f, gconstpointer data) {
        g_autofree char *blanks = g_strnfill(300 * 1024, '\n');
        g_autoptr(GString) many = g_string_new(NULL);

        assert_damaged(f, blanks, -1);
        for (unsigned i = 0; i <= PI_BAD_CORES_MAX; i++)
                g_string_append_printf(many, "[cpu %u]\nsince_usec=1\njob=1\n", i);
        assert_damaged(f, many->str, -1);
}

static void empty_file(Fixture *f, gconstpointer data) {
        g_autoptr(PiBadCores) cores = NULL;

        g_assert_true(g_file_set_contents(f->file, "", 0, NULL));
        cores = open_well(f->dir);
        assert_list(cores, "");
}

/* Said once, and once more after it had worked in between; the record in memory is right. */
static void cannot_be_written(Fixture *f, gconstpointer data) {
        g_autofree char *not_a_directory = g_build_filename(f->file, "sub", NULL);
        g_autoptr(PiBadCores) cores = NULL;
        g_autoptr(GError) error = NULL;

        cores = open_well(not_a_directory);
        g_assert_true(g_file_set_contents(f->file, "", 0, NULL));
        g_assert_false(pi_bad_cores_add(cores, &(PiBadCore) { 1, 2, 3 }, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_nonnull(strstr(error->message, "cannot be written"));
        g_clear_error(&error);
        g_assert_false(pi_bad_cores_add(cores, &(PiBadCore) { 2, 2, 3 }, &error));
        g_assert_no_error(error);
        assert_list(cores, "1,2,3 2,2,3");
        g_unlink(f->file);
        take_away(cores, 1);
        g_assert_true(g_file_test(not_a_directory, G_FILE_TEST_IS_DIR));
        {
                g_autofree char *file = g_build_filename(not_a_directory, "bad-cores", NULL);
                g_unlink(file);
        }
        g_rmdir(not_a_directory);
        g_rmdir(f->file);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)
        g_test_add_func("/bad-cores/in-memory", in_memory);
        TEST("/bad-cores/survives", survives);
        TEST("/bad-cores/makes-directory", makes_directory);
        TEST("/bad-cores/damaged", damaged);
        TEST("/bad-cores/too-long", too_long);
        TEST("/bad-cores/empty-file", empty_file);
        TEST("/bad-cores/cannot-be-written", cannot_be_written);
        return g_test_run();
}
