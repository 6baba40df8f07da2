/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <string.h>

#include "tests/bus/harness.h"

/* Faults injected into the workers of the real daemon: each must be caught, told of the right core,
 * and leave no trace in the sum. */

#define ROUNDS 1000
#define SEED 0x3141592
#define ENDLESS UINT64_C(10000000000000000)
#define OPTION "org.picompute1.Error.InvalidOption"
#define UNVERIFIED "org.picompute1.Error.VerificationFailed"

/* A flip below may be lost in the tolerance of the largest stretch that the jobs here have. */
#define BIT_MIN 19

typedef struct Fixture {
        TestBus *bus;
        sd_bus *client;
        uint32_t cpu[2];
} Fixture;

static GVariant *core(Fixture *f, uint32_t index) {
        g_autoptr(GVariant) metrics = test_metrics(f->client), cores = NULL;

        cores = g_variant_lookup_value(metrics, "cores", G_VARIANT_TYPE("aa{sv}"));
        g_assert_cmpuint(g_variant_n_children(cores), ==, 2);
        return g_variant_get_child_value(cores, index);
}

static void start(Fixture *f, const char *option) {
        test_daemon_start(f->bus, (const char *const[]) { "--workers=2", option, NULL });
        f->client = test_connect(f->bus);
        for (uint32_t i = 0; i < 2; i++) {
                g_autoptr(GVariant) c = core(f, i);
                f->cpu[i] = test_lookup_u32(c, "cpu");
        }
}

static void stop(Fixture *f) {
        sd_bus_flush_close_unref(f->client);
        test_daemon_stop(f->bus);
}

static void set_up(Fixture *f, gconstpointer data) {
        f->bus = test_bus_new(TEST_BUS_SESSION);
        test_daemon_log_to_file(f->bus);
        start(f, "--fault-injection");
}

static void tear_down(Fixture *f, gconstpointer data) {
        sd_bus_flush_close_unref(f->client);
        test_bus_free(f->bus);
}

static gboolean has_two_cores(const Fixture *f) {
        if (f->cpu[0] != f->cpu[1])
                return TRUE;
        g_test_skip("needs two CPUs: a lease goes to another core when it fails");
        return FALSE;
}

static void inject(Fixture *f, uint32_t cpu, const char *options) {
        g_autofree char *arguments = g_strdup_printf("(uint32 %u, {%s})", cpu, options);
        g_autofree char *error = test_manager_call(f->client, "InjectFault", arguments);

        g_assert_null(error);
}

static void restore(Fixture *f, uint32_t cpu) {
        g_autofree char *arguments = g_strdup_printf("(uint32 %u,)", cpu);
        g_autofree char *error = test_manager_call(f->client, "RestoreCore", arguments);

        g_assert_null(error);
}

static void assert_state(Fixture *f, uint32_t index, const char *state) {
        g_autoptr(GVariant) c = core(f, index);
        g_autofree char *is = test_lookup_string(c, "state");

        g_assert_cmpstr(is, ==, state);
}

static uint64_t counter(Fixture *f, const char *name) {
        g_autoptr(GVariant) metrics = test_metrics(f->client);

        return test_lookup_u64(metrics, name);
}

static GVariant *compute(Fixture *f, uint64_t terms, const char *options) {
        GVariant *report;
        g_autofree char *error = test_compute(f->client, terms, options, NULL, &report);

        g_assert_null(error);
        return report;
}

static void assert_verdict(GVariant *dict, const char *verdict) {
        g_autofree char *is = test_lookup_string(dict, "verdict");

        g_assert_cmpstr(is, ==, verdict);
}

static GVariant *fault_of(GVariant *report, gsize index, gsize n) {
        g_autoptr(GVariant) faults =
                g_variant_lookup_value(report, "faults", G_VARIANT_TYPE("aa{sv}"));

        g_assert_nonnull(faults);
        g_assert_cmpuint(g_variant_n_children(faults), ==, n);
        return g_variant_get_child_value(faults, index);
}

/* The sums of some numbers of terms, from jobs that nothing was done to. */
#define SUMS 16

typedef struct Sum {
        uint64_t terms;
        uint64_t usec; /* that it took */
        char *hex;
} Sum;

typedef struct Tally {
        unsigned transient, core, missed;
} Tally;

/* The flip of this bit in the quotients of the stretch that the row names; see daemon/work/fault.h
 * for its weight. */
