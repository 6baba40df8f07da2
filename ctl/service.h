/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/client.h"

/* What the service says of itself and of the members, asked for once for many checks. */
typedef struct PiService {
        GError *error;    /* why it could not be asked; then the rest is NULL */
        gboolean starts;  /* it does not run, but a call would start it */
        GVariant *manager; /* properties, a{sv} */
        GPtrArray *nodes;  /* as pi_nodes_fetch() gives them */
        GVariant *metrics; /* a{sv}, or NULL */
        gint64 uid, pid;   /* -1: not known */
} PiService;

/* Asks the service without starting it. It is never NULL. */
PiService *pi_service_ask(PiClient *client);
void pi_service_free(PiService *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiService, pi_service_free)

gboolean pi_service_in_cluster(const PiService *service);
