/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The leases of one task. A lease is a run of parts; there are never more than PI_LEASES_MAX of
 * them, whatever the number of parts, so a job of 10^9 parts takes the memory of one of 4096. */
#define PI_LEASES_MAX 4096
#define PI_LEASE_NO_CPU UINT32_MAX
#define PI_LEASE_NO_WORKER UINT16_MAX

/* CPUs that try a lease before it is given up. */
#define PI_LEASE_ATTEMPTS_MAX 3

typedef enum PiLeaseState {
        PI_LEASE_WAITING,
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
        _Atomic bool begun;    /* was left unfinished once, or was verified before a restart: it
                                  comes from where it was put then, and its time is not known */
} PiLease;

typedef struct PiLeaseTable {
        uint64_t parts;
        uint32_t n;
        PiLease lease[];
} PiLeaseTable;

/* min(parts, PI_LEASES_MAX) leases, all waiting. */
PiLeaseTable *pi_lease_table_new(uint64_t parts);
void pi_lease_table_free(PiLeaseTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiLeaseTable, pi_lease_table_free)

/* First part of lease `index`; with index == n, the number of parts. */
uint64_t pi_lease_first_part(const PiLeaseTable *table, uint32_t index);

/* The lease that holds a part below table->parts. */
uint32_t pi_lease_of_part(const PiLeaseTable *table, uint64_t part);

/* Whether the lease has failed, and this CPU may be the next to try it: no CPU tries twice, and no
 * more than PI_LEASE_ATTEMPTS_MAX do. Any thread. */
bool pi_lease_may_retry_on(const PiLease *lease, uint32_t cpu);

/* "waiting", "running", "verified" or "failed". */
const char *pi_lease_state_to_string(PiLeaseState state);
