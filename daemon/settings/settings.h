/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* What pi-computed.conf says, complete: what it does not say has its default. */
typedef struct PiSettings {
        /* [Service]; takes a restart */
        uint32_t workers; /* 0: one for each CPU */
        char *kernel;     /* of jobs that name none; "": the fastest of this CPU */

        /* [Cluster]; takes a restart */
        uint32_t port;    /* 0: nobody can connect to this node */
        char **addresses; /* to be reached at, numeric, with or without a port; none: those of the
                             machine */
        char *name;       /* for people; "": the host name */
        uint32_t firewall; /* whether pi-computed-firewall is to keep strangers out, 0 or 1 */

        /* [Limits] */
        uint32_t jobs;                  /* queued and running, of all users */
        uint32_t jobs_per_user;
        uint64_t terms_per_user;        /* of a user's queued and running jobs together */
        uint32_t cpus_per_user;         /* CPU slots in use at once; 0: all */
        uint64_t deadline_default_usec; /* of jobs that name none; 0: none */
        uint64_t deadline_max_usec;     /* 0: no limit but that of the option */
        int32_t priority_max;           /* that users other than root may ask for */

        /* [Scheduling] */
        uint64_t time_slice_usec; /* a job keeps its CPU slots so long before another user's may
                                     have them */
        uint64_t half_life_usec;  /* after which used CPU time counts half */

        /* [Store] */
        uint32_t history_jobs;
        uint64_t history_age_usec; /* 0: whatever their age */
        uint32_t sweeps;
        uint64_t checkpoint_interval_usec;

        /* [Engine]; each launch reads them */
        char *engine_launcher;   /* a preset or a command, see launcher.h; "": none */
        char *engine_helper;     /* path of the engine; "": that of the package */
        uint32_t engine_nodes;
        uint32_t engine_ranks;   /* 0: one a node */
        uint32_t engine_threads; /* of a rank; 0: as many as it has CPUs */
        uint64_t engine_start_timeout_usec; /* from the start, or the end of the scheduler's queue,
                                               to the engine's hello */
        uint64_t engine_queue_timeout_usec; /* 0: none */
        uint32_t engine_restarts;           /* launches in a row that bring nothing new */
        uint64_t engine_min_time_usec;      /* jobs that take less on this machine are refused */
        uint32_t engine_jobs;               /* at once; 0: no engine */
} PiSettings;

/* The defaults. */
PiSettings *pi_settings_new(void);
void pi_settings_free(PiSettings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiSettings, pi_settings_free)

/* Reads "pi-computed.conf" from the first of these directories (NULL-terminated, the most important
 * first) that has it, then the files "pi-computed.conf.d/NAME.conf" of all of them in the order of
 * their names; of one name the first counts, and a later assignment replaces an earlier one. None
 * of them need be there. Errors: PI_ERROR_INVALID_SETTING with file, line, key, what is wrong with
 * it and the range. */
PiSettings *pi_settings_load(const char *const *directories, GError **error);

/* pi_settings_load() from where programs of the service look: in the user's own directory, or in
 * the administrator's before those of the moment and of packages. */
PiSettings *pi_settings_load_all(gboolean user, GError **error);

/* Reads one text of that form into fresh defaults. `path` is for messages. Errors: as
 * pi_settings_load(); what stood above the fault has then been taken. */
gboolean pi_settings_parse(PiSettings *settings, const char *path, const char *text, gsize length,
                           GError **error);

/* Whether they differ in what takes a restart. */
gboolean pi_settings_need_restart(const PiSettings *a, const PiSettings *b);
