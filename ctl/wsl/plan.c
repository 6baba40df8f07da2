/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/plan.h"

#include <string.h>

#include "ctl/diff.h"
#include "ctl/text.h"
#include "ctl/wsl/check.h"
#include "ctl/wsl/powershell.h"
#include "ctl/wsl/prefix.h"
#include "ctl/wsl/script.h"
#include "dbus/error.h"

#define PATH_SHOWN_MAX 300

gboolean pi_wsl_kind_check(const PiWslFacts *f, GError **error) {
        if (f->kind == PI_WSL_NONE)
                g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                                    "this is not WSL: pictl wsl is for Linux on Windows only");
        else if (f->kind == PI_WSL_1)
                g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                                    "this is WSL1, where no service runs: in Windows, wsl -l -v "
                                    "lists the distributions, and wsl --set-version NAME 2 makes "
                                    "this one WSL2");
        else
                return TRUE;
        return FALSE;
}

gboolean pi_wsl_facts_check(const PiWslFacts *f, GError **error) {
        if (!pi_wsl_kind_check(f, error))
                return FALSE;
        if (f->trouble)
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "Windows does not answer: %s",
                            f->trouble);
        return !f->trouble;
}

static gboolean check(const PiWslFacts *f, GError **error) {
        if (!pi_wsl_facts_check(f, error))
                return FALSE;
        if (pi_wsl_version_is(f->version, 2, 0, 0))
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "WSL is of version %s, and 2.0.0 is the first that members can reach: run wsl "
                    "--update in Windows", f->version[0] ? f->version : "unknown");
        return FALSE;
}

static gboolean read_file(PiWslFile *file, PiWslHost *host, const char *path, GError **error) {
        file->path = pi_wsl_host_path(host, path);
        file->shown = pi_text_escape(path, TRUE, PATH_SHOWN_MAX);
        return pi_keep_read(file->path, &file->before, error);
}

static gboolean plan_files(PiWslPlan *plan, PiWslHost *host, GError **error) {
        PiWslFile *conf = &plan->files[0], *config = &plan->files[1];

        if (!read_file(conf, host, PI_WSL_CONF, error) ||
            !read_file(config, host, plan->facts->config, error))
                return FALSE;
        conf->after = pi_wsl_conf_edit(conf->shown, conf->before.text, conf->before.length, error);
        if (!conf->after)
                return FALSE;
        config->after = pi_wsl_config_edit(config->shown, config->before.text,
                                           config->before.length, &plan->wants, error);
        return config->after != NULL;
}

/* In the mirrored mode Linux has the addresses of Windows; else only Windows knows them. */
static char *find_lan(const PiWslPlan *plan, PiWslHost *host) {
        g_autofree char *script = NULL, *answer = NULL;

        if (strcmp(plan->facts->mode, "mirrored") == 0) {
                const char *argv[] = { "/usr/sbin/ip", "-j", "-4", "route", "show", NULL };

                if (!pi_wsl_host_has(host, argv[0]))
                        argv[0] = "/sbin/ip";
                answer = pi_wsl_host_has(host, argv[0]) ? host->run(host, argv, NULL, 20, NULL)
                                                        : NULL;
                return answer ? pi_prefix_from_routes(answer) : NULL;
        }
        script = pi_script_lan();
        answer = pi_windows_run(host, script, NULL);
        return answer ? pi_answer_get(answer, "lan") : NULL;
}

static gboolean find_members(PiWslPlan *plan, PiWslHost *host, const PiWslWish *wish,
                             GError **error) {
        g_autofree char *lan = wish->from ? NULL : find_lan(plan, host);

        if (wish->from || lan)
                plan->from = pi_prefixes_parse(wish->from ? wish->from : lan,
                                               wish->from ? error : NULL);
        if (!plan->from && !wish->from)
                g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                                    "the network of this machine cannot be told: name the one the "
                                    "members are in, as in --from=192.168.1.0/24");
        return plan->from != NULL;
}

