/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "daemon/cluster/identity.h"

/* One connection to another node: TCP, mutual TLS 1.3 with pinned certificates, and D-Bus over it,
 * both ways. All functions are for the main thread; none blocks. A link is made with the descriptor
 * of a TCP connection, calls `up` once the handshake is over and its bus works, and `down` once,
 * whatever ended it; after `down` it may be freed, also from within the call. */
typedef struct PiLink PiLink;

#define PI_LINK_HANDSHAKE_USEC (5 * G_USEC_PER_SEC) /* from connected to up */
#define PI_LINK_PING_USEC (3 * G_USEC_PER_SEC / 2) /* so long silent: it is asked */
#define PI_LINK_PING_SPREAD_USEC (G_USEC_PER_SEC / 2)    /* or up to that later */
#define PI_LINK_SILENT_USEC (4 * G_USEC_PER_SEC) /* no answer, and no byte moves: it is dead */
#define PI_LINK_QUEUE_BYTES_MAX (4 * 1024 * 1024) /* not yet sent: it is cut off */
#define PI_LINK_CALLS_MAX 256                     /* not yet answered */
#define PI_LINK_MESSAGE_BYTES_MAX (1024 * 1024)

typedef enum PiLinkRole {
        PI_LINK_DIALLED,  /* TLS client */
        PI_LINK_ACCEPTED, /* TLS server */
} PiLinkRole;

typedef enum PiLinkAdmission {
        PI_LINK_REFUSED,
        PI_LINK_MEMBER,
        PI_LINK_JOINING, /* a stranger that may try to join, and can call Join alone */
} PiLinkAdmission;

/* A call that came in, to be answered once, now or later. It outlives its link. */
typedef struct PiLinkCall PiLinkCall;

typedef struct PiLinkMethod {
        const char *name;
        const char *in;  /* signature of the arguments, one complete type: "a{sv}" or "t" */
        const char *out; /* of the result, likewise */
        PiLinkAdmission who; /* PI_LINK_MEMBER, or PI_LINK_JOINING for what strangers call */
        void (*called)(PiLink *link, GVariant *argument, PiLinkCall *call, gpointer userdata);
} PiLinkMethod;

typedef struct PiLinkHooks {
        /* Asked once the other side has shown its certificate, before it has proved anything else.
         * A dialler is asked, too: it refuses who is not the one it dialled. */
        PiLinkAdmission (*admit)(PiLink *link, const char *fingerprint, gpointer userdata);
        void (*up)(PiLink *link, gpointer userdata);
        /* PI_ERROR_NODE_LOST: it was there and went, or went silent. PI_ERROR_NOT_AUTHORIZED: it
         * was refused, by the side that the message names. PI_ERROR_FAILED: anything else, also
         * that this side closed it. Not called for pi_link_free(). */
        void (*down)(PiLink *link, const GError *why, gpointer userdata);
        /* Of PI_INTERFACE_PEER at PI_PEER_PATH, ends with a NULL name. "Ping" is the link's own. */
        const PiLinkMethod *methods;
        gpointer userdata;
} PiLinkHooks;

/* Takes the descriptor over. `identity` and `hooks` must outlive it. */
PiLink *pi_link_new(int fd, PiLinkRole role, const PiIdentity *identity, const PiLinkHooks *hooks);

/* Cuts it off. Calls that are out fail with PI_ERROR_NODE_LOST before this returns. */
void pi_link_free(PiLink *link);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiLink, pi_link_free)

/* Ends it in order: what was queued is still sent, for a second at most. `down` is called. */
void pi_link_close(PiLink *link, const char *why);

PiLinkRole pi_link_role(const PiLink *link);
PiLinkAdmission pi_link_admission(const PiLink *link);
gboolean pi_link_is_up(const PiLink *link);
/* "" before the other side has shown its certificate. */
const char *pi_link_fingerprint(const PiLink *link);
/* The other end of the TCP connection, in the form of pi_address_to_string(). */
const char *pi_link_remote_address(const PiLink *link);
/* Of this TLS session alone: tls-exporter of RFC 9266. FALSE before it is up. */
gboolean pi_link_channel_binding(const PiLink *link, guint8 ret[PI_FINGERPRINT_BYTES]);
/* Of the last ping answered, 0 before the first. */
uint64_t pi_link_round_trip_usec(const PiLink *link);
/* The path's MTU as the kernel knows it, 0 if it does not. */
uint32_t pi_link_mtu(const PiLink *link);

/* Either `result` or `error`. */
typedef void (*PiLinkAnswered)(GVariant *result, const GError *error, gpointer userdata);

/* Calls a method of PI_INTERFACE_PEER at the other side; `answered` is called exactly once, never
 * from within this function. `argument` may be floating. Errors: PI_ERROR_NODE_LOST when the link
 * goes, PI_ERROR_DEADLINE_EXCEEDED, PI_ERROR_QUEUE_FULL, and those of PI_ERROR that the other side
 * answered, with its message. */
void pi_link_call(PiLink *link, const char *method, GVariant *argument, uint64_t deadline_usec,
                  PiLinkAnswered answered, gpointer userdata);

/* Answer a call, and free it. The argument of the first may be floating. */
void pi_link_call_return(PiLinkCall *call, GVariant *result);
void pi_link_call_fail(PiLinkCall *call, const GError *error);
/* NULL once the link it came by is gone. */
PiLink *pi_link_call_link(const PiLinkCall *call);
