/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Whether the other end of a TCP connection still works: asks it when it has been silent for a
 * while, and looks at the kernel's counters before it believes that there is no answer. A ping
 * may wait behind a long message on a slow path, while bytes move; a process that hangs moves none,
 * though its kernel acknowledges what comes. For the main thread. */
typedef struct PiLiveness PiLiveness;

#define PI_LIVENESS_UNANSWERED_USEC (60 * G_USEC_PER_SEC) /* whatever moves, it is dead then */

typedef struct PiLivenessHooks {
        void (*ping)(gpointer userdata); /* one at a time */
        /* Whether something has come that was not looked at yet: it may be the answer. */
        gboolean (*unread)(gpointer userdata);
        /* Called once; the object may be freed from within. */
        void (*dead)(guint64 silent_usec, gpointer userdata);
        gpointer userdata;
} PiLivenessHooks;

/* For a connection that has just answered. `fd` remains the caller's and must outlive it. */
PiLiveness *pi_liveness_new(int fd, const PiLivenessHooks *hooks);
void pi_liveness_free(PiLiveness *liveness);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiLiveness, pi_liveness_free)

/* The other side sent a ping of its own. */
void pi_liveness_heard(PiLiveness *liveness);

/* The ping was answered. */
void pi_liveness_answered(PiLiveness *liveness);
