/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "dbus/names.h"

/* Measurements of one thing: a baseline (one thread, one part), or a point of the sweep. Times are
 * in microseconds. */
typedef struct PiSweepSeries {
        guint32 nodes; /* of a point of a sweep over nodes; else 0 */
        guint64 parts; /* of that: 0 until the service has chosen them */
        guint64 terms;
        char *kernel;
        GArray *response_usec; /* of guint64: the service's, call to result */
        GArray *wall_usec;     /* of guint64: what the caller waited */
        GArray *utilization;   /* of double: share of all CPU slots of the service */
} PiSweepSeries;

/* A run of pictl sweep: what was measured, on what. It is over the number of parts, or over the
 * number of nodes, this one among them. Texts are never NULL; those of a stored run may hold
 * anything. */
typedef struct PiSweep {
        guint64 id;        /* 0 until it is stored, so the next two */
        guint32 owner;
        guint64 time_usec; /* CLOCK_REALTIME when it was stored */
        char *label;
        guint64 terms;
        char *kernel;
        guint32 cpus;  /* CPU slots that each point reserves: the workers; over nodes: `slots` */
        guint32 slots; /* CPU slots of the service */
        guint32 repeats;
        char *node, *host, *cpu_model, *version;
        guint64 begin_usec; /* CLOCK_REALTIME */
        guint64 duration_usec;
        GPtrArray *baselines; /* of PiSweepSeries; the last one is the kernel of the points */
        GPtrArray *points;    /* of PiSweepSeries, parts growing, or nodes */
        char **members; /* over nodes: ids of those to take, this one first; not stored */
        gboolean interrupted; /* not all of it was measured; such a run is not stored */
} PiSweep;

PiSweep *pi_sweep_new(void);
void pi_sweep_free(PiSweep *sweep);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiSweep, pi_sweep_free)

/* New series without measurements, owned by the sweep. */
PiSweepSeries *pi_sweep_add_baseline(PiSweep *sweep, const char *kernel, guint64 terms);
PiSweepSeries *pi_sweep_add_point(PiSweep *sweep, guint64 parts);
PiSweepSeries *pi_sweep_add_nodes_point(PiSweep *sweep, guint32 nodes, guint64 parts);

/* Whether it is over the number of nodes. */
gboolean pi_sweep_is_over_nodes(const PiSweep *sweep);

/* What points differ in: their nodes, or their parts. */
guint64 pi_sweep_key(const PiSweepSeries *point);

const PiSweepSeries *pi_sweep_baseline(const PiSweep *sweep, guint index);
const PiSweepSeries *pi_sweep_point(const PiSweep *sweep, guint index);
/* By pi_sweep_key(); NULL if there is none. */
const PiSweepSeries *pi_sweep_find_point(const PiSweep *sweep, guint64 key);

void pi_sweep_series_add(PiSweepSeries *series, guint64 response_usec, guint64 wall_usec,
                         double utilization);
guint pi_sweep_series_length(const PiSweepSeries *series);

/* Takes series without measurements out: an interrupted run has some. */
void pi_sweep_drop_empty(PiSweep *sweep);

/* The dictionary of org.picompute1(5), "Sweeps", without the keys of the service; floating. */
GVariant *pi_sweep_to_variant(const PiSweep *sweep);

/* Reads what the service has stored. Lists too long are cut, what is missing is 0 or "". Errors:
 * PI_ERROR_FAILED if there is no point or no baseline to tell of. */
PiSweep *pi_sweep_from_variant(GVariant *run, GError **error);
