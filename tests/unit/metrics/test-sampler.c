/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/sampler.h"
#include "tests/unit/metrics/tree.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define T0 ((int64_t) 1000000)
#define GROUP "/pi.slice/pi.service"

/* A machine, and what a sampler started on it says at once. */
typedef struct Fixture {
        Tree tree;
        PiSampler *sampler;
} Fixture;

static void set_up(Fixture *f, gconstpointer unused) {
        tree_init(&f->tree);
}

static void tear_down(Fixture *f, gconstpointer unused) {
        pi_sampler_free(f->sampler);
        tree_clear(&f->tree);
}

static const PiSample *sample_once(Fixture *f) {
        pi_sampler_free(f->sampler);
        f->sampler = pi_sampler_new(f->tree.root, T0);
        return pi_sampler_read(f->sampler, T0 + 1);
}

static void assert_no_cgroup(const PiSample *s) {
        g_assert_false(s->has_cgroup_cpu);
        g_assert_null(s->cgroup_cpu_path);
        g_assert_false(s->has_cgroup_throttling);
        g_assert_false(s->has_cgroup_pressure);
        g_assert_false(s->has_cgroup_memory);
        g_assert_null(s->cgroup_memory_path);
        g_assert_false(s->has_cgroup_memory_peak);
}

static void test_proc(Fixture *f, gconstpointer unused) {
        tree_add_proc(&f->tree);

        const PiSample *s = sample_once(f);
        g_assert_cmpuint(s->machine_cpus, ==, 2);
        g_assert_cmpuint(s->rss_bytes, ==, 1 << 20);
        g_assert_cmpuint(s->rss_peak_bytes, ==, 2 << 20);
        g_assert_cmpuint(s->machine_memory_bytes, ==, 1 << 30);
        g_assert_true(s->has_machine_pressure);
        g_assert_cmpfloat(s->machine_pressure_10s, ==, 0.5);
        g_assert_cmpfloat(s->machine_pressure_60s, ==, 0.25);
        g_assert_cmpuint(s->machine_pressure_usec, ==, 700);
        g_assert_cmpuint(s->process_cpu_usec, >, 0);
        assert_no_cgroup(s);
}

static void test_v2(Fixture *f, gconstpointer unused) {
        tree_add_proc(&f->tree);
        tree_add_v2(&f->tree);

        const PiSample *s = sample_once(f);
        g_assert_cmpstr(s->cgroup_cpu_path, ==, GROUP);
        g_assert_cmpuint(s->cgroup_cpu_usec, ==, 5000000);
        g_assert_true(s->has_cgroup_throttling);
        g_assert_cmpuint(s->cgroup_periods, ==, 100);
        g_assert_cmpuint(s->cgroup_throttled_periods, ==, 7);
        g_assert_cmpuint(s->cgroup_throttled_usec, ==, 123456);
        g_assert_true(s->has_cgroup_pressure);
        g_assert_cmpfloat(s->cgroup_pressure_10s, ==, 0.1);
        g_assert_cmpuint(s->cgroup_pressure_usec, ==, 300);
        g_assert_cmpstr(s->cgroup_memory_path, ==, GROUP);
        g_assert_cmpuint(s->cgroup_memory_bytes, ==, 3000000);
        g_assert_true(s->has_cgroup_memory_peak);
        g_assert_cmpuint(s->cgroup_memory_peak_bytes, ==, 4000000);
}

/* Linux before 5.19 has no memory.peak, one without a quota nothing to say about throttling, and
 * one without PSI no pressure: what is there is still given. */
