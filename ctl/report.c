/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/report.h"

#include <string.h>

#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/report-nodes.h"
#include "ctl/text.h"
#include "dbus/names.h"

#define PI_DIGITS "3.14159265358979323846264338327950288419716939937510"

#define KERNEL_INEXACT "reference"

void pi_report_row(PiOutput *out, const char *label, const char *format, ...) {
        va_list ap;

        pi_output_printf(out, "  %-*s ", PI_REPORT_LABEL_WIDTH, label);
        va_start(ap, format);
        g_string_append_vprintf(out->text, format, ap);
        va_end(ap);
        g_string_append_c(out->text, '\n');
}

static gboolean is_exact(GVariant *report) {
        return strcmp(pi_dict_string(report, PI_REPORT_KERNEL), KERNEL_INEXACT) != 0;
}

/* The digits that are those of pi stand out. */
static void append_digits(PiOutput *out, const char *digits) {
        gsize same = 0;
        g_autofree char *begin = NULL;

        while (digits[same] && digits[same] == PI_DIGITS[same])
                same++;
        begin = g_strndup(digits, same);
        pi_output_style(out, PI_STYLE_STRONG, begin);
        g_string_append(out->text, digits + same);
}

void pi_report_append_value(PiOutput *out, double pi, GVariant *report) {
        g_autofree char *digits = pi_text_escape(pi_dict_string(report, PI_REPORT_PI_TEXT), FALSE,
                                                 100);
        guint64 n = pi_dict_u64(report, PI_REPORT_TERMS);
        g_autofree char *terms = pi_format_grouped(n);
        gboolean utf8 = out->terminal.utf8, certain = digits[0] != '\0';

        pi_output_printf(out, utf8 ? "\317\200 \342\211\210 " : "pi ~ ");
        if (certain) {
                append_digits(out, digits);
                pi_output_printf(out, "%s\n", strchr(digits, '.') ? "..." : "");
        } else
                pi_output_printf(out, "%.17g\n", pi);
        pi_output_printf(out, "%s%s term%s summed; %s\n", utf8 ? "    " : "     ", terms,
                         n == 1 ? "" : "s",
                         certain ? "every digit shown is certain" : "rounded to a double");
        if (!is_exact(report))
                pi_output_printf(out,
                                 "%sThe kernel " KERNEL_INEXACT
                                 " adds plain doubles: its sum is not exact.\n",
                                 utf8 ? "    " : "     ");
        g_string_append_c(out->text, '\n');
}

void pi_report_append_differences(PiOutput *out, GVariant *report) {
        g_autofree char *error = pi_format_difference(
                pi_dict_double(report, PI_REPORT_ERROR_VS_PI));
        g_autofree char *residual = pi_format_difference(
                pi_dict_double(report, PI_REPORT_RESIDUAL));

        if (pi_dict_has(report, PI_REPORT_ERROR_VS_PI))
                pi_report_row(out, "error against pi", "%s", error);
        if (pi_dict_has(report, PI_REPORT_RESIDUAL))
                pi_report_row(out, "residual", "%s  (against the exact sum of these terms)",
                              residual);
}

static void append_verified(PiOutput *out, GVariant *report) {
        guint64 leases = pi_dict_u64(report, PI_REPORT_LEASES);
        gboolean verified = FALSE;

        if (!g_variant_lookup(report, PI_REPORT_VERIFIED, "b", &verified))
                return;
        pi_output_printf(out, "  %-*s ", PI_REPORT_LABEL_WIDTH, "verified");
        pi_output_style(out, verified ? PI_STYLE_GOOD : PI_STYLE_BAD, verified ? "yes" : "NO");
        if (verified)
                pi_output_printf(out, ": %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " lease%s",
                                 leases, leases, leases == 1 ? "" : "s");
        pi_output_printf(out, ", %" G_GUINT64_FORMAT " recomputed\n",
                         pi_dict_u64(report, PI_REPORT_LEASES_RETRIED));
}

static void append_usec(PiOutput *out, GVariant *report, const char *key, const char *label,
                        const char *note) {
        g_autofree char *text = pi_format_usec(pi_dict_u64(report, key));

        if (pi_dict_has(report, key))
                pi_report_row(out, label, "%s%s", text, note);
}

static guint64 cpus_of_nodes(GVariant *report) {
        const GVariantType *list = G_VARIANT_TYPE("aa{sv}");
        g_autoptr(GVariant) nodes = g_variant_lookup_value(report, PI_REPORT_NODES, list);
        guint64 cpus = 0;

        for (gsize i = 0; nodes && i < g_variant_n_children(nodes); i++) {
                g_autoptr(GVariant) node = g_variant_get_child_value(nodes, i);
                cpus += pi_dict_u64(node, "cpus");
        }
        return cpus;
}