static void assert_flip(GVariant *row, uint32_t bit) {
        uint64_t end = test_lookup_u64(row, "first_term") + test_lookup_u64(row, "terms");
        uint64_t last = (end - 1) / 8;
        int octave = MAX(14, (int) floor(log2((double) MAX(last, 1))));
        double residual = fabs(test_lookup_double(row, "residual"));

        g_assert_cmpfloat_with_epsilon(residual / ldexp(4, (int) bit - 56 - 2 * octave), 1, 0.05);
}

static void assert_row(GVariant *row, uint32_t cpu, const char *verdict, uint32_t bit) {
        uint64_t first = test_lookup_u64(row, "first_part");

        g_assert_cmpuint(test_lookup_u32(row, "cpu"), ==, cpu);
        assert_verdict(row, verdict);
        assert_flip(row, bit);
        g_assert_cmpuint(test_lookup_u32(row, "attempts"), ==, 1);
        g_assert_cmpuint(test_lookup_u64(row, "parts"), >=, 1);
        g_test_message("parts %" G_GUINT64_FORMAT " on CPU %u: %s", first, cpu, verdict);
}

/* Submits a job, arms the fault (NULL for none) a while later, and returns the job's report. */
static GVariant *disturb(Fixture *f, const Sum *sum, int parts, gulong usec, uint32_t cpu,
                         const char *fault) {
        g_autofree char *path = NULL, *options = g_strdup_printf("{'parts': <uint64 %d>}", parts);

        g_assert_null(test_submit(f->client, sum->terms, options, &path));
        if (fault) {
                g_usleep(usec);
                inject(f, cpu, fault);
        }
        g_assert_null(test_job_call(f->client, path, "Wait"));
        return test_job_property(f->client, path, "Report");
}

static void one_round(Fixture *f, GRand *rand, const Sum *sums, Tally *tally) {
        const Sum *sum = &sums[g_rand_int_range(rand, 0, SUMS)];
        uint32_t index = (uint32_t) g_rand_int_range(rand, 0, 2), cpu = f->cpu[index];
        uint32_t bit = (uint32_t) g_rand_int_range(rand, BIT_MIN, 64);
        gboolean lasting = g_rand_boolean(rand);
        int parts = g_rand_int_range(rand, 1000, 5000);
        gulong usec = (gulong) (g_rand_double(rand) * (double) sum->usec);
        const char *verdict = lasting ? "core" : "transient";
        g_autofree char *fault = g_strdup_printf(
                "'kind': <'flip'>, 'bit': <uint32 %u>, 'count': <uint32 %d>", bit, 1 + lasting);
        g_autoptr(GVariant) report = disturb(f, sum, parts, usec, cpu, fault), row = NULL,
                            list = NULL, listed = NULL;
        g_autofree char *hex = NULL;

        for (;;) {
                g_clear_pointer(&hex, g_free);
                hex = test_lookup_string(report, "sum_hex");
                g_assert_cmpstr(hex, ==, sum->hex);
                g_free(hex);
                hex = test_lookup_string(report, "verdict");
                if (!g_str_equal(hex, "none"))
                        break;
                /* The core had done its share of the job before; the fault is met by the next. */
                tally->missed++;
                g_variant_unref(report);
                report = disturb(f, sum, parts, 0, cpu, NULL);
        }
        g_assert_cmpstr(hex, ==, verdict);
        row = fault_of(report, 0, 1);
        assert_row(row, cpu, verdict, bit);
        list = test_faults(f->client, 1);
        listed = g_variant_get_child_value(list, 0);
        g_assert_true(g_variant_equal(listed, row));
        assert_state(f, index, lasting ? "out-of-service" : "in-service");
        assert_state(f, 1 - index, "in-service");
        if (lasting) {
                tally->core++;
                restore(f, cpu);
                assert_state(f, index, "in-service");
        } else
                tally->transient++;
}

