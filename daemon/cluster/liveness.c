/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/liveness.h"

#include "daemon/cluster/link.h"
#include "daemon/cluster/tcp.h"

#define MOVED_USEC (3 * G_USEC_PER_SEC / 2) /* bytes that moved since then speak for it */
#define DOUBT_USEC (G_USEC_PER_SEC / 2)     /* how often to look, once it is silent */
#define LATE_USEC G_USEC_PER_SEC            /* a timer that late: this process did not run */

/* All links are looked after at the same moments, so that many of them wake the process no more
 * often than few. */
#define MOMENT_USEC (G_USEC_PER_SEC / 4)

struct PiLiveness {
        GSource source; /* the timer */
        int fd;
        PiLivenessHooks hooks;
        gint64 due_usec;   /* when the timer should fire */
        gint64 heard_usec; /* the last answer, or ping of the other side */
        gint64 moved_usec; /* bytes were seen to have moved */
        gint64 asked_usec; /* the ping that is not yet answered, 0 for none */
        gint64 patience_usec; /* silence before the next ping */
        PiTcpState before;
};

static void arm(PiLiveness *l, gint64 now, gint64 usec) {
        l->due_usec = (now + usec + MOMENT_USEC - 1) / MOMENT_USEC * MOMENT_USEC;
        g_source_set_ready_time(&l->source, l->due_usec);
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

static void tick(PiLiveness *l) {
        gint64 now = g_get_monotonic_time();
        gint64 late = now - l->due_usec;
        gint64 silent;

        /* An answer may lie there unread. */
        if (late > LATE_USEC) {
                l->heard_usec += late;
                l->moved_usec += late;
        }
        look(l, now);
        silent = now - l->heard_usec;
        if (is_dead(l, now))
                l->hooks.dead((guint64) silent, l->hooks.userdata);
        else if (silent < l->patience_usec)
                arm(l, now, l->patience_usec - silent);
        else {
                arm(l, now, MAX(PI_LINK_SILENT_USEC - silent, DOUBT_USEC));
                ask(l, now);
        }
}

static gboolean dispatch(GSource *source, GSourceFunc callback, gpointer userdata) {
        g_source_set_ready_time(source, -1);
        tick((PiLiveness *) source);
        return G_SOURCE_CONTINUE;
}

static GSourceFuncs funcs = { .dispatch = dispatch };

PiLiveness *pi_liveness_new(int fd, const PiLivenessHooks *hooks) {
        PiLiveness *l = (PiLiveness *) g_source_new(&funcs, sizeof(PiLiveness));
        gint64 now = g_get_monotonic_time();

        /* All of PiLiveness behind the source is zero. */
        l->fd = fd;
        l->hooks = *hooks;
        l->heard_usec = l->moved_usec = now;
        l->patience_usec = some_patience();
        (void) pi_tcp_look(fd, &l->before);
        g_source_set_name(&l->source, "liveness");
        arm(l, now, l->patience_usec);
        g_source_attach(&l->source, NULL);
        return l;
}

void pi_liveness_free(PiLiveness *liveness) {
        if (!liveness)
                return;
        g_source_destroy(&liveness->source);
        g_source_unref(&liveness->source);
}

void pi_liveness_heard(PiLiveness *liveness) {
        liveness->heard_usec = g_get_monotonic_time();
}

void pi_liveness_answered(PiLiveness *liveness) {
        liveness->asked_usec = 0;
        liveness->patience_usec = some_patience();
        pi_liveness_heard(liveness);
}
