/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/report.h"

#include <string.h>

#include "ctl/text.h"

#define REPORT                                                                                   \
        "{'pi_text': <'3.14159265258979323846264'>, 'sum_hex': <'00'>, 'error_vs_pi': <-1e-9>, " \
        "'residual': <6.8e-25>, 'verified': <true>, 'terms': <uint64 1000000000>, "              \
        "'parts': <uint64 16>, 'cpus': <uint32 2>, 'leases': <uint64 16>, "                      \
        "'leases_retried': <uint64 1>, 'response_usec': <uint64 26100>, "                        \
        "'submission_usec': <uint64 300>, 'compute_usec': <uint64 25000>, "                      \
        "'cpu_usec': <uint64 50300>, 'cpu_utilization': <0.97>, "                                \
        "'memory_peak_bytes': <uint64 12897485>, 'throughput_terms': <38.2e9>, "                 \
        "'throughput_parts': <613.0>, 'speedup': <1.92>, 'efficiency': <0.96>, "                 \
        "'baseline_throughput_terms': <19.9e9>, 'kernel': <'generic'>, 'engine': <'local'>, "    \
        "'numerics_version': <uint32 1>, 'nodes': <[{'cpus': <uint32 2>}]>}"

static PiOutput output(gboolean utf8, gboolean colours) {
        PiOutput out = { .text = g_string_new(NULL), .legend = TRUE };

        out.terminal = (PiTerminal) { .fd = -1, .columns = 80, .utf8 = utf8, .colours = colours };
        return out;
}

static char *render(const char *report, gboolean utf8, gboolean colours) {
        g_autoptr(GVariant) dict = g_variant_ref_sink(g_variant_new_parsed(report));
        PiOutput out = output(utf8, colours);

        pi_report_append(&out, 3.141592652589793, dict);
        return g_string_free(out.text, FALSE);
}

static void test_whole(void) {
        g_autofree char *text = render(REPORT, TRUE, FALSE);

        g_assert_cmpstr(text, ==,
                        "\317\200 \342\211\210 3.14159265258979323846264...\n"
                        "    1 000 000 000 terms summed; every digit shown is certain\n\n"
                        "  error against pi   -1.000e-09\n"
                        "  residual           6.800e-25  (against the exact sum of these terms)\n"
                        "  verified           yes: 16 of 16 leases, 1 recomputed\n"
                        "  response time      26.1 ms\n"
                        "  submission latency 300 us  (until the first lease began)\n"
                        "  compute time       25.0 ms\n"
                        "  CPU use            97.0 % of 2 CPUs, 50.3 ms of CPU time\n"
                        "  throughput         38.2 Gterm/s, 613 part/s\n"
                        "  speed-up           1.92 against one thread of this node (19.9 Gterm/s)\n"
                        "  efficiency         96.0 % of 2 workers\n"
                        "  kernel             generic, engine local, numerics version 1\n"
                        "  parts              16\n"
                        "  workers            2\n"
                        "  memory peak        12.3 MiB  (of the whole service)\n");
}

/* Several nodes: what each did, as far as it is told. */
static void test_nodes(void) {
        g_autofree char *text = render(
                "{'kernel': <'avx2'>, 'cluster_efficiency': <0.973>, 'nodes': <["
                "{'id': <'a1'>, 'name': <'node1'>, 'cpus': <uint32 16>, 'terms': <uint64 6000000>, "
                "'leases': <uint64 60>, 'leases_retried': <uint64 1>, 'share': <0.6>, "
                "'cpu_usec': <uint64 50300>, 'throughput_terms': <38.2e9>, "
                "'round_trip_usec': <uint64 0>}, "
                "{'id': <'b2\033'>, 'terms': <uint64 4000000>, 'round_trip_usec': <uint64 431>}]>}",
                TRUE, FALSE);

        g_test_message("%s", text);
        g_assert_nonnull(strstr(text, "  nodes              2\n"
                                      "  cluster efficiency 97.3 % of 2 nodes\n\n"));
        g_assert_nonnull(strstr(text, "NODE   CPUS TERMS  SHARE LEASES RETRIED CPU-TIME TERMS/S"
                                      "    RTT\n"));
        g_assert_nonnull(strstr(text, "node1    16 6.00M 60.0 %     60       1  50.3 ms   38.2G"
                                      "      -\n"));
        g_assert_nonnull(strstr(text, "b2\\x1b    - 4.00M      -      -       -        -       -"
                                      " 431 us\n"));
}

static void test_ascii(void) {
        g_autofree char *text = render(REPORT, FALSE, FALSE);

        g_assert_true(g_str_is_ascii(text));
        g_assert_true(g_str_has_prefix(text, "pi ~ 3.14159"));
}

/* The digits shared with pi stand out. */
static void test_colours(void) {
        g_autofree char *text = render(REPORT, TRUE, TRUE);

        g_assert_nonnull(strstr(text, "\033[1m3.14159265\033[0m258979"));
        g_assert_nonnull(strstr(text, "\033[32myes\033[0m"));
}

static void test_inexact(void) {
        g_autofree char *text = render(
                "{'kernel': <'reference'>, 'pi_text': <'3.14159'>, 'terms': <uint64 8>, "
                "'residual': <-9e-14>}",
                TRUE, FALSE);

        g_assert_nonnull(strstr(text, "its sum is not exact"));
        g_assert_nonnull(strstr(text, "-9.000e-14"));
}

static void test_not_verified(void) {
        g_autofree char *text = render("{'verified': <false>, 'leases': <uint64 5>}", TRUE, FALSE);

        g_assert_nonnull(strstr(text, "NO"));
        g_assert_null(strstr(text, "yes"));
        g_assert_null(strstr(text, "5 of 5"));
}

/* What the report lacks is not shown as zero, and without certain digits none is claimed. */
static void test_sparse(void) {
        g_autofree char *text = render("@a{sv} {'terms': <uint64 1>}", TRUE, FALSE);

        g_assert_nonnull(strstr(text, "3.14159265258979"));
        g_assert_nonnull(strstr(text, "1 term summed; rounded to a double"));
        g_assert_null(strstr(text, "speed-up"));
        g_assert_null(strstr(text, "response time"));
        g_assert_null(strstr(text, "memory"));
        g_assert_null(strstr(text, "verified"));
}

static void test_hostile(void) {
        g_autofree char *text = render(
                "{'kernel': <'\033[2Jx'>, 'engine': <'\033c'>, 'pi_text': <'3\033[H'>}", TRUE,
                FALSE);

        g_assert_null(strchr(text, '\033'));
}

static void test_json(void) {
        g_autoptr(GVariant)
                dict = g_variant_ref_sink(g_variant_new_parsed("{'terms': <uint64 8>}"));
        PiOutput out = output(TRUE, FALSE);

        out.json = PI_JSON_SHORT;
        pi_report_append_json(&out, 3.5, dict);
        g_assert_cmpstr(out.text->str, ==, "{\"pi\":3.5,\"report\":{\"terms\":8}}\n");
        g_string_free(out.text, TRUE);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/report/whole", test_whole);
        g_test_add_func("/ctl/report/ascii", test_ascii);
        g_test_add_func("/ctl/report/nodes", test_nodes);
        g_test_add_func("/ctl/report/colours", test_colours);
        g_test_add_func("/ctl/report/inexact", test_inexact);
        g_test_add_func("/ctl/report/not-verified", test_not_verified);
        g_test_add_func("/ctl/report/sparse", test_sparse);
        g_test_add_func("/ctl/report/hostile", test_hostile);
        g_test_add_func("/ctl/report/json", test_json);
        return g_test_run();
}