static void append_cpu_use(PiOutput *out, GVariant *report) {
        g_autofree char *share = pi_format_percent(
                pi_dict_double(report, PI_REPORT_CPU_UTILIZATION));
        g_autofree char *time = pi_format_usec(pi_dict_u64(report, PI_REPORT_CPU_USEC));
        guint64 cpus = cpus_of_nodes(report);

        if (!pi_dict_has(report, PI_REPORT_CPU_UTILIZATION))
                return;
        if (cpus > 0)
                pi_report_row(out, "CPU use", "%s of %" G_GUINT64_FORMAT " CPU%s, %s of CPU time",
                              share, cpus, cpus == 1 ? "" : "s", time);
        else
                pi_report_row(out, "CPU use", "%s, %s of CPU time", share, time);
}

static void append_rates(PiOutput *out, GVariant *report) {
        g_autofree char *terms = pi_format_rate(pi_dict_double(report, PI_REPORT_THROUGHPUT_TERMS),
                                                "term");
        g_autofree char *parts = pi_format_rate(pi_dict_double(report, PI_REPORT_THROUGHPUT_PARTS),
                                                "part");
        g_autofree char *speedup = pi_format_number(pi_dict_double(report, PI_REPORT_SPEEDUP));
        g_autofree char *base = pi_format_rate(pi_dict_double(report, PI_REPORT_BASELINE_TERMS),
                                               "term");
        g_autofree char *efficiency = pi_format_percent(
                pi_dict_double(report, PI_REPORT_EFFICIENCY));
        guint64 workers = pi_dict_u64(report, PI_REPORT_CPUS);

        if (pi_dict_has(report, PI_REPORT_THROUGHPUT_TERMS))
                pi_report_row(out, "throughput", "%s, %s", terms, parts);
        if (pi_dict_has(report, PI_REPORT_SPEEDUP))
                pi_report_row(out, "speed-up", "%s against one thread of this node (%s)", speedup,
                              base);
        if (pi_dict_has(report, PI_REPORT_EFFICIENCY))
                pi_report_row(out, "efficiency", "%s of %" G_GUINT64_FORMAT " worker%s", efficiency,
                              workers, workers == 1 ? "" : "s");
}

/* The terms that were summed before the service was restarted for the last time. */
static void append_resumed(PiOutput *out, GVariant *report) {
        guint64 n = pi_dict_u64(report, PI_REPORT_RESUMES);
        g_autofree char *terms = pi_format_grouped(pi_dict_u64(report, PI_REPORT_RESUMED_TERMS));

        if (n > 0)
                pi_report_row(out, "resumed", "%" G_GUINT64_FORMAT " time%s; %s terms came from "
                              "the last checkpoint", n, n == 1 ? "" : "s", terms);
}

static void append_setup(PiOutput *out, GVariant *report) {
        g_autofree char *kernel = pi_text_escape(pi_dict_string(report, PI_REPORT_KERNEL), FALSE,
                                                 64);
        g_autofree char *engine = pi_text_escape(pi_dict_string(report, PI_REPORT_ENGINE), FALSE,
                                                 64);
        g_autofree char *parts = pi_format_grouped(pi_dict_u64(report, PI_REPORT_PARTS));
        g_autofree char *memory = pi_format_bytes(pi_dict_u64(report, PI_REPORT_MEMORY_PEAK_BYTES));

        pi_report_row(out, "kernel", "%s, engine %s, numerics version %" G_GUINT64_FORMAT, kernel,
                      engine, pi_dict_u64(report, PI_REPORT_NUMERICS));
        if (pi_dict_has(report, PI_REPORT_LAUNCHES)) {
                g_autofree char *launch = pi_format_usec(pi_dict_u64(report,
                                                                     PI_REPORT_LAUNCH_USEC));

                pi_report_row(out, "launches", "%" G_GUINT64_FORMAT ", the last took %s",
                              pi_dict_u64(report, PI_REPORT_LAUNCHES), launch);
        }
        pi_report_row(out, "parts", "%s", parts);
        pi_report_row(out, "workers", "%" G_GUINT64_FORMAT, pi_dict_u64(report, PI_REPORT_CPUS));
        if (pi_dict_has(report, PI_REPORT_MEMORY_PEAK_BYTES))
                pi_report_row(out, "memory peak", "%s  (of the whole service)", memory);
}

void pi_report_append(PiOutput *out, double pi, GVariant *report) {
        pi_report_append_value(out, pi, report);
        pi_report_append_differences(out, report);
        append_verified(out, report);
        append_usec(out, report, PI_REPORT_RESPONSE_USEC, "response time", "");
        append_usec(out, report, PI_REPORT_SUBMISSION_USEC, "submission latency",
                    "  (until the first lease began)");
        append_usec(out, report, PI_REPORT_COMPUTE_USEC, "compute time", "");
        append_resumed(out, report);
        append_cpu_use(out, report);
        append_rates(out, report);
        append_setup(out, report);
        pi_report_append_nodes(out, report);
}

void pi_report_append_json(PiOutput *out, double pi, GVariant *report) {
        g_autoptr(GVariant) value = NULL;
        GVariantBuilder builder;

        g_variant_builder_init(&builder, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&builder, "{sv}", "pi", g_variant_new_double(pi));
        g_variant_builder_add(&builder, "{sv}", "report", report);
        value = g_variant_ref_sink(g_variant_builder_end(&builder));
        pi_json_append(value, out->json, out->text);
}
