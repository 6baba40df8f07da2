/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/finding.h"

#include <stdarg.h>
#include <string.h>

/* Columns, of the severity and of the check. */
#define SEVERITY_WIDTH 9
#define CHECK_WIDTH 12

static const struct {
        const char *name;
        PiStyle style;
} severities[_PI_FINDING_MAX] = {
        [PI_FINDING_OK] = { "ok", PI_STYLE_GOOD },
        [PI_FINDING_NOTE] = { "note", PI_STYLE_FAINT },
        [PI_FINDING_WARNING] = { "warning", PI_STYLE_BUSY },
        [PI_FINDING_BROKEN] = { "broken", PI_STYLE_BAD },
};

static void finding_free(gpointer data) {
        PiFinding *finding = data;

        g_free(finding->check);
        g_free(finding->text);
        g_free(finding->remedy);
        g_free(finding);
}

PiFindings *pi_findings_new(void) {
        return g_ptr_array_new_with_free_func(finding_free);
}

void pi_findings_add(PiFindings *findings, PiSeverity severity, const char *check,
                     const char *remedy, const char *format, ...) {
        PiFinding *finding = g_new0(PiFinding, 1);
        va_list args;

        finding->severity = severity;
        finding->check = g_strdup(check);
        finding->remedy = g_strdup(remedy);
        va_start(args, format);
        finding->text = g_strdup_vprintf(format, args);
        va_end(args);
        g_ptr_array_add(findings, finding);
}

void pi_findings_add_error(PiFindings *findings, PiSeverity severity, const char *check,
                           const GError *error) {
        const char *remedy = strstr(error->message, "; ");
        gsize length = remedy ? (gsize) (remedy - error->message) : strlen(error->message);
        g_autofree char *text = g_strndup(error->message, length);

        pi_findings_add(findings, severity, check, remedy ? remedy + 2 : NULL, "%s", text);
}

static guint count(const PiFindings *findings, PiSeverity severity) {
        guint n = 0;

        for (guint i = 0; i < findings->len; i++)
                n += ((const PiFinding *) findings->pdata[i])->severity == severity;
        return n;
}

int pi_findings_exit_status(const PiFindings *findings) {
        if (count(findings, PI_FINDING_BROKEN) > 0)
                return 2;
        return count(findings, PI_FINDING_WARNING) > 0 ? 1 : 0;
}

static void show_json(const PiFindings *findings, PiOutput *out) {
        g_autoptr(GVariant) list = NULL;
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE("aa{sv}"));
        for (guint i = 0; i < findings->len; i++) {
                const PiFinding *f = findings->pdata[i];

                g_variant_builder_open(&b, G_VARIANT_TYPE_VARDICT);
                g_variant_builder_add(&b, "{sv}", "check", g_variant_new_string(f->check));
                g_variant_builder_add(&b, "{sv}", "severity",
                                      g_variant_new_string(severities[f->severity].name));
                g_variant_builder_add(&b, "{sv}", "text", g_variant_new_string(f->text));
                g_variant_builder_add(&b, "{sv}", "remedy",
                                      g_variant_new_string(f->remedy ? f->remedy : ""));
                g_variant_builder_close(&b);
        }
        list = g_variant_ref_sink(g_variant_builder_end(&b));
        pi_json_append(list, out->json, out->text);
}

/* Lines after the first stand beneath it. */
static void show_indented(PiOutput *out, const char *lead, const char *text) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

        for (char **line = lines; *line; line++)
                pi_output_printf(out, "%s%s\n",
                                 line == lines ? lead : "                         ", *line);
}

static void show_one(const PiFinding *f, PiOutput *out) {
        const char *severity = severities[f->severity].name;

        pi_output_style(out, severities[f->severity].style, severity);
        pi_output_printf(out, "%*s%-*s ", SEVERITY_WIDTH - (int) strlen(severity), "", CHECK_WIDTH,
                         f->check);
        show_indented(out, "", f->text);
        if (f->remedy)
                show_indented(out, "                      -> ", f->remedy);
}

void pi_findings_show(const PiFindings *findings, PiOutput *out) {
        if (out->json != PI_JSON_OFF) {
                show_json(findings, out);
                return;
        }
        for (guint i = 0; i < findings->len; i++)
                show_one(findings->pdata[i], out);
        if (out->legend)
                pi_output_printf(out, "\n%u checked, %u broken, %u to be mended.\n", findings->len,
                                 count(findings, PI_FINDING_BROKEN),
                                 count(findings, PI_FINDING_WARNING));
}
