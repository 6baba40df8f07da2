/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/invocation.h"

/* What stands first behind a verb that has several things to do: "join" of "pictl cluster join". */
typedef struct PiAction {
        const char *name;
        const char *argument; /* that it needs, NULL for none */
        guint64 options;      /* of its verb, beside those of every verb */
        /* As that of PiVerb; NULL where the verb has another way. */
        int (*run)(PiInvocation *invocation, GError **error);
} PiAction;

/* The action that the first argument names, with an argument and options that go with it. Errors:
 * PI_ERROR_INVALID_OPTION. */
const PiAction *pi_action_find(const PiInvocation *invocation, const PiAction *actions,
                               gsize n_actions, GError **error);
