/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "daemon/cluster/identity.h"

/* TLS 1.3 between a TCP connection and one end of a socketpair, whose other end sd-bus has: what is
 * written there goes out encrypted, what comes in can be read there. Both sides show certificates.
 * Holds messages to their greatest length, and reads no more of them in a second than is good for
 * the main loop. For the main thread; nothing blocks. */
typedef struct PiTls PiTls;

#define PI_TLS_MESSAGES_PER_SECOND 10000 /* what is above has to wait for the next one */

/* Each may free the object. */
typedef struct PiTlsHooks {
        /* Whether who has that certificate may go on. */
        gboolean (*admit)(const char *fingerprint, gpointer userdata);
        /* The handshake is over; `fd`, the other end of the socketpair, is the callee's. */
        void (*ready)(int fd, gpointer userdata);
        /* The bus has something to read, and what it answers at once goes out at once. */
        void (*came)(gpointer userdata);
        /* A whole message went out, or several, the last with this serial. */
        void (*sent)(uint32_t serial, gpointer userdata);
        /* Nothing more comes, and what came can be read at the other end, with its end behind it.
         * Codes of PI_ERROR as for PiLinkHooks.down. Called once. */
        void (*ended)(const GError *why, gpointer userdata);
        gpointer userdata;
} PiTlsHooks;

/* Takes the descriptor over. `remote`: of the other side, for messages. The identity must outlive
 * it. When the bus closes its end, what it has written is sent, the session ended in order, and
 * `ended` called when the other side has ended it, too: there is no deadline for that. */
PiTls *pi_tls_new(int fd, gboolean server, const PiIdentity *identity, const char *remote,
                  const PiTlsHooks *hooks);
void pi_tls_free(PiTls *tls);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiTls, pi_tls_free)

/* Sends what was just written to the bus, as far as it goes; else the main loop does. No hook but
 * `sent` is called from within. */
void pi_tls_flush(PiTls *tls);

/* The TCP connection, to ask the kernel about it. */
int pi_tls_fd(const PiTls *tls);

/* Whether something came that the bus has not read. */
gboolean pi_tls_has_unread(const PiTls *tls);

/* tls-exporter of RFC 9266; FALSE before the handshake is over. */
gboolean pi_tls_channel_binding(PiTls *tls, guint8 ret[PI_FINGERPRINT_BYTES]);
