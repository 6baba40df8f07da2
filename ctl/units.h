/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/client.h"

/* What systemd says of a unit; safe to print. */
typedef struct PiUnit {
        char *load;   /* "loaded", "not-found", ... */
        char *active; /* "active", "inactive", "failed", ... */
        char *file;   /* "enabled", "disabled", "static", ... or "" */
        char *result; /* of a service: "success", "exit-code", ... or "" */
        int32_t status; /* of its program's last end */
} PiUnit;

void pi_unit_free(PiUnit *unit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiUnit, pi_unit_free)

/* Whether systemd is on the bus of the client. */
gboolean pi_units_there(PiClient *client);

/* Asks systemd; NULL when it is not there or does not say. Starts nothing. */
PiUnit *pi_unit_get(PiClient *client, const char *name);
