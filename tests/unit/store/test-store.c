/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/store.h"

#include <sqlite3.h>

#include "tests/unit/store/host.h"

static void test_opens(void) {
        g_autofree char *parent = sample_directory();
        g_autofree char *directory = g_build_filename(parent, "a", "b", NULL);
        g_autofree char *path = g_build_filename(directory, "store.db", NULL);
        PiStoreFigures figures;
        GStatBuf st;
        Host *h = host_new(directory);

        /* Within pi_store_new(). */
        g_assert_cmpuint(h->opened, ==, 1);
        g_assert_cmpuint(h->unfinished + h->checkpoints + h->bad_cores + h->calibrations, ==, 0);
        g_assert_cmpuint(h->degraded + h->recovered + h->set_aside, ==, 0);
        pi_store_figures(h->store, &figures);
        g_assert_no_error(figures.error);
        g_assert_cmpuint(figures.queued, ==, 0);
        g_assert_cmpuint(figures.failures, ==, 0);
        g_assert_cmpint(g_stat(path, &st), ==, 0);
        g_assert_cmpuint(st.st_mode & 0777, ==, 0600);
        host_free(h);
        sample_remove(parent);
}

static void fill(const char *directory) {
        static char generic[] = "generic", model[] = "A CPU";
        g_autoptr(Host) h = host_new(directory);

        host_put(h, 1, "queued");
        host_put(h, 2, "running");
        host_put(h, 3, "running");
        pi_store_put_checkpoint(h->store, sample_checkpoint(2, 9, 3));
        pi_store_put_checkpoint(h->store, sample_checkpoint(3, 9, 3));
        host_put(h, 3, "done");
        pi_store_put_bad_core(h->store, &(PiBadCore) { 5, 7, 2 });
        pi_store_put_bad_core(h->store, &(PiBadCore) { 6, 7, 2 });
        pi_store_remove_bad_core(h->store, 5);
        pi_store_put_calibration(h->store, &(PiCalibration) { generic, model, 3, 1e9 });
        /* Freed at once: all that was asked for is written first. */
}

static void test_comes_back(void) {
        g_autofree char *directory = sample_directory();
        g_autoptr(PiCheckpoint) saved = sample_checkpoint(2, 9, 3);
        g_autoptr(PiJobRecord) queued = sample_job(1, "queued"), running = sample_job(2, "running");
        g_autoptr(Host) h = NULL;

        fill(directory);
        h = host_new(directory);
        g_assert_cmpuint(h->opened, ==, 1);
        g_assert_cmpuint(h->unfinished, ==, 2);
        assert_same_job(h->jobs->pdata[0], queued);
        assert_same_job(h->jobs->pdata[1], running);
        g_assert_cmpuint(h->checkpoints, ==, 1);
        assert_same_checkpoint(h->saved->pdata[0], saved);
        g_assert_cmpuint(h->bad_cores, ==, 1);
        g_assert_cmpuint(h->calibrations, ==, 1);
        g_assert_cmpstr(host_list(h, 9), ==, "3");
        sample_remove(directory);
}

/* A list has what was put before it, without waiting for anything. */
static void test_order(void) {
        g_autoptr(Host) h = host_new(NULL);

        host_put(h, 1, "done");
        g_assert_cmpstr(host_list(h, 9), ==, "1");
        for (uint64_t id = 2; id <= 500; id++)
                host_put(h, id, "done");
        g_assert_cmpstr(host_list(h, 3), ==, "500 499 498");
        g_assert_cmpstr(host_list(h, 0), ==, "");
        g_assert_cmpstr(host_find(h, 77), ==, "77");
        g_assert_cmpstr(host_find(h, 501), ==, "");
        host_put(h, 501, "running");
        g_assert_cmpstr(host_find(h, 501), ==, "501");
        g_assert_cmpstr(host_list(h, 1), ==, "500");
}

static void test_done(void) {
        g_autofree char *directory = sample_directory();
        Host *h = host_new(directory);
        PiStoreFigures figures;

        pi_store_put_job(h->store, sample_job(1, "queued"), on_done, h);
        g_assert_cmpuint(h->done, ==, 0);
        wait_for(&h->done, 1);
        pi_store_put_job(h->store, sample_job(2, "queued"), on_done, h);
        pi_store_put_job(h->store, sample_job(2, "running"), on_done, h);
        wait_for(&h->done, 3);
        g_assert_cmpuint(h->done_failed, ==, 0);
        pi_store_figures(h->store, &figures);
        g_assert_cmpuint(figures.queued, ==, 0);
        g_assert_cmpuint(figures.commits, >=, 2);
        host_free(h);
        sample_remove(directory);
}

