/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/proc.h"

#include <string.h>

static const char stat_two_cpus[] =
        "cpu  2539 10 2377 242216 1300 1 138 1029 5 0\n"
        "cpu0 641 0 831 122799 35 0 17 513 0 0\n"
        "cpu3 1897 0 1546 119417 1265 0 121 516 0 0\n"
        "intr 127162 0 0 1\n"
        "ctxt 194396\n";

static const char status_text[] =
        "Name:\tpi-computed\n"
        "VmPeak:\t    3060 kB\n"
        "VmHWM:\t    1720 kB\n"
        "VmRSS:\t    1620 kB\n"
        "Threads:\t3\n";

static const char pressure_text[] =
        "some avg10=0.20 avg60=12.45 avg300=0.18 total=4535061\n"
        "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";

static PiText text_of(const char *s) {
        return (PiText) { s, strlen(s) };
}

static gboolean parse_stat(const char *s, PiProcStat *ret) {
        return pi_proc_parse_stat(text_of(s), ret);
}

static void test_stat(void) {
        PiProcStat stat;

        g_assert_true(parse_stat(stat_two_cpus, &stat));
        g_assert_cmpuint(stat.total.busy, ==, 2539 + 10 + 2377 + 1 + 138);
        g_assert_cmpuint(stat.total.idle, ==, 242216 + 1300);
        g_assert_true(stat.total.has_steal);
        g_assert_cmpuint(stat.total.steal, ==, 1029);
        g_assert_cmpuint(stat.n_cpus, ==, 2);
        g_assert_cmpuint(stat.cpus[0].cpu, ==, 0);
        g_assert_cmpuint(stat.cpus[1].cpu, ==, 3);
        g_assert_cmpuint(stat.cpus[1].times.busy, ==, 1897 + 1546 + 121);
        g_assert_cmpuint(stat.cpus[1].times.steal, ==, 516);
}

static void test_stat_without_steal(void) {
        PiProcStat stat;

        g_assert_true(parse_stat("cpu  10 20 30 40\ncpu0 10 20 30 40\nintr 1\n", &stat));
        g_assert_cmpuint(stat.total.busy, ==, 60);
        g_assert_cmpuint(stat.total.idle, ==, 40);
        g_assert_false(stat.total.has_steal);
        g_assert_cmpuint(stat.n_cpus, ==, 1);
}

/* Cut anywhere, the figures are either those of the whole text or not there. */
static void test_stat_cut(void) {
        PiProcStat whole, stat;

        g_assert_true(parse_stat(stat_two_cpus, &whole));
        for (size_t n = 0; n < strlen(stat_two_cpus); n++) {
                g_autofree char *copy = g_memdup2(stat_two_cpus, MAX(n, 1));
                if (!pi_proc_parse_stat((PiText) { copy, n }, &stat))
                        continue;
                g_assert_cmpuint(stat.total.busy, ==, whole.total.busy);
                g_assert_cmpuint(stat.total.steal, ==, whole.total.steal);
                g_assert_true(stat.n_cpus == 0 || stat.n_cpus == whole.n_cpus);
        }
}

static void test_stat_refused(void) {
        static const char *const bad[] = {
                "", "\n", "cpu\n", "cpu \n", "cpu0 1 2 3 4\n", "cpu 1 2 3\n", "cpu 1 2 3 x\n",
                "cpu 1 2 3 -4\n", "cpu 1 2 3 4", "cpu 1 2 3 18446744073709551616\n",
                "cpu 18446744073709551615 1 0 0\n",
                "cpu 0 0 0 18446744073709551615 1\n",
                "cpu 1 2 3 4\ncpuX 1 2 3 4\nintr\n",
                "cpu 1 2 3 4\ncpu 1 2 3\nintr\n",
                "cpu 1 2 3 4\ncpu1 1 2 3 4\ncpu1 1 2 3 4\nintr\n",
                "cpu 1 2 3 4\ncpu2 1 2 3 4\ncpu1 1 2 3 4\nintr\n",
                "cpu 1 2 3 4\ncpu4294967296 1 2 3 4\nintr\n",
        };
        PiProcStat stat;

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_test_message("%s", bad[i]);
                g_assert_false(parse_stat(bad[i], &stat));
        }
}

static void test_stat_many(void) {
        g_autoptr(GString) text = g_string_new("cpu 1 2 3 4\n");
        PiProcStat stat;

        for (unsigned i = 0; i < PI_PROC_CPUS_MAX; i++)
                g_string_append_printf(text, "cpu%u 1 2 3 4\n", i);
        g_string_append(text, "intr 0\n");
        g_assert_true(parse_stat(text->str, &stat));
        g_assert_cmpuint(stat.n_cpus, ==, PI_PROC_CPUS_MAX);

        g_string_insert(text, (gssize) (text->len - strlen("intr 0\n")), "cpu99999 1 2 3 4\n");
        g_assert_false(parse_stat(text->str, &stat));

        g_string_assign(text, "cpu 1 2 3 4");
        for (unsigned i = 0; i < 100; i++)
                g_string_append(text, " 1");
        g_string_append(text, "\nintr 0\n");
        g_assert_false(parse_stat(text->str, &stat));
}

