/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/tls.h"

#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/cluster/link.h"
#include "daemon/cluster/tls-private.h"
#include "dbus/error.h"

#define HANDSHAKE_BYTES_MAX 16384 /* of one message of it: a stranger's certificates */
#define ROUNDS 16                 /* before others have their turn */

static gboolean is_gone(const PiTls *tls) {
        return g_source_is_destroyed((GSource *) &tls->source);
}

static void wait_for_tcp(PiTls *tls, GIOCondition events) {
        if (tls->tcp_tag && events != tls->tcp_events)
                g_source_modify_unix_fd(&tls->source, tls->tcp_tag, events);
        tls->tcp_events = events;
}

static void wait_for_plain(PiTls *tls, GIOCondition events) {
        if (tls->plain_tag && events != tls->plain_events)
                g_source_modify_unix_fd(&tls->source, tls->plain_tag, events);
        tls->plain_events = events;
}

/* A descriptor that hung up would wake the loop again and again. */
static void forget(PiTls *tls, gpointer *tag) {
        if (*tag)
                g_source_remove_unix_fd(&tls->source, g_steal_pointer(tag));
}

static void end(PiTls *tls) {
        g_autoptr(GError) why = g_steal_pointer(&tls->why);

        tls->phase = PI_TLS_OVER;
        tls->more = FALSE;
        g_source_set_ready_time(&tls->source, -1);
        forget(tls, &tls->tcp_tag);
        forget(tls, &tls->plain_tag);
        if (tls->plain >= 0)
                (void) shutdown(tls->plain, SHUT_WR);
        tls->hooks.ended(why, tls->hooks.userdata);
}

/* Bytes that are left unread would make the kernel reset the connection, and the other side might
 * lose the alert that tells it why. */
static void discard_received(PiTls *tls) {
        guint8 data[4096];

        for (guint i = 0; i < ROUNDS; i++)
                if (recv(tls->tcp, data, sizeof(data), MSG_DONTWAIT) <= 0)
                        break;
        (void) shutdown(tls->tcp, SHUT_WR);
}

static void fail_handshake(PiTls *tls, int r) {
        if (!tls->why)
                tls->why = pi_tls_error(tls, r);
        if (r != GNUTLS_E_FATAL_ALERT_RECEIVED)
                (void) gnutls_alert_send_appropriate(tls->session, r);
        discard_received(tls);
        end(tls);
}

static int verify(gnutls_session_t session) {
        PiTls *tls = gnutls_session_get_ptr(session);
        char fingerprint[PI_FINGERPRINT_LENGTH + 1];
        const gnutls_datum_t *certificates;
        unsigned n = 0;

        certificates = gnutls_certificate_get_peers(session, &n);
        if (!certificates || n == 0)
                return GNUTLS_E_NO_CERTIFICATE_FOUND;
        if (!pi_fingerprint_of_der(&certificates[0], fingerprint))
                return GNUTLS_E_HASH_FAILED;
        if (tls->hooks.admit(fingerprint, tls->hooks.userdata)) {
                tls->admitted = TRUE;
                return 0;
        }
        if (!tls->why)
                tls->why = g_error_new(PI_ERROR, PI_ERROR_NOT_AUTHORIZED,
                                       "This node refused %s, whose certificate has the "
                                       "fingerprint %s",
                                       tls->remote, fingerprint);
        return GNUTLS_E_CERTIFICATE_ERROR;
}

static void open_plain(PiTls *tls) {
        int fds[2];

        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0) {
                tls->why = g_error_new(PI_ERROR, PI_ERROR_FAILED, "No connection with %s: %s",
                                       tls->remote, g_strerror(errno));
                end(tls);
                return;
        }
        tls->phase = PI_TLS_OPEN;
        tls->plain = fds[0];
        tls->plain_events = G_IO_IN;
        tls->plain_tag = g_source_add_unix_fd(&tls->source, tls->plain, G_IO_IN);
        /* What came with the last bytes of the handshake lies in GnuTLS already. */
        tls->more = TRUE;
        tls->hooks.ready(fds[1], tls->hooks.userdata);
}

