/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/opening.h"

#include <fcntl.h>
#include <unistd.h>

#include "daemon/store/contents.h"
#include "daemon/store/job-rows.h"
#include "daemon/store/lock.h"
#include "daemon/store/schema.h"
#include "daemon/store/set-aside.h"
#include "dbus/error.h"
#include "tests/unit/store/sample.h"

#define PAGE 4096

/* A directory with a store in it, and what opening it came across. */
typedef struct Place {
        char *directory, *path;
        PiOpening opening;
        GError *error;
        PiDatabase *db;
} Place;

static void place_open(Place *p) {
        g_clear_pointer(&p->db, pi_database_close);
        g_clear_error(&p->opening.set_aside);
        g_clear_error(&p->error);
        p->db = pi_database_open(p->directory, TRUE, &p->opening, &p->error);
}

static void place_close(Place *p) {
        g_clear_pointer(&p->db, pi_database_close);
}

static Place *place_new(void) {
        Place *p = g_new0(Place, 1);

        p->directory = sample_directory();
        p->path = g_build_filename(p->directory, PI_STORE_FILE, NULL);
        return p;
}

static void place_free(Place *p) {
        place_close(p);
        g_clear_error(&p->opening.set_aside);
        g_clear_error(&p->error);
        sample_remove(p->directory);
        g_free(p->path);
        g_free(p->directory);
        g_free(p);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Place, place_free)

static void place_write(Place *p, const char *name, const void *data, gsize size) {
        g_autofree char *path = g_build_filename(p->directory, name, NULL);
        g_autoptr(GError) error = NULL;

        g_file_set_contents(path, data, (gssize) size, &error);
        g_assert_no_error(error);
}

static GBytes *place_read(const Place *p, const char *name) {
        g_autofree char *path = g_build_filename(p->directory, name, NULL);
        g_autoptr(GError) error = NULL;
        char *data;
        gsize size;

        g_file_get_contents(path, &data, &size, &error);
        g_assert_no_error(error);
        return g_bytes_new_take(data, size);
}

static bool place_has(const Place *p, const char *name) {
        g_autofree char *path = g_build_filename(p->directory, name, NULL);

        return g_file_test(path, G_FILE_TEST_EXISTS);
}

static void sql(PiDatabase *db, const char *text) {
        char *message = NULL;

        (void) sqlite3_exec(pi_database_sqlite(db), text, NULL, NULL, &message);
        g_assert_cmpstr(message, ==, NULL);
}

/* A store with enough jobs for each table and index to have pages of its own. */
static void place_fill(Place *p) {
        place_open(p);
        g_assert_no_error(p->error);
        g_assert_true(pi_database_begin(p->db));
        for (uint64_t id = 1; id <= 300; id++) {
                g_autoptr(PiJobRecord) r = sample_job(id, id % 3 ? "done" : "running");

                g_assert_true(pi_job_rows_put(p->db, r));
        }
        g_assert_true(pi_database_commit(p->db));
        place_close(p);
}

static void assert_usable(Place *p) {
        g_autoptr(PiJobRecord) r = sample_job(1, "done");

        g_assert_no_error(p->error);
        g_assert_nonnull(p->db);
        g_assert_true(pi_job_rows_put(p->db, r));
}

static void assert_set_aside(Place *p, const char *name, const char *why) {
        g_autofree char *path = g_build_filename(p->directory, name, NULL);

        assert_usable(p);
        g_assert_error(p->opening.set_aside, PI_ERROR, PI_ERROR_STORE_UNAVAILABLE);
        g_test_message("%s", p->opening.set_aside->message);
        g_assert_nonnull(strstr(p->opening.set_aside->message, p->path));
        g_assert_nonnull(strstr(p->opening.set_aside->message, path));
        g_assert_nonnull(strstr(p->opening.set_aside->message, why));
        g_assert_true(p->opening.is_new);
        g_assert_true(p->opening.was_there);
        g_assert_true(place_has(p, name));
}

static void test_new(void) {
        g_autoptr(Place) p = place_new();

        place_open(p);
        assert_usable(p);
        g_assert_no_error(p->opening.set_aside);
        g_assert_true(p->opening.is_new);
        g_assert_false(p->opening.was_there);
        place_open(p);
        assert_usable(p);
        g_assert_false(p->opening.is_new);
        g_assert_true(p->opening.was_there);
}

