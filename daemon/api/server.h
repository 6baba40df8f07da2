/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "daemon/cluster/cluster.h"
#include "daemon/jobs/jobs.h"

/* The node on the bus: the Manager object, those of jobs and nodes, the calls that wait. */
typedef struct PiServer PiServer;

typedef struct PiServerConfig {
        bool firewall; /* whether to keep the firewall's helper in step with the cluster */
        bool user; /* the session bus, where all is the owner's; else the system bus, with polkit */
        const char *node_id;
        const PiKernel *kernel;
        uint32_t cpus;
        GSourceFunc disconnected; /* the bus is gone for good; called once */
        void (*listed)(gpointer userdata); /* a list that may be long was sent */
        gboolean (*reload)(GError **error, gpointer userdata); /* reads the settings again */
        /* What a node that is in no cluster makes or joins one with; NULL without `begin`. */
        PiCluster *(*open_cluster)(gboolean begin, GError **error, gpointer userdata);
        gpointer userdata;
} PiServerConfig;

/* Connects, exports the objects and takes the name org.picompute1. The strings of `config` and
 * `jobs` must outlive it. Errors: PI_ERROR_FAILED, with what went wrong with which bus. */
PiServer *pi_server_new(const PiServerConfig *config, PiJobs *jobs, GError **error);

/* Once at most: the cluster that this node is in. It must live until the main loop has ended. */
void pi_server_set_cluster(PiServer *server, PiCluster *cluster);

/* Has the firewall's rules taken away, as the service ends. FALSE while that is under way, for a
 * second at most: call it again. */
gboolean pi_server_stop(PiServer *server);

/* Sends what is still to be sent and closes the connection. */
void pi_server_free(PiServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiServer, pi_server_free)
