/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/verb-wsl.h"

#include "ctl/action.h"
#include "ctl/wsl/check.h"
#include "ctl/wsl/setup.h"
#include "dbus/error.h"

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

static const PiAction actions[] = {
        { .name = "status" },
        { .name = "setup",
          .options = PI_OPT(YES) | PI_OPT(FROM) | PI_OPT(PORT) | PI_OPT(ELEVATE) | PI_OPT(PRINT) },
        { .name = "doctor", .options = PI_OPT(PORT) },
        { .name = "undo",
          .options = PI_OPT(YES) | PI_OPT(ELEVATE) | PI_OPT(PRINT) | PI_OPT(FORCE) },
};

/* What each of them does. */
static int (*const runs[])(PiInvocation *inv, PiWslHost *host, GError **error) = {
        status, setup, doctor, undo,
};
G_STATIC_ASSERT(G_N_ELEMENTS(runs) == G_N_ELEMENTS(actions));

int pi_wsl_run(PiInvocation *inv, PiWslHost *host, GError **error) {
        const PiAction *action = pi_action_find(inv, actions, G_N_ELEMENTS(actions), error);

        if (!action)
                return PI_VERB_ERROR;
        /* Files and Windows are those of this machine. */
        if (inv->options.bus == PI_BUS_REMOTE) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "pictl wsl is about the machine it runs on: log in there instead of "
                            "--host");
                return PI_VERB_ERROR;
        }
        return runs[action - actions](inv, host, error);
}

int pi_verb_wsl(PiInvocation *inv, GError **error) {
        g_autoptr(PiWslHost) host = pi_wsl_host_new("");

        return pi_wsl_run(inv, host, error);
}
