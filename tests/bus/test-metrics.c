/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/bus/harness.h"

/* What the service says the kernel counts, against what the test reads there: before and after it
 * asks, so that the figure has to lie between. */

#define ENDLESS UINT64_C(10000000000000000)
/* More than the time for which the service keeps a reading. */
#define STALE_USEC 150000
/* Resident memory is read while it moves. */
#define RSS_SLACK (UINT64_C(4) << 20)

/* The number behind a key in a file; without a key, the only one there. */
static gboolean look(const char *path, const char *key, uint64_t *ret) {
        g_autofree char *text = NULL, *wanted = key ? g_strdup_printf("\n%s", key) : NULL;
        g_autofree char *lines = NULL;
        const char *at, *end;

        if (!g_file_get_contents(path, &text, NULL, NULL))
                return FALSE;
        lines = g_strdup_printf("\n%s", text);
        at = key ? strstr(lines, wanted) : lines;
        if (!at)
                return FALSE;
        at += key ? strlen(wanted) : 1;
        at += strspn(at, ": \t");
        *ret = g_ascii_strtoull(at, (char **) &end, 10);
        return end > at;
}

static uint64_t must_look(const char *path, const char *key) {
        uint64_t value;

        if (!look(path, key, &value))
                g_error("no %s in %s", key ? key : "number", path);
        return value;
}

static char *proc_path(TestSession *f, const char *name) {
        return g_strdup_printf("/proc/%s/%s", g_subprocess_get_identifier(f->bus->daemon), name);
}

static void assert_between(const char *what, uint64_t before, uint64_t value, uint64_t after) {
        g_test_message("%s: %" G_GUINT64_FORMAT " <= %" G_GUINT64_FORMAT " <= %" G_GUINT64_FORMAT,
                       what, before, value, after);
        g_assert_cmpuint(before, <=, value);
        g_assert_cmpuint(value, <=, after);
}

static void assert_absent(GVariant *metrics, const char *key) {
        g_autoptr(GVariant) value = g_variant_lookup_value(metrics, key, NULL);

        if (value)
                g_error("%s is there, but the machine has no such thing", key);
}

/* CPU time of the process, user and system: whole clock ticks of each, rounded down. */
static uint64_t process_ticks(TestSession *f) {
        g_autofree char *path = proc_path(f, "stat"), *text = NULL;
        g_auto(GStrv) words = NULL;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        /* Behind the name, which may hold anything, begins the third field. */
        words = g_strsplit(strrchr(text, ')') + 2, " ", -1);
        return g_ascii_strtoull(words[14 - 3], NULL, 10) +
               g_ascii_strtoull(words[15 - 3], NULL, 10);
}

