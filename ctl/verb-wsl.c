/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/verb-wsl.h"

#include <string.h>

#include "ctl/text.h"
#include "ctl/wsl/check.h"
#include "ctl/wsl/setup.h"
#include "dbus/error.h"

#define SHOWN_MAX 64

static PiWslWish wish_of(const PiInvocation *inv) {
        return (PiWslWish) {
                .port = inv->options.port > 0 ? (guint16) inv->options.port : PI_WSL_PORT,
                .from = inv->options.from,
                .yes = pi_invocation_has(inv, YES),
                .elevate = pi_invocation_has(inv, ELEVATE),
                .print = pi_invocation_has(inv, PRINT),
                .force = pi_invocation_has(inv, FORCE),
        };
}

static int status(PiInvocation *inv, PiWslHost *host, GError **error) {
        return pi_wsl_status(host, &inv->out, error);
}

static int setup(PiInvocation *inv, PiWslHost *host, GError **error) {
        PiWslWish wish = wish_of(inv);

        return pi_wsl_setup(host, &wish, &inv->out, error);
}

static int undo(PiInvocation *inv, PiWslHost *host, GError **error) {
        PiWslWish wish = wish_of(inv);

        return pi_wsl_undo(host, &wish, &inv->out, error);
}

static int doctor(PiInvocation *inv, PiWslHost *host, GError **error) {
        g_autoptr(GPtrArray) findings = pi_findings_new();

        pi_wsl_check(host, wish_of(inv).port, findings);
        pi_findings_show(findings, &inv->out);
        return pi_findings_exit_status(findings);
}

static const struct Action {
        const char *name;
        guint64 options; /* beside those of every verb */
        int (*run)(PiInvocation *inv, PiWslHost *host, GError **error);
} actions[] = {
        { "status", 0, status },
        { "setup",
          PI_OPT(YES) | PI_OPT(FROM) | PI_OPT(PORT) | PI_OPT(ELEVATE) | PI_OPT(PRINT),
          setup },
        { "doctor", PI_OPT(PORT), doctor },
        { "undo", PI_OPT(YES) | PI_OPT(ELEVATE) | PI_OPT(PRINT) | PI_OPT(FORCE), undo },
};

static const struct Action *find_action(const char *name, GError **error) {
        g_autofree char *quoted = NULL;

        for (gsize i = 0; i < G_N_ELEMENTS(actions); i++)
                if (strcmp(actions[i].name, name) == 0)
                        return &actions[i];
        quoted = pi_text_quote(name, SHOWN_MAX);
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "%s is nothing to do with WSL: pictl wsl takes status, setup, doctor or undo",
                    quoted);
        return NULL;
}

static gboolean check(const PiInvocation *inv, const struct Action *action, GError **error) {
        guint64 alien = inv->options.given & ~(PI_OPTS_COMMON | action->options);

        /* Files and Windows are those of this machine. */
        if (inv->options.bus == PI_BUS_REMOTE) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "pictl wsl is about the machine it runs on: log in there instead of "
                            "--host");
                return FALSE;
        }
        if (alien == 0)
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "option --%s does not go with pictl wsl %s; see pictl wsl --help",
                    pi_option_info((PiOptionId) __builtin_ctzll(alien))->name, action->name);
        return FALSE;
}

int pi_wsl_run(PiInvocation *inv, PiWslHost *host, GError **error) {
        const struct Action *action = find_action(inv->args[0], error);

        return action && check(inv, action, error) ? action->run(inv, host, error)
                                                   : PI_VERB_ERROR;
}

int pi_verb_wsl(PiInvocation *inv, GError **error) {
        g_autoptr(PiWslHost) host = pi_wsl_host_new("");

        return pi_wsl_run(inv, host, error);
}
