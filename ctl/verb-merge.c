/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "ctl/format.h"
#include "ctl/merge.h"
#include "ctl/quantity.h"
#include "ctl/report.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "daemon/series/digits.h"
#include "dbus/error.h"
#include "dbus/names.h"

#define HOSTS_SHOWN 16
#define HOST_SHOWN_MAX 64

static int by_name(gconstpointer a, gconstpointer b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* The caller frees the array alone. */
static const char **sorted_hosts(const PiMerge *merge, guint *ret_n) {
        gpointer *hosts = g_hash_table_get_keys_as_array(merge->hosts, ret_n);

        qsort(hosts, *ret_n, sizeof(*hosts), by_name);
        return (const char **) hosts;
}

static void add(GVariantBuilder *b, const char *key, GVariant *value) {
        g_variant_builder_add(b, "{sv}", key, value);
}

/* With the keys of a job's report as far as they are the same. */
static GVariant *report_new(const PiMerge *merge, const PiMergeTotal *total) {
        g_autofree char *hex = pi_fixed_to_hex(&total->sum);
        g_autofree char *digits = pi_digits_of_range((PiRange) { 0, total->terms }, &total->sum,
                                                     &total->residual);
        guint n_hosts;
        g_autofree const char **hosts = sorted_hosts(merge, &n_hosts);
        double residual = 4 * pi_fixed_to_double(&total->residual);
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE_VARDICT);
        add(&b, PI_REPORT_PI_TEXT, g_variant_new_string(digits));
        add(&b, PI_REPORT_SUM_HEX, g_variant_new_string(hex));
        add(&b, PI_REPORT_ERROR_VS_PI, g_variant_new_double(pi_error_vs_pi(&total->sum)));
        add(&b, PI_REPORT_RESIDUAL, g_variant_new_double(residual));
        add(&b, PI_REPORT_VERIFIED, g_variant_new_boolean(TRUE));
        add(&b, PI_REPORT_TERMS, g_variant_new_uint64(total->terms));
        add(&b, PI_REPORT_CPU_USEC, g_variant_new_uint64(total->cpu_usec));
        add(&b, PI_REPORT_NUMERICS, g_variant_new_uint32(PI_NUMERICS_VERSION));
        add(&b, "chunks", g_variant_new_uint64(total->chunks));
        add(&b, "duplicates", g_variant_new_uint64(total->duplicates));
        add(&b, "files", g_variant_new_uint32(merge->files->len));
        add(&b, "runs", g_variant_new_uint64(merge->runs));
        add(&b, "hosts", g_variant_new_strv(hosts, n_hosts));
        add(&b, "fault_lines", g_variant_new_uint64(merge->faults));
        add(&b, "noise_lines", g_variant_new_uint64(merge->noise));
        return g_variant_ref_sink(g_variant_builder_end(&b));
}

static void append_runs(PiOutput *out, const PiMerge *merge) {
        g_autoptr(GString) names = g_string_new(NULL);
        guint n;
        g_autofree const char **hosts = sorted_hosts(merge, &n);

        for (guint i = 0; i < MIN(n, HOSTS_SHOWN); i++) {
                g_autofree char *host = pi_text_escape(hosts[i], FALSE, HOST_SHOWN_MAX);

                g_string_append_printf(names, "%s %s", i > 0 ? "," : ":", host);
        }
        if (n > HOSTS_SHOWN)
                g_string_append_printf(names, " and %u more", n - HOSTS_SHOWN);
        pi_report_row(out, "runs", "%" G_GUINT64_FORMAT " on %u host%s%s", merge->runs, n,
                      n == 1 ? "" : "s", names->str);
}

static void append_count(PiOutput *out, const char *label, guint64 n, const char *of) {
        if (n > 0)
                pi_report_row(out, label, "%" G_GUINT64_FORMAT "  (%s)", n, of);
}

static void append_figures(PiOutput *out, const PiMerge *merge, const PiMergeTotal *total) {
        g_autofree char *hex = pi_fixed_to_hex(&total->sum);
        g_autofree char *cpu = pi_format_usec(total->cpu_usec);

        pi_report_row(out, "sum", "%s", hex);
        pi_report_row(out, "chunks", "%" G_GUINT64_FORMAT ", each verified", total->chunks);
        append_count(out, "told again", total->duplicates, "chunks, by the same bits");
        append_runs(out, merge);
        append_count(out, "faults", merge->faults,
                     "wrong sums that a run noticed and had others do again");
        append_count(out, "passed over", merge->noise, "lines that are not of pi-computed-mpi");
        pi_report_row(out, "CPU time", "%s", cpu);
}

static void warn_of_torn(const char *path, guint64 line) {
        g_autofree char *name = pi_text_escape(path, FALSE, 0);
        g_autofree char *warning = g_strdup_printf("%s:%" G_GUINT64_FORMAT ": the last line is "
                                                   "torn and passed over", name, line);

        pi_complain(warning);
}

static gboolean merge_files(PiInvocation *inv, PiMerge *merge, PiMergeTotal *ret, GError **error) {
        guint64 terms = 0;

        if (inv->options.terms_text &&
            !pi_quantity_parse(inv->options.terms_text, &pi_quantity_terms, &terms, error))
                return FALSE;
        for (guint i = 0; i < inv->n_args; i++) {
                guint64 torn;

                if (!pi_merge_add_file(merge, inv->args[i], &torn, error))
                        return FALSE;
                if (torn > 0)
                        warn_of_torn(inv->args[i], torn);
        }
        return pi_merge_sum(merge, terms, ret, error);
}

int pi_verb_merge(PiInvocation *inv, GError **error) {
        g_autoptr(PiMerge) merge = pi_merge_new(PI_MERGE_CHUNKS_MAX);
        g_autoptr(GVariant) report = NULL;
        g_autoptr(GError) why = NULL;
        PiMergeTotal total;
        double pi;

        if (inv->options.bus == PI_BUS_REMOTE) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "pictl merge reads files of the machine it runs on: log in there "
                            "instead of --host");
                return PI_VERB_ERROR;
        }
        if (!merge_files(inv, merge, &total, &why)) {
                /* It may have what stands in a file, or its name. */
                g_autofree char *text = pi_text_escape(why->message, FALSE, 0);

                g_set_error_literal(error, why->domain, why->code, text);
                return PI_VERB_ERROR;
        }
        report = report_new(merge, &total);
        pi = 4 * pi_fixed_to_double(&total.sum);
        if (inv->out.json != PI_JSON_OFF) {
                pi_report_append_json(&inv->out, pi, report);
                return EXIT_SUCCESS;
        }
        pi_report_append_value(&inv->out, pi, report);
        pi_report_append_differences(&inv->out, report);
        append_figures(&inv->out, merge, &total);
        return EXIT_SUCCESS;
}