static void test_v2_with_less(Fixture *f, gconstpointer unused) {
        tree_add_v2(&f->tree);
        tree_remove(&f->tree, "/sys/fs/cgroup" GROUP "/memory.peak");
        tree_remove(&f->tree, "/sys/fs/cgroup" GROUP "/cpu.pressure");
        tree_write(&f->tree, "/sys/fs/cgroup" GROUP "/cpu.stat",
                   "usage_usec 5000000\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0\n");

        const PiSample *s = sample_once(f);
        g_assert_true(s->has_cgroup_cpu);
        g_assert_false(s->has_cgroup_throttling);
        g_assert_false(s->has_cgroup_pressure);
        g_assert_true(s->has_cgroup_memory);
        g_assert_false(s->has_cgroup_memory_peak);
        g_assert_false(s->has_machine_cpus);
        g_assert_false(s->has_machine_cpu);
        g_assert_false(s->has_rss);
        g_assert_false(s->has_machine_memory);
        g_assert_false(s->has_machine_pressure);
}

static void test_v1(Fixture *f, gconstpointer unused) {
        tree_add_v1(&f->tree);

        const PiSample *s = sample_once(f);
        g_assert_cmpstr(s->cgroup_cpu_path, ==, GROUP);
        g_assert_cmpuint(s->cgroup_cpu_usec, ==, 6000000);
        g_assert_true(s->has_cgroup_throttling);
        g_assert_cmpuint(s->cgroup_throttled_usec, ==, 456789);
        g_assert_false(s->has_cgroup_pressure);
        g_assert_cmpuint(s->cgroup_memory_bytes, ==, 5000000);
        g_assert_cmpuint(s->cgroup_memory_peak_bytes, ==, 6000000);
}

/* v2 accounts CPU time and pressure without any controller; quota and memory are v1's. */
static void test_hybrid(Fixture *f, gconstpointer unused) {
        tree_add_hybrid(&f->tree);

        const PiSample *s = sample_once(f);
        g_assert_cmpuint(s->cgroup_cpu_usec, ==, 7000000);
        g_assert_true(s->has_cgroup_throttling);
        g_assert_cmpuint(s->cgroup_throttled_periods, ==, 3);
        g_assert_true(s->has_cgroup_pressure);
        g_assert_cmpuint(s->cgroup_memory_bytes, ==, 5000000);
}

/* cpu and cpuacct mounted apart, the process in the root of both and of v2, memory in a group. */
static void test_hybrid_in_root(Fixture *f, gconstpointer unused) {
        tree_write(&f->tree, "/proc/self/cgroup", "4:memory:/box\n2:cpuacct:/\n1:cpu:/\n0::/\n");
        tree_write(&f->tree, "/sys/fs/cgroup/unified/cpu.stat", "usage_usec 999999\n");
        tree_write(&f->tree, "/sys/fs/cgroup/cpuacct/cpuacct.usage", "99999999\n");
        tree_write(&f->tree, "/sys/fs/cgroup/cpuacct/release_agent", "\n");
        tree_write(&f->tree, "/sys/fs/cgroup/cpu/release_agent", "\n");
        tree_write(&f->tree, "/sys/fs/cgroup/cpu/cpu.stat",
                   "nr_periods 9\nnr_throttled 9\nthrottled_time 9\n");
        tree_write(&f->tree, "/sys/fs/cgroup/memory/box/memory.usage_in_bytes", "77\n");

        const PiSample *s = sample_once(f);
        g_assert_false(s->has_cgroup_cpu);
        g_assert_false(s->has_cgroup_throttling);
        g_assert_cmpuint(s->cgroup_memory_bytes, ==, 77);
        g_assert_false(s->has_cgroup_memory_peak);
}

static void test_v2_in_root(Fixture *f, gconstpointer unused) {
        tree_add_v2(&f->tree);
        tree_write(&f->tree, "/proc/self/cgroup", "0::/\n");

        const PiSample *s = sample_once(f);
        assert_no_cgroup(s);
}

