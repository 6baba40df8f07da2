/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/client.h"
#include "ctl/invocation.h"
#include "ctl/sweep.h"

/* What the verb sweep and its two sub-verbs share. */

/* Errors: NoSuchSweep, or what keeps it from being told. */
PiSweep *pi_sweep_fetch(PiClient *client, guint64 id, GError **error);

/* Whether the options that choose the form of the output go together; --plot is looked at, too. */
gboolean pi_sweep_check_output(const PiInvocation *inv, GError **error);

/* The run in the form that is asked for, beside `then` unless that is NULL; then the chart,
 * unless it was interrupted. */
gboolean pi_sweep_output(PiInvocation *inv, const PiSweep *sweep, const PiSweep *then,
                         GError **error);

int pi_sweep_history(PiInvocation *inv, GError **error);
int pi_sweep_show(PiInvocation *inv, GError **error);
