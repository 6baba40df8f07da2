/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include "daemon/cluster/tls-private.h"
#include "dbus/error.h"

/* A TLS 1.3 client learns after its handshake that its certificate was refused. */
static gboolean is_refusal(gnutls_alert_description_t alert) {
        return alert == GNUTLS_A_BAD_CERTIFICATE || alert == GNUTLS_A_CERTIFICATE_UNKNOWN ||
               alert == GNUTLS_A_CERTIFICATE_REQUIRED || alert == GNUTLS_A_UNKNOWN_CA ||
               alert == GNUTLS_A_ACCESS_DENIED;
}

static GError *alert_error(const PiTls *tls) {
        gnutls_alert_description_t alert = gnutls_alert_get(tls->session);
        const char *name = gnutls_alert_get_name(alert);

        if (is_refusal(alert))
                return g_error_new(PI_ERROR, PI_ERROR_NOT_AUTHORIZED,
                                   "%s refused this node: its certificate is not known there (%s)",
                                   tls->remote, name);
        return g_error_new(PI_ERROR, PI_ERROR_FAILED, "%s broke the TLS session off: %s",
                           tls->remote, name ? name : "an alert without a name");
}

GError *pi_tls_error(const PiTls *tls, int r) {
        int code = errno;

        switch (r) {
        case GNUTLS_E_FATAL_ALERT_RECEIVED:
                return alert_error(tls);
        case 0:
        case GNUTLS_E_PREMATURE_TERMINATION:
                return g_error_new(PI_ERROR, PI_ERROR_NODE_LOST, "%s closed the connection",
                                   tls->remote);
        case GNUTLS_E_PULL_ERROR:
        case GNUTLS_E_PUSH_ERROR:
                return g_error_new(PI_ERROR, PI_ERROR_NODE_LOST, "The connection to %s broke: %s",
                                   tls->remote, g_strerror(code));
        case GNUTLS_E_NO_CERTIFICATE_FOUND:
        case GNUTLS_E_CERTIFICATE_REQUIRED:
                return g_error_new(PI_ERROR, PI_ERROR_FAILED, "%s showed no certificate",
                                   tls->remote);
        default:
                return g_error_new(PI_ERROR, PI_ERROR_FAILED, "No TLS 1.3 session with %s: %s",
                                   tls->remote, gnutls_strerror(r));
        }
}
