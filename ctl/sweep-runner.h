/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/client.h"
#include "ctl/sweep.h"

/* Measures all of a sweep that pi_sweep_prepare() has prepared, one request after the other on
 * this connection, with a progress line on the standard error output. `rates` (aa{sv}, or NULL)
 * are those of one thread of each kernel, for the time that is left. Jobs carry `label`.
 *
 * Whatever it returns, the sweep has what was measured, and `interrupted` unless that is all.
 * `*ret_signal` is SIGINT or SIGTERM if one ended it: then the connection is gone. Errors are the
 * first one of the service. */
gboolean pi_sweep_measure(PiSweep *sweep, PiClient *client, const char *label, GVariant *rates,
                          int *ret_signal, GError **error);
