/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dbus/variant.h"
#include "tests/bus/harness.h"

/* Jobs and the service: killed, stopped, started again. */

#define ROUNDS 50
#define TERMS UINT64_C(1000000000000)
#define ENDLESS UINT64_C(10000000000000000)

/* Where every stretch takes a hundred times as long. */
#define ROUNDS_INSTRUMENTED 6
#define TERMS_INSTRUMENTED UINT64_C(20000000000)

typedef struct Rounds {
        TestBus *bus;
        sd_bus *client;
        uint64_t terms;
        char *path;   /* of the job */
        char *bits;   /* what it has to come to */
        guint kills;  /* of the service, while the job ran */
        guint resumes; /* of this job */
        uint64_t done; /* terms, when the service was last killed */
        double worst;  /* seconds of work that a kill made undone, at most */
} Rounds;

static uint64_t terms_done(const Rounds *r) {
        g_autoptr(GVariant) progress = test_job_property(r->client, r->path, "Progress");

        return (uint64_t) (g_variant_get_double(progress) * (double) r->terms);
}

static GVariant *describe(sd_bus *client, uint64_t id) {
        sd_bus_message *reply = NULL;
        GVariant *job = NULL;

        g_assert_cmpint(sd_bus_call_method(client, PI_BUS_NAME, PI_OBJECT_PATH,
                                           PI_INTERFACE_MANAGER, "DescribeJob", NULL, &reply, "t",
                                           id),
                        >=, 0);
        g_assert_cmpint(pi_variant_read(reply, &job), >=, 0);
        sd_bus_message_unref(reply);
        return job;
}

/* Also of one that was done before the service was killed, and has no object any more. */
static gboolean is_running(const Rounds *r) {
        uint64_t id = g_ascii_strtoull(strrchr(r->path, '/') + 1, NULL, 10);
        g_autoptr(GVariant) job = describe(r->client, id);
        g_autofree char *state = test_lookup_string(job, "state");

        return g_str_equal(state, "running");
}

static void submit(Rounds *r) {
        g_clear_pointer(&r->path, g_free);
        g_assert_null(test_submit(r->client, r->terms, "{'parts': <uint64 64>}", &r->path));
        r->resumes = 0;
}

static void wait_for_checkpoint(const Rounds *r) {
        g_autoptr(GVariant) before = test_metrics(r->client);
        uint64_t n = test_lookup_u64(before, "store_checkpoints");

        for (;;) {
                g_autoptr(GVariant) metrics = test_metrics(r->client);
                g_autoptr(GVariant) state = test_job_property(r->client, r->path, "State");

                if (test_lookup_u64(metrics, "store_checkpoints") > n ||
                    !g_str_equal(g_variant_get_string(state, NULL), "running"))
                        return;
        }
}

/* Until the file the next transaction goes to is being written. */
static void wait_for_write(const Rounds *r) {
        g_autofree char *wal = g_build_filename(r->bus->state, "store.db-wal", NULL);
        struct stat before = {}, now = {};

        (void) stat(wal, &before);
        for (guint turns = 0; turns < 2000000; turns++)
                if (stat(wal, &now) == 0 && (now.st_size != before.st_size ||
                                             memcmp(&now.st_mtim, &before.st_mtim,
                                                    sizeof(now.st_mtim)) != 0))
                        return;
}

/* A moment, another one each time. */
static void let_pass(Rounds *r) {
        switch (r->kills % 4) {
        case 2:
                wait_for_checkpoint(r);
                break;
        case 3:
                wait_for_write(r);
                break;
        default:
                g_usleep((gulong) g_test_rand_int_range(0, 900000));
        }
}

/* FALSE when the job was done before. */
static gboolean kill_and_restart(Rounds *r) {
        gint64 begin = g_get_monotonic_time();
        uint64_t from = terms_done(r), resumed;
        g_autoptr(GVariant) brought = NULL;
        double rate, lost;

        let_pass(r);
        r->done = terms_done(r);
        rate = (double) (r->done - from) / (double) (g_get_monotonic_time() - begin) * 1e6;
        test_daemon_kill(r->bus);
        if (r->done == r->terms)
                return FALSE;
        r->kills++;
        test_daemon_start(r->bus, NULL);
        if (!is_running(r))
                return FALSE;
        brought = test_job_property(r->client, r->path, "ResumedTerms");
        resumed = g_variant_get_uint64(brought);
        g_assert_cmpuint(resumed, <=, r->terms);
        r->resumes++;
        lost = r->done > resumed && rate > 0 ? (double) (r->done - resumed) / rate : 0;
        r->worst = MAX(r->worst, lost);
        return TRUE;
}

static void check_bits(Rounds *r) {
        g_autofree char *bits = NULL;
        g_autoptr(GVariant) report = NULL;

        test_wait_for_state(r->client, r->path, "done");
        report = test_job_property(r->client, r->path, "Report");
        bits = test_lookup_string(report, "sum_hex");
        g_assert_cmpstr(bits, ==, r->bits);
        /* Killed right after it was started, a service has not even counted. */
        g_assert_cmpuint(test_lookup_u32(report, "resumes"), <=, r->resumes);
        g_assert_cmpuint(test_lookup_u32(report, "resumes"), >=, r->resumes / 2);
}