/* "/" is the root of a namespace: a group like any other. */
static void test_container(void) {
        static const char *const seen_as[] = { "0::/\n", "0::/docker/0123456789abcdef\n" };

        for (size_t i = 0; i < G_N_ELEMENTS(seen_as); i++) {
                Fixture f = { 0 };

                set_up(&f, NULL);
                tree_add_v2(&f.tree);
                tree_write(&f.tree, "/proc/self/cgroup", seen_as[i]);
                tree_write(&f.tree, "/sys/fs/cgroup/cgroup.type", "domain\n");
                tree_write(&f.tree, "/sys/fs/cgroup/memory.current", "123\n");
                const PiSample *s = sample_once(&f);
                g_assert_cmpstr(s->cgroup_cpu_path, ==, "/");
                g_assert_cmpuint(s->cgroup_cpu_usec, ==, 999999999);
                g_assert_cmpuint(s->cgroup_memory_bytes, ==, 123);
                tear_down(&f, NULL);
        }
}

static void test_nothing_there(Fixture *f, gconstpointer unused) {
        const PiSample *s = sample_once(f);
        assert_no_cgroup(s);
        g_assert_cmpuint(s->process_cpu_usec, >, 0);

        tree_write(&f->tree, "/proc/self/cgroup", "0::/a\n1:memory:/a\n2:cpu,cpuacct:/a\n");
        assert_no_cgroup(sample_once(f));
}

static void test_garbage(void) {
        static const char *const files[] = {
                "/proc/stat", "/proc/self/status", "/proc/meminfo", "/proc/pressure/cpu",
                "/sys/fs/cgroup" GROUP "/cpu.stat", "/sys/fs/cgroup" GROUP "/cpu.pressure",
                "/sys/fs/cgroup" GROUP "/memory.current",
        };
        g_autofree char *huge = g_strnfill(200000, '7');
        const char *const contents[] = { "", huge, "usage_usec\n" };

        for (size_t round = 0; round < G_N_ELEMENTS(contents); round++) {
                Fixture f = { 0 };

                set_up(&f, NULL);
                tree_add_proc(&f.tree);
                tree_add_v2(&f.tree);
                for (size_t i = 0; i < G_N_ELEMENTS(files); i++)
                        tree_write(&f.tree, files[i], contents[round]);
                const PiSample *s = sample_once(&f);
                assert_no_cgroup(s);
                g_assert_false(s->has_machine_cpus);
                g_assert_false(s->has_machine_memory);
                g_assert_false(s->has_machine_pressure);
                g_assert_false(s->has_rss);
                tear_down(&f, NULL);
        }
}

/* A pipe nobody writes to must not stop us, nor a directory where a file should be. */
static void test_not_files(Fixture *f, gconstpointer unused) {
        tree_add_proc(&f->tree);
        tree_remove(&f->tree, "/proc/meminfo");
        tree_remove(&f->tree, "/proc/self/status");
        g_autofree char *pipe_path = g_strconcat(f->tree.root, "/proc/meminfo", NULL);
        g_autofree char *directory = g_strconcat(f->tree.root, "/proc/self/status", NULL);
        g_assert_cmpint(mkfifo(pipe_path, 0600), ==, 0);
        g_assert_cmpint(mkdir(directory, 0700), ==, 0);

        const PiSample *s = sample_once(f);
        g_assert_false(s->has_machine_memory);
        g_assert_false(s->has_rss);
        g_assert_true(s->has_machine_cpus);
}

/* /proc/stat of a machine with many interrupts is cut at our limit, after the CPUs. */
static void test_long_stat(Fixture *f, gconstpointer unused) {
        g_autoptr(GString) stat = g_string_new("cpu 20 0 0 20\ncpu0 20 0 0 20\nintr 1");

        while (stat->len < 100000)
                g_string_append(stat, " 0");
        g_string_append(stat, "\nctxt 5\n");
        tree_write(&f->tree, "/proc/stat", stat->str);
        g_assert_false(sample_once(f)->has_machine_cpu);

        tree_write(&f->tree, "/proc/stat", "cpu 30 0 0 30\ncpu0 30 0 0 30\nintr 1\n");
        const PiSample *s = pi_sampler_read(f->sampler, T0 + G_USEC_PER_SEC);
        g_assert_true(s->has_machine_cpu);
        g_assert_cmpfloat(s->machine_cpu_utilization, ==, 0.5);
        g_assert_cmpuint(s->n_cpus, ==, 0); /* the first reading had no list */
}

