/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/fields.h"
#include "daemon/cluster/token.h"

/* The join tokens that this node has made. Times are CLOCK_REALTIME, `now_usec` too. */
#define PI_TOKEN_WRONG_MAX 5 /* wrong proofs, and it is revoked */

typedef struct PiLiveToken {
        guint8 id[PI_TOKEN_ID_BYTES];
        guint8 secret[PI_TOKEN_SECRET_BYTES];
        uint64_t created_usec, expires_usec;
        uint32_t uses; /* left; used up it stays for a while, to tell who used it */
        uint32_t wrong;
        char *used_by; /* the last who joined with it: name and address; NULL nobody */
} PiLiveToken;

typedef struct PiTokens {
        GPtrArray *list; /* PiLiveToken, oldest first */
} PiTokens;

PiTokens *pi_tokens_new(void);
void pi_tokens_free(PiTokens *tokens); /* the secrets are overwritten */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiTokens, pi_tokens_free)

/* Makes one. Errors: PI_ERROR_INVALID_OPTION, PI_ERROR_QUEUE_FULL. */
PiLiveToken *pi_tokens_create(PiTokens *tokens, uint64_t now_usec, uint64_t ttl_usec,
                              uint32_t uses, GError **error);

/* Forgets one that has expired; FALSE when there is none. `ret_uses`: that it still had. */
gboolean pi_tokens_expire(PiTokens *tokens, uint64_t now_usec, guint8 ret_id[PI_TOKEN_ID_BYTES],
                          uint32_t *ret_uses);
guint pi_tokens_n_live(const PiTokens *tokens, uint64_t now_usec);
/* When the next one expires, 0: never. */
uint64_t pi_tokens_next_expiry(const PiTokens *tokens);

/* Errors: PI_ERROR_NO_SUCH_TOKEN. `id` in hex. */
gboolean pi_tokens_revoke(PiTokens *tokens, const char *id, guint8 ret_id[PI_TOKEN_ID_BYTES],
                          GError **error);

/* What a joiner says. */
typedef struct PiTokenClaim {
        const guint8 *id;
        const guint8 *proof; /* PI_FINGERPRINT_BYTES */
        const char *member, *joiner; /* fingerprints */
        const guint8 *channel_binding;
} PiTokenClaim;

/* The token of a claim that is good. A wrong proof is counted, and `ret_revoked` says whether it
 * was the last. Errors: PI_ERROR_INVALID_TOKEN: which does not tell a stranger whether there is
 * such a token, but tells who holds it by whom it was used. */
PiLiveToken *pi_tokens_check(PiTokens *tokens, const PiTokenClaim *claim, uint64_t now_usec,
                             gboolean *ret_revoked, GError **error);
/* The same later on: NULL when it is no more. */
PiLiveToken *pi_tokens_find(PiTokens *tokens, const guint8 *id);

/* Error of a token that is good but used up. */
GError *pi_tokens_error_used(const PiLiveToken *token);

/* Rows as of pi_cluster_list_tokens(). */
GVariant *pi_tokens_list(const PiTokens *tokens, uint64_t now_usec);
/* In hex, to be freed with g_free(). */
char *pi_token_id_to_string(const guint8 id[PI_TOKEN_ID_BYTES]);

/* For the state file: live ones as a floating aa{sv}, with their secrets. */
GVariant *pi_tokens_to_variant(const PiTokens *tokens, uint64_t now_usec);
/* NULL with the fault in `fields`. */
PiTokens *pi_tokens_from_fields(PiFields *fields, const char *key);
