/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bus/harness.h"

/* The service in control groups that the test made for it, with a CPU quota, against what the files
 * of these groups say. Needs a machine that lets the test make groups. */

#define ROOT "/sys/fs/cgroup"
#define ENDLESS UINT64_C(10000000000000000)
/* More than the time for which the service keeps a reading. */
#define STALE_USEC 150000

/* A group in each hierarchy there is; NULL where there is none. */
typedef struct Groups {
        char *name;
        char *unified, *cpu, *cpuacct, *memory; /* directories */
        gboolean quota_v2, memory_v2;
} Groups;

/* Makes the group if the hierarchy is mounted and may be written. */
static char *make_group(const char *mount, const char *name) {
        g_autofree char *procs = g_build_filename(mount, "cgroup.procs", NULL);
        g_autofree char *dir = g_build_filename(mount, name, NULL);

        if (access(procs, F_OK) < 0 || g_mkdir(dir, 0755) < 0)
                return NULL;
        return g_steal_pointer(&dir);
}

static gboolean put(const char *dir, const char *file, const char *text) {
        g_autofree char *path = g_build_filename(dir, file, NULL);
        size_t length = strlen(text);
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        gboolean good = fd >= 0 && write(fd, text, length) == (ssize_t) length;

        if (fd >= 0)
                close(fd);
        return good;
}

static gboolean has(const char *dir, const char *file) {
        g_autofree char *path = dir ? g_build_filename(dir, file, NULL) : NULL;

        return path && access(path, F_OK) == 0;
}

static void make_groups(Groups *g) {
        g->name = g_strdup_printf("pi-test-%d", getpid());
        g->unified = make_group(ROOT, g->name);
        if (!g->unified)
                g->unified = make_group(ROOT "/unified", g->name);
        g->cpu = make_group(ROOT "/cpu", g->name);
        g->cpuacct = make_group(ROOT "/cpuacct", g->name);
        /* Often one hierarchy by two names. */
        if (!g->cpuacct && has(g->cpu, "cpuacct.usage"))
                g->cpuacct = g_strdup(g->cpu);
        g->memory = make_group(ROOT "/memory", g->name);
        g->quota_v2 = has(g->unified, "cpu.max");
        g->memory_v2 = has(g->unified, "memory.current");
}

static void remove_group(char *dir) {
        if (!dir)
                return;
        /* It may be busy for a moment after its last process. */
        while (g_rmdir(dir) < 0 && errno == EBUSY)
                g_usleep(10000);
        g_free(dir);
}

static void remove_groups(Groups *g) {
        remove_group(g->unified);
        remove_group(g->cpu);
        remove_group(g->cpuacct);
        remove_group(g->memory);
        g_free(g->name);
}

/* The service enters the groups itself, before it is the service. Called before there are threads,
 * as it changes the environment. */
static void enter_groups(const Groups *g) {
        g_autoptr(GString) line = g_string_new("sh -c '");
        const char *const dirs[] = { g->unified, g->cpu, g->cpuacct, g->memory };
        const char *wrapper = g_getenv("PI_DAEMON_WRAPPER");

        for (size_t i = 0; i < G_N_ELEMENTS(dirs); i++)
                if (dirs[i])
                        g_string_append_printf(line, "echo $$ >%s/cgroup.procs && ", dirs[i]);
        g_string_append_printf(line, "exec \"$0\" \"$@\"' %s", wrapper ? wrapper : "");
        g_setenv("PI_DAEMON_WRAPPER", line->str, TRUE);
}

static gboolean may_run(gboolean there) {
        if (there)
                return TRUE;
        g_test_skip("this machine lets the test make no control group of this kind");
        return FALSE;
}

/* The number behind a key of a file; without a key, the only one. */
static uint64_t look(const char *dir, const char *file, const char *key) {
        g_autofree char *path = g_build_filename(dir, file, NULL), *text = NULL;
        const char *at;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        at = key ? strstr(text, key) : text;
        g_assert_nonnull(at);
        return g_ascii_strtoull(at + (key ? strlen(key) : 0), NULL, 10);
}

/* What a figure has to lie between. */
typedef struct Source {
        const char *figure, *dir, *file, *key;
        uint64_t unit; /* of the file, in that of the figure */
        uint64_t before;
} Source;

static void assert_sources(TestSession *f, Source *sources, size_t n) {
        g_autoptr(GVariant) metrics = NULL;

        for (size_t i = 0; i < n; i++)
                sources[i].before = look(sources[i].dir, sources[i].file, sources[i].key);
        g_usleep(STALE_USEC);
        metrics = test_metrics(f->client);
        for (size_t i = 0; i < n; i++) {
                const Source *s = &sources[i];
                uint64_t value = test_lookup_u64(metrics, s->figure);
                uint64_t after = look(s->dir, s->file, s->key);

                g_test_message("%s: %" G_GUINT64_FORMAT " <= %" G_GUINT64_FORMAT
                               " <= %" G_GUINT64_FORMAT, s->figure, s->before / s->unit, value,
                               after / s->unit);
                g_assert_cmpuint(s->before / s->unit, <=, value);
                g_assert_cmpuint(value, <=, after / s->unit);
        }
}

