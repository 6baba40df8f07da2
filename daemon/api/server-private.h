/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "daemon/api/ask.h"
#include "daemon/api/caller.h"
#include "daemon/api/pending.h"
#include "daemon/api/server.h"
#include "daemon/firewall/guard.h"

/* Shared by the files of this folder: server.c owns it, manager.c with the files of its methods and
 * job-object.c and node-object.c are its faces. */
struct PiServer {
        PiServerConfig config;
        sd_bus *bus;
        GSource *source;
        PiJobs *jobs;
        PiPending *pending;
        PiCallers *callers;
        PiAsks *asks;
        PiAsk *calibration; /* the call that waits for one, or NULL */

        PiCluster *cluster;    /* NULL while the node has been in none */
        PiGuard *guard;        /* of that */
        GHashTable *announced; /* ids of the nodes that have an object, owns them */
        PiMemberView node;     /* the one whose properties are being read */
        const char *departing; /* id of one that is gone, while its end is announced; else NULL */
        guint nodes_changed;   /* source id: the Nodes property is about to be announced */

        guint jobs_changed; /* source id: the Jobs property is about to be announced */
};

extern const sd_bus_vtable pi_manager_vtable[];

/* Has it done by a caller who may: root, and the daemon's own user; polkit says who else. */
void pi_server_administer(PiServer *server, sd_bus_message *call, uid_t user, const char *action,
                          PiCallerAllowed allowed);

/* Methods of the Manager, in cluster-methods.c, core-methods.c, service-methods.c and
 * store-methods.c. The first is all that an administrator does with the cluster. */
int pi_method_manage_cluster(sd_bus_message *call, void *userdata, sd_bus_error *error);
int pi_method_list_faults(sd_bus_message *call, void *userdata, sd_bus_error *error);
int pi_method_restore_core(sd_bus_message *call, void *userdata, sd_bus_error *error);
int pi_method_inject_fault(sd_bus_message *call, void *userdata, sd_bus_error *error);
int pi_method_reload(sd_bus_message *call, void *userdata, sd_bus_error *error);
int pi_method_calibrate(sd_bus_message *call, void *userdata, sd_bus_error *error);
int pi_method_list_history(sd_bus_message *call, void *userdata, sd_bus_error *error);
int pi_method_describe_job(sd_bus_message *call, void *userdata, sd_bus_error *error);
int pi_method_record_sweep(sd_bus_message *call, void *userdata, sd_bus_error *error);
int pi_method_list_sweeps(sd_bus_message *call, void *userdata, sd_bus_error *error);
int pi_method_describe_sweep(sd_bus_message *call, void *userdata, sd_bus_error *error);

/* Answers the call that waits for a calibration, if there is one. */
void pi_server_calibrated(PiServer *server);

/* Exports the job objects below PI_JOB_PATH_PREFIX. Returns 0 or a negative errno. */
int pi_job_objects_add(PiServer *server);

/* Exports the node objects below PI_NODE_PATH_PREFIX. Returns 0 or a negative errno. */
int pi_node_objects_add(PiServer *server);

/* Announces the members that there are, and from now on what becomes of them. */
void pi_node_objects_begin(PiServer *server);

/* Properties of the Manager about the cluster. */
int pi_property_cluster_id(sd_bus *bus, const char *path, const char *interface,
                           const char *property, sd_bus_message *reply, void *userdata,
                           sd_bus_error *error);
int pi_property_cluster_error(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *error);
int pi_property_firewall_state(sd_bus *bus, const char *path, const char *interface,
                               const char *property, sd_bus_message *reply, void *userdata,
                               sd_bus_error *error);
int pi_property_firewall_error(sd_bus *bus, const char *path, const char *interface,
                               const char *property, sd_bus_message *reply, void *userdata,
                               sd_bus_error *error);
int pi_property_nodes(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *error);

/* Object path of a job, to be freed with g_free(). */
char *pi_job_object_path(const PiJob *job);

/* Tell the bus of changes of jobs, and of the rest. */
extern const PiJobsListener pi_job_objects_listener;
extern const PiJobsListener pi_manager_listener;
