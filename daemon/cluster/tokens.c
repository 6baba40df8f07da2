/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/tokens.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "daemon/cluster/random.h"
#include "dbus/error.h"
#include "dbus/names.h"
#include "dbus/options.h"

/* Live ones, and used ones that have not expired. */
#define KEPT_MAX (2 * PI_TOKENS_MAX)

static void free_token(gpointer data) {
        PiLiveToken *t = data;

        gnutls_memset(t->secret, 0, sizeof(t->secret));
        g_free(t->used_by);
        g_free(t);
}

PiTokens *pi_tokens_new(void) {
        PiTokens *tokens = g_new0(PiTokens, 1);

        tokens->list = g_ptr_array_new_with_free_func(free_token);
        return tokens;
}

void pi_tokens_free(PiTokens *tokens) {
        if (!tokens)
                return;
        g_ptr_array_unref(tokens->list);
        g_free(tokens);
}

static PiLiveToken *nth(const PiTokens *tokens, guint i) {
        return g_ptr_array_index(tokens->list, i);
}

static gboolean is_live(const PiLiveToken *t, uint64_t now_usec) {
        return t->uses > 0 && now_usec < t->expires_usec;
}

guint pi_tokens_n_live(const PiTokens *tokens, uint64_t now_usec) {
        guint n = 0;

        for (guint i = 0; i < tokens->list->len; i++)
                n += is_live(nth(tokens, i), now_usec);
        return n;
}

uint64_t pi_tokens_next_expiry(const PiTokens *tokens) {
        uint64_t next = 0;

        for (guint i = 0; i < tokens->list->len; i++)
                if (next == 0 || nth(tokens, i)->expires_usec < next)
                        next = nth(tokens, i)->expires_usec;
        return next;
}

gboolean pi_tokens_expire(PiTokens *tokens, uint64_t now_usec, guint8 ret_id[PI_TOKEN_ID_BYTES],
                          uint32_t *ret_uses) {
        for (guint i = 0; i < tokens->list->len; i++) {
                const PiLiveToken *t = nth(tokens, i);

                if (now_usec < t->expires_usec)
                        continue;
                memcpy(ret_id, t->id, PI_TOKEN_ID_BYTES);
                *ret_uses = t->uses;
                g_ptr_array_remove_index(tokens->list, i);
                return TRUE;
        }
        return FALSE;
}

static void drop_oldest_used(PiTokens *tokens) {
        for (guint i = 0; i < tokens->list->len; i++)
                if (nth(tokens, i)->uses == 0) {
                        g_ptr_array_remove_index(tokens->list, i);
                        return;
                }
}

static gboolean check_wishes(uint64_t ttl_usec, uint32_t uses, GError **error) {
        if (ttl_usec < PI_TOKEN_TTL_USEC_MIN || ttl_usec > PI_TOKEN_TTL_USEC_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "Option \"" PI_TOKEN_TTL_USEC "\" is %" G_GUINT64_FORMAT
                            ", out of range: %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                            " microseconds", ttl_usec, PI_TOKEN_TTL_USEC_MIN,
                            PI_TOKEN_TTL_USEC_MAX);
                return FALSE;
        }
        if (uses < 1 || uses > PI_TOKEN_USES_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "Option \"" PI_TOKEN_USES "\" is %u, out of range: 1 to %d", uses,
                            PI_TOKEN_USES_MAX);
                return FALSE;
        }
        return TRUE;
}

