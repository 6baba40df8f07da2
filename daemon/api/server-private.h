/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "daemon/api/caller.h"
#include "daemon/api/pending.h"
#include "daemon/api/server.h"

/* Shared by the files of this folder: server.c owns it, manager.c with core-methods.c and
 * job-object.c are its two faces. */
struct PiServer {
        PiServerConfig config;
        sd_bus *bus;
        GSource *source;
        PiJobs *jobs;
        PiPending *pending;
        PiCallers *callers;
        guint jobs_changed; /* source id: the Jobs property is about to be announced */
};

extern const sd_bus_vtable pi_manager_vtable[];

/* Methods of the Manager, in core-methods.c. */
int pi_method_list_faults(sd_bus_message *call, void *userdata, sd_bus_error *error);
int pi_method_restore_core(sd_bus_message *call, void *userdata, sd_bus_error *error);
int pi_method_inject_fault(sd_bus_message *call, void *userdata, sd_bus_error *error);

/* Exports the job objects below PI_JOB_PATH_PREFIX. Returns 0 or a negative errno. */
int pi_job_objects_add(PiServer *server);

/* Object path of a job, to be freed with g_free(). */
char *pi_job_object_path(const PiJob *job);

/* Tells the bus of changes of jobs. */
extern const PiJobsListener pi_job_objects_listener;
