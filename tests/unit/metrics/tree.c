/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/metrics/tree.h"

#include <glib/gstdio.h>

#define GROUP "/pi.slice/pi.service"
#define V2 "/sys/fs/cgroup"

void tree_init(Tree *t) {
        GError *error = NULL;
        t->root = g_dir_make_tmp("pi-metrics-XXXXXX", &error);
        g_assert_no_error(error);
}

static void remove_all(const char *path) {
        GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
                g_autofree char *child = g_build_filename(path, name, NULL);
                remove_all(child);
        }
        if (dir)
                g_dir_close(dir);
        g_assert_cmpint(g_remove(path), ==, 0);
}

void tree_clear(Tree *t) {
        if (t->root)
                remove_all(t->root);
        g_clear_pointer(&t->root, g_free);
}

void tree_write(const Tree *t, const char *path, const char *content) {
        g_autofree char *file = g_strconcat(t->root, path, NULL);
        g_autofree char *directory = g_path_get_dirname(file);
        GError *error = NULL;

        g_assert_cmpint(g_mkdir_with_parents(directory, 0700), ==, 0);
        g_file_set_contents(file, content, -1, &error);
        g_assert_no_error(error);
}

void tree_remove(const Tree *t, const char *path) {
        g_autofree char *file = g_strconcat(t->root, path, NULL);
        remove_all(file);
}

void tree_write_stat(const Tree *t, unsigned busy, unsigned idle, unsigned steal) {
        g_autofree char *stat = g_strdup_printf(
                "cpu  %u 0 0 %u 0 0 0 %u 0 0\n"
                "cpu0 %u 0 0 %u 0 0 0 %u 0 0\n"
                "cpu1 %u 0 0 %u 0 0 0 %u 0 0\n"
                "intr 12 0 0\nctxt 5\nbtime 1795375373\nprocesses 4632\n",
                2 * busy, 2 * idle, 2 * steal, busy, idle, steal, busy, idle, steal);
        tree_write(t, "/proc/stat", stat);
}

void tree_add_proc(const Tree *t) {
        tree_write_stat(t, 1000, 5000, 20);
        tree_write(t, "/proc/self/status",
                   "Name:\tpi-computed\nVmHWM:\t    2048 kB\nVmRSS:\t    1024 kB\nThreads:\t3\n");
        tree_write(t, "/proc/meminfo", "MemTotal:       1048576 kB\nMemFree:  900000 kB\n");
        tree_write(t, "/proc/pressure/cpu",
                   "some avg10=50.00 avg60=25.00 avg300=1.00 total=700\n"
                   "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
}

void tree_add_v2(const Tree *t) {
        tree_write(t, "/proc/self/cgroup", "0::" GROUP "\n");
        tree_write(t, V2 "/cgroup.controllers", "cpu memory pids\n");
        tree_write(t, V2 "/cpu.stat", "usage_usec 999999999\n");
        tree_write(t, V2 GROUP "/cgroup.type", "domain\n");
        tree_write(t, V2 GROUP "/cpu.stat",
                   "usage_usec 5000000\nuser_usec 4000000\nsystem_usec 1000000\n"
                   "nr_periods 100\nnr_throttled 7\nthrottled_usec 123456\n");
        tree_write(t, V2 GROUP "/cpu.pressure",
                   "some avg10=10.00 avg60=5.00 avg300=1.00 total=300\n"
                   "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n");
        tree_write(t, V2 GROUP "/memory.current", "3000000\n");
        tree_write(t, V2 GROUP "/memory.peak", "4000000\n");
}

static void add_v1_controllers(const Tree *t) {
        static const char *const mounts[] = { "cpu,cpuacct", "memory" };

        for (size_t i = 0; i < G_N_ELEMENTS(mounts); i++) {
                g_autofree char *agent = g_strdup_printf("%s/%s/release_agent", V2, mounts[i]);
                tree_write(t, agent, "\n");
        }
        tree_write(t, V2 "/cpu,cpuacct/cpuacct.usage", "999999999999\n");
        tree_write(t, V2 "/memory/memory.usage_in_bytes", "88888888\n");
        tree_write(t, V2 "/cpu,cpuacct" GROUP "/cpuacct.usage", "6000000123\n");
        tree_write(t, V2 "/cpu,cpuacct" GROUP "/cpu.stat",
                   "nr_periods 50\nnr_throttled 3\nthrottled_time 456789000\n");
        tree_write(t, V2 "/memory" GROUP "/memory.usage_in_bytes", "5000000\n");
        tree_write(t, V2 "/memory" GROUP "/memory.max_usage_in_bytes", "6000000\n");
}

void tree_add_v1(const Tree *t) {
        add_v1_controllers(t);
        tree_write(t, "/proc/self/cgroup",
                   "5:memory:" GROUP "\n4:cpu,cpuacct:" GROUP "\n1:name=systemd:" GROUP "\n");
}

void tree_add_hybrid(const Tree *t) {
        add_v1_controllers(t);
        tree_write(t, "/proc/self/cgroup",
                   "5:memory:" GROUP "\n4:cpu,cpuacct:" GROUP "\n1:name=systemd:" GROUP "\n"
                   "0::" GROUP "\n");
        tree_write(t, V2 "/unified/cgroup.controllers", "\n");
        tree_write(t, V2 "/unified" GROUP "/cgroup.type", "domain\n");
        tree_write(t, V2 "/unified" GROUP "/cpu.stat",
                   "usage_usec 7000000\nuser_usec 6000000\nsystem_usec 1000000\n");
        tree_write(t, V2 "/unified" GROUP "/cpu.pressure",
                   "some avg10=10.00 avg60=5.00 avg300=1.00 total=300\n");
}
