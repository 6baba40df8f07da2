/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/liveness.h"

#include "daemon/cluster/link.h"
#include "daemon/cluster/tcp.h"

#define MOVED_USEC (3 * G_USEC_PER_SEC / 2) /* bytes that moved since then speak for it */
#define DOUBT_USEC (G_USEC_PER_SEC / 2)     /* how often to look, once it is silent */

struct PiLiveness {
        int fd;
        PiLivenessHooks hooks;
        guint timer;
        gint64 due_usec;   /* when the timer should fire */
        gint64 heard_usec; /* the last answer */
        gint64 moved_usec; /* bytes were seen to have moved */
        gboolean asked;    /* and not yet answered */
        PiTcpState before;
};

static gboolean tick(gpointer userdata);

static void arm(PiLiveness *l, gint64 now, gint64 usec) {
        l->due_usec = now + usec;
        l->timer = g_timeout_add((guint) ((usec + 999) / 1000), tick, l);
}

static void look(PiLiveness *l, gint64 now) {
        PiTcpState state;

        if (l->hooks.unread(l->hooks.userdata))
                l->moved_usec = now;
        if (!pi_tcp_look(l->fd, &state))
                return;
        /* What is acknowledged counts as long as there is more to come: a kernel does that for a
         * process that hangs, too. */
        if (state.bytes_received != l->before.bytes_received ||
            (state.sending && state.bytes_acked != l->before.bytes_acked))
                l->moved_usec = now;
        l->before = state;
}

static gboolean is_dead(const PiLiveness *l, gint64 now) {
        gint64 silent = now - l->heard_usec;

        return silent >= PI_LIVENESS_UNANSWERED_USEC ||
               (silent >= (gint64) PI_LINK_SILENT_USEC && now - l->moved_usec > MOVED_USEC);
}

static gboolean tick(gpointer userdata) {
        PiLiveness *l = userdata;
        gint64 now = g_get_monotonic_time();
        gint64 late = now - l->due_usec;
        gint64 left;

        l->timer = 0;
        /* This process did not run for a while: an answer may lie there unread. */
        if (late > (gint64) PI_LINK_PING_USEC) {
                l->heard_usec += late;
                l->moved_usec += late;
        }
        look(l, now);
        if (is_dead(l, now)) {
                l->hooks.dead((guint64) (now - l->heard_usec), l->hooks.userdata);
                return G_SOURCE_REMOVE;
        }
        left = l->heard_usec + (gint64) PI_LINK_SILENT_USEC - now;
        arm(l, now, left > 0 ? MIN(left, (gint64) PI_LINK_PING_USEC) : (gint64) DOUBT_USEC);
        if (!l->asked) {
                l->asked = TRUE;
                l->hooks.ping(l->hooks.userdata);
        }
        return G_SOURCE_REMOVE;
}

PiLiveness *pi_liveness_new(int fd, const PiLivenessHooks *hooks) {
        PiLiveness *l = g_new0(PiLiveness, 1);
        gint64 now = g_get_monotonic_time();

        l->fd = fd;
        l->hooks = *hooks;
        l->heard_usec = l->moved_usec = now;
        (void) pi_tcp_look(fd, &l->before);
        arm(l, now, PI_LINK_PING_USEC);
        return l;
}

void pi_liveness_free(PiLiveness *liveness) {
        if (!liveness)
                return;
        g_clear_handle_id(&liveness->timer, g_source_remove);
        g_free(liveness);
}

void pi_liveness_answered(PiLiveness *liveness) {
        liveness->asked = FALSE;
        liveness->heard_usec = g_get_monotonic_time();
}
