/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "daemon/cluster/cluster.h"

/* Keeps the rules of the firewall's helper in step with the cluster: as members come and go, tokens
 * are made and used, the helper ends and comes back. Where there is no helper TLS alone keeps
 * strangers out, which is told once. For the main loop; nothing blocks. */
typedef struct PiGuard PiGuard;

typedef enum PiGuardState {
        PI_GUARD_OFF,      /* in no cluster, or nothing listens: there is nothing to guard */
        PI_GUARD_PENDING,  /* the helper was asked, or is about to be */
        PI_GUARD_APPLIED,
        PI_GUARD_DISABLED, /* by the settings */
        PI_GUARD_REMOVED,  /* by somebody who may */
        PI_GUARD_FAILED,   /* no helper, or it refused; tried again */
        _PI_GUARD_STATE_MAX,
} PiGuardState;

/* "off", "pending", "applied", "disabled", "removed" or "failed". */
const char *pi_guard_state_to_string(PiGuardState state);

/* `enabled`: FALSE has it do nothing before pi_guard_apply(). `changed`: the state, or why it
 * failed, is another. `bus` and `cluster` must outlive it. */
PiGuard *pi_guard_new(sd_bus *bus, PiCluster *cluster, gboolean enabled,
                      void (*changed)(const GError *error, gpointer userdata), gpointer userdata);
/* For the end of the service: has the helper take the rules away, and does nothing any more. FALSE
 * while that is under way, for a second at most: call it again. */
gboolean pi_guard_stop(PiGuard *guard);
void pi_guard_free(PiGuard *guard);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiGuard, pi_guard_free)

PiGuardState pi_guard_state(const PiGuard *guard);
/* Why it failed, and what to do; else NULL. */
const GError *pi_guard_error(const PiGuard *guard);

/* Told when the helper has answered, or refused, or there is nothing to do. */
typedef void (*PiGuardDone)(const GError *error, gpointer userdata);

/* Has the rules made, also after they were removed. Errors: PI_ERROR_NOT_IN_CLUSTER,
 * PI_ERROR_QUEUE_FULL, those of the helper. */
void pi_guard_apply(PiGuard *guard, PiGuardDone done, gpointer userdata);
/* Has them taken away until they are applied again. Errors: PI_ERROR_QUEUE_FULL, those of the
 * helper. */
void pi_guard_remove(PiGuard *guard, PiGuardDone done, gpointer userdata);
