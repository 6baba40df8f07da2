/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/jobs/verdict.h"
#include "daemon/series/fixed.h"
#include "daemon/series/range.h"
#include "daemon/work/lease.h"

/* Decides what was at fault. It is told what workers saw, in the order it happened, and knows
 * neither threads nor jobs but their numbers. A lease that a core got wrong twice opens a case; the
 * case ends when another core gets the lease right, or when PI_LEASE_ATTEMPTS_MAX cores or all
 * there are have got it wrong. */
typedef struct PiReferee PiReferee;

/* A core that got a lease wrong. */
typedef struct PiWrong {
        uint32_t cpu;
        uint32_t attempts; /* cores that had tried the lease by then */
        PiRange stretch;   /* where */
        PiFixed residual;  /* by how much, the first time */
} PiWrong;

typedef struct PiRuling {
        uint64_t job;
        uint32_t lease;
        PiVerdict verdict;
        bool undecided;   /* transient, but only because nobody can tell any more */
        uint32_t n_wrong; /* at least 1 */
        PiWrong wrong[PI_LEASE_ATTEMPTS_MAX];
} PiRuling;

typedef struct PiRefereeHooks {
        /* A verdict. Called when the case is closed; may change who is in service. */
        void (*ruled)(const PiRuling *ruling, gpointer userdata);
        /* Whether there is a core in service that is not among the wrong ones of an open case. */
        bool (*may_try)(const PiRuling *open, gpointer userdata);
        gpointer userdata;
} PiRefereeHooks;

/* `hooks` must outlive it. */
PiReferee *pi_referee_new(const PiRefereeHooks *hooks);
void pi_referee_free(PiReferee *referee);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiReferee, pi_referee_free)

/* Wrong, and right on the same core: transient. */
void pi_referee_cleared(PiReferee *referee, uint64_t job, uint32_t lease, const PiWrong *wrong);

/* Wrong twice on the same core. */
void pi_referee_lasting(PiReferee *referee, uint64_t job, uint32_t lease, const PiWrong *wrong);

/* Another core got the lease right: those that had not are bad. */
void pi_referee_settled(PiReferee *referee, uint64_t job, uint32_t lease);

/* The job has ended with its cases open: nobody can tell any more, and what was seen goes down as
 * transient. */
void pi_referee_job_ended(PiReferee *referee, uint64_t job);

/* Whether a case of the job is open. */
bool pi_referee_judges(const PiReferee *referee, uint64_t job);

/* Whether the core is part of an open case. */
bool pi_referee_suspects(const PiReferee *referee, uint32_t cpu);