static void test_cpu_shares(Fixture *f, gconstpointer unused) {
        const int64_t step = PI_SAMPLER_INTERVAL_MIN_USEC;

        tree_write_stat(&f->tree, 1000, 5000, 20);
        const PiSample *s = sample_once(f);
        g_assert_true(s->has_machine_cpus);
        tree_write_stat(&f->tree, 1060, 5030, 30);
        s = pi_sampler_read(f->sampler, T0 + step - 1);
        g_assert_false(s->has_machine_cpu);
        s = pi_sampler_read(f->sampler, T0 + step);
        g_assert_true(s->has_machine_cpu);
        g_assert_cmpuint(s->machine_cpu_interval_usec, ==, step);
        g_assert_cmpfloat_with_epsilon(s->machine_cpu_utilization, 0.6, 1e-9);
        g_assert_true(s->has_machine_cpu_steal);
        g_assert_cmpfloat_with_epsilon(s->machine_cpu_steal, 0.1, 1e-9);
        g_assert_true(s->has_process_cpu_utilization);
        g_assert_cmpfloat(s->process_cpu_utilization, >=, 0);
        g_assert_cmpfloat(s->process_cpu_utilization, <=, 1);
        g_assert_cmpuint(s->n_cpus, ==, 2);
        g_assert_cmpuint(s->cpus[1].cpu, ==, 1);
        g_assert_cmpfloat_with_epsilon(s->cpus[1].utilization, 0.6, 1e-9);

        /* Asked again at once the figures of then stand. */
        tree_write_stat(&f->tree, 1160, 5030, 30);
        s = pi_sampler_read(f->sampler, T0 + step + 5);
        g_assert_cmpfloat_with_epsilon(s->machine_cpu_utilization, 0.6, 1e-9);
        s = pi_sampler_read(f->sampler, T0 + 3 * step);
        g_assert_cmpfloat_with_epsilon(s->machine_cpu_utilization, 1, 1e-9);
        g_assert_cmpfloat_with_epsilon(s->machine_cpu_steal, 0, 1e-9);
        g_assert_cmpuint(s->machine_cpu_interval_usec, ==, 2 * step);

        /* No tick in between, then no file: nothing to tell. */
        g_assert_false(pi_sampler_read(f->sampler, T0 + 5 * step)->has_machine_cpu);
        tree_remove(&f->tree, "/proc/stat");
        s = pi_sampler_read(f->sampler, T0 + 7 * step);
        g_assert_false(s->has_machine_cpu);
        g_assert_false(s->has_machine_cpus);
}

static void test_cpus_come_and_go(Fixture *f, gconstpointer unused) {
        tree_write(&f->tree, "/proc/stat",
                   "cpu 30 0 0 30 0\ncpu0 10 0 0 10 0\ncpu1 10 0 0 10 0\ncpu2 10 0 0 10 0\nintr\n");
        g_assert_cmpuint(sample_once(f)->machine_cpus, ==, 3);
        tree_write(&f->tree, "/proc/stat",
                   "cpu 40 0 0 40 0\ncpu0 15 0 0 15 0\ncpu2 20 0 0 10 0\nintr\n");

        const PiSample *s = pi_sampler_read(f->sampler, T0 + G_USEC_PER_SEC);
        g_assert_cmpuint(s->machine_cpus, ==, 2);
        g_assert_cmpuint(s->n_cpus, ==, 2);
        g_assert_cmpuint(s->cpus[0].cpu, ==, 0);
        g_assert_cmpfloat(s->cpus[0].utilization, ==, 0.5);
        g_assert_false(s->cpus[0].has_steal);
        g_assert_cmpuint(s->cpus[1].cpu, ==, 2);
        g_assert_cmpfloat(s->cpus[1].utilization, ==, 1);
        g_assert_false(s->has_machine_cpu_steal);

        tree_write(&f->tree, "/proc/stat",
                   "cpu 50 0 0 60 0\ncpu0 20 0 0 20 0\ncpu1 5 0 0 5 0\ncpu2 20 0 0 20 0\nintr\n");
        s = pi_sampler_read(f->sampler, T0 + 2 * G_USEC_PER_SEC);
        g_assert_cmpuint(s->machine_cpus, ==, 3);
        g_assert_cmpuint(s->n_cpus, ==, 2);
        g_assert_cmpuint(s->cpus[1].cpu, ==, 2);
        g_assert_cmpfloat(s->cpus[1].utilization, ==, 0);
}

