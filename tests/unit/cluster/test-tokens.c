/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/tokens.h"

#include <string.h>

#include "dbus/error.h"
#include "tests/unit/cluster/sample.h"

#define NOW UINT64_C(1790000000000000)
#define MINUTE UINT64_C(60000000)

/* A joiner that holds `token`, in a session of its own. */
typedef struct Joiner {
        char *member, *joiner;
        guint8 binding[PI_FINGERPRINT_BYTES], proof[PI_FINGERPRINT_BYTES];
        PiTokenClaim claim;
} Joiner;

static void joiner_init(Joiner *j, const PiLiveToken *live) {
        PiToken token = { 0 };

        *j = (Joiner) { .member = sample_fingerprint(0), .joiner = sample_fingerprint(1) };
        memcpy(token.secret, live->secret, sizeof(token.secret));
        g_strlcpy(token.fingerprint, j->member, sizeof(token.fingerprint));
        pi_token_proof(&token, j->joiner, j->binding, j->proof);
        j->claim = (PiTokenClaim) { live->id, j->proof, j->member, j->joiner, j->binding };
}

static void joiner_clear(Joiner *j) {
        g_free(j->member);
        g_free(j->joiner);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Joiner, joiner_clear)

static PiLiveToken *create(PiTokens *tokens, uint64_t ttl, uint32_t uses) {
        g_autoptr(GError) error = NULL;
        PiLiveToken *t = pi_tokens_create(tokens, NOW, ttl, uses, &error);

        g_assert_no_error(error);
        return t;
}