static void shake_hands(PiTls *tls) {
        int r = gnutls_handshake(tls->session);

        if (is_gone(tls))
                return;
        if (r < 0 && !gnutls_error_is_fatal(r)) {
                tls->more = r != GNUTLS_E_AGAIN;
                wait_for_tcp(tls, gnutls_record_get_direction(tls->session) ? G_IO_OUT : G_IO_IN);
                return;
        }
        /* A session that was resumed, or is of an older version, would have got past the checks. */
        if (r >= 0 && (!tls->admitted || gnutls_session_is_resumed(tls->session) ||
                       gnutls_protocol_get_version(tls->session) != GNUTLS_TLS1_3))
                r = GNUTLS_E_INSUFFICIENT_SECURITY;
        if (r < 0)
                fail_handshake(tls, r);
        else
                open_plain(tls);
}

/* What is decrypted already is seen by no poll. */
static gboolean is_pending(const PiTls *tls) {
        return (tls->phase == PI_TLS_OPEN || tls->phase == PI_TLS_LINGER) &&
               (tls->tcp_events & G_IO_IN) && gnutls_record_check_pending(tls->session) > 0;
}

static void wait_for_more(PiTls *tls) {
        gboolean wants_in = !tls->in_ended && tls->in.end == 0;
        GIOCondition tcp = 0, plain = 0;

        tls->held = wants_in && tls->in_frames.messages - tls->second_messages >=
                                        PI_TLS_MESSAGES_PER_SECOND;
        if (wants_in && !tls->held)
                tcp |= G_IO_IN;
        if (tls->send_blocked)
                tcp |= G_IO_OUT;
        wait_for_tcp(tls, tcp);
        if (!tls->out_ended && tls->out.end == 0)
                plain |= G_IO_IN;
        if (tls->in.end > 0)
                plain |= G_IO_OUT;
        wait_for_plain(tls, plain);
        if (tls->out_ended)
                forget(tls, &tls->plain_tag);
        g_source_set_ready_time(&tls->source,
                                tls->held ? tls->second_usec + G_USEC_PER_SEC : -1);
}

static void tell_sent(PiTls *tls, uint64_t before) {
        if (tls->out_frames.messages != before)
                tls->hooks.sent(tls->out_frames.serial, tls->hooks.userdata);
}

static GIOCondition events_of(PiTls *tls, gpointer tag) {
        return tag ? g_source_query_unix_fd(&tls->source, tag) : 0;
}

static void pump(PiTls *tls) {
        GIOCondition tcp = events_of(tls, tls->tcp_tag);
        GIOCondition plain = events_of(tls, tls->plain_tag);
        uint64_t sent = tls->out_frames.messages, delivered = tls->delivered;
        gboolean in = tls->more || tls->held || (tcp & ~G_IO_OUT) || is_pending(tls);
        gboolean out = tls->more || (plain & ~G_IO_OUT);
        int moved = 1, answered;

        /* Who hung up is read to the end, however fast it was. */
        if (tcp & (G_IO_HUP | G_IO_ERR))
                tls->second_messages = tls->in_frames.messages;
        for (guint i = 0; i < ROUNDS && moved > 0; i++)
                moved = pi_tls_move(tls, i > 0 || in, i > 0 || out);
        if (moved >= 0 && tls->delivered != delivered) {
                tls->hooks.came(tls->hooks.userdata);
                if (is_gone(tls))
                        return;
                answered = pi_tls_move(tls, FALSE, TRUE);
                moved = answered < 0 ? answered : MAX(moved, answered);
        }
        tls->more = moved > 0;
        if (moved < 0 || (tls->in_ended && tls->in.end == 0)) {
                end(tls);
                return;
        }
        wait_for_more(tls);
        tell_sent(tls, sent);
}

void pi_tls_flush(PiTls *tls) {
        uint64_t sent = tls->out_frames.messages;

        if (tls->busy || tls->phase != PI_TLS_OPEN)
                return;
        if (pi_tls_move(tls, FALSE, TRUE) != 0 || tls->in_ended || tls->phase != PI_TLS_OPEN)
                tls->more = TRUE;
        else
                wait_for_more(tls);
        tell_sent(tls, sent);
}

static gboolean tls_prepare(GSource *source, gint *timeout_msec) {
        PiTls *tls = (PiTls *) source;

        *timeout_msec = -1;
        return tls->more || is_pending(tls);
}

static gboolean tls_check(GSource *source) {
        PiTls *tls = (PiTls *) source;

        return tls->more || is_pending(tls) || events_of(tls, tls->tcp_tag) ||
               events_of(tls, tls->plain_tag);
}