static void test_settings(void) {
        static const struct {
                const char *pragma;
                int64_t want;
        } settings[] = {
                { "PRAGMA synchronous", 2 },     { "PRAGMA foreign_keys", 1 },
                { "PRAGMA cache_size", -128 },   { "PRAGMA mmap_size", 0 },
                { "PRAGMA trusted_schema", 0 },  { "PRAGMA wal_autocheckpoint", 256 },
                { "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'", 1 },
        };
        g_autoptr(Place) p = place_new();

        place_open(p);
        for (size_t i = 0; i < G_N_ELEMENTS(settings); i++) {
                int64_t value = -1;

                g_test_message("%s", settings[i].pragma);
                g_assert_true(pi_database_ask(p->db, settings[i].pragma, &value));
                g_assert_cmpint(value, ==, settings[i].want);
        }
}

/* Killed before anything was written: no damage, but numbers may have been given. */
static void test_empty(void) {
        g_autoptr(Place) p = place_new();

        place_write(p, PI_STORE_FILE, "", 0);
        place_open(p);
        assert_usable(p);
        g_assert_no_error(p->opening.set_aside);
        g_assert_true(p->opening.is_new);
        g_assert_true(p->opening.was_there);
}

static void test_random_bytes(void) {
        g_autoptr(Place) p = place_new();
        g_autoptr(GBytes) before = NULL, after = NULL;
        uint8_t noise[3 * PAGE + 17];

        for (size_t i = 0; i < sizeof noise; i++)
                noise[i] = (uint8_t) g_test_rand_int();
        place_write(p, PI_STORE_FILE, noise, sizeof noise);
        place_write(p, PI_STORE_FILE "-wal", "a log", 5);
        place_open(p);
        assert_set_aside(p, PI_STORE_FILE ".damaged-1", "not a database");
        g_assert_true(place_has(p, PI_STORE_FILE ".damaged-1-wal"));
        before = g_bytes_new(noise, sizeof noise);
        after = place_read(p, PI_STORE_FILE ".damaged-1");
        g_assert_true(g_bytes_equal(before, after));
}

static void test_other_program(void) {
        g_autoptr(Place) p = place_new();
        sqlite3 *sqlite = NULL;

        g_assert_cmpint(sqlite3_open(p->path, &sqlite), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_exec(sqlite, "CREATE TABLE recipes (a); PRAGMA user_version = 1",
                                     NULL, NULL, NULL),
                        ==, SQLITE_OK);
        sqlite3_close(sqlite);
        place_open(p);
        assert_set_aside(p, PI_STORE_FILE ".damaged-1", "another program");
        g_assert_cmpint(sqlite3_open(p->path, &sqlite), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_exec(sqlite, "SELECT * FROM recipes", NULL, NULL, NULL), ==,
                        SQLITE_ERROR);
        sqlite3_close(sqlite);
}

static void test_newer(void) {
        g_autofree char *name = g_strdup_printf(PI_STORE_FILE ".version-%d-1",
                                                pi_schema_version + 1);
        g_autofree char *version = g_strdup_printf("PRAGMA user_version = %d",
                                                   pi_schema_version + 1);
        g_autoptr(GBytes) before = NULL, after = NULL;
        g_autoptr(Place) p = place_new();

        place_fill(p);
        place_open(p);
        sql(p->db, version);
        place_close(p);
        before = place_read(p, PI_STORE_FILE);
        place_open(p);
        assert_set_aside(p, name, "install the newer pi-computed");
        after = place_read(p, name);
        g_assert_true(g_bytes_equal(before, after));
}

static void test_without_version(void) {
        g_autoptr(Place) p = place_new();

        place_fill(p);
        place_open(p);
        sql(p->db, "PRAGMA user_version = 0");
        place_open(p);
        assert_set_aside(p, PI_STORE_FILE ".damaged-1", "no version");
}

static void test_without_table(void) {
        g_autoptr(Place) p = place_new();

        place_fill(p);
        place_open(p);
        sql(p->db, "DROP TABLE sweep");
        place_open(p);
        assert_set_aside(p, PI_STORE_FILE ".damaged-1", "no such table: sweep");
}