static void assert_refused(PiTokens *tokens, const PiTokenClaim *claim, uint64_t now,
                           const char *word, gboolean revokes) {
        g_autoptr(GError) error = NULL;
        gboolean revoked;

        g_assert_null(pi_tokens_check(tokens, claim, now, &revoked, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_TOKEN);
        g_assert_nonnull(strstr(error->message, word));
        g_assert_cmpint(revoked, ==, revokes);
}

static void test_good(void) {
        g_autoptr(PiTokens) tokens = pi_tokens_new();
        g_autoptr(GError) error = NULL;
        g_auto(Joiner) j;
        PiLiveToken *t = create(tokens, MINUTE, 2);
        gboolean revoked;

        joiner_init(&j, t);
        g_assert_true(pi_tokens_check(tokens, &j.claim, NOW, &revoked, &error) == t);
        /* To look at it uses nothing up. */
        g_assert_true(pi_tokens_check(tokens, &j.claim, NOW + MINUTE - 1, &revoked, &error) == t);
        g_assert_false(revoked);
        g_assert_cmpuint(t->uses, ==, 2);
}

static void test_used_up(void) {
        g_autoptr(PiTokens) tokens = pi_tokens_new();
        g_auto(Joiner) j;
        PiLiveToken *t = create(tokens, MINUTE, 1);

        joiner_init(&j, t);
        t->uses = 0;
        t->used_by = g_strdup("b (192.0.2.1:1)");
        assert_refused(tokens, &j.claim, NOW, "used already, by b", FALSE);
        g_assert_cmpuint(pi_tokens_n_live(tokens, NOW), ==, 0);
        /* Nobody without the secret is told. */
        j.proof[0] ^= 1;
        assert_refused(tokens, &j.claim, NOW, "unknown", FALSE);
}

static void test_expired(void) {
        g_autoptr(PiTokens) tokens = pi_tokens_new();
        g_auto(Joiner) j;
        PiLiveToken *t = create(tokens, MINUTE, 1);
        guint8 id[PI_TOKEN_ID_BYTES], gone[PI_TOKEN_ID_BYTES];
        uint32_t uses;

        create(tokens, 2 * MINUTE, 1);
        memcpy(id, t->id, sizeof(id));
        joiner_init(&j, t);
        j.claim.id = id;
        g_assert_cmpuint(pi_tokens_next_expiry(tokens), ==, NOW + MINUTE);
        assert_refused(tokens, &j.claim, NOW + MINUTE, "expired", FALSE);
        g_assert_cmpuint(pi_tokens_n_live(tokens, NOW + MINUTE), ==, 1);
        g_assert_false(pi_tokens_expire(tokens, NOW + MINUTE - 1, gone, &uses));
        g_assert_true(pi_tokens_expire(tokens, NOW + MINUTE, gone, &uses));
        g_assert_cmpmem(gone, sizeof(gone), id, sizeof(id));
        g_assert_cmpuint(uses, ==, 1);
        g_assert_false(pi_tokens_expire(tokens, NOW + MINUTE, gone, &uses));
        g_assert_true(pi_tokens_expire(tokens, NOW + 2 * MINUTE, gone, &uses));
        g_assert_cmpuint(pi_tokens_next_expiry(tokens), ==, 0);
}

static void test_wrong_proofs(void) {
        g_autoptr(PiTokens) tokens = pi_tokens_new();
        g_auto(Joiner) j;
        guint8 id[PI_TOKEN_ID_BYTES];
        PiLiveToken *t = create(tokens, MINUTE, 1);

        memcpy(id, t->id, sizeof(id));
        joiner_init(&j, t);
        j.claim.id = id;
        j.proof[31] ^= 0x80;
        for (guint i = 1; i <= PI_TOKEN_WRONG_MAX; i++)
                assert_refused(tokens, &j.claim, NOW, "unknown", i == PI_TOKEN_WRONG_MAX);
        g_assert_cmpuint(pi_tokens_n_live(tokens, NOW), ==, 0);
        j.proof[31] ^= 0x80;
        assert_refused(tokens, &j.claim, NOW, "revoked", FALSE);
}

static void test_unknown(void) {
        g_autoptr(PiTokens) tokens = pi_tokens_new();
        static const guint8 id[PI_TOKEN_ID_BYTES] = { 9 };
        g_auto(Joiner) j;
        PiLiveToken *t = create(tokens, MINUTE, 1);

        joiner_init(&j, t);
        j.claim.id = id;
        for (guint i = 0; i < 2 * PI_TOKEN_WRONG_MAX; i++)
                assert_refused(tokens, &j.claim, NOW, "unknown", FALSE);
        g_assert_cmpuint(pi_tokens_n_live(tokens, NOW), ==, 1);
}

static void test_revoke(void) {
        g_autoptr(PiTokens) tokens = pi_tokens_new();
        g_autoptr(GError) error = NULL;
        g_autofree char *id = pi_token_id_to_string(create(tokens, MINUTE, 1)->id);
        guint8 gone[PI_TOKEN_ID_BYTES];

        g_assert_cmpuint(strlen(id), ==, 2 * PI_TOKEN_ID_BYTES);
        g_assert_true(pi_tokens_revoke(tokens, id, gone, &error));
        g_assert_false(pi_tokens_revoke(tokens, id, gone, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_NO_SUCH_TOKEN);
        g_assert_nonnull(strstr(error->message, id));
}

static void assert_no_token(PiTokens *tokens, uint64_t ttl, uint32_t uses, int code) {
        g_autoptr(GError) error = NULL;

        g_assert_null(pi_tokens_create(tokens, NOW, ttl, uses, &error));
        g_assert_error(error, PI_ERROR, code);
}

static void test_limits(void) {
        g_autoptr(PiTokens) tokens = pi_tokens_new();

        assert_no_token(tokens, PI_TOKEN_TTL_USEC_MIN - 1, 1, PI_ERROR_INVALID_OPTION);
        assert_no_token(tokens, PI_TOKEN_TTL_USEC_MAX + 1, 1, PI_ERROR_INVALID_OPTION);
        assert_no_token(tokens, MINUTE, 0, PI_ERROR_INVALID_OPTION);
        assert_no_token(tokens, MINUTE, PI_TOKEN_USES_MAX + 1, PI_ERROR_INVALID_OPTION);
        for (guint i = 0; i < PI_TOKENS_MAX; i++)
                create(tokens, PI_TOKEN_TTL_USEC_MAX, PI_TOKEN_USES_MAX);
        assert_no_token(tokens, MINUTE, 1, PI_ERROR_QUEUE_FULL);
        /* Used ones are kept for a while, but not without end. */
        for (guint i = 0; i < 5 * PI_TOKENS_MAX; i++) {
                ((PiLiveToken *) tokens->list->pdata[tokens->list->len - 1])->uses = 0;
                create(tokens, MINUTE, 1);
                g_assert_cmpuint(tokens->list->len, <=, 2 * PI_TOKENS_MAX);
                g_assert_cmpuint(pi_tokens_n_live(tokens, NOW), ==, PI_TOKENS_MAX);
        }
}

static PiTokens *through_variant(const PiTokens *tokens, GError **error) {
        g_autoptr(GVariant) rows = g_variant_ref_sink(pi_tokens_to_variant(tokens, NOW));
        g_autoptr(GVariant) dict = NULL;
        g_autoptr(PiTokens) read = NULL;
        GVariantDict d;
        PiFields f;

        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert_value(&d, "tokens", rows);
        dict = g_variant_ref_sink(g_variant_dict_end(&d));
        pi_fields_init(&f, "file", dict);
        read = pi_tokens_from_fields(&f, "tokens");
        return pi_fields_end(&f, error) ? g_steal_pointer(&read) : NULL;
}

static void test_kept(void) {
        g_autoptr(PiTokens) tokens = pi_tokens_new(), read = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) rows = NULL;
        g_autofree char *shown = NULL;
        const PiLiveToken *t = create(tokens, MINUTE, 3), *back;

        create(tokens, MINUTE, 1)->uses = 0;
        read = through_variant(tokens, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(read->list->len, ==, 1);
        back = read->list->pdata[0];
        g_assert_cmpmem(back->secret, sizeof(back->secret), t->secret, sizeof(t->secret));
        g_assert_cmpmem(back->id, sizeof(back->id), t->id, sizeof(t->id));
        g_assert_cmpuint(back->uses, ==, 3);
        g_assert_cmpuint(back->expires_usec, ==, NOW + MINUTE);

        /* What others see has no secret. */
        rows = g_variant_ref_sink(pi_tokens_list(tokens, NOW));
        g_assert_cmpuint(g_variant_n_children(rows), ==, 1);
        shown = g_variant_print(rows, FALSE);
        g_assert_null(strstr(shown, "secret"));
        g_assert_nonnull(strstr(shown, "expires_usec"));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/tokens/good", test_good);
        g_test_add_func("/tokens/used-up", test_used_up);
        g_test_add_func("/tokens/expired", test_expired);
        g_test_add_func("/tokens/wrong-proofs", test_wrong_proofs);
        g_test_add_func("/tokens/unknown", test_unknown);
        g_test_add_func("/tokens/revoke", test_revoke);
        g_test_add_func("/tokens/limits", test_limits);
        g_test_add_func("/tokens/kept", test_kept);
        return g_test_run();
}
