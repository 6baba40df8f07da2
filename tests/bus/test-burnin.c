/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <string.h>

#include "tests/bus/pictl-run.h"

/* pictl burnin against the real daemon. */

#define POLL_USEC 2000

static JsonObject *summary_of(const Run *run) {
        return json_object_get_object_member(root_of(run), "summary");
}

/* The core of a CPU in the report. */
static JsonObject *core_of(const Run *run, guint cpu) {
        JsonArray *cores = json_object_get_array_member(root_of(run), "cores");

        for (guint i = 0; i < json_array_get_length(cores); i++) {
                JsonObject *core = json_array_get_object_element(cores, i);
                if (number(core, "cpu") == cpu)
                        return core;
        }
        g_error("no core for CPU %u", cpu);
}

static gboolean names_cpu(const Run *run, const char *list, guint cpu) {
        JsonArray *cpus = json_object_get_array_member(summary_of(run), list);

        for (guint i = 0; i < json_array_get_length(cpus); i++)
                if ((guint) json_array_get_int_element(cpus, i) == cpu)
                        return TRUE;
        return FALSE;
}

/* Whether any job is queued or running. */
static gboolean has_job(TestSession *f) {
        g_autoptr(GVariant) metrics = test_metrics(f->client);
        guint32 queued, running;

        g_assert_true(g_variant_lookup(metrics, "jobs_queued", "u", &queued));
        g_assert_true(g_variant_lookup(metrics, "jobs_running", "u", &running));
        return queued + running > 0;
}

static void wait_for_job(TestSession *f, gboolean there) {
        while (has_job(f) != there)
                g_usleep(POLL_USEC);
}

/* What the metrics tell of worker `index`. */
static GVariant *worker(TestSession *f, gsize index) {
        g_autoptr(GVariant) metrics = test_metrics(f->client);
        g_autoptr(GVariant) cores = g_variant_lookup_value(metrics, "cores",
                                                           G_VARIANT_TYPE("aa{sv}"));

        g_assert_cmpuint(g_variant_n_children(cores), >, index);
        return g_variant_get_child_value(cores, index);
}

static guint64 terms_of_worker(TestSession *f, gsize index) {
        g_autoptr(GVariant) core = worker(f, index);

        return test_lookup_u64(core, "terms");
}

/* Until both have summed more than that: there is something to report on. */
static void wait_for_both_workers(TestSession *f, const guint64 terms[2]) {
        for (gsize i = 0; i < 2; i++)
                while (terms_of_worker(f, i) <= terms[i])
                        g_usleep(POLL_USEC);
}

/* CPU number of worker `index`. */
static guint32 cpu_of_worker(TestSession *f, gsize index) {
        g_autoptr(GVariant) core = worker(f, index);
        guint32 cpu;

        g_assert_true(g_variant_lookup(core, "cpu", "u", &cpu));
        return cpu;
}

/* A session whose daemon lets faults be injected, and keeps its record of bad cores to itself. */
static void set_up(TestSession *f, gconstpointer data) {
        f->bus = test_bus_new(TEST_BUS_SESSION);
        g_setenv("STATE_DIRECTORY", f->bus->dir, TRUE);
        test_daemon_start(f->bus, (const char *const[]) { "--workers=2", "--fault-injection",
                                                          NULL });
        f->client = test_connect(f->bus);
}

static void passes(TestSession *f, gconstpointer data) {
        g_auto(Run) run = pictl(f, "burnin --duration=1s");

        g_assert_cmpint(run.status, ==, 0);
        g_assert_cmpstr(run.err, ==, "");
        g_assert_true(g_str_has_prefix(run.out, "CPU RESULT TERMS/S"));
        g_assert_nonnull(strstr(run.out, "\nPASS  "));
        g_assert_null(strstr(run.out, "FAIL"));
        g_assert_false(has_job(f));
}

