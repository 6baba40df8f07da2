/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/machine.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "daemon/work/cpus.h"

static char *read_proc(const char *path) {
        char *text = NULL;

        return g_file_get_contents(path, &text, NULL, NULL) ? text : g_strdup("");
}

/* The value of the first line "key : value". */
static char *cpuinfo_value(const char *text, const char *key) {
        g_autofree char *pattern = g_strdup_printf("^%s\\s*: (.*)$", key);
        g_autoptr(GRegex) regex = g_regex_new(pattern, G_REGEX_MULTILINE, 0, NULL);
        g_autoptr(GMatchInfo) match = NULL;

        return g_regex_match(regex, text, 0, &match) ? g_match_info_fetch(match, 1) : NULL;
}

BenchMachine *bench_machine_new(void) {
        BenchMachine *m = g_new0(BenchMachine, 1);
        g_autofree char *text = read_proc("/proc/cpuinfo");
        g_autofree char *name = cpuinfo_value(text, "model name");
        g_autofree char *family = cpuinfo_value(text, "cpu family");
        g_autofree char *model = cpuinfo_value(text, "model");
        g_autofree char *flags = cpuinfo_value(text, "flags");
        g_autofree uint32_t *cpus = NULL;
        struct utsname u;

        uname(&u);
        m->cpu = name && family && model
                         ? g_strdup_printf("%s, family %s model %s", name, family, model)
                         : g_strdup(name ? name : u.machine);
        m->is_virtual = flags && strstr(flags, "hypervisor");
        m->n_cpus = pi_cpus_allowed(&cpus);
        m->os = g_strdup_printf("%s %s", u.sysname, u.release);
        m->compiler = BENCH_COMPILER;
        if (getloadavg(&m->load, 1) != 1)
                m->load = 0;
        return m;
}

void bench_machine_free(BenchMachine *m) {
        if (!m)
                return;
        g_free(m->cpu);
        g_free(m->os);
        g_free(m);
}

static void set_affinity(const uint32_t *cpu, guint n) {
        cpu_set_t *set;
        size_t size;

        set = CPU_ALLOC(cpu[n - 1] + 1);
        size = CPU_ALLOC_SIZE(cpu[n - 1] + 1);
        CPU_ZERO_S(size, set);
        for (guint i = 0; i < n; i++)
                CPU_SET_S(cpu[i], size, set);
        if (pthread_setaffinity_np(pthread_self(), size, set) != 0)
                g_error("this process may not choose its CPUs, and figures would mean nothing");
        CPU_FREE(set);
}

/* What the process began with: once pinned, it can no longer ask. */
static const uint32_t *allowed(guint *ret_n) {
        static uint32_t *cpu;
        static guint n;

        if (!cpu)
                n = pi_cpus_allowed(&cpu);
        *ret_n = n;
        return cpu;
}

void bench_machine_pin(void) {
        guint n;
        const uint32_t *cpu = allowed(&n);

        set_affinity(cpu, 1);
}

void bench_machine_unpin(void) {
        guint n;
        const uint32_t *cpu = allowed(&n);

        set_affinity(cpu, n);
}

double bench_machine_stolen_seconds(void) {
        g_autofree char *text = read_proc("/proc/stat");
        unsigned long long steal = 0;

        /* user nice system idle iowait irq softirq steal, in ticks */
        if (sscanf(text, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &steal) != 1)
                return 0;
        return (double) steal / (double) sysconf(_SC_CLK_TCK);
}
