/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "dbus/variant.h"
#include "tests/bus/harness.h"

/* The store when the file system does not do what it should, and when it does. */

#define ENDLESS UINT64_C(10000000000000000)

typedef struct Disk {
        TestBus *bus;
        sd_bus *client;
        char *outer; /* the bus's own state directory: the log is there */
        char *ballast;
} Disk;

/* A file system of its own for the state directory, which nobody else sees and which goes with the
 * process. FALSE: this test may not mount anything. */
static gboolean disk_new(Disk *d, const char *size, unsigned long flags) {
        g_autofree char *options = g_strdup_printf("size=%s,mode=0700", size);

        *d = (Disk) { .bus = test_bus_new(TEST_BUS_SESSION) };
        test_daemon_log_to_file(d->bus);
        d->outer = d->bus->state;
        d->bus->state = g_build_filename(d->outer, "disk", NULL);
        d->ballast = g_build_filename(d->bus->state, "ballast", NULL);
        g_assert_no_errno(g_mkdir_with_parents(d->bus->state, 0700));
        if (mount("tmpfs", d->bus->state, "tmpfs", flags, options) < 0) {
                g_test_skip("this test may not mount a file system of its own");
                return FALSE;
        }
        test_daemon_start(d->bus, NULL);
        d->client = test_connect(d->bus);
        return TRUE;
}

static void disk_free(Disk *d) {
        if (d->client) {
                sd_bus_flush_close_unref(d->client);
                test_daemon_stop(d->bus);
                g_assert_no_errno(umount(d->bus->state));
        }
        g_assert_no_errno(rmdir(d->bus->state));
        g_free(d->bus->state);
        d->bus->state = g_steal_pointer(&d->outer);
        test_bus_free(d->bus);
        g_free(d->ballast);
}

