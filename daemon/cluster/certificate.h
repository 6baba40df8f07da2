/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <gnutls/x509.h>

/* The key of a node and the certificate signed with it. */
typedef struct PiCertificate {
        gnutls_x509_privkey_t key;
        gnutls_x509_crt_t crt;
} PiCertificate;

void pi_certificate_clear(PiCertificate *certificate);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PiCertificate, pi_certificate_clear)

/* Makes both: ECDSA on P-256. Returns 0 or an error of GnuTLS. */
int pi_certificate_make(PiCertificate *ret);

/* Both as PEM, to be freed with gnutls_free(); those of the key overwritten before. */
int pi_certificate_export(const PiCertificate *certificate, gnutls_datum_t *ret_key,
                          gnutls_datum_t *ret_crt);

/* Reads PEM. They return NULL, or what is wrong with it, to stand behind "it". */
const char *pi_certificate_import_key(PiCertificate *certificate, const gnutls_datum_t *pem);
const char *pi_certificate_import_crt(PiCertificate *certificate, const gnutls_datum_t *pem);

/* Whether the certificate is of that key. */
gboolean pi_certificate_matches(const PiCertificate *certificate);