/* Killed at random moments, in the middle of a checkpoint and right after one: the same bits. */
static void killed(void) {
        gboolean instrumented = test_is_instrumented();
        guint rounds = instrumented ? ROUNDS_INSTRUMENTED : ROUNDS;
        Rounds r = { .bus = test_bus_new(TEST_BUS_SESSION),
                     .terms = instrumented ? TERMS_INSTRUMENTED : TERMS };
        g_autoptr(GVariant) report = NULL;

        test_daemon_start(r.bus, NULL);
        r.client = test_connect(r.bus);
        g_assert_null(test_compute(r.client, r.terms, "{'parts': <uint64 3>}", NULL, &report));
        r.bits = test_lookup_string(report, "sum_hex");
        submit(&r);
        while (r.kills < rounds) {
                if (kill_and_restart(&r))
                        continue;
                /* It was done, or just about to be. */
                if (!r.bus->daemon)
                        test_daemon_start(r.bus, NULL);
                submit(&r);
        }
        check_bits(&r);
        g_test_message("%u kills; the worst made %.2f s of work undone", r.kills, r.worst);
        /* It is half a second, and what the machine makes of it. */
        g_assert_cmpfloat(r.worst, <, instrumented ? 60 : 3);
        sd_bus_flush_close_unref(r.client);
        test_bus_free(r.bus);
        g_free(r.path);
        g_free(r.bits);
}

/* A job whose caller waits is lost with the service: it says so, under its number. */
static void attached(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        sd_bus_message *call;
        sd_bus *client, *other;
        g_autoptr(GVariant) job = NULL;
        g_autofree char *state = NULL, *error = NULL;

        test_daemon_log_to_file(bus);
        test_daemon_start(bus, NULL);
        client = test_connect(bus);
        other = test_connect(bus);
        call = test_compute_message(client, ENDLESS, NULL);
        g_assert_cmpint(sd_bus_send(client, call, NULL), >=, 0);
        g_assert_cmpint(sd_bus_flush(client), >=, 0);
        sd_bus_message_unref(call);
        for (uint32_t running = 0; running == 0;) {
                g_autoptr(GVariant) metrics = test_metrics(other);
                running = test_lookup_u32(metrics, "jobs_running");
        }
        /* It is put on record when it has run for a moment. */
        for (guint64 commits = 0; commits < 2;) {
                g_autoptr(GVariant) metrics = test_metrics(other);
                commits = test_lookup_u64(metrics, "store_commits");
        }
        g_usleep(1000000);
        test_daemon_kill(bus);
        test_daemon_start(bus, NULL);
        job = describe(other, 1);
        state = test_lookup_string(job, "state");
        error = test_lookup_string(job, "error_name");
        g_assert_cmpstr(state, ==, "failed");
        g_assert_cmpstr(error, ==, "org.picompute1.Error.NodeLost");
        sd_bus_flush_close_unref(other);
        sd_bus_flush_close_unref(client);
}

/* An orderly stop loses nothing at all, and numbers go on without a gap. */
static void stopped(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        g_autofree char *first = NULL, *second = NULL, *third = NULL;
        g_autoptr(GVariant) resumed = NULL, state = NULL;
        sd_bus *client;
        double before;

        test_daemon_start(bus, NULL);
        client = test_connect(bus);
        g_assert_null(test_submit(client, ENDLESS, NULL, &first));
        g_assert_null(test_submit(client, ENDLESS, NULL, &second));
        do {
                g_autoptr(GVariant) progress = test_job_property(client, first, "Progress");
                before = g_variant_get_double(progress);
        } while (before == 0);
        test_daemon_stop(bus);
        test_daemon_start(bus, NULL);
        test_wait_for_state(client, first, "running");
        resumed = test_job_property(client, first, "ResumedTerms");
        /* Divided as the service divides: multiplied, the quotient could miss by its rounding. */
        g_assert_cmpfloat((double) g_variant_get_uint64(resumed) / (double) ENDLESS, >=, before);
        state = test_job_property(client, second, "State");
        g_assert_cmpstr(g_variant_get_string(state, NULL), ==, "queued");
        g_assert_null(test_submit(client, 1000, NULL, &third));
        g_assert_cmpstr(third, ==, PI_JOB_PATH_PREFIX "/3");
        sd_bus_flush_close_unref(client);
}

/* The time the service was down counts. */
static void deadline(void) {
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        g_autofree char *path = NULL;
        g_autoptr(GVariant) error = NULL;
        sd_bus *client;

        test_daemon_start(bus, NULL);
        client = test_connect(bus);
        g_assert_null(test_submit(client, ENDLESS, "{'deadline_usec': <uint64 2000000>}", &path));
        test_daemon_kill(bus);
        g_usleep(2000000);
        test_daemon_start(bus, NULL);
        test_wait_for_state(client, path, "failed");
        error = test_job_property(client, path, "ErrorName");
        g_assert_cmpstr(g_variant_get_string(error, NULL), ==,
                        "org.picompute1.Error.DeadlineExceeded");
        sd_bus_flush_close_unref(client);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/bus/resume/killed", killed);
        g_test_add_func("/bus/resume/attached", attached);
        g_test_add_func("/bus/resume/stopped", stopped);
        g_test_add_func("/bus/resume/deadline", deadline);
        return g_test_run();
}