PiLiveToken *pi_tokens_create(PiTokens *tokens, uint64_t now_usec, uint64_t ttl_usec,
                              uint32_t uses, GError **error) {
        PiLiveToken *t;

        if (!check_wishes(ttl_usec, uses, error))
                return NULL;
        if (pi_tokens_n_live(tokens, now_usec) >= PI_TOKENS_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_QUEUE_FULL,
                            "There are %d join tokens, the most a node has: revoke some, or wait "
                            "until they expire", PI_TOKENS_MAX);
                return NULL;
        }
        t = g_new0(PiLiveToken, 1);
        if (!pi_random_bytes(t->secret, sizeof(t->secret), error) ||
            !pi_random_bytes(t->id, sizeof(t->id), error)) {
                free_token(t);
                return NULL;
        }
        t->created_usec = now_usec;
        t->expires_usec = now_usec + ttl_usec;
        t->uses = uses;
        if (tokens->list->len >= KEPT_MAX)
                drop_oldest_used(tokens);
        g_ptr_array_add(tokens->list, t);
        return t;
}

PiLiveToken *pi_tokens_find(PiTokens *tokens, const guint8 *id) {
        for (guint i = 0; i < tokens->list->len; i++)
                if (memcmp(nth(tokens, i)->id, id, PI_TOKEN_ID_BYTES) == 0)
                        return nth(tokens, i);
        return NULL;
}

char *pi_token_id_to_string(const guint8 id[PI_TOKEN_ID_BYTES]) {
        return pi_bytes_to_hex(id, PI_TOKEN_ID_BYTES);
}

gboolean pi_tokens_revoke(PiTokens *tokens, const char *id, guint8 ret_id[PI_TOKEN_ID_BYTES],
                          GError **error) {
        g_autofree char *shown = NULL;

        for (guint i = 0; i < tokens->list->len; i++) {
                g_autofree char *text = pi_token_id_to_string(nth(tokens, i)->id);

                if (nth(tokens, i)->uses > 0 && g_ascii_strcasecmp(text, id) == 0) {
                        memcpy(ret_id, nth(tokens, i)->id, PI_TOKEN_ID_BYTES);
                        g_ptr_array_remove_index(tokens->list, i);
                        return TRUE;
                }
        }
        shown = pi_option_shown(id);
        g_set_error(error, PI_ERROR, PI_ERROR_NO_SUCH_TOKEN,
                    "There is no join token \"%s\" that could still be used: list them with "
                    "\"pictl cluster tokens\"", shown);
        return FALSE;
}

/* In constant time. */
static gboolean is_proof(const PiLiveToken *t, const PiTokenClaim *claim) {
        guint8 wanted[PI_FINGERPRINT_BYTES];
        PiToken token = { 0 };

        memcpy(token.secret, t->secret, sizeof(token.secret));
        g_strlcpy(token.fingerprint, claim->member, sizeof(token.fingerprint));
        pi_token_proof(&token, claim->joiner, claim->channel_binding, wanted);
        pi_token_clear(&token);
        return gnutls_memcmp(wanted, claim->proof, sizeof(wanted)) == 0;
}

GError *pi_tokens_error_used(const PiLiveToken *token) {
        return g_error_new(PI_ERROR, PI_ERROR_INVALID_TOKEN,
                           "The join token was used already, by %s: if that was not you, remove "
                           "that node with \"pictl cluster remove\"; then make a new token",
                           token->used_by ?: "another node");
}

PiLiveToken *pi_tokens_check(PiTokens *tokens, const PiTokenClaim *claim, uint64_t now_usec,
                             gboolean *ret_revoked, GError **error) {
        PiLiveToken *t;

        *ret_revoked = FALSE;
        t = pi_tokens_find(tokens, claim->id);
        if (t && now_usec >= t->expires_usec)
                t = NULL;
        if (!t || !is_proof(t, claim)) {
                if (t && t->uses > 0 && ++t->wrong >= PI_TOKEN_WRONG_MAX) {
                        g_ptr_array_remove(tokens->list, t);
                        *ret_revoked = TRUE;
                }
                g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_TOKEN,
                                    "The join token is unknown, has expired or was revoked: make "
                                    "a new one with \"pictl cluster token\"");
                return NULL;
        }
        if (t->uses > 0)
                return t;
        g_propagate_error(error, pi_tokens_error_used(t));
        return NULL;
}

