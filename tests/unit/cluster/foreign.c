/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/cluster/foreign.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dbus/names.h"
#include "tests/unit/cluster/ends.h"

static int accept_any(gnutls_session_t session) {
        return 0;
}

void foreign_init(Foreign *f, int fd, gboolean server, const char *priority,
                  gnutls_certificate_credentials_t credentials) {
        *f = (Foreign) { .fd = fd, .received = g_byte_array_new() };
        g_assert_cmpint(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), ==, 0);
        g_assert_cmpint(gnutls_certificate_allocate_credentials(&f->none), ==, 0);
        g_assert_cmpint(gnutls_init(&f->session, (server ? GNUTLS_SERVER : GNUTLS_CLIENT) |
                                                         GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL),
                        ==, 0);
        g_assert_cmpint(gnutls_priority_set_direct(f->session, priority, NULL), ==, 0);
        g_assert_cmpint(gnutls_credentials_set(f->session, GNUTLS_CRD_CERTIFICATE,
                                               credentials ? credentials : f->none),
                        ==, 0);
        gnutls_session_set_verify_function(f->session, accept_any);
        if (server)
                gnutls_certificate_server_set_request(f->session, GNUTLS_CERT_REQUEST);
        gnutls_transport_set_int(f->session, fd);
}

void foreign_clear(Foreign *f) {
        gnutls_deinit(f->session);
        gnutls_certificate_free_credentials(f->none);
        g_byte_array_unref(f->received);
        if (f->fd >= 0)
                (void) close(f->fd);
}

static gboolean is_again(gssize r) {
        return r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED;
}

int foreign_handshake(Foreign *f) {
        int r;

        while ((r = gnutls_handshake(f->session)) < 0 && !gnutls_error_is_fatal(r))
                g_main_context_iteration(NULL, FALSE);
        return r;
}

void foreign_send(Foreign *f, gconstpointer data, gsize n) {
        const guint8 *bytes = data;

        while (n > 0 && f->error == 0) {
                gssize r = gnutls_record_send(f->session, bytes, n);

                if (is_again(r)) {
                        /* Both sides may have a full socket. */
                        (void) foreign_receive(f);
                        g_main_context_iteration(NULL, FALSE);
                        continue;
                }
                if (r < 0) {
                        f->error = (int) r;
                        return;
                }
                bytes += r;
                n -= (gsize) r;
        }
}

gboolean foreign_receive(Foreign *f) {
        guint8 bytes[16384];
        gssize r;

        while ((r = gnutls_record_recv(f->session, bytes, sizeof(bytes))) > 0)
                g_byte_array_append(f->received, bytes, (guint) r);
        if (is_again(r) || (r < 0 && !gnutls_error_is_fatal((int) r)))
                return TRUE;
        f->error = r == 0 ? GNUTLS_E_PREMATURE_TERMINATION : (int) r;
        return FALSE;
}

void foreign_begin_bus(Foreign *f) {
        static const char handshake[] = "\0AUTH ANONYMOUS 6d65\r\nBEGIN\r\n";

        foreign_send(f, handshake, sizeof(handshake) - 1);
        while (f->received->len < 37 && foreign_receive(f))
                g_main_context_iteration(NULL, FALSE);
        if (f->received->len < 37)
                g_error("No answer to the handshake: %s", gnutls_strerror(f->error));
        g_assert_true(memcmp(f->received->data, "OK ", 3) == 0);
        g_byte_array_remove_range(f->received, 0, 37);
}

void foreign_accept_bus(Foreign *f) {
        static const char end[] = "BEGIN\r\n";
        const guint8 *found = NULL;

        /* An empty array has no data. */
        while ((f->received->len == 0 ||
                !(found = memmem(f->received->data, f->received->len, end, sizeof(end) - 1))) &&
               foreign_receive(f))
                g_main_context_iteration(NULL, FALSE);
        g_assert_nonnull(found);
        g_byte_array_remove_range(f->received, 0,
                                  (guint) (found - f->received->data + sizeof(end) - 1));
}

void foreign_send_message(Foreign *f, GDBusMessage *m) {
        g_autoptr(GError) error = NULL;
        g_autofree guchar *blob = NULL;
        gsize n;

        if (g_dbus_message_get_serial(m) == 0)
                g_dbus_message_set_serial(m, ++f->serial);
        blob = g_dbus_message_to_blob(m, &n, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
        g_assert_no_error(error);
        foreign_send(f, blob, n);
}

guint32 foreign_call(Foreign *f, const char *path, const char *interface, const char *member,
                     GVariant *argument) {
        g_autoptr(GDBusMessage) m = g_dbus_message_new_method_call(NULL, path, interface, member);

        if (argument)
                g_dbus_message_set_body(m, g_variant_new_tuple(&argument, 1));
        foreign_send_message(f, m);
        return g_dbus_message_get_serial(m);
}

static GDBusMessage *take_message(Foreign *f) {
        g_autoptr(GError) error = NULL;
        GDBusMessage *m;
        gssize n;

        if (f->received->len < 16)
                return NULL;
        n = g_dbus_message_bytes_needed(f->received->data, f->received->len, &error);
        g_assert_no_error(error);
        if (f->received->len < (gsize) n)
                return NULL;
        m = g_dbus_message_new_from_blob(f->received->data, (gsize) n,
                                         G_DBUS_CAPABILITY_FLAGS_NONE, &error);
        g_assert_no_error(error);
        g_byte_array_remove_range(f->received, 0, (guint) n);
        return m;
}

GDBusMessage *foreign_next(Foreign *f) {
        GDBusMessage *m;

        while (!(m = take_message(f)))
                if (!foreign_receive(f) && f->received->len < 16)
                        return NULL;
                else
                        g_main_context_iteration(NULL, FALSE);
        return m;
}

GDBusMessage *foreign_answer(Foreign *f, guint32 serial) {
        GDBusMessage *m;

        while ((m = foreign_next(f))) {
                g_autoptr(GDBusMessage) passed = NULL;
                g_autoptr(GDBusMessage) reply = NULL;

                if (g_dbus_message_get_reply_serial(m) == serial)
                        return m;
                passed = m;
                if (g_dbus_message_get_message_type(m) != G_DBUS_MESSAGE_TYPE_METHOD_CALL)
                        continue;
                reply = g_dbus_message_new_method_reply(m);
                g_dbus_message_set_body(reply, g_dbus_message_get_body(m));
                foreign_send_message(f, reply);
        }
        return NULL;
}
