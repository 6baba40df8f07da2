/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/cgroup.h"

#include <string.h>

static PiText text_of(const char *s) {
        return (PiText) { s, strlen(s) };
}

static void assert_no_place(const PiCgroupPlace *place) {
        g_assert_null(place->path);
        g_assert_null(place->controllers);
}

static void assert_no_places(const PiCgroupPlaces *places) {
        assert_no_place(&places->unified);
        assert_no_place(&places->cpu);
        assert_no_place(&places->cpuacct);
        assert_no_place(&places->memory);
}

static void test_places_v2(void) {
        g_auto(PiCgroupPlaces) places = { 0 };

        g_assert_true(pi_cgroup_parse_places(
                text_of("0::/pi-computed.slice/pi-computed.service\n"), &places));
        g_assert_cmpstr(places.unified.path, ==, "/pi-computed.slice/pi-computed.service");
        g_assert_cmpstr(places.unified.controllers, ==, "");
        assert_no_place(&places.cpu);
        assert_no_place(&places.memory);
}

static void test_places_v1(void) {
        g_auto(PiCgroupPlaces) places = { 0 };

        g_assert_true(pi_cgroup_parse_places(
                text_of("12:memory:/system.slice/a:b.service\n"
                        "11:cpuset:/elsewhere\n"
                        "4:cpu,cpuacct:/system.slice\n"
                        "1:name=systemd:/init.scope\n"), &places));
        g_assert_cmpstr(places.memory.path, ==, "/system.slice/a:b.service");
        g_assert_cmpstr(places.memory.controllers, ==, "memory");
        g_assert_cmpstr(places.cpu.path, ==, "/system.slice");
        g_assert_cmpstr(places.cpu.controllers, ==, "cpu,cpuacct");
        g_assert_cmpstr(places.cpuacct.path, ==, "/system.slice");
        assert_no_place(&places.unified);
}

static void test_places_hybrid(void) {
        g_auto(PiCgroupPlaces) places = { 0 };

        g_assert_true(pi_cgroup_parse_places(
                text_of("9:name=systemd:/\n4:memory:/box/1\n2:cpuacct:/\n1:cpu:/\n0::/\n"),
                &places));
        g_assert_cmpstr(places.unified.path, ==, "/");
        g_assert_cmpstr(places.cpuacct.path, ==, "/");
        g_assert_cmpstr(places.memory.path, ==, "/box/1");
}

static void test_places_outside(void) {
        static const char *const outside[] = {
                "0::/..\n", "0::/../a\n", "0::/a/../../etc\n", "0::/a/..\n",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(outside); i++) {
                g_auto(PiCgroupPlaces) places = { 0 };
                g_test_message("%s", outside[i]);
                g_assert_true(pi_cgroup_parse_places(text_of(outside[i]), &places));
                assert_no_places(&places);
        }
        g_auto(PiCgroupPlaces) dots = { 0 };
        g_assert_true(pi_cgroup_parse_places(text_of("0::/..a/b..\n"), &dots));
        g_assert_cmpstr(dots.unified.path, ==, "/..a/b..");
}

static void test_places_refused(void) {
        static const char *const bad[] = {
                "garbage\n", "0:/\n", "0::\n", "0::relative\n", "x::/\n", ":: /\n", "-1::/\n",
                "1::/\n", "0::/a\n0::/b\n", "1:memory:/a\n2:memory:/b\n", "1:../../etc:/\n",
                "1:..:/\n", "1:cpu:/a\n\n", "1:memory:/fine\n2:broken\n",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_auto(PiCgroupPlaces) places = { 0 };
                g_test_message("%s", bad[i]);
                g_assert_false(pi_cgroup_parse_places(text_of(bad[i]), &places));
                assert_no_places(&places);
        }
        g_auto(PiCgroupPlaces) places = { 0 };
        g_assert_false(pi_cgroup_parse_places((PiText) { "0::/a\0b\n", 8 }, &places));
}

static void test_places_limits(void) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_auto(PiCgroupPlaces) places = { 0 };

        for (unsigned i = 0; i < PI_CGROUP_LINES_MAX; i++)
                g_string_append_printf(text, "%u:name=h%u:/\n", i + 1, i);
        g_assert_true(pi_cgroup_parse_places(text_of(text->str), &places));
        g_string_append(text, "0::/\n");
        g_assert_false(pi_cgroup_parse_places(text_of(text->str), &places));

        g_string_assign(text, "0::/");
        for (unsigned i = 0; i < 5000; i++)
                g_string_append_c(text, 'a');
        g_string_append_c(text, '\n');
        g_assert_false(pi_cgroup_parse_places(text_of(text->str), &places));
        assert_no_places(&places);
}