static uint64_t children_usec(void) {
        struct rusage u;

        g_assert_no_errno(getrusage(RUSAGE_CHILDREN, &u));
        return (uint64_t) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * G_USEC_PER_SEC +
               (uint64_t) (u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void process_cpu(TestSession *f, gconstpointer data) {
        uint64_t tick_usec = (uint64_t) (G_USEC_PER_SEC / sysconf(_SC_CLK_TCK));
        uint64_t before, after, children, used = 0;

        g_assert_null(test_compute(f->client, 2000000000, NULL, NULL, NULL));
        for (int i = 0; i < 5; i++) {
                g_autoptr(GVariant) metrics = NULL;

                before = process_ticks(f);
                metrics = test_metrics(f->client);
                after = process_ticks(f);
                used = test_lookup_u64(metrics, "process_cpu_usec");
                /* Two numbers were rounded down. */
                assert_between("process_cpu_usec", before * tick_usec, used,
                               (after + 2) * tick_usec);
                g_assert_cmpuint(test_lookup_u64(metrics, "jobs_cpu_usec"), <=, used);
        }
        g_assert_cmpuint(used, >, 0);
        /* What the kernel charges for the whole life of the process is at least that. */
        children = children_usec();
        test_daemon_stop(f->bus);
        assert_between("getrusage", used, children_usec() - children, G_MAXUINT64);
}

/* The CPU clocks of the workers against what the scheduler says of the threads. */
static void threads_cpu(TestSession *f, gconstpointer data) {
        g_autofree char *tasks = proc_path(f, "task");
        g_autoptr(GVariant) metrics = NULL, cores = NULL;
        g_autoptr(GDir) dir = NULL;
        uint64_t busy = 0, threads = 0;
        const char *name;

        g_assert_null(test_compute(f->client, 2000000000, NULL, NULL, NULL));
        metrics = test_metrics(f->client);
        cores = g_variant_lookup_value(metrics, "cores", G_VARIANT_TYPE("aa{sv}"));
        g_assert_cmpuint(g_variant_n_children(cores), ==, 2);
        for (gsize i = 0; i < 2; i++) {
                g_autoptr(GVariant) core = g_variant_get_child_value(cores, i);
                uint64_t usec = test_lookup_u64(core, "busy_usec");

                g_assert_cmpuint(usec, >, 0);
                busy += usec;
        }
        dir = g_dir_open(tasks, 0, NULL);
        g_assert_nonnull(dir);
        while ((name = g_dir_read_name(dir))) {
                g_autofree char *path = g_build_filename(tasks, name, "schedstat", NULL);
                uint64_t nsec;

                if (!look(path, NULL, &nsec)) {
                        g_test_skip("this kernel has no schedstat");
                        return;
                }
                threads += nsec / 1000;
        }
        /* Each core's was rounded down. */
        assert_between("busy_usec", test_lookup_u64(metrics, "jobs_cpu_usec"), busy + 2,
                       threads + 2);
}

static void memory(TestSession *f, gconstpointer data) {
        g_autofree char *status = proc_path(f, "status"), *statm = proc_path(f, "statm");
        g_autoptr(GVariant) metrics = NULL;
        g_autofree char *text = NULL;
        uint64_t rss_before, peak_before, rss, machine, pages;

        g_assert_null(test_compute(f->client, 1000000, "{'parts': <uint64 1000>}", NULL, NULL));
        rss_before = must_look(status, "VmRSS") * 1024;
        peak_before = must_look(status, "VmHWM") * 1024;
        g_usleep(STALE_USEC);
        metrics = test_metrics(f->client);
        rss = test_lookup_u64(metrics, "memory_rss_bytes");
        g_assert_true(g_file_get_contents(statm, &text, NULL, NULL));
        pages = g_ascii_strtoull(strchr(text, ' ') + 1, NULL, 10);

        assert_between("memory_rss_bytes", rss_before - MIN(rss_before, RSS_SLACK), rss,
                       must_look(status, "VmRSS") * 1024 + RSS_SLACK);
        assert_between("statm", rss - MIN(rss, RSS_SLACK),
                       pages * (uint64_t) sysconf(_SC_PAGESIZE), rss + RSS_SLACK);
        assert_between("memory_rss_peak_bytes", peak_before,
                       test_lookup_u64(metrics, "memory_rss_peak_bytes"),
                       must_look(status, "VmHWM") * 1024);
        machine = test_lookup_u64(metrics, "machine_memory_bytes");
        g_assert_cmpuint(machine, ==, must_look("/proc/meminfo", "MemTotal") * 1024);
        g_assert_cmpfloat(test_lookup_double(metrics, "memory_machine_share"), ==,
                          (double) rss / (double) machine);
}

/* Ticks of the machine or of a CPU, by what they were spent on. */
typedef struct Ticks {
        double busy, steal, idle;
} Ticks;

typedef struct Look {
        Ticks machine, cpu;
        uint64_t process;
        int64_t usec;
} Look;

static Ticks read_ticks(const char *name) {
        g_autofree char *text = NULL, *wanted = g_strdup_printf("%s ", name);
        uint64_t t[8] = { 0 };
        const char *line;

        g_assert_true(g_file_get_contents("/proc/stat", &text, NULL, NULL));
        line = strstr(text, wanted);
        g_assert_nonnull(line);
        line += strlen(wanted);
        for (size_t i = 0; i < G_N_ELEMENTS(t); i++)
                t[i] = g_ascii_strtoull(line, (char **) &line, 10);
        /* user nice system idle iowait irq softirq steal */
        return (Ticks) { (double) (t[0] + t[1] + t[2] + t[5] + t[6]), (double) t[7],
                         (double) (t[3] + t[4]) };
}

static Look look_at(TestSession *f, const char *cpu) {
        return (Look) { read_ticks("cpu"), read_ticks(cpu), process_ticks(f),
                        g_get_monotonic_time() };
}

/* The bounds of part / all when each grew by at least `least` and at most `most`. A tick or two of
 * each may be on the other side of the reading: idle times are no exact counters. */
static void assert_share(const char *what, double value, double least, double most,
                         double all_least, double all_most, double slack) {
        double low = MAX(0, least - slack) / (all_most + slack);
        double high = all_least > slack ? MIN(1, (most + slack) / (all_least - slack)) : 1;

        g_test_message("%s: %.4f <= %.4f <= %.4f", what, low, value, high);
        g_assert_cmpfloat(value, >=, low - 1e-9);
        g_assert_cmpfloat(value, <=, high + 1e-9);
}

static double all_of(Ticks t) {
        return t.busy + t.steal + t.idle;
}

/* The service read once between `a0` and `a1`, and once between `b0` and `b1`. */
static void assert_shares(GVariant *dict, const char *prefix, Ticks a0, Ticks a1, Ticks b0,
                          Ticks b1, double slack) {
        double all_least = all_of(b0) - all_of(a1), all_most = all_of(b1) - all_of(a0);

        g_test_message("%s", prefix);
        assert_share("machine_cpu_utilization",
                     test_lookup_double(dict, "machine_cpu_utilization"), b0.busy - a1.busy,
                     b1.busy - a0.busy, all_least, all_most, slack);
        assert_share("machine_cpu_steal", test_lookup_double(dict, "machine_cpu_steal"),
                     b0.steal - a1.steal, b1.steal - a0.steal, all_least, all_most, slack);
}

static void machine_cpu(TestSession *f, gconstpointer data) {
        g_autoptr(GVariant) first = NULL, metrics = NULL, cores = NULL, core = NULL;
        double n = (double) sysconf(_SC_NPROCESSORS_ONLN);
        double tick = 1e6 / (double) sysconf(_SC_CLK_TCK);
        g_autofree char *path = NULL, *cpu = NULL;
        Look a0, a1, b0, b1;

        first = test_metrics(f->client);
        cores = g_variant_lookup_value(first, "cores", G_VARIANT_TYPE("aa{sv}"));
        core = g_variant_get_child_value(cores, 0);
        cpu = g_strdup_printf("cpu%u", test_lookup_u32(core, "cpu"));
        g_clear_pointer(&first, g_variant_unref);
        g_clear_pointer(&cores, g_variant_unref);
        g_clear_pointer(&core, g_variant_unref);

        g_usleep(STALE_USEC);
        a0 = look_at(f, cpu);
        first = test_metrics(f->client);
        a1 = look_at(f, cpu);
        g_assert_null(test_submit(f->client, ENDLESS, "{'cpus': <uint32 1>}", &path));
        g_usleep(5 * STALE_USEC);
        b0 = look_at(f, cpu);
        metrics = test_metrics(f->client);
        b1 = look_at(f, cpu);
        g_assert_null(test_job_call(f->client, path, "Cancel"));

        g_assert_cmpfloat(test_lookup_u32(metrics, "machine_cpus"), ==, n);
        assert_between("machine_cpu_interval_usec", (uint64_t) (b0.usec - a1.usec),
                       test_lookup_u64(metrics, "machine_cpu_interval_usec"),
                       (uint64_t) (b1.usec - a0.usec));
        assert_shares(metrics, "machine", a0.machine, a1.machine, b0.machine, b1.machine, 2 * n);
        cores = g_variant_lookup_value(metrics, "cores", G_VARIANT_TYPE("aa{sv}"));
        core = g_variant_get_child_value(cores, 0);
        assert_shares(core, cpu, a0.cpu, a1.cpu, b0.cpu, b1.cpu, 2);
        assert_share("process_cpu_utilization",
                     test_lookup_double(metrics, "process_cpu_utilization"),
                     (double) b0.process - (double) a1.process,
                     (double) b1.process - (double) a0.process,
                     (double) (b0.usec - a1.usec) * n / tick,
                     (double) (b1.usec - a0.usec) * n / tick, 2);
        /* One of the workers was busy all the time. */
        g_assert_cmpuint(b0.process, >, a1.process);
}

typedef struct Pressure {
        double avg10, avg60;
        uint64_t total;
} Pressure;

static gboolean read_pressure(const char *path, Pressure *ret) {
        g_autofree char *text = NULL;

        if (!g_file_get_contents(path, &text, NULL, NULL) || !g_str_has_prefix(text, "some "))
                return FALSE;
        ret->avg10 = g_ascii_strtod(strstr(text, "avg10=") + strlen("avg10="), NULL);
        ret->avg60 = g_ascii_strtod(strstr(text, "avg60=") + strlen("avg60="), NULL);
        ret->total = g_ascii_strtoull(strstr(text, "total=") + strlen("total="), NULL, 10);
        return TRUE;
}

/* The averages, which the kernel computes every 2 s, are those of before or of after. */
static void assert_average(double value, double before, double after) {
        g_assert_true(fabs(value - before / 100) < 1e-9 || fabs(value - after / 100) < 1e-9);
}

static void assert_pressure(TestSession *f, const char *path, const char *prefix) {
        g_autofree char *avg10 = g_strconcat(prefix, "_10s", NULL);
        g_autofree char *avg60 = g_strconcat(prefix, "_60s", NULL);
        g_autofree char *total = g_strconcat(prefix, "_usec", NULL);
        g_autoptr(GVariant) metrics = NULL;
        Pressure before, after;

        g_usleep(STALE_USEC);
        if (!read_pressure(path, &before)) {
                metrics = test_metrics(f->client);
                assert_absent(metrics, avg10);
                assert_absent(metrics, total);
                return;
        }
        metrics = test_metrics(f->client);
        g_assert_true(read_pressure(path, &after));
        assert_between(total, before.total, test_lookup_u64(metrics, total), after.total);
        assert_average(test_lookup_double(metrics, avg10), before.avg10, after.avg10);
        assert_average(test_lookup_double(metrics, avg60), before.avg60, after.avg60);
}

static void pressure(TestSession *f, gconstpointer data) {
        assert_pressure(f, "/proc/pressure/cpu", "machine_cpu_pressure");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, function) \
        g_test_add(path, TestSession, NULL, test_session_set_up, function, test_session_tear_down)
        TEST("/metrics/process-cpu", process_cpu);
        TEST("/metrics/threads-cpu", threads_cpu);
        TEST("/metrics/memory", memory);
        TEST("/metrics/machine-cpu", machine_cpu);
        TEST("/metrics/pressure", pressure);
        return g_test_run();
}