static void json(TestSession *f, gconstpointer data) {
        g_auto(Run) run = pictl(f, "burnin --duration=1s --json=pretty");
        JsonArray *cores = json_object_get_array_member(root_of(&run), "cores");
        guint64 terms = 0;

        g_assert_cmpint(run.status, ==, 0);
        g_assert_cmpuint(json_array_get_length(cores), ==, 2);
        for (guint i = 0; i < 2; i++) {
                JsonObject *core = json_array_get_object_element(cores, i);

                g_assert_cmpstr(json_object_get_string_member(core, "result"), ==, "pass");
                g_assert_cmpuint(number(core, "terms"), >, 0);
                g_assert_cmpfloat(json_object_get_double_member(core, "terms_per_second"), >, 0);
                terms += number(core, "terms");
        }
        g_assert_cmpuint(number(summary_of(&run), "terms"), ==, terms);
        g_assert_cmpuint(number(summary_of(&run), "cores_passed"), ==, 2);
        g_assert_cmpuint(number(summary_of(&run), "faults"), ==, 0);
        g_assert_cmpuint(number(root_of(&run), "wanted_usec"), ==, 1000000);
        g_assert_cmpuint(number(root_of(&run), "duration_usec"), >=, 999000);
        g_assert_false(json_object_get_boolean_member(root_of(&run), "interrupted"));
        g_assert_cmpuint(json_array_get_length(json_object_get_array_member(root_of(&run),
                                                                            "faults")), ==, 0);
}

/* One slot of two: the core that was left out is not to blame. */
static void one_slot(TestSession *f, gconstpointer data) {
        g_auto(Run) run = pictl(f, "burnin --duration=1s --cpus=1 --json=short");

        g_assert_cmpint(run.status, ==, 0);
        g_assert_cmpuint(number(summary_of(&run), "cores_passed"), ==, 1);
        g_assert_cmpuint(number(summary_of(&run), "cores_unused"), ==, 1);
}

static void interrupted(TestSession *f, gconstpointer data) {
        static const int signals[] = { SIGINT, SIGTERM };

        for (gsize i = 0; i < G_N_ELEMENTS(signals); i++) {
                guint64 terms[] = { terms_of_worker(f, 0), terms_of_worker(f, 1) };
                g_autoptr(GSubprocess) process = spawn_pictl(f,
                                                             "burnin --duration=1h --json=short");
                g_auto(Run) run = {};

                wait_for_both_workers(f, terms);
                g_subprocess_send_signal(process, signals[i]);
                run = finish(process);
                g_assert_cmpint(run.status, ==, 0);
                g_assert_true(json_object_get_boolean_member(root_of(&run), "interrupted"));
                g_assert_cmpuint(number(summary_of(&run), "terms"), >, 0);
                g_assert_false(has_job(f));
        }
}

/* However pictl ends: no job is left. */
static void killed(TestSession *f, gconstpointer data) {
        g_autoptr(GSubprocess) process = spawn_pictl(f, "burnin --duration=1h");

        wait_for_job(f, TRUE);
        g_subprocess_force_exit(process);
        g_subprocess_wait(process, NULL, NULL);
        wait_for_job(f, FALSE);
}

/* By an endless job whose caller waits as the one of a burn-in does, so that neither makes room for
 * the other. Returns its path. */
static char *take_all_cpus(TestSession *f) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m =
                test_compute_message(f->client, UINT64_C(10000000000000000), NULL);

        g_assert_cmpint(sd_bus_call_async(f->client, NULL, m, NULL, NULL, UINT64_MAX), >=, 0);
        wait_for_job(f, TRUE);
        return g_strdup(PI_JOB_PATH_PREFIX "/1");
}

/* Behind another job: said once, and the time of waiting is not the burn-in's. */
static void queued(TestSession *f, gconstpointer data) {
        g_autofree char *other = take_all_cpus(f);
        g_autoptr(GSubprocess) process = NULL;
        g_auto(Run) run = {};

        process = spawn_pictl(f, "burnin --duration=1s --json=short");
        for (guint32 n = 0; n == 0;) {
                g_autoptr(GVariant) metrics = test_metrics(f->client);
                g_assert_true(g_variant_lookup(metrics, "jobs_queued", "u", &n));
        }
        g_assert_null(test_job_call(f->client, other, "Cancel"));
        run = finish(process);
        g_assert_cmpint(run.status, ==, 0);
        g_assert_nonnull(strstr(run.err, "waits behind other jobs"));
        g_assert_cmpuint(number(summary_of(&run), "cores_passed"), ==, 2);
}

