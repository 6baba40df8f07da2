/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/verdict.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/job.h"
#include "ctl/text.h"
#include "dbus/error.h"

/* CPUs named in one note. */
#define NAMES_MAX 8

#define WORD_MAX 32

static gboolean is(GVariant *dict, const char *verdict) {
        return strcmp(pi_dict_string(dict, "verdict"), verdict) == 0;
}

static char *parts_text(GVariant *fault) {
        guint64 first = pi_dict_u64(fault, "first_part"), n = pi_dict_u64(fault, "parts");

        if (n <= 1)
                return g_strdup_printf("part %" G_GUINT64_FORMAT, first);
        return g_strdup_printf("parts %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, first,
                               first + n - 1);
}

static char *who_was_right(guint32 right_cpu) {
        return right_cpu == PI_VERDICT_NO_CPU ? g_strdup("another CPU")
                                              : g_strdup_printf("CPU %u", right_cpu);
}

char *pi_fault_sentence(GVariant *fault, guint32 right_cpu) {
        g_autofree char *parts = parts_text(fault), *other = who_was_right(right_cpu);
        g_autofree char *verdict = pi_text_escape(pi_dict_string(fault, "verdict"), FALSE,
                                                  WORD_MAX);
        g_autofree char *kernel = pi_text_escape(pi_dict_string(fault, "kernel"), FALSE, WORD_MAX);
        guint32 cpu = (guint32) pi_dict_u64(fault, "cpu");

        if (is(fault, "transient"))
                return g_strdup_printf("CPU %u gave a wrong sum for %s, which did not prove "
                                       "lasting", cpu, parts);
        if (is(fault, "core"))
                return g_strdup_printf("CPU %u gave a wrong sum twice for %s; %s had it right: the "
                                       "core is at fault", cpu, parts, other);
        if (is(fault, "node"))
                return g_strdup_printf("CPU %u gave a wrong sum for %s, and no CPU had it right: "
                                       "the node is at fault", cpu, parts);
        if (is(fault, "software"))
                return g_strdup_printf("CPU %u gave a wrong sum for %s, as others did by the same "
                                       "bits: the software is at fault (kernel %s)", cpu, parts,
                                       kernel);
        return g_strdup_printf("CPU %u gave a wrong sum for %s: %s", cpu, parts,
                               verdict[0] ? verdict : "no verdict yet");
}

/* "CPU 1" or "CPUs 1, 3 and 12 more": those with faults of this verdict. */
static char *cpus_text(GVariant *report, const char *verdict, GArray *cpus) {
        const GVariantType *list = G_VARIANT_TYPE("aa{sv}");
        g_autoptr(GVariant) faults = g_variant_lookup_value(report, "faults", list);
        GString *s = g_string_new(NULL);

        for (gsize i = 0; faults && i < g_variant_n_children(faults); i++) {
                g_autoptr(GVariant) fault = g_variant_get_child_value(faults, i);
                guint32 cpu = (guint32) pi_dict_u64(fault, "cpu");
                gboolean known = !is(fault, verdict);

                for (guint k = 0; k < cpus->len && !known; k++)
                        known = g_array_index(cpus, guint32, k) == cpu;
                if (!known)
                        g_array_append_val(cpus, cpu);
        }
        if (cpus->len == 0)
                return g_string_free(g_string_append(s, "a CPU"), FALSE);
        g_string_append(s, cpus->len == 1 ? "CPU" : "CPUs");
        for (guint k = 0; k < MIN(cpus->len, NAMES_MAX); k++)
                g_string_append_printf(s, "%s %u", k > 0 ? "," : "",
                                       g_array_index(cpus, guint32, k));
        if (cpus->len > NAMES_MAX)
                g_string_append_printf(s, " and %u more", cpus->len - NAMES_MAX);
        return g_string_free(s, FALSE);
}

/* "pictl restore 1 3" as it would be typed. */
static char *restore_text(const GArray *cpus) {
        GString *s = g_string_new("pictl restore");

        for (guint k = 0; k < MIN(cpus->len, NAMES_MAX); k++)
                g_string_append_printf(s, " %u", g_array_index(cpus, guint32, k));
        return g_string_free(g_string_append(s, cpus->len == 0 ? " CPU" : ""), FALSE);
}

char *pi_verdict_note(GVariant *report) {
        const char *verdict = pi_dict_string(report, "verdict");
        g_autoptr(GArray) cpus = g_array_new(FALSE, FALSE, sizeof(guint32));
        g_autofree char *names = cpus_text(report, verdict, cpus), *restore = restore_text(cpus);
        g_autofree char *shown = pi_text_escape(verdict, FALSE, WORD_MAX);
        const char *them = cpus->len > 1 ? "them" : "it";

        if (verdict[0] == '\0' || strcmp(verdict, "none") == 0)
                return NULL;
        if (strcmp(verdict, "transient") == 0)
                return g_strdup_printf("the answer is right, but %s gave a wrong sum once, and the "
                                       "right one when asked again; pictl faults tells more",
                                       names);
        if (strcmp(verdict, "core") == 0)
                return g_strdup_printf("the answer is right, but %s gave wrong sums, which others "
                                       "computed again: pictl cores tells whether %s is in "
                                       "service, %s puts %s back", names,
                                       cpus->len > 1 ? "each" : "it", restore, them);
        return g_strdup_printf("the answer is right, but %s gave wrong sums, and the verdict is "
                               "%s; pictl faults tells more, pictl cores lists the cores, "
                               "%s puts %s back into service", names, shown, restore, them);
}

int pi_verdict_exit_status(GVariant *report) {
        static const char *const bad[] = { "core", "node", "software" };

        for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
                if (is(report, bad[i]))
                        return pi_error_exit_status(PI_ERROR_VERIFICATION_FAILED);
        return EXIT_SUCCESS;
}