GVariant *pi_tokens_list(const PiTokens *tokens, uint64_t now_usec) {
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE("aa{sv}"));
        for (guint i = 0; i < tokens->list->len; i++) {
                const PiLiveToken *t = nth(tokens, i);
                g_autofree char *id = pi_token_id_to_string(t->id);
                GVariantDict d;

                if (!is_live(t, now_usec))
                        continue;
                g_variant_dict_init(&d, NULL);
                g_variant_dict_insert(&d, PI_TOKEN_ID, "s", id);
                g_variant_dict_insert(&d, PI_TOKEN_CREATED_USEC, "t", t->created_usec);
                g_variant_dict_insert(&d, PI_TOKEN_EXPIRES_USEC, "t", t->expires_usec);
                g_variant_dict_insert(&d, PI_TOKEN_USES, "u", t->uses);
                g_variant_builder_add_value(&b, g_variant_dict_end(&d));
        }
        return g_variant_builder_end(&b);
}

static GVariant *bytes_variant(const guint8 *data, gsize n) {
        return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data, n, 1);
}

GVariant *pi_tokens_to_variant(const PiTokens *tokens, uint64_t now_usec) {
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE("aa{sv}"));
        for (guint i = 0; i < tokens->list->len; i++) {
                const PiLiveToken *t = nth(tokens, i);
                GVariantDict d;

                if (!is_live(t, now_usec))
                        continue;
                g_variant_dict_init(&d, NULL);
                g_variant_dict_insert_value(&d, "id", bytes_variant(t->id, sizeof(t->id)));
                g_variant_dict_insert_value(&d, "secret",
                                            bytes_variant(t->secret, sizeof(t->secret)));
                g_variant_dict_insert(&d, "created_usec", "t", t->created_usec);
                g_variant_dict_insert(&d, "expires_usec", "t", t->expires_usec);
                g_variant_dict_insert(&d, "uses", "u", t->uses);
                g_variant_dict_insert(&d, "wrong", "u", t->wrong);
                g_variant_builder_add_value(&b, g_variant_dict_end(&d));
        }
        return g_variant_builder_end(&b);
}

static PiLiveToken *read_token(GVariant *row, const char *what, GError **error) {
        PiLiveToken *t = g_new0(PiLiveToken, 1);
        const guint8 *id, *secret;
        PiFields f;

        pi_fields_init(&f, what, row);
        id = pi_fields_bytes(&f, "id", sizeof(t->id));
        secret = pi_fields_bytes(&f, "secret", sizeof(t->secret));
        t->created_usec = pi_fields_u64(&f, "created_usec", 0, G_MAXINT64);
        t->expires_usec = pi_fields_u64(&f, "expires_usec", 0, G_MAXINT64);
        t->uses = pi_fields_u32(&f, "uses", 1, PI_TOKEN_USES_MAX);
        t->wrong = pi_fields_u32(&f, "wrong", 0, PI_TOKEN_WRONG_MAX);
        if (!pi_fields_end(&f, error)) {
                free_token(t);
                return NULL;
        }
        memcpy(t->id, id, sizeof(t->id));
        memcpy(t->secret, secret, sizeof(t->secret));
        return t;
}

PiTokens *pi_tokens_from_fields(PiFields *fields, const char *key) {
        g_autoptr(PiTokens) tokens = pi_tokens_new();
        g_autoptr(GVariant) rows = pi_fields_rows(fields, key, PI_TOKENS_MAX);
        gsize n = rows ? g_variant_n_children(rows) : 0;

        for (gsize i = 0; i < n && !fields->error; i++) {
                g_autoptr(GVariant) row = g_variant_get_child_value(rows, i);
                PiLiveToken *t = read_token(row, fields->what, &fields->error);

                if (t)
                        g_ptr_array_add(tokens->list, t);
        }
        return fields->error ? NULL : g_steal_pointer(&tokens);
}