static gboolean tls_dispatch(GSource *source, GSourceFunc callback, gpointer userdata) {
        PiTls *tls = (PiTls *) source;

        /* A hook that ran the main loop. */
        if (tls->busy)
                return G_SOURCE_CONTINUE;
        tls->busy = TRUE;
        if (tls->why && tls->phase == PI_TLS_HANDSHAKE)
                end(tls);
        else if (tls->phase == PI_TLS_HANDSHAKE)
                shake_hands(tls);
        else if (tls->phase != PI_TLS_OVER)
                pump(tls);
        tls->busy = FALSE;
        return G_SOURCE_CONTINUE;
}

static void tls_finalize(GSource *source) {
        PiTls *tls = (PiTls *) source;

        if (tls->session)
                gnutls_deinit(tls->session);
        if (tls->plain >= 0)
                (void) close(tls->plain);
        (void) close(tls->tcp);
        g_free(tls->in.data);
        g_free(tls->out.data);
        g_clear_error(&tls->why);
        g_free(tls->remote);
}

static GSourceFuncs tls_funcs = {
        .prepare = tls_prepare,
        .check = tls_check,
        .dispatch = tls_dispatch,
        .finalize = tls_finalize,
};

static int set_up(PiTls *tls, gboolean server, const PiIdentity *identity) {
        int r = gnutls_init(&tls->session,
                            (server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK |
                                    GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS);

        if (r >= 0)
                r = gnutls_priority_set(tls->session, identity->priority);
        if (r >= 0)
                r = gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE,
                                           identity->credentials);
        if (r < 0)
                return r;
        gnutls_session_set_ptr(tls->session, tls);
        gnutls_session_set_verify_function(tls->session, verify);
        gnutls_handshake_set_max_packet_length(tls->session, HANDSHAKE_BYTES_MAX);
        if (server)
                gnutls_certificate_server_set_request(tls->session, GNUTLS_CERT_REQUIRE);
        gnutls_transport_set_int(tls->session, tls->tcp);
        return 0;
}

PiTls *pi_tls_new(int fd, gboolean server, const PiIdentity *identity, const char *remote,
                  const PiTlsHooks *hooks) {
        PiTls *tls = (PiTls *) g_source_new(&tls_funcs, sizeof(PiTls));
        int r;

        /* All of PiTls behind the source is zero. */
        tls->tcp = fd;
        tls->plain = -1;
        tls->hooks = *hooks;
        tls->remote = g_strdup(remote);
        pi_frames_init(&tls->in_frames, server, PI_LINK_MESSAGE_BYTES_MAX);
        pi_frames_init(&tls->out_frames, !server, PI_LINK_MESSAGE_BYTES_MAX);
        r = set_up(tls, server, identity);
        if (r < 0)
                tls->why = pi_tls_error(tls, r);
        tls->more = TRUE;
        tls->tcp_events = G_IO_IN;
        tls->tcp_tag = g_source_add_unix_fd(&tls->source, fd, G_IO_IN);
        g_source_set_name(&tls->source, "tls");
        /* Else GLib takes both descriptors out of its poll and in again around each dispatch, and
         * wakes itself for each. */
        g_source_set_can_recurse(&tls->source, TRUE);
        g_source_attach(&tls->source, NULL);
        return tls;
}

void pi_tls_free(PiTls *tls) {
        if (!tls)
                return;
        g_source_destroy(&tls->source);
        g_source_unref(&tls->source);
}

int pi_tls_fd(const PiTls *tls) {
        return tls->tcp;
}

gboolean pi_tls_has_unread(const PiTls *tls) {
        int unread = 0, undelivered = 0;

        return tls->in.end > 0 || (ioctl(tls->tcp, SIOCINQ, &unread) == 0 && unread > 0) ||
               (tls->plain >= 0 && ioctl(tls->plain, SIOCOUTQ, &undelivered) == 0 &&
                undelivered > 0);
}

gboolean pi_tls_channel_binding(PiTls *tls, guint8 ret[PI_FINGERPRINT_BYTES]) {
        gnutls_datum_t binding = {};
        gboolean good;

        if (!tls->session || tls->phase == PI_TLS_HANDSHAKE ||
            gnutls_session_channel_binding(tls->session, GNUTLS_CB_TLS_EXPORTER, &binding) < 0)
                return FALSE;
        good = binding.size == PI_FINGERPRINT_BYTES;
        if (good)
                memcpy(ret, binding.data, binding.size);
        gnutls_free(binding.data);
        return good;
}