/* Files are read ten times a second at most, and again once that time is over. */
static void test_files_are_read_seldom(Fixture *f, gconstpointer unused) {
        tree_add_proc(&f->tree);
        tree_add_v2(&f->tree);
        g_assert_cmpuint(sample_once(f)->cgroup_memory_bytes, ==, 3000000);

        tree_write(&f->tree, "/sys/fs/cgroup" GROUP "/memory.current", "9000000\n");
        const PiSample *s = pi_sampler_read(f->sampler, T0 + PI_SAMPLER_INTERVAL_MIN_USEC - 1);
        g_assert_cmpuint(s->cgroup_memory_bytes, ==, 3000000);
        s = pi_sampler_read(f->sampler, T0 + PI_SAMPLER_INTERVAL_MIN_USEC);
        g_assert_cmpuint(s->cgroup_memory_bytes, ==, 9000000);
}

static uint64_t clock_cpu_usec(void) {
        struct timespec ts;
        g_assert_cmpint(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts), ==, 0);
        return (uint64_t) ts.tv_sec * G_USEC_PER_SEC + (uint64_t) ts.tv_nsec / 1000;
}

static void burn(uint64_t cpu_usec) {
        uint64_t end = clock_cpu_usec() + cpu_usec;
        while (clock_cpu_usec() < end)
                ;
}

/* The process's CPU time lies between what another clock says before and after, give or take the
 * microseconds of a tick. */
static void test_real_cpu(void) {
        g_autoptr(PiSampler) sampler = pi_sampler_new(NULL, g_get_monotonic_time());
        uint64_t slack = 20 * 1000;

        for (unsigned i = 0; i < 3; i++) {
                burn(120 * 1000);
                uint64_t before = clock_cpu_usec();
                const PiSample *s = pi_sampler_read(sampler, g_get_monotonic_time());
                uint64_t after = clock_cpu_usec();
                g_assert_cmpuint(s->process_cpu_usec + slack, >=, before);
                g_assert_cmpuint(s->process_cpu_usec, <=, after + slack);
                g_assert_true(s->has_machine_cpu);
                g_assert_cmpfloat(s->machine_cpu_utilization, >, 0);
                g_assert_cmpfloat(s->machine_cpu_utilization, <=, 1);
                g_assert_cmpfloat(s->process_cpu_utilization, >, 0);
        }
}

static uint64_t statm_rss(void) {
        g_autofree char *text = NULL;
        unsigned long size, pages;

        g_assert_true(g_file_get_contents("/proc/self/statm", &text, NULL, NULL));
        g_assert_cmpint(sscanf(text, "%lu %lu", &size, &pages), ==, 2);
        return (uint64_t) pages * (uint64_t) sysconf(_SC_PAGESIZE);
}