static void test_cpu_stat_v2(void) {
        PiCgroupCpu cpu;

        g_assert_true(pi_cgroup_parse_cpu_stat_v2(
                text_of("usage_usec 55353449\nuser_usec 50000000\nsystem_usec 5353449\n"
                        "core_sched.force_idle_usec 0\n"
                        "nr_periods 100\nnr_throttled 7\nthrottled_usec 123456\n"
                        "nr_bursts 0\nburst_usec 0\n"), &cpu));
        g_assert_true(cpu.has_usage);
        g_assert_cmpuint(cpu.usage_usec, ==, 55353449);
        g_assert_true(cpu.has_throttling);
        g_assert_cmpuint(cpu.periods, ==, 100);
        g_assert_cmpuint(cpu.throttled_periods, ==, 7);
        g_assert_cmpuint(cpu.throttled_usec, ==, 123456);

        g_assert_true(pi_cgroup_parse_cpu_stat_v2(
                text_of("usage_usec 55353449\nuser_usec 50000000\nnr_periods 1"), &cpu));
        g_assert_true(cpu.has_usage);
        g_assert_false(cpu.has_throttling);
        g_assert_true(pi_cgroup_parse_cpu_stat_v2(text_of("usage_usec 553"), &cpu));
        g_assert_false(cpu.has_usage);
}

static void test_cpu_stat_v1(void) {
        PiCgroupCpu cpu;

        g_assert_true(pi_cgroup_parse_cpu_stat_v1(
                text_of("nr_periods 100\nnr_throttled 7\nthrottled_time 123456789\n"
                        "nr_bursts 0\nburst_time 0\n"), &cpu));
        g_assert_false(cpu.has_usage);
        g_assert_true(cpu.has_throttling);
        g_assert_cmpuint(cpu.throttled_usec, ==, 123456);
}

static void test_cpu_stat_refused(void) {
        static const char *const bad[] = {
                "usage_usec\n", "usage_usec x\n", "usage_usec 1 2\n", "usage_usec -1\n",
                "usage_usec 18446744073709551616\n", "usage_usec 1\nusage_usec 1\n",
                "usage_usec 1\n\n", "nr_periods 1\nnr_periods 2\n",
        };
        PiCgroupCpu cpu;

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_test_message("%s", bad[i]);
                g_assert_false(pi_cgroup_parse_cpu_stat_v2(text_of(bad[i]), &cpu));
                g_assert_false(cpu.has_usage);
                g_assert_false(cpu.has_throttling);
        }
        g_assert_false(pi_cgroup_parse_cpu_stat_v1(text_of("throttled_time x\n"), &cpu));
}

static void test_number(void) {
        static const char *const bad[] = {
                "", "\n", "max\n", "1", "1\n2\n", "1\n\n", " 1\n", "1 \n", "-1\n",
                "18446744073709551616\n",
        };
        uint64_t value;

        g_assert_true(pi_cgroup_parse_number(text_of("308641792\n"), &value));
        g_assert_cmpuint(value, ==, 308641792);
        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_test_message("%s", bad[i]);
                g_assert_false(pi_cgroup_parse_number(text_of(bad[i]), &value));
        }
}

static void test_too_long(void) {
        g_autofree char *zeros = g_strnfill(PI_TEXT_MAX, '0');
        g_autofree char *number = g_strconcat(zeros, "1\n", NULL);
        g_autoptr(GString) lines = g_string_new("usage_usec 1\n");
        g_auto(PiCgroupPlaces) places = { 0 };
        PiCgroupCpu cpu;
        uint64_t value;

        g_assert_false(pi_cgroup_parse_number(text_of(number), &value));
        while (lines->len <= PI_TEXT_MAX)
                g_string_append(lines, "other 0\n");
        g_assert_false(pi_cgroup_parse_cpu_stat_v2(text_of(lines->str), &cpu));
        g_assert_false(pi_cgroup_parse_cpu_stat_v1(text_of(lines->str), &cpu));
        g_assert_false(pi_cgroup_parse_places(text_of(lines->str), &places));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cgroup/places-v2", test_places_v2);
        g_test_add_func("/cgroup/places-v1", test_places_v1);
        g_test_add_func("/cgroup/places-hybrid", test_places_hybrid);
        g_test_add_func("/cgroup/places-outside", test_places_outside);
        g_test_add_func("/cgroup/places-refused", test_places_refused);
        g_test_add_func("/cgroup/places-limits", test_places_limits);
        g_test_add_func("/cgroup/cpu-stat-v2", test_cpu_stat_v2);
        g_test_add_func("/cgroup/cpu-stat-v1", test_cpu_stat_v1);
        g_test_add_func("/cgroup/cpu-stat-refused", test_cpu_stat_refused);
        g_test_add_func("/cgroup/number", test_number);
        g_test_add_func("/cgroup/too-long", test_too_long);
        return g_test_run();
}
