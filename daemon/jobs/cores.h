/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/jobs/fault-list.h"
#include "daemon/jobs/job.h"
#include "daemon/store/record.h"
#include "daemon/work/pool.h"

/* The cores of the node, and whom of them to trust. What workers see goes to the referee; what he
 * decides is done here to the pool, the job and the record. For the main thread. */
typedef struct PiCores PiCores;

typedef enum PiCoreNews {
        PI_CORE_NEWS_STILL_OUT,  /* on record as bad when the service started */
        PI_CORE_NEWS_STILL_LAST, /* the same, but in service: there is no other */
        PI_CORE_NEWS_RESTORED,
} PiCoreNews;

typedef struct PiCoresHooks {
        /* The running job of a task, or of an id; NULL if there is none. */
        PiJob *(*job_of_task)(const PiTask *task, gpointer userdata);
        PiJob *(*job_of_id)(uint64_t id, gpointer userdata);

        /* One verdict about one lease or stretch of the job: a row for each core that had it wrong.
         * Of transient faults a job tells PI_FAULTS_PER_JOB, further ones are only counted. */
        void (*judged)(PiJob *job, const PiFaultRow *rows, guint n, gpointer userdata);
        void (*news)(uint32_t cpu, PiCoreNews news, gpointer userdata);

        /* A core was taken out of service, to stay so over restarts; it may be in service again. */
        void (*record)(const PiBadCore *core, gpointer userdata);
        void (*forget)(uint32_t cpu, gpointer userdata);

        /* No core of the node gets the lease right: whether another node will try. */
        gboolean (*rescue)(PiJob *job, uint32_t lease, gpointer userdata);

        /* Workers may be idle that were not. */
        void (*released)(gpointer userdata);
        gpointer userdata;
} PiCoresHooks;

/* `pool`, `hooks` and `node_id` must outlive it. Listens to the pool. */
PiCores *pi_cores_new(PiPool *pool, const char *node_id, const PiCoresHooks *hooks);
void pi_cores_free(PiCores *cores);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiCores, pi_cores_free)

/* Takes the cores that an earlier service put on record out of service, but never the last one. */
void pi_cores_take_record(PiCores *cores, const PiBadCore *bad, guint n);

/* Whether it is still to be found out who was at fault in the job. */
gboolean pi_cores_judge(const PiCores *cores, const PiJob *job);

/* A member had a lease right that cores of this node had wrong. */
void pi_cores_settled(PiCores *cores, const PiJob *job, uint32_t lease);

/* All workers have left the job's task, for good or for now: what is still undecided of it is
 * decided. */
void pi_cores_job_ended(PiCores *cores, PiJob *job);

/* Puts a core back into service and off the record; nothing happens to one that is in service.
 * Errors: PI_ERROR_INVALID_OPTION for one that is not there. */
gboolean pi_cores_restore(PiCores *cores, uint32_t cpu, GError **error);

/* Fails with PI_ERROR_INVALID_OPTION, which names the cores there are, for one that is not. */
gboolean pi_cores_check(const PiCores *cores, uint32_t cpu, GError **error);

/* Leases and stretches that were wrong, by verdict. */
uint64_t pi_cores_faults(const PiCores *cores, PiVerdict verdict);

/* The last faults, newest first, a floating aa{sv}. */
GVariant *pi_cores_list_faults(const PiCores *cores, uint32_t limit);
