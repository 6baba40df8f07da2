/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/backlog.h"
#include "daemon/cluster/link.h"
#include "daemon/cluster/liveness.h"
#include "daemon/cluster/tls.h"

/* What the files of the link share. */

#define PI_LINK_PING "Ping" /* t -> t, answered by the link itself */
#define PI_LINK_STRANGER_CALLS_MAX 16 /* of a link that is joining, pings aside */
#define PI_LINK_CLOSE_USEC G_USEC_PER_SEC
#define PI_LINK_TEXT_BYTES_MAX 2000 /* of an error's message from the other side */

typedef enum PiLinkState {
        PI_LINK_HANDSHAKE,
        PI_LINK_GREETING, /* the bus is there, the first ping is out */
        PI_LINK_UP,
        PI_LINK_CLOSING,  /* what is queued is sent, nothing more is taken */
        PI_LINK_CUT,      /* it ends when the main loop goes on */
        PI_LINK_ENDED,
} PiLinkState;

struct PiLink {
        PiLinkRole role;
        PiLinkAdmission admission;
        PiLinkState state;
        gboolean was_up;
        gboolean freed;
        const PiLinkHooks *hooks;
        char *remote;
        char fingerprint[PI_FINGERPRINT_LENGTH + 1];
        PiTls *tls;
        sd_bus *bus;
        GSource *bus_source;
        guint deadline; /* of the handshake, or of closing */
        guint cut;
        GError *why; /* the first reason to end */
        PiLiveness *liveness;
        gint64 ping_usec; /* when the ping that is out was sent */
        uint64_t round_trip_usec;
        PiBacklog *backlog;
        GQueue calls;  /* PiLinkPending: ours that are not answered, the oldest first */
        GQueue served; /* PiLinkCall: the other side's */
        guint stranger_calls;
};

/* The link's memory, across a callback that may free it. */
PiLink *pi_link_hold(PiLink *link);
void pi_link_release(PiLink *link);

/* Ends it when the main loop goes on, for the first reason of all that are given. Takes `why`. */
void pi_link_cut(PiLink *link, GError *why);

/* Called by the bus' source when sd-bus is at its end; userdata is the link. */
gboolean pi_link_bus_ended(gpointer userdata);

/* link-bus.c: sd-bus over `fd`, which it takes. A negative errno if there can be none. */
int pi_link_bus_open(PiLink *link, int fd);
void pi_link_bus_close(PiLink *link);

/* Counts a message that was handed to the bus, cuts off who reads too slowly, and sends it. */
void pi_link_count_sent(PiLink *link, sd_bus_message *m, gsize bytes);

/* How long a message with this value will be, about, but exactly when it nears the limit. FALSE:
 * above it; `ret` has it then, too. */
gboolean pi_link_measure(GVariant *value, gsize *ret);

/* link-served.c: a call that came in. */
void pi_link_serve(PiLink *link, sd_bus_message *m);
/* They outlive the link, and know it no more. */
void pi_link_forget_served(PiLink *link);

/* link-calls.c */
void pi_link_ping(PiLink *link, PiLinkAnswered answered);
/* The `n` oldest calls fail with PI_ERROR_NODE_LOST. */
void pi_link_fail_calls(PiLink *link, guint n);

const PiLinkMethod *pi_link_find_method(const PiLink *link, const char *name);
