/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "ctl/invocation.h"
#include "ctl/wsl/check.h"
#include "ctl/wsl/powershell.h"
#include "ctl/wsl/script.h"
#include "ctl/wsl/setup.h"
#include "ctl/wsl/steps.h"
#include "dbus/error.h"

/* What of ours is there. */
typedef struct Traces {
        PiWslFacts *facts;         /* with trouble only wsl.conf is known */
        char *paths[PI_WSL_FILES]; /* NULL for one that cannot be found */
        PiKeepText now[PI_WSL_FILES];
        PiKeepState states[PI_WSL_FILES];
        PiWslRules rules;
        char *unsure; /* why Windows does not tell the rules, NULL if it does */
} Traces;

static void traces_clear(Traces *t) {
        g_clear_pointer(&t->facts, pi_wsl_facts_free);
        for (int i = 0; i < PI_WSL_FILES; i++) {
                g_free(t->paths[i]);
                pi_keep_text_clear(&t->now[i]);
        }
        g_free(t->unsure);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Traces, traces_clear)

static gboolean find_rules(Traces *t, PiWslHost *host, GError **error) {
        g_autofree char *script = pi_script_network(), *answer = NULL;

        g_clear_pointer(&t->unsure, g_free);
        answer = pi_windows_run(host, script, error);
        if (!answer)
                return FALSE;
        t->rules = pi_wsl_our_rules(answer);
        /* Where there is no such firewall, setup made no rule. */
        if (t->rules == PI_WSL_RULES_UNKNOWN && !pi_wsl_windows_can_mirror(t->facts))
                t->rules = PI_WSL_RULES_NONE;
        if (t->rules == PI_WSL_RULES_UNKNOWN)
                t->unsure = pi_answer_get(answer, "ruleerror");
        return TRUE;
}

static const char *name_of(const Traces *t, int i) {
        return i == 0 ? PI_WSL_CONF : t->facts->config;
}

static gboolean find(Traces *t, PiWslHost *host, GError **error) {
        t->facts = pi_wsl_facts_new(host);
        if (!pi_wsl_kind_check(t->facts, error))
                return FALSE;
        t->paths[0] = pi_wsl_host_path(host, PI_WSL_CONF);
        if (!t->facts->trouble)
                t->paths[1] = pi_wsl_host_path(host, t->facts->config);
        /* In this order: an edit in between is then told as one. */
        for (int i = 0; i < PI_WSL_FILES; i++)
                if (t->paths[i] && (!pi_keep_read(t->paths[i], &t->now[i], error) ||
                                    !pi_keep_state(t->paths[i], &t->states[i], error)))
                        return FALSE;
        if (!t->facts->trouble)
                return find_rules(t, host, error);
        t->rules = PI_WSL_RULES_UNKNOWN;
        t->unsure = g_strdup(t->facts->trouble);
        return t->states[0] != PI_KEEP_NONE || pi_wsl_facts_check(t->facts, error);
}

static PiWslSteps plan(const Traces *t, const PiWslWish *wish) {
        PiWslSteps steps = { .logon = t->facts->logon[0] != '\0' };

        steps.rule = t->rules != PI_WSL_RULES_NONE && wish->elevate && !t->facts->trouble;
        for (int i = 0; i < PI_WSL_FILES; i++)
                steps.files[i] = t->states[i] != PI_KEEP_NONE;
        return steps;
}

static gboolean show_file(const Traces *t, int i, PiOutput *out, GError **error) {
        g_auto(PiKeepText) before = {};
        g_autofree char *diff = NULL;

        if (!pi_keep_backup(t->paths[i], &before, error))
                return FALSE;
        diff = pi_wsl_diff(t->now[i].text, before.text, name_of(t, i), error);
        if (!diff)
                return FALSE;
        g_string_append(out->text, diff);
        return TRUE;
}

static void show_rules(const Traces *t, const PiWslSteps *steps, PiOutput *out) {
        g_autofree char *script = pi_script_disallow(), *title = NULL;

        if (t->unsure)
                pi_output_printf(out, "\nWhether the rule is there cannot be told: %s\n",
                                 t->unsure);
        title = g_strdup_printf("\nThe rule of the Hyper-V firewall is to go%s. %s:",
                                t->unsure ? " if it is there" : "",
                                steps->rule ? "An administrator runs"
                                            : "Run in PowerShell as administrator (or give "
                                              "--elevate)");
        pi_wsl_show_script(out, title, script);
}

static gboolean show(const Traces *t, const PiWslSteps *steps, PiOutput *out, GError **error) {
        for (int i = 0; i < PI_WSL_FILES; i++)
                if (steps->files[i] && !show_file(t, i, out, error))
                        return FALSE;
        if (t->facts->trouble)
                pi_output_printf(out, "\nWindows does not answer: .wslconfig, the entry at logon "
                                      "and the rule of the\nHyper-V firewall stay until pictl wsl "
                                      "undo is run again.\n");
        if (steps->logon)
                pi_output_printf(out, "\nAt logon Windows no longer is to run %s\n",
                                 t->facts->logon);
        if (t->rules != PI_WSL_RULES_NONE)
                show_rules(t, steps, out);
        return TRUE;
}

/* All or nothing: what would be refused later is so before anything is done. */
static gboolean check(const Traces *t, const PiWslWish *wish, GError **error) {
        for (int i = 0; i < PI_WSL_FILES; i++)
                if (t->paths[i] && !pi_keep_may_restore(t->paths[i], wish->force, error))
                        return FALSE;
        return TRUE;
}

