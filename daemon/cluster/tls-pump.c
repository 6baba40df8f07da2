/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/cluster/tls-private.h"
#include "dbus/error.h"

static gboolean is_over_rate(PiTls *tls) {
        gint64 now = g_source_get_time(&tls->source);

        if (now - tls->second_usec >= G_USEC_PER_SEC) {
                tls->second_usec = now;
                tls->second_messages = tls->in_frames.messages;
        }
        return tls->in_frames.messages - tls->second_messages >= PI_TLS_MESSAGES_PER_SECOND;
}

static void reserve(PiTlsBuffer *buffer) {
        if (!buffer->data)
                buffer->data = g_malloc(PI_TLS_BUFFER_BYTES);
}

/* That many bytes were passed on. */
static void consume(PiTlsBuffer *buffer, gsize n) {
        buffer->begin += n;
        if (buffer->begin < buffer->end)
                return;
        buffer->begin = buffer->end = 0;
        g_clear_pointer(&buffer->data, g_free);
}

static int end_in(PiTls *tls, GError *why) {
        tls->in_ended = TRUE;
        if (tls->why)
                g_error_free(why);
        else
                tls->why = why;
        return 0;
}

static int fail_frames(PiTls *tls, GError *error) {
        g_prefix_error(&error, "%s ", tls->remote);
        (void) end_in(tls, error);
        return -1;
}

/* What gnutls_record_recv() said. */
static int receive(PiTls *tls, ssize_t n) {
        GError *error = NULL;

        if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED)
                return 0;
        if (n < 0 && !gnutls_error_is_fatal((int) n))
                return 1;
        if ((n == 0 || n == GNUTLS_E_PREMATURE_TERMINATION) && tls->send_errno != 0) {
                errno = tls->send_errno;
                n = GNUTLS_E_PUSH_ERROR;
        }
        if (n <= 0)
                return end_in(tls, pi_tls_error(tls, (int) n));
        if (!pi_frames_feed(&tls->in_frames, tls->in.data, (gsize) n, &error))
                return fail_frames(tls, error);
        tls->in.end = (gsize) n;
        return tls->in.end == PI_TLS_BUFFER_BYTES;
}

/* TCP to the buffer. 1: it was a long record, as one of many. */
static int pull(PiTls *tls) {
        int r;

        if (tls->in_ended || tls->in.end > 0 || is_over_rate(tls))
                return 0;
        reserve(&tls->in);
        r = receive(tls, gnutls_record_recv(tls->session, tls->in.data, PI_TLS_BUFFER_BYTES));
        consume(&tls->in, 0);
        return r;
}

/* How much of the buffer the bus may have. sd-bus as a client looks for another line of the
 * handshake in what follows it, and aborts when the messages there have the end of a line in them:
 * it gets them once it has read the handshake. */
static gsize deliverable(const PiTls *tls) {
        gsize n = tls->in.end - tls->in.begin;
        int unread = 0;

        if (tls->in_frames.from_client || tls->delivered > PI_FRAMES_SERVER_HANDSHAKE_BYTES)
                return n;
        if (tls->delivered < PI_FRAMES_SERVER_HANDSHAKE_BYTES)
                return MIN(n, PI_FRAMES_SERVER_HANDSHAKE_BYTES - (gsize) tls->delivered);
        return ioctl(tls->plain, SIOCOUTQ, &unread) == 0 && unread > 0 ? 0 : n;
}

/* The buffer to the bus. */
static void deliver(PiTls *tls) {
        gsize some = tls->in.end > 0 ? deliverable(tls) : 0;
        ssize_t n;

        if (some == 0)
                return;
        n = send(tls->plain, tls->in.data + tls->in.begin, some, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        /* The bus has gone: nobody wants it. */
        tls->delivered += n < 0 ? 0 : (uint64_t) n;
        consume(&tls->in, n < 0 ? tls->in.end - tls->in.begin : (gsize) n);
}

/* What recv() said. */
static int collect(PiTls *tls, ssize_t n) {
        GError *error = NULL;

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 0;
        if (n <= 0) {
                tls->out_ended = TRUE;
                return 0;
        }
        if (!pi_frames_feed(&tls->out_frames, tls->out.data, (gsize) n, &error)) {
                g_clear_error(&error);
                (void) end_in(tls, g_error_new(PI_ERROR, PI_ERROR_FAILED,
                                               "This node sent something to %s that it cannot take",
                                               tls->remote));
                return -1;
        }
        tls->out.end = (gsize) n;
        return tls->out.end == PI_TLS_BUFFER_BYTES;
}

/* The bus to the buffer. 1: it was full. */
static int take(PiTls *tls) {
        int r;

        if (tls->out_ended || tls->out.end > 0)
                return 0;
        reserve(&tls->out);
        r = collect(tls, recv(tls->plain, tls->out.data, PI_TLS_BUFFER_BYTES, MSG_DONTWAIT));
        consume(&tls->out, 0);
        return r;
}

/* The buffer to TCP. */
static void push(PiTls *tls) {
        ssize_t n;

        tls->send_blocked = FALSE;
        if (tls->out.end == 0)
                return;
        if (tls->record_cut)
                n = gnutls_record_send(tls->session, NULL, 0);
        else
                n = gnutls_record_send(tls->session, tls->out.data + tls->out.begin,
                                       tls->out.end - tls->out.begin);
        if (n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED) {
                tls->record_cut = tls->send_blocked = TRUE;
                return;
        }
        tls->record_cut = FALSE;
        if (n < 0) {
                /* Why can perhaps be read: the alert that came before the connection broke. */
                tls->send_errno = errno;
                tls->out_ended = TRUE;
                n = (ssize_t) (tls->out.end - tls->out.begin);
        }
        consume(&tls->out, (gsize) n);
}

static void say_goodbye(PiTls *tls) {
        int r = gnutls_bye(tls->session, GNUTLS_SHUT_WR);

        tls->send_blocked = r == GNUTLS_E_AGAIN || r == GNUTLS_E_INTERRUPTED;
        if (tls->send_blocked)
                return;
        (void) shutdown(tls->tcp, SHUT_WR);
        tls->phase = PI_TLS_LINGER;
}

int pi_tls_move(PiTls *tls, gboolean in, gboolean out) {
        int pulled = in ? pull(tls) : 0, taken;

        if (pulled < 0)
                return -1;
        deliver(tls);
        taken = out ? take(tls) : 0;
        if (taken < 0)
                return -1;
        push(tls);
        if (tls->out_ended && tls->out.end == 0 && tls->phase == PI_TLS_OPEN)
                tls->phase = PI_TLS_GOODBYE;
        if (tls->phase == PI_TLS_GOODBYE)
                say_goodbye(tls);
        return pulled > 0 || taken > 0;
}
