/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <gio/gio.h>
#include <gnutls/gnutls.h>

/* The other side of a link as somebody else wrote it: GnuTLS and D-Bus by hand, in this process.
 * While it waits it runs the main loop, in which the link is. */
typedef struct Foreign {
        int fd;
        gnutls_session_t session;
        gnutls_certificate_credentials_t none; /* without a certificate */
        GByteArray *received;                  /* decrypted, not yet taken */
        guint32 serial;
        int error; /* of GnuTLS, that its reading or writing ended with; 0 none */
} Foreign;

#define FOREIGN_PRIORITY "NORMAL"

/* Takes the descriptor. `credentials`: NULL shows no certificate. */
void foreign_init(Foreign *f, int fd, gboolean server, const char *priority,
                  gnutls_certificate_credentials_t credentials);
void foreign_clear(Foreign *f);

/* What gnutls_handshake() ends with. */
int foreign_handshake(Foreign *f);

/* Sends all, unless it fails. */
void foreign_send(Foreign *f, gconstpointer data, gsize n);
/* Takes in what there is. FALSE once nothing more will come. */
gboolean foreign_receive(Foreign *f);

/* As a client that handshakes as sd-bus does. */
void foreign_begin_bus(Foreign *f);

/* As a server that has sent its line: passes over what sd-bus says before the first message. */
void foreign_accept_bus(Foreign *f);

/* `interface` and `argument` may be NULL. Returns its serial. */
guint32 foreign_call(Foreign *f, const char *path, const char *interface, const char *member,
                     GVariant *argument);
void foreign_send_message(Foreign *f, GDBusMessage *m);

/* Until a message comes; NULL if none will. */
GDBusMessage *foreign_next(Foreign *f);
/* Until the answer to that call, passing over calls of the link, the first of which is answered as
 * its ping. */
GDBusMessage *foreign_answer(Foreign *f, guint32 serial);
