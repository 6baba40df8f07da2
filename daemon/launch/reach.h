/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* A stream to a new pi-computed-engine, non-blocking: of the one that systemd starts for whoever
 * connects to `socket`, or, with `program`, of a child. Errors: PI_ERROR_ENGINE_FAILED, with what
 * to do. */
int pi_reach_launcher(const char *program, const char *socket, GError **error);
