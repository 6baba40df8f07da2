/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/setup.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/invocation.h"
#include "ctl/wsl/check.h"
#include "ctl/wsl/powershell.h"
#include "ctl/wsl/script.h"
#include "ctl/wsl/steps.h"
#include "dbus/error.h"

/* What was done of it, or is to be. */
typedef struct Setup {
        PiWslSteps steps;
        char *unsure; /* why it cannot be told whether the rule is there now, or NULL */
} Setup;

static void setup_clear(Setup *setup) {
        g_free(setup->unsure);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Setup, setup_clear)

void pi_wsl_show_script(PiOutput *out, const char *title, const char *script) {
        pi_output_printf(out, "%s\n\n", title);
        g_string_append(out->text, script);
        g_string_append_c(out->text, '\n');
}

gboolean pi_wsl_confirm(PiWslHost *host, const PiWslWish *wish, PiOutput *out, const char *question,
                        GError **error) {
        if (wish->yes)
                return TRUE;
        if (out->json != PI_JSON_OFF) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "with --json nobody is asked: give --yes, or --print to look");
                return FALSE;
        }
        if (!pi_output_flush(out, error))
                return FALSE;
        switch (host->ask(host, question)) {
        case PI_ANSWER_YES:
                return TRUE;
        case PI_ANSWER_NOBODY:
                g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                                    "there is no terminal to ask at, and nothing was changed: give "
                                    "--yes to agree to what is shown");
                return FALSE;
        case PI_ANSWER_NO:
        default:
                g_set_error_literal(error, PI_ERROR, PI_ERROR_CANCELLED, "nothing was changed");
                return FALSE;
        }
}

static gboolean show_files(const PiWslPlan *plan, PiOutput *out, GError **error) {
        for (int i = 0; i < PI_WSL_FILES; i++) {
                const PiWslFile *file = &plan->files[i];
                g_autofree char *diff = pi_wsl_diff(file->before.text, file->after, file->shown,
                                                    error);

                if (!diff)
                        return FALSE;
                g_string_append(out->text, diff);
        }
        return TRUE;
}

/* What this WSL or Windows cannot do. */
static void show_limits(const PiWslPlan *plan, PiOutput *out) {
        const PiWslFacts *f = plan->facts;

        for (guint i = 0; i < plan->warnings->len; i++) {
                const PiFinding *w = plan->warnings->pdata[i];

                pi_output_printf(out, "\nWarning: %s.\n-> %s\n", w->text, w->remedy);
        }
        if (!plan->wants.mirrored)
                pi_output_printf(out, "\nWindows build %s has no mirrored network: members cannot "
                                      "connect to this node. It dials out.\n", f->build);
        if (!plan->wants.instance_idle)
                pi_output_printf(out, "\nWSL %s has no setting against the end of the node when "
                                      "its last terminal closes.\nRun wsl --update in Windows, "
                                      "then this again; until then leave a terminal open.\n",
                                 f->version);
        else if (!plan->wants.modules)
                pi_output_printf(out, "\nWSL %s cannot load kernel modules at its start; wsl "
                                      "--update in Windows helps.\n", f->version);
        if (f->distro[0] == '\0')
                pi_output_printf(out, "\nThe name of this distribution cannot be told, so nothing "
                                      "starts it at logon.\n");
}

static char *rule_title(const PiWslPlan *plan, const PiWslWish *wish) {
        g_autofree char *from = g_strjoinv(", ", plan->from);

        return g_strdup_printf("\nWindows is to let %s in at TCP port %u. %s:", from, wish->port,
                               wish->elevate ? "An administrator runs"
                                             : "Run in PowerShell as administrator (or give "
                                               "--elevate)");
}

static gboolean show(const PiWslPlan *plan, const PiWslWish *wish, PiOutput *out, GError **error) {
        g_autofree char *title = plan->allow ? rule_title(plan, wish) : NULL;

        if (!show_files(plan, out, error))
                return FALSE;
        if (plan->logon && wish->print)
                pi_wsl_show_script(out, "\nAt logon Windows is to start this distribution. The "
                                        "user's PowerShell runs:", plan->logon);
        else if (plan->logon)
                pi_output_printf(out, "\nAt logon Windows is to start %s: an entry in the part of "
                                      "the registry that is the user's.\n", plan->facts->distro);
        if (plan->allow)
                pi_wsl_show_script(out, title, plan->allow);
        show_limits(plan, out);
        return TRUE;
}

static void show_json(const PiWslPlan *plan, gboolean good, const Setup *setup, PiOutput *out) {
        const char *const names[] = { plan->files[0].shown, plan->files[1].shown };
        g_autoptr(GVariant) dict = NULL;
        GVariantBuilder b, warnings;

        g_variant_builder_init(&warnings, G_VARIANT_TYPE("as"));
        for (guint i = 0; i < plan->warnings->len; i++)
                g_variant_builder_add(&warnings, "s",
                                      ((const PiFinding *) plan->warnings->pdata[i])->text);
        g_variant_builder_init(&b, G_VARIANT_TYPE_VARDICT);
        pi_wsl_steps_add(&setup->steps, good, names, setup->unsure, plan->allow, &b);
        g_variant_builder_add(&b, "{sv}", "warnings", g_variant_builder_end(&warnings));
        dict = g_variant_ref_sink(g_variant_builder_end(&b));
        pi_json_append(dict, out->json, out->text);
}

