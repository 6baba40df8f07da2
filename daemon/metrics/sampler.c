/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/sampler.h"

#include "daemon/metrics/cgroup.h"
#include "daemon/metrics/cpu-share.h"
#include "daemon/metrics/group.h"
#include "daemon/metrics/proc.h"
#include "daemon/metrics/source.h"

#include <sys/resource.h>

/* The CPU times of the machine and of this process at one moment. */
typedef struct Reading {
        int64_t usec;
        uint64_t process_usec;
        gboolean valid;
        PiProcStat stat;
} Reading;

struct PiSampler {
        PiSource source;
        Reading readings[2];
        unsigned latest;

        /* Between the last two readings. */
        uint64_t interval_usec; /* 0: nothing known yet */
        PiCpuShare machine;
        double process_utilization; /* negative: unknown */
        PiSampleCpu cpus[PI_PROC_CPUS_MAX];
        size_t n_cpus;

        gboolean sampled;
        PiSample sample;

        /* For pi_sampler_usage(): as of this moment. */
        int64_t usage_usec;
        uint64_t usage_process_usec;
        gboolean usage_known;
        PiNodeUsage usage;
};

static void sample_clear(PiSample *sample) {
        g_clear_pointer(&sample->cgroup_cpu_path, g_free);
        g_clear_pointer(&sample->cgroup_memory_path, g_free);
        *sample = (PiSample) { 0 };
}