static gboolean restore_files(const Traces *t, const PiWslWish *wish, PiWslSteps *done,
                              GError **error) {
        for (int i = 0; i < PI_WSL_FILES; i++)
                if (t->paths[i] && !pi_keep_is_still(t->paths[i], &t->now[i], error))
                        return FALSE;
        for (int i = 0; i < PI_WSL_FILES; i++) {
                if (t->states[i] == PI_KEEP_NONE)
                        continue;
                if (!pi_keep_restore(t->paths[i], wish->force, error))
                        return FALSE;
                done->files[i] = TRUE;
        }
        return TRUE;
}

static gboolean remove_logon(const Traces *t, PiWslHost *host, GError **error) {
        g_autofree char *script = pi_script_no_logon(t->facts->distro);
        g_autofree char *question = pi_script_facts(t->facts->distro);
        g_autofree char *silence = pi_windows_run(host, script, error);
        g_autofree char *answer = silence ? pi_windows_run(host, question, error) : NULL;
        g_autofree char *left = answer ? pi_answer_get(answer, "logon") : NULL;

        if (!answer || !left || left[0] == '\0')
                return answer != NULL;
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "at logon Windows still runs %s, though the script went well: remove the value "
                    "pi-computed %s of HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run",
                    left, t->facts->distro);
        return FALSE;
}

static gboolean remove_rules(Traces *t, PiWslHost *host, GError **error) {
        g_autofree char *script = pi_script_disallow();

        if (!pi_windows_run_elevated(host, script, error) || !find_rules(t, host, error))
                return FALSE;
        if (t->rules != PI_WSL_RULES_THERE)
                return TRUE;
        g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                            "the Hyper-V firewall still has a rule named " PI_WSL_RULE_PREFIX "*, "
                            "though the script went well: run pictl wsl undo --print, and its "
                            "script in PowerShell as administrator");
        return FALSE;
}

static gboolean apply(Traces *t, PiWslHost *host, const PiWslWish *wish, const PiWslSteps *steps,
                      PiWslSteps *done, GError **error) {
        if (!restore_files(t, wish, done, error))
                return FALSE;
        if (steps->logon) {
                if (!remove_logon(t, host, error))
                        return FALSE;
                done->logon = TRUE;
        }
        if (steps->rule) {
                if (!remove_rules(t, host, error))
                        return FALSE;
                done->rule = TRUE;
        }
        if (!t->facts->trouble)
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "Windows does not answer, and .wslconfig, the entry at logon and the rule of "
                    "the Hyper-V firewall are left: %s", t->facts->trouble);
        return FALSE;
}

static void show_json(const Traces *t, gboolean good, const PiWslSteps *steps, PiOutput *out) {
        const char *const names[] = { name_of(t, 0), name_of(t, 1) };
        g_autofree char *script = t->rules == PI_WSL_RULES_NONE ? NULL : pi_script_disallow();
        g_autoptr(GVariant) dict = NULL;
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE_VARDICT);
        pi_wsl_steps_add(steps, good, names, t->unsure, script, &b);
        dict = g_variant_ref_sink(g_variant_builder_end(&b));
        pi_json_append(dict, out->json, out->text);
}

static void show_end(const Traces *t, const PiWslSteps *done, PiOutput *out) {
        pi_output_printf(out, "Done.\n");
        if (done->rule && t->unsure)
                pi_output_printf(out, "Whether the rule is gone cannot be told: %s\n", t->unsure);
        else if (t->rules != PI_WSL_RULES_NONE)
                pi_output_printf(out, "The script for the administrator was not run: do that.\n");
        if (pi_wsl_steps_have_files(done))
                pi_output_printf(out, "\nIt counts after wsl --shutdown in Windows, which ends "
                                      "every distribution.\n");
}

/* What was done before it failed; the error says so as well. */
static int fail(const Traces *t, const PiWslSteps *done, PiOutput *out, GError **error) {
        if (!pi_wsl_steps_have_any(done))
                return PI_VERB_ERROR;
        if (out->json != PI_JSON_OFF)
                show_json(t, FALSE, done, out);
        g_prefix_error(error, "%s, but ",
                       done->files[0] && done->files[1] ? "the files were put back"
                       : done->files[0]                 ? PI_WSL_CONF " was put back"
                       : done->files[1]                 ? ".wslconfig was put back"
                                                        : "the entry at logon was removed");
        return PI_VERB_ERROR;
}

int pi_wsl_undo(PiWslHost *host, const PiWslWish *wish, PiOutput *out, GError **error) {
        g_auto(Traces) t = {};
        gboolean text = out->json == PI_JSON_OFF;
        PiWslSteps steps, done = {};

        if (!find(&t, host, error))
                return PI_VERB_ERROR;
        steps = plan(&t, wish);
        if (text && !show(&t, &steps, out, error))
                return PI_VERB_ERROR;
        if (wish->print || !pi_wsl_steps_have_any(&steps)) {
                if (!text)
                        show_json(&t, FALSE, &steps, out);
                else if (!pi_wsl_steps_have_any(&steps))
                        pi_output_printf(out, "There is nothing%s of pictl wsl setup to undo.\n",
                                         t.rules != PI_WSL_RULES_NONE ? " else" : "");
                return EXIT_SUCCESS;
        }
        if (!check(&t, wish, error) ||
            !pi_wsl_confirm(host, wish, out, "Put it back so?", error))
                return PI_VERB_ERROR;
        if (!apply(&t, host, wish, &steps, &done, error))
                return fail(&t, &done, out, error);
        if (text)
                show_end(&t, &done, out);
        else
                show_json(&t, TRUE, &done, out);
        return EXIT_SUCCESS;
}