/* Interrupted while it waits: there is nothing to report. */
static void interrupted_in_the_queue(TestSession *f, gconstpointer data) {
        g_autofree char *other = take_all_cpus(f);
        g_autoptr(GSubprocess) process = NULL;
        g_auto(Run) run = {};

        process = spawn_pictl(f, "burnin");
        for (guint32 n = 0; n == 0;) {
                g_autoptr(GVariant) metrics = test_metrics(f->client);
                g_assert_true(g_variant_lookup(metrics, "jobs_queued", "u", &n));
        }
        g_subprocess_send_signal(process, SIGINT);
        run = finish(process);
        g_assert_cmpint(run.status, ==, 130);
        g_assert_cmpstr(run.out, ==, "");
        g_assert_nonnull(strstr(run.err, "interrupted before the burn-in began"));
        g_assert_null(test_job_call(f->client, other, "Cancel"));
        wait_for_job(f, FALSE);
}

/* Somebody else ends the job: the report so far, and why it is short. */
static void cancelled(TestSession *f, gconstpointer data) {
        g_autoptr(GSubprocess) process = spawn_pictl(f, "burnin --duration=1h");
        g_auto(Run) run = {};

        wait_for_job(f, TRUE);
        g_assert_null(test_job_call(f->client, PI_JOB_PATH_PREFIX "/1", "Cancel"));
        run = finish(process);
        g_assert_cmpint(run.status, !=, 0);
        g_assert_nonnull(strstr(run.out, "interrupted, asked for 1h 0min"));
        g_assert_nonnull(strstr(run.out, " terms in "));
        g_assert_true(g_str_has_prefix(run.err, "pictl: "));
}

static void inject(TestSession *f, guint32 cpu, const char *kind, const char *key, const char *type,
                   ...) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
        va_list ap;

        g_assert_cmpint(sd_bus_message_new_method_call(f->client, &m, PI_BUS_NAME, PI_OBJECT_PATH,
                                                       PI_INTERFACE_MANAGER, "InjectFault"), >=, 0);
        g_assert_cmpint(sd_bus_message_append(m, "u", cpu), >=, 0);
        g_assert_cmpint(sd_bus_message_open_container(m, 'a', "{sv}"), >=, 0);
        g_assert_cmpint(sd_bus_message_append(m, "{sv}", "kind", "s", kind), >=, 0);
        g_assert_cmpint(sd_bus_message_open_container(m, 'e', "sv"), >=, 0);
        g_assert_cmpint(sd_bus_message_append(m, "s", key), >=, 0);
        g_assert_cmpint(sd_bus_message_open_container(m, 'v', type), >=, 0);
        va_start(ap, type);
        g_assert_cmpint(sd_bus_message_appendv(m, type, ap), >=, 0);
        va_end(ap);
        g_assert_cmpint(sd_bus_message_close_container(m), >=, 0);
        g_assert_cmpint(sd_bus_message_close_container(m), >=, 0);
        g_assert_cmpint(sd_bus_message_close_container(m), >=, 0);
        g_assert_cmpint(sd_bus_call(f->client, m, 0, NULL, NULL), >=, 0);
}

/* Two CPUs are needed to tell a bad one; the numbers of both workers'. */
static gboolean two_cpus(TestSession *f, guint32 *first, guint32 *second) {
        *first = cpu_of_worker(f, 0);
        *second = cpu_of_worker(f, 1);
        if (*first != *second)
                return TRUE;
        g_test_skip("this machine has one CPU");
        return FALSE;
}

/* Wrong now and then is wrong: once, and right at once again. */
static void transient(TestSession *f, gconstpointer data) {
        guint32 good, bad;

        if (!two_cpus(f, &good, &bad))
                return;
        inject(f, bad, "flip", "count", "u", 1);
        {
                g_auto(Run) run = pictl(f, "burnin --duration=1s --json=short");

                g_assert_cmpint(run.status, ==, 4);
                g_assert_true(names_cpu(&run, "failed_cpus", bad));
                g_assert_false(names_cpu(&run, "failed_cpus", good));
                g_assert_cmpuint(number(core_of(&run, bad), "faults"), ==, 1);
                g_assert_cmpuint(json_array_get_length(json_object_get_array_member(
                                                 root_of(&run), "faults")), ==, 1);
        }
        { /* The fault is over, and an old one is not this burn-in's. */
                g_auto(Run) run = pictl(f, "burnin --duration=1s --json=short");

                g_assert_cmpint(run.status, ==, 0);
                g_assert_cmpuint(number(summary_of(&run), "faults"), ==, 0);
        }
}

