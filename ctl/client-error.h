/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

#include "ctl/options.h"

/* Sets the error for what the bus answered to a call at `path`: ours keep their code, those of the
 * bus get the code whose exit status fits and a text with the next step. */
void pi_client_error_from_bus(GError **error, const sd_bus_error *bus_error,
                              const PiOptions *options, const char *path);

/* The same for a call to somebody else than the service, such as the helper of the firewall. It is
 * PI_ERROR_UNREACHABLE when nobody of that name can be had, PI_ERROR_DEADLINE_EXCEEDED when no
 * answer came. */
void pi_client_error_from_other(GError **error, const sd_bus_error *bus_error,
                                const PiOptions *options, const char *destination);

/* The error of a job that ended with this error name and message. */
void pi_client_error_from_name(GError **error, const char *name, const char *message);

/* The error of a job that ended with its caller's call because the service did; 0: its number was
 * not told. */
void pi_client_error_job_lost(GError **error, guint64 id);

/* Sets the error for a connection that could not be made or broke; `r` is the negative errno. */
void pi_client_error_connection(GError **error, int r, const PiOptions *options);