static gboolean allow(const PiWslPlan *plan, PiWslHost *host, const PiWslWish *wish, Setup *done,
                      GError **error) {
        g_autofree char *script = pi_script_network(), *answer = NULL;

        if (!pi_windows_run_elevated(host, plan->allow, error))
                return FALSE;
        answer = pi_windows_run(host, script, error);
        if (!answer)
                return FALSE;
        done->steps.rule = pi_wsl_port_has_our_rule(answer, wish->port);
        if (!done->steps.rule)
                done->unsure = pi_answer_get(answer, "ruleerror");
        if (done->steps.rule || done->unsure)
                return done->steps.rule = TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "the Hyper-V firewall has no rule named " PI_WSL_RULE_PREFIX "%u, though the "
                    "script went well: pictl wsl doctor may tell why", wish->port);
        return FALSE;
}

static gboolean write_files(const PiWslPlan *plan, Setup *done, GError **error) {
        /* None is written if another was edited meanwhile. */
        for (int i = 0; i < PI_WSL_FILES; i++)
                if (!pi_keep_is_still(plan->files[i].path, &plan->files[i].before, error))
                        return FALSE;
        for (int i = 0; i < PI_WSL_FILES; i++) {
                if (!pi_wsl_file_changes(&plan->files[i]))
                        continue;
                if (!pi_keep_write(plan->files[i].path, &plan->files[i].before,
                                   plan->files[i].after, error))
                        return FALSE;
                done->steps.files[i] = TRUE;
        }
        return TRUE;
}

static gboolean apply(const PiWslPlan *plan, PiWslHost *host, const PiWslWish *wish, Setup *done,
                      GError **error) {
        if (!write_files(plan, done, error))
                return FALSE;
        if (plan->logon) {
                g_autofree char *answer = pi_windows_run(host, plan->logon, error);

                if (!answer)
                        return FALSE;
                done->steps.logon = TRUE;
        }
        return !plan->allow || !wish->elevate || allow(plan, host, wish, done, error);
}

/* What was done before it failed; the error says so as well. */
static int fail(const PiWslPlan *plan, const Setup *done, PiOutput *out, GError **error) {
        gboolean files = pi_wsl_steps_have_files(&done->steps);

        if (!files && !done->steps.logon)
                return PI_VERB_ERROR;
        if (out->json != PI_JSON_OFF)
                show_json(plan, FALSE, done, out);
        g_prefix_error(error, "%s (pictl wsl undo takes that back), but ",
                       files ? "the files were changed" : "the entry at logon was made");
        return PI_VERB_ERROR;
}

static gboolean may_write(const PiWslPlan *plan, GError **error) {
        for (int i = 0; i < PI_WSL_FILES; i++)
                if (pi_wsl_file_changes(&plan->files[i]) &&
                    !pi_keep_may_write(plan->files[i].path, error))
                        return FALSE;
        return TRUE;
}

static PiWslSteps steps_of(const PiWslPlan *plan, const PiWslWish *wish) {
        return (PiWslSteps) { .files = { pi_wsl_file_changes(&plan->files[0]),
                                         pi_wsl_file_changes(&plan->files[1]) },
                              .logon = plan->logon != NULL,
                              .rule = plan->allow && wish->elevate };
}

static void show_end(const PiWslPlan *plan, const Setup *done, PiOutput *out) {
        pi_output_printf(out, "Done; pictl wsl undo takes it back.\n");
        if (plan->allow && !done->steps.rule)
                pi_output_printf(out, "The script for the administrator was not run: do that.\n");
        if (done->unsure)
                pi_output_printf(out, "Its script went well, but whether the rule is there cannot "
                                      "be told: %s\n", done->unsure);
        if (pi_wsl_steps_have_files(&done->steps))
                pi_output_printf(out, "\nTo apply it, save your work and run wsl --shutdown in "
                                      "Windows: it ends every\ndistribution. Then pictl wsl doctor "
                                      "tells what is left.\n");
}

int pi_wsl_setup(PiWslHost *host, const PiWslWish *wish, PiOutput *out, GError **error) {
        g_autoptr(PiWslPlan) plan = pi_wsl_plan_new(host, wish, error);
        gboolean text = out->json == PI_JSON_OFF, idle;
        g_auto(Setup) wanted = {}, done = {};

        if (!plan || (text && !show(plan, wish, out, error)))
                return PI_VERB_ERROR;
        wanted.steps = steps_of(plan, wish);
        idle = !pi_wsl_steps_have_any(&wanted.steps); /* but for what an administrator does */
        if (wish->print || idle) {
                wanted.steps.rule = FALSE; /* its script is wanted */
                if (!text)
                        show_json(plan, pi_wsl_plan_is_empty(plan), &wanted, out);
                else if (idle)
                        pi_output_printf(out, "There is nothing%s to do; pictl wsl doctor tells "
                                              "whether all is well.\n",
                                         plan->allow ? " else" : "");
                return EXIT_SUCCESS;
        }
        if (!may_write(plan, error) ||
            !pi_wsl_confirm(host, wish, out, "Make these changes?", error))
                return PI_VERB_ERROR;
        if (!apply(plan, host, wish, &done, error))
                return fail(plan, &done, out, error);
        if (text)
                show_end(plan, &done, out);
        else
                show_json(plan, TRUE, &done, out);
        return EXIT_SUCCESS;
}
