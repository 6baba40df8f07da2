/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/store.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>

#include "dbus/error.h"
#include "tests/unit/store/host.h"

static PiStoreFigures figures_of(const Host *h) {
        PiStoreFigures figures;

        pi_store_figures(h->store, &figures);
        return figures;
}

/* All that a store may be asked, while it cannot be opened. */
static void ask_all(Host *h) {
        g_autoptr(GVariant) run = sample_dict("parts", 8);
        unsigned refusals = h->refusals;

        pi_store_list_jobs(h->store, 5, on_jobs, h);
        pi_store_find_job(h->store, 5, on_jobs, h);
        pi_store_list_sweeps(h->store, 5, on_sweeps, h);
        pi_store_find_sweep(h->store, 5, on_sweeps, h);
        pi_store_put_sweep(h->store, pi_sweep_record_new(0, run), on_sweeps, h);
        wait_for(&h->refusals, refusals + 5);
}

static void block(const char *directory) {
        g_assert_true(g_file_set_contents(directory, "", 0, NULL));
}

static void unblock(const char *directory) {
        g_assert_cmpint(g_unlink(directory), ==, 0);
}

/* Where the directory should be is a file. */
static void test_opened_later(void) {
        g_autofree char *parent = sample_directory();
        g_autofree char *directory = g_build_filename(parent, "state", NULL);
        Host *h;
        uint64_t a, b;

        block(directory);
        h = host_new(directory);
        g_assert_cmpuint(h->opened, ==, 0);
        g_assert_cmpuint(h->degraded, ==, 1);
        g_assert_nonnull(strstr(h->why, directory));
        g_assert_error(figures_of(h).error, PI_ERROR, PI_ERROR_STORE_UNAVAILABLE);
        g_assert_cmpuint(figures_of(h).failures, ==, 1);

        ask_all(h);
        pi_store_put_job(h->store, sample_job(1, "queued"), on_done, h);
        wait_for(&h->done_failed, 1);
        host_put(h, 2, "done");
        a = pi_store_take_id(h->store);
        b = pi_store_take_id(h->store);
        g_assert_cmpuint(a, >, 1700000000000000);
        g_assert_cmpuint(b, >, a);
        g_assert_cmpuint(figures_of(h).queued, ==, 3);

        unblock(directory);
        wait_for(&h->recovered, 1);
        g_assert_cmpuint(h->opened, ==, 1);
        g_assert_cmpuint(h->degraded, ==, 1); /* told once, not with each try */
        g_assert_no_error(figures_of(h).error);
        g_assert_cmpstr(host_list(h, 9), ==, "2");
        g_assert_cmpstr(host_find(h, 1), ==, "1");
        g_assert_cmpuint(figures_of(h).queued, ==, 0);
        g_assert_cmpuint(h->done, ==, 0); /* was told already */
        g_assert_cmpuint(pi_store_take_id(h->store), >, b);
        host_free(h);

        h = host_new(directory);
        g_assert_cmpuint(h->unfinished, ==, 1);
        g_assert_cmpuint(pi_store_take_id(h->store), >, b);
        host_free(h);
        sample_remove(parent);
}

/* Freed while it cannot be opened: no harm, and nobody is called. */
static void test_never_opened(void) {
        g_autofree char *parent = sample_directory();
        g_autofree char *directory = g_build_filename(parent, "state", NULL);
        Host *h;

        block(directory);
        h = host_new(directory);
        pi_store_put_job(h->store, sample_job(1, "queued"), on_done, h);
        pi_store_list_jobs(h->store, 3, on_jobs, h);
        host_free(h);
        sample_remove(parent);
}

static void limit_files(rlim_t bytes) {
        struct rlimit limit;

        g_assert_cmpint(getrlimit(RLIMIT_FSIZE, &limit), ==, 0);
        limit.rlim_cur = MIN(bytes, limit.rlim_max);
        g_assert_cmpint(setrlimit(RLIMIT_FSIZE, &limit), ==, 0);
}

