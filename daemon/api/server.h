/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "daemon/jobs/jobs.h"

/* The node on the bus: the Manager object, the job objects, the calls that wait for a job. */
typedef struct PiServer PiServer;

typedef struct PiServerConfig {
        bool user; /* the session bus, where all is the owner's; else the system bus, with polkit */
        const char *node_id;
        const PiKernel *kernel;
        uint32_t cpus;
        GSourceFunc disconnected; /* the bus is gone for good; called once */
        void (*listed)(gpointer userdata); /* a list that may be long was sent */
        gboolean (*reload)(GError **error, gpointer userdata); /* reads the settings again */
        gpointer userdata;
} PiServerConfig;

/* Connects, exports the objects and takes the name org.picompute1. The strings of `config` and
 * `jobs` must outlive it. Errors: PI_ERROR_FAILED, with what went wrong with which bus. */
PiServer *pi_server_new(const PiServerConfig *config, PiJobs *jobs, GError **error);

/* Sends what is still to be sent and closes the connection. */
void pi_server_free(PiServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiServer, pi_server_free)