static void test_truncated(void) {
        g_autoptr(Place) p = place_new();
        g_autoptr(GBytes) whole = NULL;
        gsize size;

        place_fill(p);
        whole = place_read(p, PI_STORE_FILE);
        size = g_bytes_get_size(whole);
        g_assert_cmpuint(size, >, 20 * PAGE);
        for (unsigned n = 1; n <= 3; n++) {
                g_autofree char *name = g_strdup_printf(PI_STORE_FILE ".damaged-%u", n);

                place_close(p);
                place_write(p, PI_STORE_FILE, g_bytes_get_data(whole, NULL), size / (n + 1));
                place_open(p);
                assert_set_aside(p, name, "malformed");
        }
        place_close(p);
        place_write(p, PI_STORE_FILE, g_bytes_get_data(whole, NULL), 50);
        place_open(p);
        assert_set_aside(p, PI_STORE_FILE ".damaged-4", "damaged");
}

static void test_flipped_page(void) {
        g_autoptr(Place) p = place_new();
        g_autoptr(GBytes) whole = NULL;
        g_autofree uint8_t *bytes = NULL;
        gsize size;

        place_fill(p);
        whole = place_read(p, PI_STORE_FILE);
        bytes = g_bytes_unref_to_data(g_steal_pointer(&whole), &size);
        for (size_t i = 2 * PAGE; i < 3 * PAGE; i++)
                bytes[i] ^= 0xff;
        place_write(p, PI_STORE_FILE, bytes, size);
        place_open(p);
        assert_set_aside(p, PI_STORE_FILE ".damaged-1", "damaged");
}

/* A name that is in use, if only by a log, is not used again, and there is an end to it. */
static void test_names(void) {
        g_autoptr(Place) p = place_new();
        g_autoptr(GBytes) kept = NULL, want = g_bytes_new_static("keep", 4);

        place_write(p, PI_STORE_FILE ".damaged-1", "keep", 4);
        place_write(p, PI_STORE_FILE ".damaged-2-shm", "keep", 4);
        place_write(p, PI_STORE_FILE, "no database of ours, but long enough", 36);
        place_open(p);
        assert_set_aside(p, PI_STORE_FILE ".damaged-3", "not a database");
        kept = place_read(p, PI_STORE_FILE ".damaged-1");
        g_assert_true(g_bytes_equal(kept, want));

        for (unsigned n = 4; n <= PI_SET_ASIDE_MAX; n++) {
                g_autofree char *name = g_strdup_printf(PI_STORE_FILE ".damaged-%u", n);

                place_write(p, name, "keep", 4);
        }
        place_close(p);
        place_write(p, PI_STORE_FILE, "no database of ours, but long enough", 36);
        place_open(p);
        g_assert_null(p->db);
        g_assert_error(p->error, PI_ERROR, PI_ERROR_STORE_UNAVAILABLE);
        g_assert_nonnull(strstr(p->error->message, "remove those that are not needed"));
        g_assert_true(place_has(p, PI_STORE_FILE));
}

static void test_no_directory(void) {
        g_autoptr(Place) p = place_new();

        g_free(p->directory);
        p->directory = g_strdup("/proc/self/no/such/place");
        place_open(p);
        g_assert_null(p->db);
        g_assert_error(p->error, PI_ERROR, PI_ERROR_STORE_UNAVAILABLE);
        g_assert_nonnull(strstr(p->error->message, "/proc/self/no/such/place/store.db"));
        g_assert_nonnull(strstr(p->error->message, "No such file"));
        g_assert_no_error(p->opening.set_aside);
        g_free(p->directory);
        p->directory = g_path_get_dirname(p->path);
}

/* A store that another program has locked is no damage. */
static void test_locked(void) {
        g_autoptr(Place) p = place_new();
        sqlite3 *sqlite = NULL;

        place_fill(p);
        g_assert_cmpint(sqlite3_open(p->path, &sqlite), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_exec(sqlite, "PRAGMA locking_mode = EXCLUSIVE;"
                                             "UPDATE job SET label = 'mine'", NULL, NULL, NULL),
                        ==, SQLITE_OK);
        place_open(p);
        g_assert_null(p->db);
        g_assert_no_error(p->opening.set_aside);
        g_assert_nonnull(strstr(p->error->message, "locked"));
        sqlite3_close(sqlite);
        place_open(p);
        assert_usable(p);
        g_assert_no_error(p->opening.set_aside);
}