/* No file may grow: to a database that is a full disk. */
static void test_full_disk(void) {
        g_autofree char *directory = sample_directory();
        g_autoptr(GVariant) run = sample_dict("parts", 8);
        Host *h = host_new(directory);
        const unsigned n = 700;

        host_put(h, 1, "done");
        host_put(h, 2, "running");
        g_assert_cmpstr(host_list(h, 9), ==, "1");

        limit_files(0);
        pi_store_put_job(h->store, sample_job(3, "queued"), on_done, h);
        wait_for(&h->done_failed, 1);
        wait_for(&h->degraded, 1);
        g_test_message("%s", h->why);
        g_assert_nonnull(strstr(h->why, "free some space"));
        g_assert_nonnull(strstr(h->why, directory));

        /* What was written can be read; what was not is told too. */
        host_put(h, 4, "done");
        host_put(h, 2, "done");
        pi_store_put_checkpoint(h->store, sample_checkpoint(3, 9, 3));
        pi_store_put_checkpoint(h->store, sample_checkpoint(3, 12, 3));
        g_assert_cmpstr(host_list(h, 9), ==, "2 4 1");
        g_assert_cmpstr(host_list(h, 1), ==, "2");
        g_assert_cmpstr(host_find(h, 3), ==, "3");
        g_assert_cmpstr(host_find(h, 1), ==, "1");
        g_assert_cmpuint(h->refusals, ==, 0);
        pi_store_put_sweep(h->store, pi_sweep_record_new(0, run), on_sweeps, h);
        wait_for(&h->refusals, 1);
        for (unsigned i = 0; i < n; i++)
                host_put(h, 100 + i, "done");
        g_assert_cmpuint(figures_of(h).queued, ==, n + 4);

        limit_files(RLIM_INFINITY);
        wait_for(&h->recovered, 1);
        g_assert_cmpstr(host_list(h, 3), ==, "799 798 797");
        g_assert_cmpuint(figures_of(h).queued, ==, 0);
        g_assert_cmpuint(figures_of(h).lost, ==, 0);
        g_assert_cmpuint(h->degraded, ==, 1);
        host_free(h);

        h = host_new(directory);
        g_assert_cmpuint(h->unfinished, ==, 1);
        g_assert_cmpuint(h->checkpoints, ==, 1);
        g_assert_cmpuint(((PiCheckpoint *) h->saved->pdata[0])->snapshot->n_leases, ==, 12);
        g_assert_cmpuint(strlen(host_list(h, 10000)), >, n * 4);
        g_assert_cmpuint(h->set_aside, ==, 0);
        host_free(h);
        sample_remove(directory);
}

/* The disk was full before there was anything. */
static void test_full_from_the_start(void) {
        g_autofree char *directory = sample_directory();
        Host *h;

        limit_files(0);
        h = host_new(directory);
        g_assert_cmpuint(h->opened, ==, 0);
        g_assert_cmpuint(h->degraded, ==, 1);
        host_put(h, 1, "running");
        limit_files(RLIM_INFINITY);
        wait_for(&h->recovered, 1);
        g_assert_cmpuint(h->opened, ==, 1);
        g_assert_cmpuint(h->set_aside, ==, 0);
        g_assert_cmpstr(host_find(h, 1), ==, "1");
        host_free(h);
        sample_remove(directory);
}

/* Too much for the memory: finished jobs are given up, but do not go on at the next start. */
static void test_too_long(void) {
        g_autofree char *directory = sample_directory();
        Host *h = host_new(directory);
        const uint64_t last = 10 + PI_STORE_QUEUE_MAX + 50;

        host_put(h, 1, "running");
        host_put(h, 2, "running");
        g_assert_cmpstr(host_find(h, 2), ==, "2");
        limit_files(0);
        host_put(h, 3, "running");
        host_put(h, 1, "done");
        for (uint64_t id = 10; id <= last; id++)
                host_put(h, id, "done");
        wait_for(&h->degraded, 1);
        while (figures_of(h).queued != PI_STORE_QUEUE_MAX) /* it tries to write some */
                g_usleep(1000);
        g_assert_cmpuint(figures_of(h).lost, >=, 53);
        limit_files(RLIM_INFINITY);
        wait_for(&h->recovered, 1);
        host_list(h, 1);
        host_free(h);

        h = host_new(directory);
        g_assert_cmpuint(h->unfinished, ==, 2);
        g_assert_cmpuint(((PiJobRecord *) h->jobs->pdata[0])->id, ==, 2);
        g_assert_cmpuint(((PiJobRecord *) h->jobs->pdata[1])->id, ==, 3);
        g_assert_cmpuint(strlen(host_find(h, 1)), ==, 0);
        host_free(h);
        sample_remove(directory);
}

static void test_ids_without_disk(void) {
        g_autofree char *directory = sample_directory();
        g_autoptr(GHashTable) given = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free,
                                                            NULL);
        uint64_t last = 0;

        for (unsigned round = 0; round < 4; round++) {
                Host *h = host_new(directory);

                if (round % 2 == 1)
                        limit_files(0);
                for (unsigned i = 0; i < 1700; i++) {
                        uint64_t id = pi_store_take_id(h->store);

                        g_assert_cmpuint(id, >, last);
                        g_assert_true(g_hash_table_add(given, g_memdup2(&id, sizeof id)));
                        last = id;
                        if (i == 1000)
                                g_main_context_iteration(NULL, FALSE);
                        if (i == 1600)
                                limit_files(RLIM_INFINITY);
                }
                host_free(h);
        }
        sample_remove(directory);
}

