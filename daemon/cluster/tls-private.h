/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/frames.h"
#include "daemon/cluster/tls.h"

#define PI_TLS_BUFFER_BYTES 16384 /* the longest record */

typedef enum PiTlsPhase {
        PI_TLS_HANDSHAKE,
        PI_TLS_OPEN,
        PI_TLS_GOODBYE, /* the bus has gone: the end has to be sent */
        PI_TLS_LINGER,  /* it is sent: until the other side ends, too */
        PI_TLS_OVER,
} PiTlsPhase;

/* A node has a hundred links, most of them idle: there is memory for what is there, alone. */
typedef struct PiTlsBuffer {
        gsize begin, end; /* of what is to be passed on */
        guint8 *data;     /* PI_TLS_BUFFER_BYTES, NULL while it is empty */
} PiTlsBuffer;

struct PiTls {
        GSource source;
        int tcp, plain;
        gpointer tcp_tag, plain_tag; /* NULL when not waited for */
        GIOCondition tcp_events, plain_events;
        gnutls_session_t session;
        PiTlsHooks hooks;
        char *remote;
        PiTlsPhase phase;
        gboolean admitted;
        gboolean busy;
        gboolean more;      /* no poll tells that there is something to do */
        GError *why;        /* the end of what comes in, or of all */
        gboolean in_ended;  /* nothing more is read from TCP */
        gboolean out_ended; /* nothing more comes from the bus */
        gboolean record_cut; /* GnuTLS holds a record of which a part is sent */
        gboolean send_blocked;
        int send_errno; /* why sending failed, 0 if it did not */
        gboolean held; /* it reads no more from TCP in this second */
        PiFrames in_frames, out_frames;
        gint64 second_usec;       /* when the second began that messages are counted in */
        uint64_t second_messages; /* that had come before it */
        PiTlsBuffer in, out;
        uint64_t delivered; /* bytes, to the bus */
};

/* What the handshake, or receiving, ended with: an error for `why`. `r`: of GnuTLS. */
GError *pi_tls_error(const PiTls *tls, int r);

/* Moves a buffer each way; `in`, `out`: there is something to read from TCP, from the bus. Returns
 * 1 if there is likely more at once, 0 if not, -1 when `why` is set and all is over. */
int pi_tls_move(PiTls *tls, gboolean in, gboolean out);
