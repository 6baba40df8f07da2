/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/action.h"

#include <string.h>

#include "ctl/text.h"
#include "ctl/verbs.h"
#include "dbus/error.h"

#define SHOWN_MAX 60

static gboolean check(const PiInvocation *inv, const PiAction *action, GError **error) {
        guint64 alien = inv->options.given & ~(PI_OPTS_COMMON | action->options);
        const char *verb = inv->verb->name;
        g_autofree char *quoted = inv->n_args > 1 ? pi_text_quote(inv->args[1], SHOWN_MAX) : NULL;

        if (action->argument && inv->n_args < 2)
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "an argument is missing: pictl %s %s %s; see pictl %s --help", verb,
                            action->name, action->argument, verb);
        else if (!action->argument && inv->n_args > 1)
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "%s is one argument too many; see pictl %s --help", quoted, verb);
        else if (alien != 0)
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "option --%s does not go with pictl %s %s; see pictl %s --help",
                            pi_option_info((PiOptionId) __builtin_ctzll(alien))->name, verb,
                            action->name, verb);
        else if (action->argument && !g_utf8_validate(inv->args[1], -1, NULL))
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION, "%s is not UTF-8 text",
                            quoted);
        else
                return TRUE;
        return FALSE;
}

const PiAction *pi_action_find(const PiInvocation *inv, const PiAction *actions, gsize n,
                               GError **error) {
        g_autofree char *quoted = NULL;

        for (gsize i = 0; i < n; i++)
                if (strcmp(actions[i].name, inv->args[0]) == 0)
                        return check(inv, &actions[i], error) ? &actions[i] : NULL;
        quoted = pi_text_quote(inv->args[0], SHOWN_MAX);
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "%s is nothing that pictl %s does; see pictl %s --help", quoted,
                    inv->verb->name, inv->verb->name);
        return NULL;
}
