/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "ctl/invocation.h"
#include "ctl/wsl/powershell.h"
#include "ctl/wsl/script.h"
#include "ctl/wsl/setup.h"
#include "dbus/error.h"

#define RULES_MAX 1024

/* What of ours is there. */
typedef struct Traces {
        PiWslFacts *facts;
        char *paths[PI_WSL_FILES];
        PiKeepState states[PI_WSL_FILES];
        gboolean rule;
} Traces;

static void traces_clear(Traces *t) {
        g_clear_pointer(&t->facts, pi_wsl_facts_free);
        for (int i = 0; i < PI_WSL_FILES; i++)
                g_free(t->paths[i]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Traces, traces_clear)

static gboolean has_rule(PiWslHost *host, gboolean *ret, GError **error) {
        g_autofree char *script = pi_script_network(), *answer = NULL;
        char *line;

        answer = pi_windows_run(host, script, error);
        if (!answer)
                return FALSE;
        for (guint n = 0; n < RULES_MAX && (line = pi_answer_get(answer, "rule", n)); n++) {
                *ret = *ret || g_str_has_prefix(line, "pi-computed-");
                g_free(line);
        }
        return TRUE;
}

static gboolean find(Traces *t, PiWslHost *host, GError **error) {
        t->facts = pi_wsl_facts_new(host);
        if (!pi_wsl_facts_check(t->facts, error))
                return FALSE;
        t->paths[0] = pi_wsl_host_path(host, PI_WSL_CONF);
        t->paths[1] = pi_wsl_host_path(host, t->facts->config);
        for (int i = 0; i < PI_WSL_FILES; i++)
                if (!pi_keep_state(t->paths[i], &t->states[i], error))
                        return FALSE;
        return has_rule(host, &t->rule, error);
}

static gboolean is_empty(const Traces *t) {
        for (int i = 0; i < PI_WSL_FILES; i++)
                if (t->states[i] != PI_KEEP_NONE)
                        return FALSE;
        return !t->rule && t->facts->logon[0] == '\0';
}

static gboolean show_file(const Traces *t, int i, PiOutput *out, GError **error) {
        g_auto(PiKeepText) now = {}, before = {};
        g_autofree char *diff = NULL;

        if (!pi_keep_read(t->paths[i], &now, error) ||
            !pi_keep_backup(t->paths[i], &before, error))
                return FALSE;
        diff = pi_wsl_diff(now.text, before.text, i == 0 ? PI_WSL_CONF : t->facts->config, error);
        if (!diff)
                return FALSE;
        g_string_append(out->text, diff);
        return TRUE;
}

static gboolean show(const Traces *t, const PiWslWish *wish, PiOutput *out, GError **error) {
        g_autofree char *script = pi_script_disallow();

        for (int i = 0; i < PI_WSL_FILES; i++)
                if (t->states[i] != PI_KEEP_NONE && !show_file(t, i, out, error))
                        return FALSE;
        if (t->facts->logon[0] != '\0')
                pi_output_printf(out, "\nAt logon Windows no longer is to run %s\n",
                                 t->facts->logon);
        if (t->rule)
                pi_wsl_show_script(out,
                                   wish->elevate
                                           ? "\nThe rule of the Hyper-V firewall is to go. An "
                                             "administrator runs:"
                                           : "\nThe rule of the Hyper-V firewall is to go. Run in "
                                             "PowerShell as administrator (or give --elevate):",
                                   script);
        return TRUE;
}

/* All or nothing: what would be refused later is so before anything is done. */
static gboolean check(const Traces *t, const PiWslWish *wish, GError **error) {
        for (int i = 0; i < PI_WSL_FILES; i++) {
                if (t->states[i] == PI_KEEP_EDITED && !wish->force)
                        return pi_keep_restore(t->paths[i], FALSE, error);
                if (t->states[i] != PI_KEEP_NONE && !pi_keep_may_write(t->paths[i], error))
                        return FALSE;
        }
        return TRUE;
}

static gboolean apply(const Traces *t, PiWslHost *host, const PiWslWish *wish, GError **error) {
        g_autofree char *disallow = pi_script_disallow(), *logon = NULL, *answer = NULL;

        for (int i = 0; i < PI_WSL_FILES; i++)
                if (!pi_keep_restore(t->paths[i], wish->force, error))
                        return FALSE;
        if (t->facts->logon[0] != '\0') {
                logon = pi_script_no_logon(t->facts->distro);
                answer = pi_windows_run(host, logon, error);
                if (!answer)
                        return FALSE;
        }
        return !t->rule || !wish->elevate || pi_windows_run_elevated(host, disallow, error);
}

static void show_json(const Traces *t, gboolean done, const PiWslWish *wish, PiOutput *out) {
        g_autoptr(GVariant) dict = NULL;
        GVariantBuilder b, files;

        g_variant_builder_init(&files, G_VARIANT_TYPE("as"));
        for (int i = 0; i < PI_WSL_FILES; i++)
                if (t->states[i] != PI_KEEP_NONE)
                        g_variant_builder_add(&files, "s",
                                              i == 0 ? PI_WSL_CONF : t->facts->config);
        g_variant_builder_init(&b, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&b, "{sv}", "done", g_variant_new_boolean(done));
        g_variant_builder_add(&b, "{sv}", "files", g_variant_builder_end(&files));
        g_variant_builder_add(&b, "{sv}", "logon",
                              g_variant_new_boolean(t->facts->logon[0] != '\0'));
        g_variant_builder_add(&b, "{sv}", "rule", g_variant_new_boolean(t->rule && wish->elevate));
        dict = g_variant_ref_sink(g_variant_builder_end(&b));
        pi_json_append(dict, out->json, out->text);
}

int pi_wsl_undo(PiWslHost *host, const PiWslWish *wish, PiOutput *out, GError **error) {
        g_auto(Traces) t = {};
        gboolean text = out->json == PI_JSON_OFF;

        if (!find(&t, host, error) || (text && !show(&t, wish, out, error)))
                return PI_VERB_ERROR;
        if (wish->print || is_empty(&t)) {
                if (!text)
                        show_json(&t, FALSE, wish, out);
                else if (is_empty(&t))
                        pi_output_printf(out, "There is nothing of pictl wsl setup to undo.\n");
                return EXIT_SUCCESS;
        }
        if (!check(&t, wish, error) ||
            !pi_wsl_confirm(host, wish, out, "Put it back so?", error) ||
            !apply(&t, host, wish, error))
                return PI_VERB_ERROR;
        if (!text) {
                show_json(&t, TRUE, wish, out);
                return EXIT_SUCCESS;
        }
        pi_output_printf(out, "Done.%s\n\nIt counts after wsl --shutdown in Windows, which ends "
                              "every distribution.\n",
                         t.rule && !wish->elevate
                                 ? " The script for the administrator was not run: do that."
                                 : "");
        return EXIT_SUCCESS;
}