static void thousand(Fixture *f, gconstpointer data) {
        gboolean instrumented = test_is_instrumented();
        unsigned rounds = instrumented ? ROUNDS / 20 : ROUNDS;
        g_autoptr(GRand) rand = g_rand_new_with_seed(SEED);
        Sum sums[SUMS];
        Tally tally = {};

        if (!has_two_cores(f))
                return;
        g_test_message("%u rounds%s, seed %#x", rounds,
                       instrumented ? " (not 1000: an instrumented build is slow)" : "", SEED);
        for (gsize i = 0; i < SUMS; i++) {
                g_autoptr(GVariant) report = NULL;

                sums[i].terms = (uint64_t) g_rand_int_range(rand, 200000000, 400000000) /
                                (instrumented ? 10 : 1);
                report = compute(f, sums[i].terms, "{}");
                assert_verdict(report, "none");
                sums[i].hex = test_lookup_string(report, "sum_hex");
                sums[i].usec = test_lookup_u64(report, "compute_usec");
        }
        for (unsigned i = 0; i < rounds; i++)
                one_round(f, rand, sums, &tally);
        g_test_message("%u transient, %u core; %u times met by a later job", tally.transient,
                       tally.core, tally.missed);
        g_assert_cmpuint(tally.transient + tally.core, ==, rounds);
        g_assert_cmpuint(counter(f, "faults_transient"), ==, tally.transient);
        g_assert_cmpuint(counter(f, "faults_core"), ==, tally.core);
        g_assert_cmpuint(counter(f, "faults_node"), ==, 0);
        g_assert_cmpuint(counter(f, "faults_software"), ==, 0);
        for (gsize i = 0; i < SUMS; i++)
                g_free(sums[i].hex);
}

static void assert_unverified(Fixture *f, const char *options) {
        g_autofree char *error = test_compute(f->client, 100000000, options, NULL, NULL);

        g_assert_cmpstr(error, ==, UNVERIFIED);
}

/* All sums of all cores are wrong, each in its own way: nobody is taken out, and all is well when
 * it is over. */
static void node(Fixture *f, gconstpointer data) {
        g_autoptr(GVariant) report = NULL;

        if (!has_two_cores(f))
                return;
        inject(f, f->cpu[0], "'kind': <'flip'>, 'bit': <uint32 50>, 'count': <uint32 0>");
        inject(f, f->cpu[1], "'kind': <'flip'>, 'bit': <uint32 51>, 'count': <uint32 0>");
        assert_unverified(f, "{'parts': <uint64 1>}");
        assert_unverified(f, "{}");
        g_assert_cmpuint(counter(f, "faults_node"), >=, 2);
        g_assert_cmpuint(counter(f, "faults_software"), ==, 0);
        g_assert_true(test_daemon_has_logged(f->bus, "no core was left to try"));
        assert_state(f, 0, "in-service");
        assert_state(f, 1, "in-service");
        inject(f, f->cpu[0], "'kind': <'none'>");
        inject(f, f->cpu[1], "'kind': <'none'>");
        report = compute(f, 100000000, "{}");
        assert_verdict(report, "none");
        g_assert_cmpuint(test_lookup_u32(report, "cpus"), ==, 2);
}

/* By the same bits everywhere. */
static void software(Fixture *f, gconstpointer data) {
        g_autoptr(GVariant) faults = NULL;

        if (!has_two_cores(f))
                return;
        for (gsize i = 0; i < 2; i++)
                inject(f, f->cpu[i], "'kind': <'flip'>, 'bit': <uint32 50>, 'count': <uint32 0>");
        assert_unverified(f, "{'parts': <uint64 1>}");
        g_assert_cmpuint(counter(f, "faults_software"), ==, 2);
        g_assert_cmpuint(counter(f, "faults_node"), ==, 0);
        faults = test_faults(f->client, 10);
        g_assert_cmpuint(g_variant_n_children(faults), ==, 2);
        for (gsize i = 0; i < 2; i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(faults, i);
                assert_verdict(row, "software");
                assert_state(f, (uint32_t) i, "in-service");
        }
        g_assert_true(test_daemon_has_logged(f->bus, "by the same bits"));
        /* Also where every core has a lease of its own to fail. */
        assert_unverified(f, "{'parts': <uint64 64>}");
        g_assert_cmpuint(counter(f, "faults_software"), >=, 4);
        g_assert_cmpuint(counter(f, "faults_core"), ==, 0);
}

static void take_out(Fixture *f, uint32_t index) {
        g_autoptr(GVariant) report = NULL;
        g_autofree char *verdict = NULL;

        inject(f, f->cpu[index], "'kind': <'flip'>, 'count': <uint32 2>");
        do {
                g_clear_pointer(&report, g_variant_unref);
                g_clear_pointer(&verdict, g_free);
                report = compute(f, 200000000, "{'parts': <uint64 100>}");
                verdict = test_lookup_string(report, "verdict");
        } while (g_str_equal(verdict, "none"));
        g_assert_cmpstr(verdict, ==, "core");
        assert_state(f, index, "out-of-service");
}

