/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/cluster/address.h"
#include "daemon/cluster/identity.h"

/* What an administrator carries from a member to a machine that is to join: one line of text,
 * "pi1-" and base64url. It holds a secret. */
#define PI_TOKEN_ID_BYTES 8
#define PI_TOKEN_SECRET_BYTES 32
#define PI_TOKEN_LENGTH_MAX 1024
#define PI_TOKEN_TTL_USEC_DEFAULT (UINT64_C(600) * 1000000)
#define PI_TOKEN_TTL_USEC_MIN (UINT64_C(1) * 1000000)
#define PI_TOKEN_TTL_USEC_MAX (UINT64_C(7) * 86400 * 1000000)
#define PI_TOKEN_USES_MAX 100
#define PI_TOKENS_MAX 100 /* live ones of a node */

typedef struct PiToken {
        guint8 id[PI_TOKEN_ID_BYTES];
        guint8 secret[PI_TOKEN_SECRET_BYTES];
        char fingerprint[PI_FINGERPRINT_LENGTH + 1]; /* of the member that made it */
        guint64 expires_usec;                        /* CLOCK_REALTIME */
        char **addresses; /* of that member, at most PI_ADDRESSES_MAX */
} PiToken;

void pi_token_clear(PiToken *token); /* the secret is overwritten */
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PiToken, pi_token_clear)

/* The line, without newline. */
char *pi_token_to_string(const PiToken *token);

/* Errors: PI_ERROR_INVALID_TOKEN, saying whether it was cut, mistyped, of another version or no
 * token at all. White space around it is let pass. Does not look at the clock. */
gboolean pi_token_parse(const char *text, PiToken *ret, GError **error);

/* HMAC-SHA256 keyed with the secret over "pi-computed join 1", both fingerprints (member first) and
 * the channel binding of the session: proof that the joiner holds the token, of no use to anybody
 * who reads it and in no other session. */
void pi_token_proof(const PiToken *token, const char *joiner_fingerprint,
                    const guint8 channel_binding[PI_FINGERPRINT_BYTES],
                    guint8 ret[PI_FINGERPRINT_BYTES]);
