/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/cluster.h"

/* Who ought to be able to connect to this node, as its cluster is now. */
typedef struct PiWanted {
        uint16_t port;     /* 0: no rules, since nothing listens */
        GVariant *members; /* a(ss): address and name */
        uint64_t open_until_usec; /* CLOCK_REALTIME; until then strangers may come; 0: not now */
} PiWanted;

/* Members are those of the roster, at the addresses they say and at those they are connected from.
 * Strangers may come while a join token is live, and while a member that nobody can connect to is
 * away: where it will come from is not known. That is an hour from `now_usec`, CLOCK_REALTIME, at
 * most, so that nothing stays open behind a service that ends: ask again in time. */
PiWanted *pi_wanted_new(const PiCluster *cluster, uint64_t now_usec);
void pi_wanted_free(PiWanted *wanted);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiWanted, pi_wanted_free)

/* Whether the helper need not be told `wanted`, as it was told `told` and half an hour is left of
 * that. NULL: it was told nothing. */
gboolean pi_wanted_is_told(const PiWanted *wanted, const PiWanted *told, uint64_t now_usec);

/* The arguments of the helper's method Apply, a floating (qa(ss)a(st)). */
GVariant *pi_wanted_arguments(const PiWanted *wanted, uint64_t now_usec);
