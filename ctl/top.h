/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The longest state that is kept; what is longer is cut. */
#define PI_TOP_STATE_MAX 16

typedef struct PiTopJob {
        guint64 id, terms;
        guint64 started_usec, finished_usec; /* CLOCK_REALTIME of the service, 0: not yet */
        guint32 owner;
        gint32 priority;
        char state[PI_TOP_STATE_MAX];
        char *label;   /* as it came: to be escaped */
        double share;  /* of the terms, 0 to 1 */
        double rate;   /* terms per second of the last moments, 0: not known */
        gint64 seen_usec; /* monotonic, when `share` was that */
} PiTopJob;

typedef struct PiTopCore {
        guint32 cpu;
        char state[PI_TOP_STATE_MAX];
        guint64 terms, busy_usec; /* since the service began */
        double use;  /* share of the time since the last look that it computed, <0: not known */
        double rate; /* terms per second of that time */
} PiTopCore;

/* What pictl top knows of the service: the answers of the last look at it, and what follows from
 * them and the answers of the look before. */
typedef struct PiTop {
        GVariant *metrics;    /* a{sv}, never NULL */
        GVariant *properties; /* a{sv} of the Manager, never NULL */
        GPtrArray *active;    /* PiTopJob: running, then queued, the next first */
        GPtrArray *finished;  /* PiTopJob, newest first */
        guint n_running;
        GArray *cores;        /* PiTopCore */
} PiTop;

PiTop *pi_top_new(void);
void pi_top_free(PiTop *top);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiTop, pi_top_free)

/* Take over what the service said. Values of other types than the contract's count as absent. */
void pi_top_take_metrics(PiTop *top, GVariant *metrics);       /* a{sv} of GetMetrics */
void pi_top_take_properties(PiTop *top, GVariant *properties); /* a{sv} of the Manager */
/* a{oa{sa{sv}}} of GetManagedObjects; `now_usec` is monotonic. */
void pi_top_take_objects(PiTop *top, GVariant *objects, gint64 now_usec);

/* Seconds until a job is done, <0 if that cannot be told. */
double pi_top_job_left(const PiTopJob *job);
