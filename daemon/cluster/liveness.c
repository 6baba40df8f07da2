/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/liveness.h"

#include "daemon/cluster/link.h"
#include "daemon/cluster/tcp.h"

#define MOVED_USEC (3 * G_USEC_PER_SEC / 2) /* bytes that moved since then speak for it */
#define DOUBT_USEC (G_USEC_PER_SEC / 2)     /* how often to look, once it is silent */
#define LATE_USEC G_USEC_PER_SEC            /* a timer that late: this process did not run */

struct PiLiveness {
        int fd;
        PiLivenessHooks hooks;
        guint timer;
        gint64 due_usec;   /* when the timer should fire */
        gint64 heard_usec; /* the last answer, or ping of the other side */
        gint64 moved_usec; /* bytes were seen to have moved */
        gint64 asked_usec; /* the ping that is not yet answered, 0 for none */
        gint64 patience_usec; /* silence before the next ping */
        PiTcpState before;
};

static gboolean tick(gpointer userdata);

static void arm(PiLiveness *l, gint64 now, gint64 usec) {
        l->due_usec = now + usec;
        l->timer = g_timeout_add((guint) ((usec + 999) / 1000), tick, l);
}

/* Not the same at both ends: who asks first spares the other its ping, and that is not always the
 * same one, since only who asks measures the round trip. */
static gint64 some_patience(void) {
        return PI_LINK_PING_USEC + g_random_int_range(0, PI_LINK_PING_SPREAD_USEC);
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
               (l->asked_usec && now - l->asked_usec >= PI_LIVENESS_UNANSWERED_USEC) ||
               (silent >= (gint64) PI_LINK_SILENT_USEC && now - l->moved_usec > MOVED_USEC);
}

static void ask(PiLiveness *l, gint64 now) {
        if (l->asked_usec)
                return;
        l->asked_usec = now;
        l->hooks.ping(l->hooks.userdata);
}

static gboolean tick(gpointer userdata) {
        PiLiveness *l = userdata;
        gint64 now = g_get_monotonic_time();
        gint64 late = now - l->due_usec;
        gint64 silent;

        l->timer = 0;
        /* An answer may lie there unread. */
        if (late > LATE_USEC) {
                l->heard_usec += late;
                l->moved_usec += late;
        }
        look(l, now);
        silent = now - l->heard_usec;
        if (is_dead(l, now)) {
                l->hooks.dead((guint64) silent, l->hooks.userdata);
                return G_SOURCE_REMOVE;
        }
        if (silent < l->patience_usec) {
                arm(l, now, l->patience_usec - silent);
                return G_SOURCE_REMOVE;
        }
        arm(l, now, MAX(PI_LINK_SILENT_USEC - silent, DOUBT_USEC));
        ask(l, now);
        return G_SOURCE_REMOVE;
}

PiLiveness *pi_liveness_new(int fd, const PiLivenessHooks *hooks) {
        PiLiveness *l = g_new0(PiLiveness, 1);
        gint64 now = g_get_monotonic_time();

        l->fd = fd;
        l->hooks = *hooks;
        l->heard_usec = l->moved_usec = now;
        l->patience_usec = some_patience();
        (void) pi_tcp_look(fd, &l->before);
        arm(l, now, l->patience_usec);
        return l;
}

void pi_liveness_free(PiLiveness *liveness) {
        if (!liveness)
                return;
        g_clear_handle_id(&liveness->timer, g_source_remove);
        g_free(liveness);
}

void pi_liveness_heard(PiLiveness *liveness) {
        liveness->heard_usec = g_get_monotonic_time();
}

void pi_liveness_answered(PiLiveness *liveness) {
        liveness->asked_usec = 0;
        liveness->patience_usec = some_patience();
        pi_liveness_heard(liveness);
}
