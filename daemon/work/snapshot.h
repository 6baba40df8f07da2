/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/series/fixed.h"

/* A lease that was begun and left: what of it is summed and verified. */
typedef struct PiPartial {
        uint32_t lease;
        uint64_t next_term; /* the first that is not in the sum; the end of a stretch */
        PiFixed sum;        /* of the terms of the lease before it */
        PiFixed tolerance;  /* for kernels that are not exact */
} PiPartial;

/* How far a task has come, as of one moment: enough to go on from, with the same bits. */
typedef struct PiSnapshot {
        PiFixed sum; /* of the verified leases, without the partials; so the tolerance */
        PiFixed tolerance;
        uint64_t terms_done; /* partials included */
        uint64_t cpu_nsec;   /* thread CPU time so far */
        uint64_t retries;    /* stretches and leases summed again */
        uint32_t n_leases;
        uint8_t *verified; /* a bit for each lease, the lowest bit of a byte first */
        uint32_t n_partials;
        PiPartial *partial; /* by lease, each not verified */
} PiSnapshot;

/* Nothing verified. `n_partials`: room for so many. */
PiSnapshot *pi_snapshot_new(uint32_t n_leases, uint32_t n_partials);
void pi_snapshot_free(PiSnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiSnapshot, pi_snapshot_free)

static inline bool pi_snapshot_has(const PiSnapshot *s, uint32_t lease) {
        return s->verified[lease / 8] >> (lease % 8) & 1;
}

static inline void pi_snapshot_add(PiSnapshot *s, uint32_t lease) {
        s->verified[lease / 8] |= (uint8_t) (1u << (lease % 8));
}