/* Jobs go on with what is left, which stays whatever it does. */
static void last_core(Fixture *f, gconstpointer data) {
        g_autoptr(GVariant) report = NULL, metrics = NULL;

        if (!has_two_cores(f))
                return;
        take_out(f, 1);
        metrics = test_metrics(f->client);
        g_assert_cmpuint(test_lookup_u32(metrics, "cores_out_of_service"), ==, 1);
        g_assert_cmpuint(test_lookup_u32(metrics, "slots_total"), ==, 2);

        report = compute(f, 100000000, "{'cpus': <uint32 2>}");
        assert_verdict(report, "none");
        g_assert_cmpuint(test_lookup_u32(report, "cpus"), ==, 1);

        inject(f, f->cpu[0], "'kind': <'flip'>, 'count': <uint32 2>");
        assert_unverified(f, "{'cpus': <uint32 2>}");
        assert_state(f, 0, "in-service");
        assert_state(f, 1, "out-of-service");
        g_variant_unref(report);
        report = compute(f, 100000000, "{'cpus': <uint32 2>}");
        assert_verdict(report, "none");
        restore(f, f->cpu[1]);
        restore(f, f->cpu[1]);
        g_variant_unref(report);
        report = compute(f, 100000000, "{'cpus': <uint32 2>}");
        g_assert_cmpuint(test_lookup_u32(report, "cpus"), ==, 2);
}

/* The record keeps the core out of the next daemon, too, until it is restored. */
static void restarted(Fixture *f, gconstpointer data) {
        g_autoptr(GVariant) report = NULL;

        if (!has_two_cores(f))
                return;
        take_out(f, 1);
        stop(f);
        start(f, "--fault-injection");
        assert_state(f, 0, "in-service");
        assert_state(f, 1, "out-of-service");
        g_assert_true(test_daemon_has_logged(f->bus, "is on record as bad and stays out"));
        report = compute(f, 100000000, "{}");
        g_assert_cmpuint(test_lookup_u32(report, "cpus"), ==, 1);
        restore(f, f->cpu[1]);
        stop(f);
        start(f, "--fault-injection");
        assert_state(f, 1, "in-service");
}

/* Without its record a core is as good as any, and the journal tells why. */
static void damaged_record(Fixture *f, gconstpointer data) {
        g_autofree char *path = g_build_filename(f->bus->state, "store.db", NULL);

        if (!has_two_cores(f))
                return;
        take_out(f, 1);
        stop(f);
        g_assert_true(g_file_set_contents(path, "rubbish", -1, NULL));
        start(f, "--fault-injection");
        assert_state(f, 1, "in-service");
        g_assert_true(test_daemon_has_logged(f->bus, "store.db is damaged"));
        take_out(f, 1);
        stop(f);
        start(f, "--fault-injection");
        assert_state(f, 1, "out-of-service");
}

/* Two endless jobs, each alone with a core that is always wrong. */
static void two_suspects(Fixture *f, gconstpointer data) {
        g_autofree char *path[2] = {};

        if (!has_two_cores(f))
                return;
        for (gsize i = 0; i < 2; i++) {
                g_assert_null(test_submit(f->client, ENDLESS, "{'cpus': <uint32 1>}", &path[i]));
                test_wait_for_state(f->client, path[i], "running");
        }
        inject(f, f->cpu[0], "'kind': <'flip'>, 'bit': <uint32 50>, 'count': <uint32 0>");
        inject(f, f->cpu[1], "'kind': <'flip'>, 'bit': <uint32 51>, 'count': <uint32 0>");
        for (gsize i = 0; i < 2; i++) {
                g_autoptr(GVariant) faults = NULL, verdict = NULL;
                g_autofree char *error = test_job_call(f->client, path[i], "Wait");

                g_assert_cmpstr(error, ==, UNVERIFIED);
                verdict = test_job_property(f->client, path[i], "Verdict");
                g_assert_cmpstr(g_variant_get_string(verdict, NULL), ==, "node");
                faults = test_job_property(f->client, path[i], "Faults");
                g_assert_cmpuint(g_variant_n_children(faults), ==, 2);
                g_free(path[i]);
                path[i] = NULL;
        }
        assert_state(f, 0, "in-service");
        assert_state(f, 1, "in-service");
}