static void test_status(void) {
        PiProcStatus status;

        g_assert_true(pi_proc_parse_status(text_of(status_text), &status));
        g_assert_true(status.has_rss);
        g_assert_cmpuint(status.rss_bytes, ==, 1620 * 1024);
        g_assert_true(status.has_rss_peak);
        g_assert_cmpuint(status.rss_peak_bytes, ==, 1720 * 1024);

        g_assert_true(pi_proc_parse_status(text_of("Name:\tkthread\nThreads:\t1\n"), &status));
        g_assert_false(status.has_rss);
        g_assert_false(status.has_rss_peak);
        g_assert_true(pi_proc_parse_status(text_of("VmHWM:\t1 kB\nVmRSS:\t16"), &status));
        g_assert_false(status.has_rss);
}

static void test_status_refused(void) {
        static const char *const bad[] = {
                "VmRSS:\n", "VmRSS:\t1620\n", "VmRSS:\t1620 MB\n", "VmRSS:\t1620 kB x\n",
                "VmRSS:\tx kB\n", "VmRSS:\t-1 kB\n", "VmRSS:\t18014398509481984 kB\n",
                "VmRSS:\t1 kB\nVmRSS:\t2 kB\n", "VmHWM:\tkB\n",
        };
        PiProcStatus status;

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_test_message("%s", bad[i]);
                g_assert_false(pi_proc_parse_status(text_of(bad[i]), &status));
        }
}

static void test_meminfo(void) {
        static const char *const bad[] = {
                "", "MemFree: 1 kB\n", "MemTotal: 24684092 kB", "MemTotal: 24684092\n",
                "MemTotal: 0 kB\n", "MemTotal: 1 kB kB\n",
        };
        uint64_t bytes;

        g_assert_true(pi_proc_parse_meminfo(
                text_of("MemTotal:       24684092 kB\nMemFree:        24246444 kB\n"), &bytes));
        g_assert_cmpuint(bytes, ==, UINT64_C(24684092) * 1024);
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_test_message("%s", bad[i]);
                g_assert_false(pi_proc_parse_meminfo(text_of(bad[i]), &bytes));
        }
}

static void test_pressure(void) {
        PiProcPressure p;

        g_assert_true(pi_proc_parse_pressure(text_of(pressure_text), &p));
        g_assert_cmpfloat_with_epsilon(p.avg10, 0.0020, 1e-12);
        g_assert_cmpfloat_with_epsilon(p.avg60, 0.1245, 1e-12);
        g_assert_cmpuint(p.total_usec, ==, 4535061);
        g_assert_true(pi_proc_parse_pressure(
                text_of("some avg10=100.00 avg60=0.00 avg300=0.00 total=0\n"), &p));
        g_assert_cmpfloat(p.avg10, ==, 1);
}

static void test_pressure_refused(void) {
        static const char *const bad[] = {
                "", "some\n", "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
                "some avg10=0.00 avg60=0.00 avg300=0.00 total=0",
                "some avg10=0.00 avg60=0.00 avg300=0.00 total=\n",
                "some avg10=0.00 avg60=0.00 avg300=0.00\n",
                "some avg10=100.01 avg60=0.00 avg300=0.00 total=0\n",
                "some avg10=0.1 avg60=0.00 avg300=0.00 total=0\n",
                "some avg10=-0.10 avg60=0.00 avg300=0.00 total=0\n",
                "some avg10=nan avg60=0.00 avg300=0.00 total=0\n",
                "some avg10=184467440737095517.00 avg60=0.00 avg300=0.00 total=0\n",
                "some avg60=0.00 avg10=0.00 avg300=0.00 total=0\n",
        };
        PiProcPressure p;

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_test_message("%s", bad[i]);
                g_assert_false(pi_proc_parse_pressure(text_of(bad[i]), &p));
        }
}

/* A good text made longer than any the kernel writes is refused by everyone. */
static void test_too_long(void) {
        const char *const good[] = {
                stat_two_cpus, status_text, "MemTotal: 1 kB\n", pressure_text,
        };
        PiProcPressure pressure;
        PiProcStatus status;
        PiProcStat stat;
        uint64_t bytes;

        for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
                g_autoptr(GString) text = g_string_new(good[i]);
                while (text->len <= PI_TEXT_MAX)
                        g_string_append(text, "x 1\n");
                PiText t = { text->str, text->len };
                g_assert_false(pi_proc_parse_stat(t, &stat));
                g_assert_false(pi_proc_parse_status(t, &status));
                g_assert_false(pi_proc_parse_meminfo(t, &bytes));
                g_assert_false(pi_proc_parse_pressure(t, &pressure));
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/proc/stat", test_stat);
        g_test_add_func("/proc/stat-without-steal", test_stat_without_steal);
        g_test_add_func("/proc/stat-cut", test_stat_cut);
        g_test_add_func("/proc/stat-refused", test_stat_refused);
        g_test_add_func("/proc/stat-many", test_stat_many);
        g_test_add_func("/proc/status", test_status);
        g_test_add_func("/proc/status-refused", test_status_refused);
        g_test_add_func("/proc/meminfo", test_meminfo);
        g_test_add_func("/proc/pressure", test_pressure);
        g_test_add_func("/proc/pressure-refused", test_pressure_refused);
        g_test_add_func("/proc/too-long", test_too_long);
        return g_test_run();
}