static uint64_t process_cpu_usec(void) {
        struct rusage u;

        if (getrusage(RUSAGE_SELF, &u) < 0)
                return 0;
        return (uint64_t) (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * G_USEC_PER_SEC +
               (uint64_t) (u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void take_reading(PiSampler *s, int64_t now_usec) {
        Reading *r = &s->readings[s->latest ^= 1];
        PiText text;

        r->usec = now_usec;
        r->process_usec = process_cpu_usec();
        r->valid = pi_source_read(&s->source, "/proc", "stat", &text) &&
                   pi_proc_parse_stat(text, &r->stat);
}

/* CPUs come and go: both lists ascend, and only what is in both can be told. */
static void compare_cpus(PiSampler *s, const PiProcStat *from, const PiProcStat *to) {
        s->n_cpus = 0;
        for (size_t i = 0, j = 0; i < from->n_cpus && j < to->n_cpus;) {
                const PiProcCpu *a = &from->cpus[i], *b = &to->cpus[j];
                PiCpuShare share;

                if (a->cpu == b->cpu && pi_cpu_share(&a->times, &b->times, &share))
                        s->cpus[s->n_cpus++] = (PiSampleCpu) {
                                .cpu = a->cpu,
                                .utilization = share.utilization,
                                .has_steal = share.has_steal,
                                .steal = share.steal,
                        };
                i += a->cpu <= b->cpu;
                j += b->cpu <= a->cpu;
        }
}

static void compare_readings(PiSampler *s) {
        const Reading *to = &s->readings[s->latest], *from = &s->readings[s->latest ^ 1];

        s->interval_usec = 0;
        s->n_cpus = 0;
        if (!from->valid || !to->valid ||
            !pi_cpu_share(&from->stat.total, &to->stat.total, &s->machine))
                return;
        s->interval_usec = (uint64_t) (to->usec - from->usec);
        s->process_utilization = -1;
        if (to->stat.n_cpus > 0)
                s->process_utilization =
                        MIN(1.0, (double) (to->process_usec - from->process_usec) /
                                 ((double) s->interval_usec * (double) to->stat.n_cpus));
        compare_cpus(s, &from->stat, &to->stat);
}

PiSampler *pi_sampler_new(const char *root_dir, int64_t now_usec) {
        PiSampler *s = g_new0(PiSampler, 1);

        pi_source_init(&s->source, root_dir);
        take_reading(s, now_usec);
        s->usage_usec = now_usec;
        s->usage_process_usec = process_cpu_usec();
        return s;
}

void pi_sampler_free(PiSampler *s) {
        if (!s)
                return;
        pi_source_clear(&s->source);
        sample_clear(&s->sample);
        g_free(s);
}

static void set_cpu(const PiSampler *s, PiSample *ret) {
        const Reading *latest = &s->readings[s->latest];

        ret->has_machine_cpus = latest->valid && latest->stat.n_cpus > 0;
        ret->machine_cpus = (uint32_t) latest->stat.n_cpus;
        if (s->interval_usec == 0)
                return;
        ret->has_machine_cpu = TRUE;
        ret->machine_cpu_interval_usec = s->interval_usec;
        ret->machine_cpu_utilization = s->machine.utilization;
        ret->has_machine_cpu_steal = s->machine.has_steal;
        ret->machine_cpu_steal = s->machine.steal;
        ret->has_process_cpu_utilization = s->process_utilization >= 0;
        ret->process_cpu_utilization = s->process_utilization;
        ret->cpus = s->cpus;
        ret->n_cpus = s->n_cpus;
}

static gboolean read_pressure(PiSampler *s, const char *directory, const char *name,
                              PiProcPressure *ret) {
        PiText text;
        return pi_source_read(&s->source, directory, name, &text) &&
               pi_proc_parse_pressure(text, ret);
}

static gboolean read_number(PiSampler *s, const char *directory, const char *name,
                            uint64_t *ret) {
        PiText text;
        return pi_source_read(&s->source, directory, name, &text) &&
               pi_cgroup_parse_number(text, ret);
}

static void read_process_and_machine(PiSampler *s, PiSample *ret) {
        PiProcPressure pressure;
        PiProcStatus status;
        PiText text;

        if (pi_source_read(&s->source, "/proc/self", "status", &text) &&
            pi_proc_parse_status(text, &status)) {
                ret->has_rss = status.has_rss;
                ret->rss_bytes = status.rss_bytes;
                ret->has_rss_peak = status.has_rss_peak;
                ret->rss_peak_bytes = status.rss_peak_bytes;
        }
        ret->has_machine_memory = pi_source_read(&s->source, "/proc", "meminfo", &text) &&
                                  pi_proc_parse_meminfo(text, &ret->machine_memory_bytes);
        if (read_pressure(s, "/proc/pressure", "cpu", &pressure)) {
                ret->has_machine_pressure = TRUE;
                ret->machine_pressure_10s = pressure.avg10;
                ret->machine_pressure_60s = pressure.avg60;
                ret->machine_pressure_usec = pressure.total_usec;
        }
}

/* Without a quota nothing is ever throttled: the counters would be zero for ever. */
static void set_throttling(PiSample *ret, const PiCgroupCpu *cpu) {
        if (!cpu->has_throttling || cpu->periods == 0)
                return;
        ret->has_cgroup_throttling = TRUE;
        ret->cgroup_periods = cpu->periods;
        ret->cgroup_throttled_periods = cpu->throttled_periods;
        ret->cgroup_throttled_usec = cpu->throttled_usec;
}

static void read_unified(PiSampler *s, const PiCgroupPlaces *places, PiSample *ret) {
        g_auto(PiGroup) group = { 0 };
        PiProcPressure pressure;
        PiCgroupCpu cpu;
        PiText text;

        if (!pi_group_find_v2(&s->source, &places->unified, &group))
                return;
        if (pi_source_read(&s->source, group.directory, "cpu.stat", &text) &&
            pi_cgroup_parse_cpu_stat_v2(text, &cpu)) {
                ret->has_cgroup_cpu = cpu.has_usage;
                ret->cgroup_cpu_usec = cpu.usage_usec;
                ret->cgroup_cpu_path = cpu.has_usage ? g_strdup(group.path) : NULL;
                set_throttling(ret, &cpu);
        }
        if (read_pressure(s, group.directory, "cpu.pressure", &pressure)) {
                ret->has_cgroup_pressure = TRUE;
                ret->cgroup_pressure_10s = pressure.avg10;
                ret->cgroup_pressure_60s = pressure.avg60;
                ret->cgroup_pressure_usec = pressure.total_usec;
        }
        if (read_number(s, group.directory, "memory.current", &ret->cgroup_memory_bytes)) {
                ret->has_cgroup_memory = TRUE;
                ret->cgroup_memory_path = g_strdup(group.path);
                ret->has_cgroup_memory_peak = read_number(s, group.directory, "memory.peak",
                                                          &ret->cgroup_memory_peak_bytes);
        }
}

static void read_v1_cpu(PiSampler *s, const PiCgroupPlaces *places, PiSample *ret) {
        g_auto(PiGroup) cpuacct = { 0 }, cpu_group = { 0 };
        PiCgroupCpu cpu;
        uint64_t nsec;
        PiText text;

        if (!ret->has_cgroup_cpu &&
            pi_group_find_v1(&s->source, "cpuacct", &places->cpuacct, &cpuacct) &&
            read_number(s, cpuacct.directory, "cpuacct.usage", &nsec)) {
                ret->has_cgroup_cpu = TRUE;
                ret->cgroup_cpu_usec = nsec / 1000;
                ret->cgroup_cpu_path = g_strdup(cpuacct.path);
        }
        if (!ret->has_cgroup_throttling &&
            pi_group_find_v1(&s->source, "cpu", &places->cpu, &cpu_group) &&
            pi_source_read(&s->source, cpu_group.directory, "cpu.stat", &text) &&
            pi_cgroup_parse_cpu_stat_v1(text, &cpu))
                set_throttling(ret, &cpu);
}

static void read_v1_memory(PiSampler *s, const PiCgroupPlaces *places, PiSample *ret) {
        g_auto(PiGroup) group = { 0 };

        if (ret->has_cgroup_memory ||
            !pi_group_find_v1(&s->source, "memory", &places->memory, &group) ||
            !read_number(s, group.directory, "memory.usage_in_bytes", &ret->cgroup_memory_bytes))
                return;
        ret->has_cgroup_memory = TRUE;
        ret->cgroup_memory_path = g_strdup(group.path);
        ret->has_cgroup_memory_peak = read_number(s, group.directory, "memory.max_usage_in_bytes",
                                                  &ret->cgroup_memory_peak_bytes);
}

static void read_cgroup(PiSampler *s, PiSample *ret) {
        g_auto(PiCgroupPlaces) places = { 0 };
        PiText text;

        if (!pi_source_read(&s->source, "/proc/self", "cgroup", &text) ||
            !pi_cgroup_parse_places(text, &places))
                return;
        read_unified(s, &places, ret);
        read_v1_cpu(s, &places, ret);
        read_v1_memory(s, &places, ret);
}

const PiSample *pi_sampler_read(PiSampler *s, int64_t now_usec) {
        gboolean due =
                now_usec - s->readings[s->latest].usec >= PI_SAMPLER_INTERVAL_MIN_USEC;

        if (due) {
                take_reading(s, now_usec);
                compare_readings(s);
        }
        if (due || !s->sampled) {
                sample_clear(&s->sample);
                set_cpu(s, &s->sample);
                read_process_and_machine(s, &s->sample);
                read_cgroup(s, &s->sample);
                s->sampled = TRUE;
        }
        s->sample.process_cpu_usec = process_cpu_usec();
        return &s->sample;
}

/* The kernel counts CPU time in ticks: over less than some of them it tells nothing. */
static void measure_cpu_usage(PiSampler *s, int64_t now_usec) {
        uint64_t process_usec = process_cpu_usec();
        int64_t elapsed_usec = now_usec - s->usage_usec;

        if (elapsed_usec < PI_SAMPLER_INTERVAL_MIN_USEC)
                return;
        s->usage.has_cpu_usage = TRUE;
        s->usage.cpu_usage =
                (double) (process_usec - s->usage_process_usec) / (double) elapsed_usec;
        s->usage_usec = now_usec;
        s->usage_process_usec = process_usec;
}

void pi_sampler_usage(PiSampler *s, int64_t now_usec, PiNodeUsage *ret) {
        PiProcStatus status = { 0 };
        PiText text;

        if (!s->usage_known || now_usec - s->usage_usec >= PI_SAMPLER_USAGE_USEC) {
                measure_cpu_usage(s, now_usec);
                s->usage.has_memory = pi_source_read(&s->source, "/proc/self", "status", &text) &&
                                      pi_proc_parse_status(text, &status) && status.has_rss;
                s->usage.memory_bytes = status.rss_bytes;
                s->usage_known = TRUE;
        }
        *ret = s->usage;
}