/* Always wrong: judged by the other, taken out of service, and the burn-in goes on without it. */
static void broken(TestSession *f, gconstpointer data) {
        guint32 good, bad;

        if (!two_cpus(f, &good, &bad))
                return;
        inject(f, bad, "flip", "count", "u", 0);
        {
                g_auto(Run) run = pictl(f, "burnin --duration=3s --json=short");
                JsonObject *core = core_of(&run, bad);

                g_assert_cmpint(run.status, ==, 4);
                g_assert_cmpstr(json_object_get_string_member(core, "state"), ==,
                                "out-of-service");
                g_assert_cmpstr(json_object_get_string_member(core, "note"), ==,
                                "gave a wrong sum: out of service");
                g_assert_true(names_cpu(&run, "failed_cpus", bad));
                g_assert_false(names_cpu(&run, "failed_cpus", good));
                g_assert_cmpuint(number(summary_of(&run), "jobs_failed"), ==, 0);
        }
        { /* Still out: it is not to be overlooked. */
                g_auto(Run) run = pictl(f, "burnin --duration=1s");

                g_assert_cmpint(run.status, ==, 4);
                g_assert_nonnull(strstr(run.out, "out of service"));
        }
}

/* Nobody has it right: the jobs fail, and the burn-in goes on until its time is over. */
static void all_broken(TestSession *f, gconstpointer data) {
        inject(f, cpu_of_worker(f, 0), "flip", "count", "u", 0);
        inject(f, cpu_of_worker(f, 1), "flip", "count", "u", 0);
        {
                g_auto(Run) run = pictl(f, "burnin --duration=3s --json=short");

                g_assert_cmpint(run.status, ==, 4);
                g_assert_cmpuint(number(summary_of(&run), "jobs_failed"), >=, 1);
                g_assert_cmpuint(number(summary_of(&run), "cores_passed"), ==, 0);
                g_assert_cmpuint(number(root_of(&run), "duration_usec"), >=, 2999000);
        }
        g_assert_false(has_job(f));
}

/* Half the speed is more than any noise, given time. */
static void slow(TestSession *f, gconstpointer data) {
        guint32 good, bad;
        gboolean found = FALSE;

        if (!two_cpus(f, &good, &bad))
                return;
        inject(f, bad, "slow", "factor", "d", 2.0);
        for (guint seconds = 1; seconds <= 16 && !found; seconds *= 2) {
                g_autofree char *words = g_strdup_printf("burnin --duration=%us --json=short",
                                                         seconds);
                g_auto(Run) run = pictl(f, words);

                g_assert_cmpint(run.status, ==, 0);
                found = names_cpu(&run, "slow_cpus", bad) && !names_cpu(&run, "slow_cpus", good) &&
                        strstr(run.out, "under the median");
        }
        g_assert_true(found);
}

static void refused(TestSession *f, gconstpointer data) {
        static const struct {
                const char *words, *says;
        } cases[] = {
                { "burnin --duration=0", "from 1s to 30d" },
                { "burnin --duration=999ms", "from 1s to 30d" },
                { "burnin --duration=31d", "from 1s to 30d" },
                { "burnin --duration=soon", "'soon'" },
                { "burnin --cpus=3", "0 to 2" },
                { "burnin --kernel=quantum", "quantum" },
                { "burnin --label=x", "--label" },
                { "burnin 1e9", "1e9" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_auto(Run) run = pictl(f, cases[i].words);

                g_assert_cmpint(run.status, ==, 2);
                g_assert_cmpstr(run.out, ==, "");
                g_assert_nonnull(strstr(run.err, cases[i].says));
        }
        g_assert_false(has_job(f));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, function) \
        g_test_add(path, TestSession, NULL, set_up, function, test_session_tear_down)
        TEST("/burnin/passes", passes);
        TEST("/burnin/json", json);
        TEST("/burnin/one-slot", one_slot);
        TEST("/burnin/interrupted", interrupted);
        TEST("/burnin/killed", killed);
        TEST("/burnin/queued", queued);
        TEST("/burnin/interrupted-in-the-queue", interrupted_in_the_queue);
        TEST("/burnin/cancelled", cancelled);
        TEST("/burnin/refused", refused);
        TEST("/burnin/transient", transient);
        TEST("/burnin/broken", broken);
        TEST("/burnin/all-broken", all_broken);
        TEST("/burnin/slow", slow);
        return g_test_run();
}
