/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/cgroup.h"
#include "daemon/metrics/proc.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What a parser promises of a text it took, a program that relies on it may check. */
#define PROMISE(condition) do { if (!(condition)) __builtin_trap(); } while (0)

static void fuzz_stat(PiText text) {
        static PiProcStat stat;

        if (!pi_proc_parse_stat(text, &stat))
                return;
        PROMISE(stat.n_cpus <= PI_PROC_CPUS_MAX);
        for (size_t i = 1; i < stat.n_cpus; i++)
                PROMISE(stat.cpus[i - 1].cpu < stat.cpus[i].cpu);
}

static void fuzz_status(PiText text) {
        PiProcStatus status;

        if (pi_proc_parse_status(text, &status))
                PROMISE(status.rss_bytes % 1024 == 0 && status.rss_peak_bytes % 1024 == 0);
}

static void fuzz_meminfo(PiText text) {
        uint64_t bytes;

        if (pi_proc_parse_meminfo(text, &bytes))
                PROMISE(bytes > 0 && bytes % 1024 == 0);
}

static void fuzz_pressure(PiText text) {
        PiProcPressure p;

        if (pi_proc_parse_pressure(text, &p))
                PROMISE(p.avg10 >= 0 && p.avg10 <= 1 && p.avg60 >= 0 && p.avg60 <= 1);
}

static void check_place(const PiCgroupPlace *place) {
        PROMISE(!place->path == !place->controllers);
        if (!place->path)
                return;
        PROMISE(place->path[0] == '/' && !strchr(place->controllers, '/'));
        PROMISE(!strstr(place->path, "/../") && !g_str_has_suffix(place->path, "/.."));
}

static void fuzz_places(PiText text) {
        g_auto(PiCgroupPlaces) places = { 0 };

        if (!pi_cgroup_parse_places(text, &places))
                PROMISE(!places.unified.path && !places.memory.path);
        check_place(&places.unified);
        check_place(&places.cpu);
        check_place(&places.cpuacct);
        check_place(&places.memory);
}

static void fuzz_cpu_stat_v2(PiText text) {
        PiCgroupCpu cpu;
        (void) pi_cgroup_parse_cpu_stat_v2(text, &cpu);
}

static void fuzz_cpu_stat_v1(PiText text) {
        PiCgroupCpu cpu;

        if (pi_cgroup_parse_cpu_stat_v1(text, &cpu))
                PROMISE(!cpu.has_usage);
}

static void fuzz_number(PiText text) {
        uint64_t value;

        if (pi_cgroup_parse_number(text, &value))
                PROMISE(text.length >= 2 && text.start[text.length - 1] == '\n');
}

/* The first byte chooses the parser, the rest is the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static void (*const parsers[])(PiText) = {
                fuzz_stat, fuzz_status, fuzz_meminfo, fuzz_pressure,
                fuzz_places, fuzz_cpu_stat_v2, fuzz_cpu_stat_v1, fuzz_number,
        };

        if (size == 0)
                return 0;
        parsers[data[0] % G_N_ELEMENTS(parsers)]((PiText) { (const char *) data + 1, size - 1 });
        return 0;
}
