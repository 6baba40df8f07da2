/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/proc.h"

/* The fields of a cpu line, in the kernel's order (proc(5)). Linux before 2.6.11 had no steal, and
 * fields may still be added at the end. */
enum { USER, NICE, SYSTEM, IDLE, IOWAIT, IRQ, SOFTIRQ, STEAL, FIELDS_KNOWN };
#define FIELDS_MAX 32

static gboolean add_up(const uint64_t *fields, const unsigned *which, size_t n, uint64_t *ret) {
        *ret = 0;
        for (size_t i = 0; i < n; i++)
                if (__builtin_add_overflow(*ret, fields[which[i]], ret))
                        return FALSE;
        return TRUE;
}

/* `line` is what follows the name. */
static gboolean parse_times(PiText line, PiProcTimes *ret) {
        static const unsigned busy[] = { USER, NICE, SYSTEM, IRQ, SOFTIRQ };
        static const unsigned idle[] = { IDLE, IOWAIT };
        uint64_t fields[FIELDS_KNOWN] = { 0 };
        size_t n = 0;
        PiText word;

        for (; pi_text_take_word(&line, &word); n++) {
                uint64_t value;
                if (n == FIELDS_MAX || !pi_text_to_uint64(word, &value))
                        return FALSE;
                if (n < FIELDS_KNOWN)
                        fields[n] = value;
        }
        if (n <= IDLE)
                return FALSE;

        ret->has_steal = n > STEAL;
        ret->steal = fields[STEAL];
        return add_up(fields, busy, G_N_ELEMENTS(busy), &ret->busy) &&
               add_up(fields, idle, G_N_ELEMENTS(idle), &ret->idle);
}

/* `line` is what follows "cpu". */
static gboolean parse_cpu(PiText line, PiProcStat *stat) {
        PiProcCpu *cpu = &stat->cpus[stat->n_cpus];
        uint64_t number;
        PiText word;

        if (stat->n_cpus == PI_PROC_CPUS_MAX || !pi_text_take_word(&line, &word) ||
            !pi_text_to_uint64(word, &number) || number > UINT32_MAX)
                return FALSE;
        cpu->cpu = (uint32_t) number;
        if (stat->n_cpus > 0 && cpu->cpu <= cpu[-1].cpu)
                return FALSE;
        if (!parse_times(line, &cpu->times))
                return FALSE;
        stat->n_cpus++;
        return TRUE;
}

gboolean pi_proc_parse_stat(PiText text, PiProcStat *ret) {
        PiText line;

        ret->n_cpus = 0;
        if (text.length > PI_TEXT_MAX || !pi_text_take_line(&text, &line) ||
            !pi_text_take_prefix(&line, "cpu ") || !parse_times(line, &ret->total))
                return FALSE;

        while (pi_text_take_line(&text, &line)) {
                if (!pi_text_take_prefix(&line, "cpu"))
                        return TRUE;
                if (!parse_cpu(line, ret))
                        return FALSE;
        }
        /* No other line followed: there may have been more CPUs. */
        ret->n_cpus = 0;
        return TRUE;
}

/* "   1620 kB", what follows the colon. */
static gboolean parse_kilobytes(PiText line, uint64_t *ret_bytes) {
        PiText number, unit, rest;

        return pi_text_take_word(&line, &number) && pi_text_to_uint64(number, ret_bytes) &&
               pi_text_take_word(&line, &unit) && pi_text_equals(unit, "kB") &&
               !pi_text_take_word(&line, &rest) &&
               !__builtin_mul_overflow(*ret_bytes, 1024, ret_bytes);
}

static gboolean parse_kilobytes_once(PiText line, gboolean *has, uint64_t *ret_bytes) {
        if (*has)
                return FALSE;
        *has = TRUE;
        return parse_kilobytes(line, ret_bytes);
}

gboolean pi_proc_parse_status(PiText text, PiProcStatus *ret) {
        PiText line;

        *ret = (PiProcStatus) { 0 };
        if (text.length > PI_TEXT_MAX)
                return FALSE;
        while (pi_text_take_line(&text, &line)) {
                gboolean good = TRUE;
                if (pi_text_take_prefix(&line, "VmRSS:"))
                        good = parse_kilobytes_once(line, &ret->has_rss, &ret->rss_bytes);
                else if (pi_text_take_prefix(&line, "VmHWM:"))
                        good = parse_kilobytes_once(line, &ret->has_rss_peak,
                                                    &ret->rss_peak_bytes);
                if (!good)
                        return FALSE;
        }
        return TRUE;
}

gboolean pi_proc_parse_meminfo(PiText text, uint64_t *ret_total_bytes) {
        PiText line;

        if (text.length > PI_TEXT_MAX)
                return FALSE;
        while (pi_text_take_line(&text, &line))
                if (pi_text_take_prefix(&line, "MemTotal:"))
                        return parse_kilobytes(line, ret_total_bytes) && *ret_total_bytes > 0;
        return FALSE;
}

/* "12.34", a percentage with two decimals, as a ratio. */
static gboolean parse_percent(PiText text, double *ret) {
        uint64_t whole, hundredths;
        PiText before;

        if (!pi_text_take_until(&text, '.', &before) || text.length != 2 ||
            !pi_text_to_uint64(before, &whole) || !pi_text_to_uint64(text, &hundredths) ||
            whole > 100 || whole * 100 + hundredths > 10000)
                return FALSE;
        *ret = (double) (whole * 100 + hundredths) / 10000;
        return TRUE;
}

static gboolean take_value(PiText *line, const char *name, PiText *ret) {
        return pi_text_take_word(line, ret) && pi_text_take_prefix(ret, name);
}

gboolean pi_proc_parse_pressure(PiText text, PiProcPressure *ret) {
        PiText line, value;
        double avg300;

        return text.length <= PI_TEXT_MAX && pi_text_take_line(&text, &line) &&
               pi_text_take_prefix(&line, "some ") &&
               take_value(&line, "avg10=", &value) && parse_percent(value, &ret->avg10) &&
               take_value(&line, "avg60=", &value) && parse_percent(value, &ret->avg60) &&
               take_value(&line, "avg300=", &value) && parse_percent(value, &avg300) &&
               take_value(&line, "total=", &value) && pi_text_to_uint64(value, &ret->total_usec);
}