static void test_second_service(void) {
        g_autofree char *directory = sample_directory();
        Host *a = host_new(directory), *b = host_new(directory);

        g_assert_cmpuint(a->opened, ==, 1);
        g_assert_cmpuint(b->opened, ==, 0);
        g_assert_nonnull(strstr(b->why, "another pi-computed"));
        host_put(a, 1, "running");
        host_free(a);
        wait_for(&b->recovered, 1);
        g_assert_cmpuint(b->unfinished, ==, 1);
        host_free(b);
        sample_remove(directory);
}

/* A reader that holds its lock keeps nobody from writing but for a while. */
static void test_locked(void) {
        g_autofree char *directory = sample_directory();
        g_autofree char *path = g_build_filename(directory, "store.db", NULL);
        Host *h = host_new(directory);
        sqlite3 *sqlite = NULL;

        g_assert_cmpint(sqlite3_open(path, &sqlite), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_exec(sqlite, "BEGIN IMMEDIATE", NULL, NULL, NULL), ==, SQLITE_OK);
        pi_store_put_job(h->store, sample_job(1, "done"), on_done, h);
        wait_for(&h->done_failed, 1);
        wait_for(&h->degraded, 1);
        g_assert_nonnull(strstr(h->why, "locked"));
        g_assert_cmpstr(host_list(h, 5), ==, "1");
        sqlite3_close(sqlite);
        wait_for(&h->recovered, 1);
        host_free(h);

        h = host_new(directory);
        g_assert_cmpstr(host_list(h, 5), ==, "1");
        host_free(h);
        sample_remove(directory);
}

/* The administrator deletes the state directory of a service that runs. */
static void test_deleted(void) {
        g_autofree char *directory = sample_directory();
        Host *h = host_new(directory);

        host_put(h, 1, "running");
        pi_store_put_checkpoint(h->store, sample_checkpoint(1, 9, 3));
        host_list(h, 1);
        sample_remove(directory);
        pi_store_put_job(h->store, sample_job(2, "queued"), on_done, h);
        wait_for(&h->done, 1);
        pi_store_put_checkpoint(h->store, sample_checkpoint(1, 9, 3));
        g_assert_cmpuint(h->degraded, ==, 0);
        g_assert_cmpuint(h->opened, ==, 1);
        host_free(h);
        h = host_new(directory);
        g_assert_cmpuint(h->unfinished, ==, 2);
        g_assert_cmpuint(h->checkpoints, ==, 1);
        host_free(h);
        sample_remove(directory);
}

static void test_set_aside(void) {
        g_autofree char *directory = sample_directory();
        g_autofree char *path = g_build_filename(directory, "store.db", NULL);
        Host *h = host_new(directory);
        uint64_t last = pi_store_take_id(h->store);

        host_free(h);
        for (unsigned i = 0; i < 5; i++) {
                g_assert_true(g_file_set_contents(path, "noise, and enough of it", -1, NULL));
                h = host_new(directory);
                g_assert_cmpuint(h->set_aside, ==, 1);
                g_assert_cmpuint(h->opened, ==, 1);
                g_assert_cmpuint(h->degraded, ==, 0);
                for (unsigned n = 0; n < 3; n++) {
                        uint64_t id = pi_store_take_id(h->store);

                        g_assert_cmpuint(id, >, last);
                        last = id;
                }
                host_free(h);
        }
        sample_remove(directory);
}

int main(int argc, char *argv[]) {
        /* A write beyond the limit fails, as on a full disk, instead of ending the program. */
        (void) signal(SIGXFSZ, SIG_IGN);
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/degraded/opened-later", test_opened_later);
        g_test_add_func("/store/degraded/never-opened", test_never_opened);
        g_test_add_func("/store/degraded/full-disk", test_full_disk);
        g_test_add_func("/store/degraded/full-from-the-start", test_full_from_the_start);
        g_test_add_func("/store/degraded/too-long", test_too_long);
        g_test_add_func("/store/degraded/ids-without-disk", test_ids_without_disk);
        g_test_add_func("/store/degraded/second-service", test_second_service);
        g_test_add_func("/store/degraded/locked", test_locked);
        g_test_add_func("/store/degraded/deleted", test_deleted);
        g_test_add_func("/store/degraded/set-aside", test_set_aside);
        return g_test_run();
}