static void slow(Fixture *f, gconstpointer data) {
        uint64_t terms = UINT64_C(1000000000) / (test_is_instrumented() ? 20 : 1);

        if (!has_two_cores(f))
                return;
        inject(f, f->cpu[1], "'kind': <'slow'>, 'factor': <30.0>");
        /* Until the slow core had a part in it. */
        for (;;) {
                g_autoptr(GVariant) report = compute(f, terms, "{}"), cores = NULL;
                double rate[2] = {};

                cores = g_variant_lookup_value(report, "cores", G_VARIANT_TYPE("aa{sv}"));
                for (gsize i = 0; i < g_variant_n_children(cores); i++) {
                        g_autoptr(GVariant) row = g_variant_get_child_value(cores, i);
                        rate[test_lookup_u32(row, "cpu") == f->cpu[1]] =
                                test_lookup_double(row, "throughput_terms");
                }
                assert_verdict(report, "none");
                if (rate[0] == 0 || rate[1] == 0)
                        continue;
                g_test_message("%g and %g terms a second", rate[0], rate[1]);
                g_assert_cmpfloat(rate[1], <, rate[0] / 2);
                return;
        }
}

static void hung(Fixture *f, gconstpointer data) {
        g_autofree char *path = NULL, *says = NULL;

        stop(f);
        g_setenv("WATCHDOG_USEC", "1000000", TRUE);
        start(f, "--fault-injection");
        g_unsetenv("WATCHDOG_USEC");
        inject(f, f->cpu[1], "'kind': <'hang'>");
        g_assert_null(test_submit(f->client, ENDLESS, NULL, &path));
        says = g_strdup_printf("The worker on CPU %u hangs in job 1, parts ", f->cpu[1]);
        test_daemon_wait_for_log(f->bus, says);
        inject(f, f->cpu[1], "'kind': <'none'>");
        g_assert_null(test_job_call(f->client, path, "Cancel"));
}

/* One of each kind of mistake; tests/unit/jobs/test-inject.c has them all. */
static const char *const bad_options[] = {
        "@a{sv} {}",
        "{'kind': <'melt'>}",
        "{'kind': <'flip'>, 'bit': <'7'>}",
        "{'kind': <'flip'>, 'bit': <uint32 64>}",
        "{'count': <uint32 1>, 'kind': <'hang'>}",
        "{'kind': <'flip'>, 'colour': <'red'>}",
};

static void invalid(Fixture *f, gconstpointer data) {
        g_autofree char *error = NULL;
        g_autoptr(GVariant) report = NULL;

        for (gsize i = 0; i < G_N_ELEMENTS(bad_options); i++) {
                g_autofree char *arguments = g_strdup_printf("(uint32 %u, %s)", f->cpu[0],
                                                             bad_options[i]);

                g_clear_pointer(&error, g_free);
                error = test_manager_call(f->client, "InjectFault", arguments);
                g_assert_cmpstr(error, ==, OPTION);
        }
        g_clear_pointer(&error, g_free);
        error = test_manager_call(f->client, "InjectFault", "(uint32 70000, {'kind': <'hang'>})");
        g_assert_cmpstr(error, ==, OPTION);
        g_clear_pointer(&error, g_free);
        error = test_manager_call(f->client, "RestoreCore", "(uint32 70000,)");
        g_assert_cmpstr(error, ==, OPTION);
        for (uint32_t limit = 0; limit <= 1001; limit += 1001) {
                g_autofree char *arguments = g_strdup_printf("(uint32 %u,)", limit);

                g_clear_pointer(&error, g_free);
                error = test_manager_call(f->client, "ListFaults", arguments);
                g_assert_cmpstr(error, ==, OPTION);
        }
        report = compute(f, 100000000, "{}");
        assert_verdict(report, "none");
}

static void disabled(Fixture *f, gconstpointer data) {
        g_autofree char *error = NULL, *arguments = NULL;
        g_autoptr(GVariant) report = NULL;

        stop(f);
        start(f, NULL);
        arguments = g_strdup_printf("(uint32 %u, {'kind': <'flip'>, 'count': <uint32 0>})",
                                    f->cpu[0]);
        error = test_manager_call(f->client, "InjectFault", arguments);
        g_assert_cmpstr(error, ==, "org.picompute1.Error.FaultInjectionDisabled");
        report = compute(f, 100000000, "{'cpus': <uint32 1>}");
        assert_verdict(report, "none");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)
        TEST("/referee/thousand", thousand);
        TEST("/referee/node", node);
        TEST("/referee/software", software);
        TEST("/referee/last-core", last_core);
        TEST("/referee/restarted", restarted);
        TEST("/referee/damaged-record", damaged_record);
        TEST("/referee/two-suspects", two_suspects);
        TEST("/referee/slow", slow);
        TEST("/referee/hung", hung);
        TEST("/referee/invalid", invalid);
        TEST("/referee/disabled", disabled);
        return g_test_run();
}
