/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "ctl/invocation.h"
#include "ctl/text.h"
#include "ctl/wsl/setup.h"

/* What is shown of a file: the keys that pictl sets. */
static const struct {
        const char *section, *other, *key;
} keys[] = {
        { "wsl2", "experimental", "networkingMode" },
        { "wsl2", NULL, "vmIdleTimeout" },
        { "general", NULL, "instanceIdleTimeout" },
        { "wsl2", NULL, "loadKernelModules" },
        { "experimental", NULL, "autoMemoryReclaim" },
};

/* A line for people and an entry for programs. */
typedef struct Sheet {
        PiOutput *out;
        GVariantBuilder b;
} Sheet;

static void add(Sheet *sheet, const char *key, const char *title, const char *value) {
        g_variant_builder_add(&sheet->b, "{sv}", key, g_variant_new_string(value));
        if (sheet->out->json == PI_JSON_OFF)
                pi_output_printf(sheet->out, "%-22s %s\n", title, value[0] ? value : "-");
}

static const char *name_of(PiKeepState state) {
        switch (state) {
        case PI_KEEP_OURS:
                return "changed by pictl wsl setup";
        case PI_KEEP_EDITED:
                return "changed by pictl wsl setup, edited since";
        case PI_KEEP_NONE:
        default:
                return "not changed by pictl";
        }
}

static gboolean add_keys(Sheet *sheet, PiWslHost *host, const PiWslFacts *f, GError **error) {
        g_autofree char *path = pi_wsl_host_path(host, f->config);
        g_auto(PiKeepText) text = {};
        g_autoptr(PiIni) ini = NULL;

        if (!pi_keep_read(path, &text, error))
                return FALSE;
        ini = pi_ini_parse(PI_INI_CONFIG, f->config, text.text, text.length, error);
        if (!ini)
                return FALSE;
        for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
                const PiIniEntry *e = pi_ini_find(ini, keys[i].section, keys[i].other,
                                                  keys[i].key);
                g_autofree char *title = g_strconcat("  ", keys[i].key, NULL);
                g_autofree char *value = pi_text_escape(e ? e->value : "", TRUE, 200);

                add(sheet, keys[i].key, title, value);
        }
        return TRUE;
}

static gboolean add_file(Sheet *sheet, PiWslHost *host, const char *path, const char *key,
                         const char *title, GError **error) {
        g_autofree char *full = pi_wsl_host_path(host, path);
        g_autofree char *shown = pi_text_escape(path, TRUE, 300), *text = NULL;
        PiKeepState state;

        if (!pi_keep_state(full, &state, error))
                return FALSE;
        text = g_strdup_printf("%s, %s", shown, name_of(state));
        add(sheet, key, title, text);
        return TRUE;
}

int pi_wsl_status(PiWslHost *host, PiOutput *out, GError **error) {
        g_autoptr(PiWslFacts) f = pi_wsl_facts_new(host);
        Sheet sheet = { .out = out };
        g_autoptr(GVariant) dict = NULL;
        gboolean good;

        if (!pi_wsl_facts_check(f, error))
                return PI_VERB_ERROR;
        g_variant_builder_init(&sheet.b, G_VARIANT_TYPE_VARDICT);
        add(&sheet, "version", "WSL", f->version);
        add(&sheet, "kernel", "Kernel", f->kernel);
        add(&sheet, "windows_build", "Windows build", f->build);
        add(&sheet, "distribution", "Distribution", f->distro);
        add(&sheet, "mode", "Network", f->mode);
        add(&sheet, "systemd", "systemd", f->systemd ? "runs" : "does not run");
        add(&sheet, "logon", "At logon", f->logon);
        good = add_file(&sheet, host, PI_WSL_CONF, "conf", "wsl.conf", error) &&
               add_file(&sheet, host, f->config, "config", ".wslconfig", error) &&
               add_keys(&sheet, host, f, error);
        dict = g_variant_ref_sink(g_variant_builder_end(&sheet.b));
        if (good && out->json != PI_JSON_OFF)
                pi_json_append(dict, out->json, out->text);
        if (good && out->json == PI_JSON_OFF && out->legend)
                pi_output_printf(out, "\npictl wsl doctor tells what is wrong.\n");
        return good ? EXIT_SUCCESS : PI_VERB_ERROR;
}