/* Of many checkpoints of a job only the newest that waits is written. */
static void test_coalescing(void) {
        g_autofree char *directory = sample_directory();
        Host *h = host_new(directory);
        PiStoreFigures figures;

        host_put(h, 1, "running");
        host_put(h, 2, "running");
        for (uint32_t i = 1; i <= 1000; i++) {
                pi_store_put_checkpoint(h->store, sample_checkpoint(1, i, 0));
                pi_store_put_checkpoint(h->store, sample_checkpoint(2, i, 0));
        }
        pi_store_figures(h->store, &figures);
        g_assert_cmpuint(figures.queued, <, 1000);
        host_list(h, 1);
        pi_store_figures(h->store, &figures);
        g_assert_cmpuint(figures.checkpoints, >=, 2);
        g_assert_cmpuint(figures.checkpoints, <, 1000);
        g_assert_cmpuint(figures.checkpoint_usec, ==, 1700000000000002);
        g_assert_cmpuint(figures.lost, ==, 0);
        host_free(h);

        h = host_new(directory);
        g_assert_cmpuint(h->checkpoints, ==, 2);
        g_assert_cmpuint(((PiCheckpoint *) h->saved->pdata[1])->snapshot->n_leases, ==, 1000);
        host_free(h);
        sample_remove(directory);
}

static void test_nobody_after_free(void) {
        g_autofree char *directory = sample_directory();
        Host *h = host_new(directory);

        for (uint64_t id = 1; id <= 100; id++)
                pi_store_put_job(h->store, sample_job(id, "done"), on_done, h);
        pi_store_list_jobs(h->store, 5, on_jobs, h);
        pi_store_list_sweeps(h->store, 5, on_sweeps, h);
        g_clear_pointer(&h->store, pi_store_free);
        while (g_main_context_iteration(NULL, FALSE))
                ;
        g_assert_cmpuint(h->done + h->done_failed + h->answers, ==, 0);
        host_free(h);

        h = host_new(directory);
        g_assert_cmpstr(host_list(h, 2), ==, "100 99");
        host_free(h);
        sample_remove(directory);
}

static void free_it(const GError *error, gpointer userdata) {
        Host *h = userdata;

        g_clear_pointer(&h->store, pi_store_free);
        h->done++;
}

static void test_freed_by_who_is_told(void) {
        g_autoptr(Host) h = host_new(NULL);

        pi_store_put_job(h->store, sample_job(1, "done"), free_it, h);
        pi_store_put_job(h->store, sample_job(2, "done"), on_done, h);
        wait_for(&h->done, 1);
        while (g_main_context_iteration(NULL, FALSE))
                ;
        g_assert_cmpuint(h->done, ==, 1);
}

static void test_sweeps(void) {
        g_autofree char *directory = sample_directory();
        g_autoptr(GVariant) run = sample_dict("parts", 8);
        Host *h = host_new(directory);

        pi_store_put_sweep(h->store, pi_sweep_record_new(33, run), on_sweeps, h);
        wait_for(&h->answers, 1);
        g_assert_cmpstr(h->ids, ==, "1");
        pi_store_put_sweep(h->store, pi_sweep_record_new(34, run), on_sweeps, h);
        pi_store_list_sweeps(h->store, 9, on_sweeps, h);
        wait_for(&h->answers, 3);
        g_assert_cmpstr(h->ids, ==, "2 1");
        host_free(h);

        h = host_new(directory);
        pi_store_find_sweep(h->store, 1, on_sweeps, h);
        wait_for(&h->answers, 1);
        g_assert_cmpstr(h->ids, ==, "1");
        pi_store_find_sweep(h->store, 3, on_sweeps, h);
        wait_for(&h->answers, 2);
        g_assert_cmpstr(h->ids, ==, "");
        g_assert_cmpuint(h->refusals, ==, 0);
        host_free(h);
        sample_remove(directory);
}

static void test_sweep_too_long(void) {
        g_autoptr(Host) h = host_new(NULL);
        g_autofree char *text = g_strnfill(5 << 20, 'x');
        g_autoptr(GVariant) run = NULL;
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert(&d, "text", "s", text);
        run = g_variant_ref_sink(g_variant_dict_end(&d));
        pi_store_put_sweep(h->store, pi_sweep_record_new(1, run), on_sweeps, h);
        pi_store_list_sweeps(h->store, 9, on_sweeps, h);
        wait_for(&h->answers, 2);
        g_assert_cmpuint(h->refusals, ==, 1);
        g_assert_nonnull(strstr(h->refusal, "at most 4194304"));
        g_assert_cmpstr(h->ids, ==, "");
        g_assert_cmpuint(h->degraded, ==, 0);
}

