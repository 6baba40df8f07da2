/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

#include "daemon/jobs/job.h"

/* Reads the argument "limit" (u) of a list, 1 to max; negative with `error` set when it is not. */
int pi_read_limit(sd_bus_message *call, uint32_t max, uint32_t *ret, sd_bus_error *error);

/* Replies to method calls; each returns what a method handler returns. */

/* With one complete value, a floating one is consumed. */
int pi_reply_variant(sd_bus_message *call, GVariant *value);

/* With an error of domain PI_ERROR, under its D-Bus name. */
int pi_reply_gerror(sd_bus_message *call, const GError *error);

/* To Cancel of a job that has finished: AlreadyFinished. */
int pi_reply_already_finished(sd_bus_message *call, const PiJob *job);

/* How a finished job ended: pi and report, or its error. */
int pi_reply_job(sd_bus_message *call, const PiJob *job);