/* A port that Windows has for itself is no use, whatever is let in. */
static void plan_port(PiWslPlan *plan, const char *answer, guint16 port) {
        g_autoptr(GPtrArray) findings = pi_findings_new();

        pi_wsl_check_ports(answer, plan->facts, port, findings);
        for (guint i = 0; i < findings->len; i++) {
                const PiFinding *f = findings->pdata[i];

                if (f->severity >= PI_FINDING_WARNING)
                        pi_findings_add(plan->warnings, f->severity, f->check, f->remedy, "%s",
                                        f->text);
        }
}

/* A rule that is there stays, unless other networks were asked for. */
static gboolean plan_rule(PiWslPlan *plan, PiWslHost *host, const PiWslWish *wish,
                          GError **error) {
        g_autofree char *script = pi_script_network(), *answer = NULL;

        if (!plan->wants.mirrored)
                return TRUE;
        answer = pi_windows_run(host, script, error);
        if (!answer)
                return FALSE;
        plan_port(plan, answer, wish->port);
        if (!wish->from && pi_wsl_port_has_our_rule(answer, wish->port))
                return TRUE;
        if (!find_members(plan, host, wish, error))
                return FALSE;
        plan->allow = pi_script_allow(wish->port, (const char *const *) plan->from);
        return !wish->elevate || pi_windows_may_elevate(plan->allow, error);
}

PiWslPlan *pi_wsl_plan_new(PiWslHost *host, const PiWslWish *wish, GError **error) {
        g_autoptr(PiWslPlan) plan = g_new0(PiWslPlan, 1);

        plan->facts = pi_wsl_facts_new(host);
        plan->warnings = pi_findings_new();
        if (!check(plan->facts, error))
                return NULL;
        plan->wants = pi_wsl_wants(plan->facts);
        if (!plan_files(plan, host, error) || !plan_rule(plan, host, wish, error))
                return NULL;
        if (plan->facts->logon[0] == '\0' && plan->facts->distro[0] != '\0')
                plan->logon = pi_script_logon(plan->facts->distro);
        return g_steal_pointer(&plan);
}

void pi_wsl_plan_free(PiWslPlan *plan) {
        g_clear_pointer(&plan->facts, pi_wsl_facts_free);
        for (int i = 0; i < PI_WSL_FILES; i++) {
                g_free(plan->files[i].path);
                g_free(plan->files[i].shown);
                g_free(plan->files[i].after);
                pi_keep_text_clear(&plan->files[i].before);
        }
        g_strfreev(plan->from);
        g_free(plan->allow);
        g_free(plan->logon);
        pi_findings_free(plan->warnings);
        g_free(plan);
}

gboolean pi_wsl_file_changes(const PiWslFile *file) {
        return strcmp(file->before.text, file->after) != 0;
}

gboolean pi_wsl_plan_is_empty(const PiWslPlan *plan) {
        for (int i = 0; i < PI_WSL_FILES; i++)
                if (pi_wsl_file_changes(&plan->files[i]))
                        return FALSE;
        return !plan->allow && !plan->logon;
}

char *pi_wsl_diff(const char *before, const char *after, const char *name, GError **error) {
        g_autofree char *diff = pi_diff(before, after, name, name, error);
        g_auto(GStrv) lines = NULL;
        GString *out;

        if (!diff)
                return NULL;
        out = g_string_new(NULL);
        lines = g_strsplit(diff, "\n", -1);
        for (char **line = lines; *line && (line[0][0] || line[1]); line++) {
                g_autofree char *shown = NULL;
                gsize length = strlen(*line);

                /* The end of a line of Windows is nothing to see. */
                while (length > 0 && (*line)[length - 1] == '\r')
                        (*line)[--length] = '\0';
                shown = pi_text_escape(*line, TRUE, 0);
                g_string_append_printf(out, "%s\n", shown);
        }
        return g_string_free(out, FALSE);
}