/* Until not a byte more fits. */
static void fill(const Disk *d) {
        int fd = open(d->ballast, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        char block[4096] = { 1 };

        g_assert_cmpint(fd, >=, 0);
        while (write(fd, block, sizeof(block)) > 0) {
        }
        g_assert_cmpint(errno, ==, ENOSPC);
        close(fd);
}

static void wait_for_store(const Disk *d, const char *wanted) {
        for (;;) {
                g_autofree char *state = NULL;
                __attribute__((cleanup(sd_bus_error_free))) sd_bus_error error =
                        SD_BUS_ERROR_NULL;

                g_assert_cmpint(sd_bus_get_property_string(d->client, PI_BUS_NAME, PI_OBJECT_PATH,
                                                           PI_INTERFACE_MANAGER, "StoreState",
                                                           &error, &state),
                                >=, 0);
                if (g_str_equal(state, wanted))
                        return;
                g_usleep(2000);
        }
}

static guint times_logged(const Disk *d, const char *text) {
        g_autofree char *log = NULL;
        guint n = 0;

        g_assert_true(g_file_get_contents(d->bus->log, &log, NULL, NULL));
        for (const char *p = log; (p = strstr(p, text)); p++)
                n++;
        return n;
}

static char *pictl(const Disk *d, const char *verb, const char *argument) {
        g_autoptr(GSubprocessLauncher) launcher =
                test_launcher(d->bus, G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                      G_SUBPROCESS_FLAGS_STDERR_MERGE);
        g_autoptr(GSubprocess) process = NULL;
        g_autoptr(GError) error = NULL;
        char *out = NULL;

        process = g_subprocess_launcher_spawn(launcher, &error, g_getenv("PI_PICTL"), "--user",
                                              verb, argument, NULL);
        g_assert_no_error(error);
        g_subprocess_communicate_utf8(process, NULL, NULL, &out, NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpint(g_subprocess_get_exit_status(process), ==, 0);
        return out;
}

static uint64_t checkpoints_written(sd_bus *client) {
        g_autoptr(GVariant) metrics = test_metrics(client);

        return test_lookup_u64(metrics, "store_checkpoints");
}

/* Jobs are computed as ever, but what happens to them is not kept; it is told once, wherever one
 * looks; and when there is room again it is all written. */
static void full(void) {
        g_autofree char *path = NULL, *shown = NULL, *error = NULL;
        g_autoptr(GVariant) metrics = NULL, report = NULL;
        Disk d;

        if (disk_new(&d, "512k", 0)) {
                /* It has its name before it opens the store, and answers after that. */
                wait_for_store(&d, "ok");
                fill(&d);
                g_assert_null(test_submit(d.client, ENDLESS, NULL, &path));
                wait_for_store(&d, "degraded");
                metrics = test_metrics(d.client);
                error = test_lookup_string(metrics, "store_error");
                g_assert_nonnull(strstr(error, d.bus->state));
                shown = pictl(&d, "show", "1");
                g_assert_nonnull(strstr(shown, "degraded"));
                g_assert_nonnull(strstr(shown, error));
                /* Two more tries, at the least, and not another word. */
                for (uint64_t failures = 0; failures < 3;) {
                        g_autoptr(GVariant) now = test_metrics(d.client);
                        failures = test_lookup_u64(now, "store_failures");
                        g_usleep(2000);
                }
                g_assert_cmpuint(times_logged(&d, error), ==, 1);
                g_assert_cmpint(unlink(d.ballast), ==, 0);
                wait_for_store(&d, "ok");
                /* The job is as safe as any: it survives the service. */
                while (checkpoints_written(d.client) == 0)
                        continue;
                test_daemon_kill(d.bus);
                test_daemon_start(d.bus, NULL);
                test_wait_for_state(d.client, path, "running");
                report = test_job_property(d.client, path, "ResumedTerms");
                g_assert_cmpuint(g_variant_get_uint64(report), >, 0);
        }
        disk_free(&d);
}

static gboolean is_done(sd_bus *client, const char *path) {
        g_autoptr(GVariant) state = test_job_property(client, path, "State");

        return g_str_equal(g_variant_get_string(state, NULL), "done");
}

/* Submits a job, a longer one as often as it is done too soon, until a checkpoint of one is
 * written. Returns its terms. */
static uint64_t submit_until_checkpoint(sd_bus *client, char **ret_path) {
        for (uint64_t terms = UINT64_C(3000000000);; terms *= 4) {
                g_autofree char *path = NULL;

                g_assert_null(test_submit(client, terms, "{'parts': <uint64 5>}", &path));
                while (!is_done(client, path))
                        if (checkpoints_written(client) > 0) {
                                *ret_path = g_steal_pointer(&path);
                                return terms;
                        }
        }
}

/* Killed with the disk full: the job goes on from what was written last, to the same bits. */
static void killed_while_full(void) {
        g_autofree char *path = NULL, *wanted = NULL, *bits = NULL;
        g_autoptr(GVariant) report = NULL, result = NULL;
        uint64_t terms;
        Disk d;

        if (disk_new(&d, "512k", 0)) {
                terms = submit_until_checkpoint(d.client, &path);
                fill(&d);
                wait_for_store(&d, "degraded");
                test_daemon_kill(d.bus);
                test_daemon_start(d.bus, NULL);
                g_assert_cmpint(unlink(d.ballast), ==, 0);
                test_wait_for_state(d.client, path, "done");
                result = test_job_property(d.client, path, "Report");
                bits = test_lookup_string(result, "sum_hex");
                wait_for_store(&d, "ok");
                g_assert_null(test_compute(d.client, terms, NULL, NULL, &report));
                wanted = test_lookup_string(report, "sum_hex");
                g_assert_cmpstr(bits, ==, wanted);
        }
        disk_free(&d);
}

/* Read-only from the start: numbers of jobs are none that were ever given, and what was there
 * before is taken up as soon as it can be. */
static void read_only(void) {
        g_autofree char *first = NULL, *second = NULL;
        Disk d;

        if (disk_new(&d, "512k", 0)) {
                g_assert_null(test_submit(d.client, ENDLESS, NULL, &first));
                test_daemon_kill(d.bus);
                g_assert_no_errno(mount(NULL, d.bus->state, NULL, MS_REMOUNT | MS_RDONLY, NULL));
                test_daemon_start(d.bus, NULL);
                wait_for_store(&d, "degraded");
                g_assert_null(test_compute(d.client, 1000, NULL, NULL, NULL));
                g_assert_null(test_submit(d.client, 1000, NULL, &second));
                g_assert_cmpstr(second, !=, first);
                g_assert_no_errno(mount(NULL, d.bus->state, NULL, MS_REMOUNT, NULL));
                wait_for_store(&d, "ok");
                test_wait_for_state(d.client, first, "running");
        }
        disk_free(&d);
}

/* What the administrator sets, while it runs. */
static void write_settings(TestBus *bus, const char *text) {
        g_autofree char *path = g_build_filename(bus->state, "pi-computed.conf", NULL);
        g_autoptr(GError) error = NULL;

        g_file_set_contents(path, text, -1, &error);
        g_assert_no_error(error);
}

static void reload(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        __attribute__((cleanup(sd_bus_error_free))) sd_bus_error error = SD_BUS_ERROR_NULL;
        g_autofree char *refused = NULL, *first = NULL, *second = NULL, *quota = NULL;
        sd_bus *client;

        test_daemon_start(bus, NULL);
        client = test_connect(bus);
        write_settings(bus, "[Limits]\nJobsPerUser=1\n");
        g_assert_null(test_manager_call(client, "Reload", "()"));
        g_assert_null(test_submit(client, ENDLESS, NULL, &first));
        quota = test_submit(client, 1000, NULL, &second);
        g_assert_cmpstr(quota, ==, "org.picompute1.Error.QuotaExceeded");

        /* A fault names file, line, key and range, and changes nothing. */
        write_settings(bus, "[Limits]\nJobs=7\nJobsPerUser=0\n");
        g_assert_cmpint(sd_bus_call_method(client, PI_BUS_NAME, PI_OBJECT_PATH,
                                           PI_INTERFACE_MANAGER, "Reload", &error, NULL, NULL),
                        <, 0);
        g_assert_cmpstr(error.name, ==, "org.picompute1.Error.InvalidSetting");
        g_assert_nonnull(strstr(error.message, "pi-computed.conf:3: JobsPerUser=0"));
        g_assert_nonnull(strstr(error.message, "1 to 4096"));
        refused = test_submit(client, 1000, NULL, &second);
        g_assert_cmpstr(refused, ==, "org.picompute1.Error.QuotaExceeded");

        /* The file is gone, and with it the limit. */
        write_settings(bus, "");
        g_assert_null(test_manager_call(client, "Reload", "()"));
        g_assert_null(test_submit(client, 1000, NULL, &second));
        sd_bus_flush_close_unref(client);
}

/* A damaged file is put aside, and no number comes twice. */
static void damaged(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        g_autofree char *first = NULL, *second = NULL, *store = NULL, *aside = NULL;
        sd_bus *client;

        store = g_build_filename(bus->state, "store.db", NULL);
        aside = g_build_filename(bus->state, "store.db.damaged-1", NULL);
        test_daemon_log_to_file(bus);
        test_daemon_start(bus, NULL);
        client = test_connect(bus);
        g_assert_null(test_submit(client, 1000, NULL, &first));
        test_daemon_stop(bus);
        g_assert_true(g_file_set_contents(store, "not what it was", -1, NULL));
        test_daemon_start(bus, NULL);
        g_assert_null(test_submit(client, 1000, NULL, &second));
        g_assert_cmpstr(first, !=, second);
        g_assert_true(g_file_test(aside, G_FILE_TEST_EXISTS));
        test_daemon_wait_for_log(bus, aside);
        sd_bus_flush_close_unref(client);
}

/* MiB that the daemon has resident; 0 under an instrument, which needs many more. */
static double resident(sd_bus *client) {
        g_autoptr(GVariant) metrics = test_metrics(client);

        return test_is_instrumented()
                       ? 0
                       : (double) test_lookup_u64(metrics, "memory_rss_bytes") / (1 << 20);
}

/* What it has when it has come to rest, which takes a second or two. */
static double resident_at_rest(sd_bus *client, double goal) {
        double mib = resident(client);

        for (guint i = 0; i < 1000 && mib >= goal; i++) {
                g_usleep(10000);
                mib = resident(client);
        }
        return mib;
}

static GVariant *history(sd_bus *client, uint32_t limit) {
        sd_bus_message *reply = NULL;
        GVariant *jobs = NULL;

        g_assert_cmpint(sd_bus_call_method(client, PI_BUS_NAME, PI_OBJECT_PATH,
                                           PI_INTERFACE_MANAGER, "ListHistory", NULL, &reply, "u",
                                           limit),
                        >=, 0);
        g_assert_cmpint(pi_variant_read(reply, &jobs), >=, 0);
        sd_bus_message_unref(reply);
        return jobs;
}

/* A slow disk has jobs wait in memory, and those that are kept as objects then lie scattered among
 * what was freed: some more, once all are written, lie together again. */
static void compute_once_written(sd_bus *client, guint n) {
        for (guint32 queued = 1; queued > 0;) {
                g_autoptr(GVariant) metrics = test_metrics(client);

                queued = test_lookup_u32(metrics, "store_queued");
                if (queued > 0)
                        g_usleep(10000);
        }
        for (guint i = 0; i < n; i++)
                g_assert_null(test_compute(client, 1000, NULL, NULL, NULL));
}

/* Many jobs in the store cost no memory, neither while they come nor when they are read again. */
static void many(void) {
        const guint n = test_is_instrumented() ? 300 : 10000, more = 100;
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        g_autoptr(GVariant) jobs = NULL, few = NULL;
        sd_bus *client;
        gint64 begin;
        double rest;

        /* Meson has malloc() fill what it gives, which makes memory resident that nobody uses. */
        g_unsetenv("MALLOC_PERTURB_");
        write_settings(bus, "[Store]\nHistoryJobs=10000\n");
        test_daemon_start(bus, NULL);
        client = test_connect(bus);
        for (guint i = 0; i < n; i++)
                g_assert_null(test_compute(client, 1000, NULL, NULL, NULL));
        compute_once_written(client, more);
        rest = resident_at_rest(client, 8);
        g_test_message("%.2f MiB after %u jobs", rest, n + more);
        g_assert_cmpfloat(rest, <, 8);
        jobs = history(client, 1000);
        g_assert_cmpuint(g_variant_n_children(jobs), ==, MIN(n + more, 1000));
        rest = resident_at_rest(client, 8);
        g_test_message("%.2f MiB after a list of 1000", rest);
        g_assert_cmpfloat(rest, <, 8);
        test_daemon_stop(bus);
        test_daemon_start(bus, NULL);
        begin = g_get_monotonic_time();
        few = history(client, 20);
        g_test_message("20 of %u jobs in %.2f ms, %.2f MiB when idle", n,
                       (double) (g_get_monotonic_time() - begin) / 1000, resident(client));
        g_assert_cmpuint(g_variant_n_children(few), ==, 20);
        g_assert_cmpfloat(resident(client), <, 8);
        g_assert_null(test_compute(client, 1000000000, "{'parts': <uint64 1000000>}", NULL, NULL));
        g_test_message("%.2f MiB after a million parts", resident(client));
        g_assert_cmpfloat(resident(client), <, 16);
        sd_bus_flush_close_unref(client);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        /* Mounts of ours are nobody else's; without the right to it the tests say so. */
        if (unshare(CLONE_NEWNS) == 0)
                (void) mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
        g_test_add_func("/bus/store/full", full);
        g_test_add_func("/bus/store/killed-while-full", killed_while_full);
        g_test_add_func("/bus/store/read-only", read_only);
        g_test_add_func("/bus/store/reload", reload);
        g_test_add_func("/bus/store/damaged", damaged);
        g_test_add_func("/bus/store/many", many);
        return g_test_run();
}