static void assert_path(TestSession *f, const Groups *g, const char *key) {
        g_autoptr(GVariant) metrics = test_metrics(f->client);
        g_autofree char *path = test_lookup_string(metrics, key);
        g_autofree char *wanted = g_strdup_printf("/%s", g->name);

        g_assert_cmpstr(path, ==, wanted);
}

static void cpu(TestSession *f, gconstpointer data) {
        const Groups *g = data;
        Source v2 = { "cgroup_cpu_usec", g->unified, "cpu.stat", "usage_usec", 1, 0 };
        Source v1 = { "cgroup_cpu_usec", g->cpuacct, "cpuacct.usage", NULL, 1000, 0 };
        g_autofree char *path = NULL;

        if (!may_run(g->unified || g->cpuacct))
                return;
        g_assert_null(test_submit(f->client, ENDLESS, "{'cpus': <uint32 1>}", &path));
        test_wait_for_state(f->client, path, "running");
        assert_sources(f, has(g->unified, "cpu.stat") ? &v2 : &v1, 1);
        assert_path(f, g, "cgroup_cpu_path");
        g_assert_null(test_job_call(f->client, path, "Cancel"));
}

/* With a tenth of a CPU two busy workers are throttled before long. */
static void throttling(TestSession *f, gconstpointer data) {
        const Groups *g = data;
        const char *dir = g->quota_v2 ? g->unified : g->cpu;
        Source sources[] = {
                { "cgroup_cpu_periods", dir, "cpu.stat", "nr_periods", 1, 0 },
                { "cgroup_cpu_throttled_periods", dir, "cpu.stat", "nr_throttled", 1, 0 },
                { "cgroup_cpu_throttled_usec", dir, "cpu.stat",
                  g->quota_v2 ? "throttled_usec" : "throttled_time", g->quota_v2 ? 1 : 1000, 0 },
        };
        g_autofree char *path = NULL;

        if (!may_run(g->quota_v2 || has(g->cpu, "cpu.cfs_quota_us")))
                return;
        g_assert_null(test_submit(f->client, ENDLESS, NULL, &path));
        g_assert_true(g->quota_v2 ? put(dir, "cpu.max", "10000 100000")
                                  : put(dir, "cpu.cfs_quota_us", "10000"));
        while (look(dir, "cpu.stat", "nr_throttled") < 3)
                g_usleep(10000);
        assert_sources(f, sources, G_N_ELEMENTS(sources));
        g_assert_true(g->quota_v2 ? put(dir, "cpu.max", "max")
                                  : put(dir, "cpu.cfs_quota_us", "-1"));
        g_assert_null(test_job_call(f->client, path, "Cancel"));
}

static void pressure(TestSession *f, gconstpointer data) {
        const Groups *g = data;
        Source s = { "cgroup_cpu_pressure_usec", g->unified, "cpu.pressure", "total=", 1, 0 };

        if (!may_run(has(g->unified, "cpu.pressure")))
                return;
        g_assert_null(test_compute(f->client, 1000000000, NULL, NULL, NULL));
        assert_sources(f, &s, 1);
}

/* The kernel charges in lots, for each CPU its own. */
static void memory(TestSession *f, gconstpointer data) {
        const Groups *g = data;
        const char *dir = g->memory_v2 ? g->unified : g->memory;
        const char *now = g->memory_v2 ? "memory.current" : "memory.usage_in_bytes";
        const char *peak = g->memory_v2 ? "memory.peak" : "memory.max_usage_in_bytes";
        g_autoptr(GVariant) metrics = NULL;
        /* What it takes and gives back meanwhile. */
        uint64_t before, value, slack = UINT64_C(1) << (test_is_instrumented() ? 26 : 22);

        if (!may_run(dir && has(dir, now)))
                return;
        before = look(dir, now, NULL);
        g_usleep(STALE_USEC);
        metrics = test_metrics(f->client);
        value = test_lookup_u64(metrics, "cgroup_memory_bytes");
        g_test_message("memory: %" G_GUINT64_FORMAT ", %" G_GUINT64_FORMAT, before, value);
        g_assert_cmpuint(value, >, 0);
        g_assert_cmpuint(value, <=, before + slack);
        g_assert_cmpuint(before, <=, value + slack);
        assert_path(f, g, "cgroup_memory_path");
        if (has(dir, peak)) {
                Source s = { "cgroup_memory_peak_bytes", dir, peak, NULL, 1, 0 };
                assert_sources(f, &s, 1);
        }
}

int main(int argc, char *argv[]) {
        Groups groups = { 0 };
        int status;

        g_test_init(&argc, &argv, NULL);
        make_groups(&groups);
        enter_groups(&groups);
#define TEST(path, function)                                                                   \
        g_test_add(path, TestSession, &groups, test_session_set_up, function,                 \
                   test_session_tear_down)
        TEST("/metrics-cgroup/cpu", cpu);
        TEST("/metrics-cgroup/throttling", throttling);
        TEST("/metrics-cgroup/pressure", pressure);
        TEST("/metrics-cgroup/memory", memory);
        status = g_test_run();
        remove_groups(&groups);
        return status;
}