static void test_retention(void) {
        g_autofree char *directory = sample_directory();
        g_autoptr(GVariant) run = sample_dict("parts", 8);
        Host *h = host_new(directory);
        const PiRetention few = { .jobs = 3, .sweeps = 1 };
        const PiRetention old = { .jobs = 9, .age_usec = 60000000 };

        for (uint64_t id = 1; id <= 300; id++)
                host_put(h, id, "done");
        for (unsigned i = 0; i < 3; i++)
                pi_store_put_sweep(h->store, pi_sweep_record_new(0, run), on_sweeps, h);
        wait_for(&h->answers, 3);
        pi_store_set_retention(h->store, &few);
        while (strcmp(host_list(h, 9), "300 299 298") != 0)
                ;
        host_put(h, 301, "done");
        while (strcmp(host_list(h, 9), "301 300 299") != 0) /* what was asked sees four */
                ;
        pi_store_list_sweeps(h->store, 9, on_sweeps, h);
        wait_for(&h->answers, h->answers + 1);
        g_assert_cmpstr(h->ids, ==, "3");
        pi_store_set_retention(h->store, &old);
        while (strcmp(host_list(h, 9), "") != 0) /* they are of 2023 */
                ;
        host_free(h);
        sample_remove(directory);
}

/* Kept while the service was stopped, too many for the one that starts. */
static void test_retention_at_start(void) {
        g_autofree char *directory = sample_directory();
        const PiRetention few = { .jobs = 2, .sweeps = 1 };
        Host *h = host_new(directory);

        for (uint64_t id = 1; id <= 20; id++)
                host_put(h, id, "done");
        pi_store_free(h->store);
        h->store = pi_store_new(directory, &few, &h->hooks);
        g_assert_cmpstr(host_list(h, 9), ==, "20 19");
        host_free(h);
        sample_remove(directory);
}

static void test_many(void) {
        g_autofree char *directory = sample_directory();
        Host *h = host_new(directory);
        PiStoreFigures figures;
        gint64 start;

        for (uint64_t id = 1; id <= 10000; id++) {
                host_put(h, id, "done");
                if (id % 1000 == 0)
                        host_list(h, 1);
        }
        start = g_get_monotonic_time();
        g_assert_cmpstr(host_list(h, 3), ==, "10000 9999 9998");
        host_list(h, 20);
        g_test_message("20 of 10000 listed in %d usec", (int) (g_get_monotonic_time() - start));
        pi_store_figures(h->store, &figures);
        g_assert_cmpuint(figures.lost, ==, 0);
        g_assert_cmpuint(figures.queued, ==, 0);
        host_free(h);
        start = g_get_monotonic_time();
        h = host_new(directory);
        g_test_message("opened in %d usec", (int) (g_get_monotonic_time() - start));
        g_assert_cmpuint(h->opened, ==, 1);
        host_free(h);
        sample_remove(directory);
}

/* Another program reads it while the service has it. */
static void test_reader_beside(void) {
        g_autofree char *directory = sample_directory();
        g_autofree char *path = g_build_filename(directory, "store.db", NULL);
        Host *h = host_new(directory);
        sqlite3_stmt *statement = NULL;
        sqlite3 *sqlite = NULL;

        host_put(h, 42, "done");
        host_list(h, 1);
        g_assert_cmpint(sqlite3_open_v2(path, &sqlite, SQLITE_OPEN_READONLY, NULL), ==, SQLITE_OK);
        g_assert_cmpint(sqlite3_prepare_v2(sqlite, "SELECT id FROM job", -1, &statement, NULL), ==,
                        SQLITE_OK);
        g_assert_cmpint(sqlite3_step(statement), ==, SQLITE_ROW);
        g_assert_cmpint(sqlite3_column_int(statement, 0), ==, 42);
        /* In the midst of its reading. */
        pi_store_put_job(h->store, sample_job(43, "done"), on_done, h);
        wait_for(&h->done, 1);
        sqlite3_finalize(statement);
        sqlite3_close(sqlite);
        g_assert_cmpuint(h->degraded, ==, 0);
        host_free(h);
        sample_remove(directory);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/opens", test_opens);
        g_test_add_func("/store/comes-back", test_comes_back);
        g_test_add_func("/store/order", test_order);
        g_test_add_func("/store/done", test_done);
        g_test_add_func("/store/coalescing", test_coalescing);
        g_test_add_func("/store/nobody-after-free", test_nobody_after_free);
        g_test_add_func("/store/freed-by-who-is-told", test_freed_by_who_is_told);
        g_test_add_func("/store/sweeps", test_sweeps);
        g_test_add_func("/store/sweep-too-long", test_sweep_too_long);
        g_test_add_func("/store/retention", test_retention);
        g_test_add_func("/store/retention-at-start", test_retention_at_start);
        g_test_add_func("/store/many", test_many);
        g_test_add_func("/store/reader-beside", test_reader_beside);
        return g_test_run();
}
