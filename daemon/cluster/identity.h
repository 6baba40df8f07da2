/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <gnutls/gnutls.h>

#define PI_FINGERPRINT_BYTES 32
#define PI_FINGERPRINT_LENGTH 64 /* hex digits of SHA-256 over the certificate's DER form */
#define PI_CRT_FILE "node.crt"
#define PI_CLUSTER_NODE_ID_LENGTH 32 /* hex digits: the first half of the fingerprint */

/* Who this node is: an ECDSA key on P-256 and a certificate signed with it, made at the first start
 * and kept as "node.key" and "node.crt" in the state directory, mode 0600. Other nodes know it by
 * the certificate's fingerprint. */
typedef struct PiIdentity {
        char fingerprint[PI_FINGERPRINT_LENGTH + 1];
        char node_id[PI_CLUSTER_NODE_ID_LENGTH + 1];
        /* For every TLS session of the node, as what it may agree on is: TLS 1.3 alone. */
        gnutls_certificate_credentials_t credentials;
        gnutls_priority_t priority;
} PiIdentity;

/* Loads the identity, or makes it. `directory`: this process' alone (pi_store_lock()), made when
 * there is none; NULL keeps the identity in memory, for as long as the service runs. Blocks for a
 * flush of the disk when it makes one: call it at start. Errors: PI_ERROR_FAILED with the file,
 * what is wrong with it and what to do; a file that is there is never overwritten. */
PiIdentity *pi_identity_load(const char *directory, GError **error);
void pi_identity_free(PiIdentity *identity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiIdentity, pi_identity_free)

/* SHA-256 over a certificate in DER form. */
gboolean pi_fingerprint_of_der(const gnutls_datum_t *der, char ret[PI_FINGERPRINT_LENGTH + 1]);

/* Whether the text is a fingerprint: PI_FINGERPRINT_LENGTH lower-case hex digits. */
gboolean pi_fingerprint_is_valid(const char *text);