static void test_real_memory(void) {
        enum { MORE = 64 << 20, SLACK = 4 << 20 };
        uint64_t before = statm_rss();
        g_autofree volatile char *block = g_malloc(MORE);
        memset((char *) block, 1, MORE);
        uint64_t low = statm_rss();
        g_autoptr(PiSampler) sampler = pi_sampler_new(NULL, g_get_monotonic_time());
        const PiSample *s = pi_sampler_read(sampler, g_get_monotonic_time());
        uint64_t high = statm_rss();
        g_assert_true(s->has_rss && s->has_rss_peak);
        g_assert_cmpuint(s->rss_bytes + SLACK, >=, low);
        g_assert_cmpuint(s->rss_bytes, <=, high + SLACK);
        g_assert_cmpuint(s->rss_bytes + SLACK, >=, before + MORE);
        g_assert_cmpuint(s->rss_peak_bytes + SLACK, >=, s->rss_bytes);
        g_assert_cmpuint(s->machine_memory_bytes, >, s->rss_bytes);
        g_assert_cmpuint(s->machine_cpus, ==, sysconf(_SC_NPROCESSORS_ONLN));
}

/* Read once in a while at most, however often somebody asks, and then again. */
static void test_usage(Fixture *f, gconstpointer unused) {
        const int64_t step = PI_SAMPLER_USAGE_USEC;
        PiNodeUsage first, second, third;
        uint64_t before, after;

        tree_add_proc(&f->tree);
        (void) sample_once(f);
        /* Over a microsecond nothing can be told of the CPU. */
        pi_sampler_usage(f->sampler, T0 + 1, &first);
        g_assert_false(first.has_cpu_usage);
        g_assert_true(first.has_memory);
        g_assert_cmpuint(first.memory_bytes, ==, 1 << 20);
        before = clock_cpu_usec();
        burn(50000);
        tree_write(&f->tree, "/proc/self/status", "VmRSS:\t2048 kB\n");
        pi_sampler_usage(f->sampler, T0 + step - 1, &second);
        g_assert_false(second.has_cpu_usage);
        g_assert_cmpuint(second.memory_bytes, ==, 1 << 20);
        pi_sampler_usage(f->sampler, T0 + step, &second);
        after = clock_cpu_usec();
        g_assert_true(second.has_cpu_usage);
        g_assert_cmpfloat(second.cpu_usage * (double) step, >=, 40000);
        g_assert_cmpfloat(second.cpu_usage * (double) step, <=, (double) (after - before) + 60000);
        g_assert_cmpuint(second.memory_bytes, ==, 2 << 20);

        tree_remove(&f->tree, "/proc/self/status");
        pi_sampler_usage(f->sampler, T0 + step + 1, &third);
        g_assert_cmpfloat(third.cpu_usage, ==, second.cpu_usage);
        g_assert_true(third.has_memory);
        pi_sampler_usage(f->sampler, T0 + 2 * step, &third);
        g_assert_true(third.has_cpu_usage);
        g_assert_cmpfloat(third.cpu_usage, !=, second.cpu_usage);
        g_assert_false(third.has_memory);
        g_assert_false(third.has_slots_in_use);
}

#define ADD(name, func) g_test_add("/sampler/" name, Fixture, NULL, set_up, func, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("proc", test_proc);
        ADD("v2", test_v2);
        ADD("v2-with-less", test_v2_with_less);
        ADD("v1", test_v1);
        ADD("hybrid", test_hybrid);
        ADD("hybrid-in-root", test_hybrid_in_root);
        ADD("v2-in-root", test_v2_in_root);
        g_test_add_func("/sampler/container", test_container);
        ADD("nothing-there", test_nothing_there);
        g_test_add_func("/sampler/garbage", test_garbage);
        ADD("not-files", test_not_files);
        ADD("long-stat", test_long_stat);
        ADD("cpu-shares", test_cpu_shares);
        ADD("cpus-come-and-go", test_cpus_come_and_go);
        ADD("files-are-read-seldom", test_files_are_read_seldom);
        ADD("usage", test_usage);
        g_test_add_func("/sampler/real-cpu", test_real_cpu);
        g_test_add_func("/sampler/real-memory", test_real_memory);
        return g_test_run();
}
