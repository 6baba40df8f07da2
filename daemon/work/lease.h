/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The leases of one task. A lease is a run of parts; there are never more than PI_LEASES_MAX of
 * them, whatever the number of parts, so a job of 10^9 parts takes the memory of one of 4096. Nodes
 * speak of leases by their index: how parts make leases is part of the protocol between them. */
#define PI_LEASES_MAX 4096
#define PI_LEASE_NO_CPU UINT32_MAX
#define PI_LEASE_NO_WORKER UINT16_MAX

/* CPUs that try a lease before it is given up. */
#define PI_LEASE_ATTEMPTS_MAX 3

typedef enum PiLeaseState {
        PI_LEASE_WAITING,
        PI_LEASE_LENT, /* another node has it; see lend.h */
        PI_LEASE_RUNNING,
        PI_LEASE_VERIFIED,
        PI_LEASE_FAILED,
        _PI_LEASE_STATE_MAX,
} PiLeaseState;

/* Written by the one worker that holds the lease, read by the main thread at any time: every field
 * is atomic, and one that belongs to a state is written before the state is. */
typedef struct PiLease {
        _Atomic uint64_t start_nsec;   /* since the task was made */
        _Atomic uint64_t elapsed_nsec; /* valid once verified or failed */
        _Atomic uint32_t cpu; /* CPU number of the last worker, PI_LEASE_NO_CPU before the first */
        _Atomic uint32_t failed_on[PI_LEASE_ATTEMPTS_MAX]; /* CPUs, in the order they tried */
        _Atomic uint32_t order;        /* among the leases its worker has verified; valid then */
        _Atomic uint16_t worker; /* index of the last worker, PI_LEASE_NO_WORKER before the first */
        _Atomic uint8_t attempts;
        _Atomic uint8_t failures;
        _Atomic uint8_t state; /* PiLeaseState */
        _Atomic bool begun;    /* was left unfinished once, lent, or verified before a restart: it
                                  comes from where it was put then, and its time is not known */
        _Atomic bool given_up; /* no core of this node tries it again; lend.h */
        uint16_t node; /* for the main thread: who had it right, 0 for this node; lend.h */
} PiLease;

typedef struct PiLeaseTable {
        uint64_t parts; /* of the job */
        uint32_t total; /* leases of the job */
        uint32_t first; /* which of them lease[0] is */
        uint32_t n;     /* that are in this table */
        PiLease lease[];
} PiLeaseTable;

/* Leases that so many parts make: min(parts, PI_LEASES_MAX). */
uint32_t pi_leases_of(uint64_t parts);

/* All leases of a job, or a run of `n` from `first` on; all waiting. */
PiLeaseTable *pi_lease_table_new(uint64_t parts);
PiLeaseTable *pi_lease_table_new_run(uint64_t parts, uint32_t first, uint32_t n);
void pi_lease_table_free(PiLeaseTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiLeaseTable, pi_lease_table_free)

/* First part of lease `index` of the table; with index == n, the part after the last of them. */
uint64_t pi_lease_first_part(const PiLeaseTable *table, uint32_t index);

/* The lease of the table that holds a part. */
uint32_t pi_lease_of_part(const PiLeaseTable *table, uint64_t part);

/* Whether the lease has failed, and this CPU may be the next to try it: no CPU tries twice, and no
 * more than PI_LEASE_ATTEMPTS_MAX do. Any thread. */
bool pi_lease_may_retry_on(const PiLease *lease, uint32_t cpu);

/* "waiting", "lent", "running", "verified" or "failed". */
const char *pi_lease_state_to_string(PiLeaseState state);
