/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "daemon/series/fixed.h"
#include "daemon/series/range.h"

/* The ranks of one run, and what they send each other. Rank 0 is the head: it gives ranges to all,
 * itself included. Everything here is for a rank's main thread. */

typedef enum PiMessageKind {
        PI_MESSAGE_READY = 1, /* to the head, first: host and threads */
        PI_MESSAGE_GRANT,     /* from the head: a range to sum */
        PI_MESSAGE_SUM,       /* to the head: the sum of a grant, or that it cannot be had */
        PI_MESSAGE_RETIRE,    /* to the head: the rank has to go, what it was given is not done */
        PI_MESSAGE_STOP,      /* from the head: nothing more is wanted */
} PiMessageKind;

#define PI_HOST_BYTES 64

/* Sent as it lies in memory: all ranks are of one program, on machines of one byte order. */
typedef struct PiMessage {
        uint32_t kind;
        uint32_t threads; /* READY */
        char host[PI_HOST_BYTES];
        PiRange range; /* GRANT, SUM */
        PiFixed sum;   /* SUM; so the next */
        uint64_t usec;
        uint64_t cpu_usec;
        uint32_t failed; /* 1: its threads do not get it right */
} PiMessage;

/* An implementation is a file: world-mpi.c, and one of threads for tests. */
typedef struct PiWorld {
        uint32_t rank;
        uint32_t size;
        void (*send)(struct PiWorld *world, uint32_t to, const PiMessage *message);
        /* FALSE when there is none. */
        gboolean (*receive)(struct PiWorld *world, uint32_t *ret_from, PiMessage *ret);
} PiWorld;

/* Joins the ranks that the launcher has started; ends the process when there is no way to. */
PiWorld *pi_world_new(int *argc, char ***argv);

/* To be called by each rank once the run is over, when every sum is told; frees it. Ends the
 * process with this status when MPI does not let it go in time. */
void pi_world_leave(PiWorld *world, int status);
