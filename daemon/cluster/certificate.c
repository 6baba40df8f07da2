/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/certificate.h"

#include <gnutls/crypto.h>
#include <string.h>
#include <time.h>

#define SERIAL_BYTES 16
#define KEY_ID_BYTES_MAX 64

void pi_certificate_clear(PiCertificate *certificate) {
        g_clear_pointer(&certificate->key, gnutls_x509_privkey_deinit);
        g_clear_pointer(&certificate->crt, gnutls_x509_crt_deinit);
}

static int set_key_id(PiCertificate *c) {
        guint8 id[KEY_ID_BYTES_MAX];
        size_t size = sizeof(id);
        int r = gnutls_x509_crt_get_key_id(c->crt, 0, id, &size);

        return r < 0 ? r : gnutls_x509_crt_set_subject_key_id(c->crt, id, size);
}

/* Nobody looks at names and dates: the fingerprint alone says who it is. They are there for tools
 * that show certificates. */
static int describe(PiCertificate *c) {
        static const char name[] = "pi-computed";
        guint8 serial[SERIAL_BYTES];
        int r;

        r = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
        if (r < 0)
                return r;
        /* Positive, and of full length. */
        serial[0] = (serial[0] & 0x7f) | 0x40;
        r = gnutls_x509_crt_set_version(c->crt, 3);
        if (r >= 0)
                r = gnutls_x509_crt_set_serial(c->crt, serial, sizeof(serial));
        if (r >= 0)
                r = gnutls_x509_crt_set_activation_time(c->crt, time(NULL) - 86400);
        if (r >= 0)
                r = gnutls_x509_crt_set_expiration_time(c->crt,
                                                        GNUTLS_X509_NO_WELL_DEFINED_EXPIRATION);
        if (r >= 0)
                r = gnutls_x509_crt_set_dn_by_oid(c->crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
                                                  sizeof(name) - 1);
        return r;
}

static int limit_use(PiCertificate *c) {
        int r = gnutls_x509_crt_set_basic_constraints(c->crt, /* ca = */ 0, -1);

        if (r >= 0)
                r = gnutls_x509_crt_set_key_usage(c->crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
        if (r >= 0)
                r = gnutls_x509_crt_set_key_purpose_oid(c->crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
        if (r >= 0)
                r = gnutls_x509_crt_set_key_purpose_oid(c->crt, GNUTLS_KP_TLS_WWW_CLIENT, 0);
        return r;
}

int pi_certificate_make(PiCertificate *ret) {
        g_auto(PiCertificate) c = {};
        int r;

        r = gnutls_x509_privkey_init(&c.key);
        if (r >= 0)
                r = gnutls_x509_privkey_generate(c.key, GNUTLS_PK_ECDSA,
                                                 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
                                                 0);
        if (r >= 0)
                r = gnutls_x509_crt_init(&c.crt);
        if (r >= 0)
                r = describe(&c);
        if (r >= 0)
                r = gnutls_x509_crt_set_key(c.crt, c.key);
        if (r >= 0)
                r = limit_use(&c);
        if (r >= 0)
                r = set_key_id(&c);
        if (r >= 0)
                r = gnutls_x509_crt_sign2(c.crt, c.crt, c.key, GNUTLS_DIG_SHA256, 0);
        if (r < 0)
                return r;
        *ret = c;
        c = (PiCertificate) {};
        return 0;
}

int pi_certificate_export(const PiCertificate *certificate, gnutls_datum_t *ret_key,
                          gnutls_datum_t *ret_crt) {
        int r = gnutls_x509_privkey_export2_pkcs8(certificate->key, GNUTLS_X509_FMT_PEM, NULL,
                                                  GNUTLS_PKCS_PLAIN, ret_key);

        if (r < 0)
                return r;
        r = gnutls_x509_crt_export2(certificate->crt, GNUTLS_X509_FMT_PEM, ret_crt);
        if (r < 0) {
                gnutls_memset(ret_key->data, 0, ret_key->size);
                gnutls_free(ret_key->data);
        }
        return r;
}

static gboolean is_p256(gnutls_x509_privkey_t key) {
        gnutls_ecc_curve_t curve;

        return gnutls_x509_privkey_get_pk_algorithm(key) == GNUTLS_PK_ECDSA &&
               gnutls_x509_privkey_export_ecc_raw(key, &curve, NULL, NULL, NULL) >= 0 &&
               curve == GNUTLS_ECC_CURVE_SECP256R1;
}

const char *pi_certificate_import_key(PiCertificate *certificate, const gnutls_datum_t *pem) {
        int r = gnutls_x509_privkey_init(&certificate->key);

        if (r >= 0)
                r = gnutls_x509_privkey_import(certificate->key, pem, GNUTLS_X509_FMT_PEM);
        if (r < 0)
                return "is no private key in PEM form";
        if (!is_p256(certificate->key))
                return "is a private key, but none of ECDSA on P-256";
        return NULL;
}

const char *pi_certificate_import_crt(PiCertificate *certificate, const gnutls_datum_t *pem) {
        int r = gnutls_x509_crt_init(&certificate->crt);

        if (r >= 0)
                r = gnutls_x509_crt_import(certificate->crt, pem, GNUTLS_X509_FMT_PEM);
        return r < 0 ? "is no certificate in PEM form" : NULL;
}

gboolean pi_certificate_matches(const PiCertificate *certificate) {
        guint8 of_key[KEY_ID_BYTES_MAX], of_crt[KEY_ID_BYTES_MAX];
        size_t n_key = sizeof(of_key), n_crt = sizeof(of_crt);

        return gnutls_x509_privkey_get_key_id(certificate->key, GNUTLS_KEYID_USE_SHA256, of_key,
                                              &n_key) >= 0 &&
               gnutls_x509_crt_get_key_id(certificate->crt, GNUTLS_KEYID_USE_SHA256, of_crt,
                                          &n_crt) >= 0 &&
               n_key == n_crt && memcmp(of_key, of_crt, n_key) == 0;
}