static void test_one_service(void) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Place) p = place_new();
        int a = -1, b = -1, before;

        g_assert_true(pi_store_lock(p->directory, &a, &error));
        before = a;
        g_assert_true(pi_store_lock(p->directory, &a, &error));
        g_assert_cmpint(a, ==, before);
        g_assert_false(pi_store_lock(p->directory, &b, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_STORE_UNAVAILABLE);
        g_assert_cmpint(b, ==, -1);
        g_clear_error(&error);
        (void) close(a);
        g_assert_true(pi_store_lock(p->directory, &b, &error));
        /* Another directory of the name is another lock. */
        sample_remove(p->directory);
        before = b;
        g_assert_true(pi_store_lock(p->directory, &b, &error));
        g_assert_true(g_file_test(p->directory, G_FILE_TEST_IS_DIR));
        g_assert_cmpint(fcntl(before, F_GETFD), ==, -1);
        (void) close(b);

        sample_remove(p->directory);
        g_assert_true(g_file_set_contents(p->directory, "", 0, NULL));
        b = -1;
        g_assert_false(pi_store_lock(p->directory, &b, &error));
        g_assert_nonnull(strstr(error->message, p->directory));
        (void) g_unlink(p->directory);
}

/* Whatever is wrong with a file: it is used or set aside, and its rows are read or left out. */
static void test_any_damage(void) {
        g_autoptr(Place) p = place_new();
        g_autoptr(GBytes) whole = NULL;
        unsigned set_aside = 0, used = 0;

        place_fill(p);
        whole = place_read(p, PI_STORE_FILE);
        for (unsigned round = 0; round < 200; round++) {
                gsize size = g_bytes_get_size(whole);
                g_autofree uint8_t *bytes = g_memdup2(g_bytes_get_data(whole, NULL), size);
                gsize at = (gsize) g_test_rand_int_range(0, (gint32) size);
                gsize n = round % 2 ? 1 : (gsize) g_test_rand_int_range(1, PAGE);
                g_autoptr(PiStoreContents) contents = NULL;

                for (gsize i = at; i < MIN(at + n, size); i++)
                        bytes[i] ^= (uint8_t) g_test_rand_int_range(1, 256);
                place_close(p);
                sample_remove(p->directory);
                g_assert_cmpint(g_mkdir(p->directory, 0700), ==, 0);
                place_write(p, PI_STORE_FILE, bytes, size);
                place_open(p);
                g_assert_no_error(p->error);
                *(p->opening.set_aside ? &set_aside : &used) += 1;
                contents = pi_store_contents_load(p->db);
                if (p->opening.set_aside)
                        g_assert_cmpuint(contents->unfinished->len, ==, 0);
        }
        g_test_message("%u used, %u set aside", used, set_aside);
        g_assert_cmpuint(set_aside, >, 20);
        g_assert_cmpuint(used, >, 20);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/opening/new", test_new);
        g_test_add_func("/store/opening/settings", test_settings);
        g_test_add_func("/store/opening/empty", test_empty);
        g_test_add_func("/store/opening/random-bytes", test_random_bytes);
        g_test_add_func("/store/opening/other-program", test_other_program);
        g_test_add_func("/store/opening/newer", test_newer);
        g_test_add_func("/store/opening/without-version", test_without_version);
        g_test_add_func("/store/opening/without-table", test_without_table);
        g_test_add_func("/store/opening/truncated", test_truncated);
        g_test_add_func("/store/opening/flipped-page", test_flipped_page);
        g_test_add_func("/store/opening/names", test_names);
        g_test_add_func("/store/opening/no-directory", test_no_directory);
        g_test_add_func("/store/opening/locked", test_locked);
        g_test_add_func("/store/opening/one-service", test_one_service);
        g_test_add_func("/store/opening/any-damage", test_any_damage);
        return g_test_run();
}
