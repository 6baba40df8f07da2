/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An answer of GetMetrics as GVariant stores an a{sv}: whatever is in it, the text keeps the form
 * that Prometheus reads. */
#include <stdint.h>
#include <string.h>

#include "daemon/metrics/prometheus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Longer ones only repeat shorter ones, slowly. */
#define SIZE_MAX_USEFUL 4096

static gboolean is_name_character(char c) {
        return g_ascii_islower(c) || g_ascii_isdigit(c) || c == '_';
}

/* A name, labels or none, a blank and a number. */
static void check_sample(const char *line) {
        const char *number = strrchr(line, ' '), *c = line;
        char *end;

        g_assert(g_str_has_prefix(line, "picompute_") && number);
        while (is_name_character(*c))
                c++;
        g_assert(*c == ' ' || (*c == '{' && number[-1] == '}'));
        g_assert(number[1] != '\0');
        (void) g_ascii_strtod(number + 1, &end);
        g_assert(*end == '\0');
}

static void check(const char *text) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

        g_assert(g_utf8_validate(text, -1, NULL));
        g_assert(g_str_has_suffix(text, "\n"));
        for (char **line = lines; *line; line++)
                if (line[1] && !g_str_has_prefix(*line, "# HELP picompute_") &&
                    !g_str_has_prefix(*line, "# TYPE picompute_"))
                        check_sample(*line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(GVariant) raw = NULL, metrics = NULL;
        g_autoptr(GBytes) bytes = NULL;
        g_autofree char *text = NULL;

        if (size > SIZE_MAX_USEFUL)
                return 0;
        bytes = g_bytes_new(data, size);
        raw = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE_VARDICT, bytes, FALSE));
        metrics = g_variant_get_normal_form(raw);
        text = pi_prometheus_text(metrics);
        check(text);
        return 0;
}
