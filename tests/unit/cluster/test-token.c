/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/token.h"

#include <string.h>

#include "dbus/error.h"

static void make_token(PiToken *ret, guint n_addresses) {
        *ret = (PiToken) { .expires_usec = UINT64_C(1790000000123456) };
        for (guint i = 0; i < PI_TOKEN_ID_BYTES; i++)
                ret->id[i] = (guint8) (i + 1);
        for (guint i = 0; i < PI_TOKEN_SECRET_BYTES; i++)
                ret->secret[i] = (guint8) (255 - 7 * i);
        for (guint i = 0; i < PI_FINGERPRINT_LENGTH; i++)
                ret->fingerprint[i] = "0123456789abcdef"[(i * 5) % 16];
        ret->addresses = g_new0(char *, n_addresses + 1);
        for (guint i = 0; i < n_addresses; i++)
                ret->addresses[i] =
                        g_strdup_printf("[2001:db8:1111:2222:3333:4444:5555:%04x]:31415", i);
}

static void assert_same(const PiToken *a, const PiToken *b) {
        g_assert_cmpmem(a->id, sizeof(a->id), b->id, sizeof(b->id));
        g_assert_cmpmem(a->secret, sizeof(a->secret), b->secret, sizeof(b->secret));
        g_assert_cmpstr(a->fingerprint, ==, b->fingerprint);
        g_assert_cmpuint(a->expires_usec, ==, b->expires_usec);
        g_assert_cmpstrv(a->addresses, b->addresses);
}

static void assert_refused(const char *text, const char *word) {
        g_autoptr(GError) error = NULL;
        PiToken token;

        g_assert_false(pi_token_parse(text, &token, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_TOKEN);
        g_assert_nonnull(strstr(error->message, word));
        g_assert_null(token.addresses);
        for (guint i = 0; i < sizeof(token.secret); i++)
                g_assert_cmpuint(token.secret[i], ==, 0);
}

static void test_round_trip(void) {
        for (guint n = 0; n <= PI_ADDRESSES_MAX; n++) {
                g_auto(PiToken) token, read = { 0 };
                g_autoptr(GError) error = NULL;
                g_autofree char *text = NULL, *spaced = NULL;

                make_token(&token, n);
                text = pi_token_to_string(&token);
                g_assert_cmpuint(strlen(text), <=, PI_TOKEN_LENGTH_MAX);
                g_assert_true(g_str_has_prefix(text, "pi1-"));
                spaced = g_strdup_printf(" \t%s\r\n", text);
                pi_token_parse(spaced, &read, &error);
                g_assert_no_error(error);
                assert_same(&token, &read);
        }
}

static void test_cut(void) {
        g_auto(PiToken) token;
        g_autofree char *text = NULL;

        make_token(&token, 2);
        text = pi_token_to_string(&token);
        for (gsize n = 0; n < strlen(text); n++) {
                g_autofree char *cut = g_strndup(text, n);

                assert_refused(cut, n < 4 ? "no join token" : n < 6 ? "" : "cut off");
        }
}

/* One character in the place of each other one. */
static void test_mistyped(void) {
        static const char others[] = "Aa0-_.9zZ =\n/+";
        g_auto(PiToken) token;
        g_autofree char *text = NULL;

        make_token(&token, 1);
        text = pi_token_to_string(&token);
        for (gsize i = 0; i < strlen(text); i++)
                for (gsize j = 0; j < strlen(others); j++) {
                        g_autofree char *typed = g_strdup(text);

                        typed[i] = others[j];
                        /* The last one in the place of white space is a cut. */
                        if (typed[i] != text[i])
                                assert_refused(typed, "");
                }
}

static void test_others(void) {
        g_auto(PiToken) token;
        g_autofree char *text = NULL, *longer = NULL, *twice = NULL, *endless = NULL;

        make_token(&token, 1);
        text = pi_token_to_string(&token);
        longer = g_strconcat(text, "AAAA", NULL);
        twice = g_strconcat(text, " ", text, NULL);
        endless = g_strnfill(2000, 'A');
        memcpy(endless, "pi1-", 4);
        assert_refused("", "no join token");
        assert_refused("pi2-AAAA", "no join token");
        assert_refused("hello", "no join token");
        assert_refused("pi1-", "cut off");
        assert_refused("pi1-AgAA", "another version");
        assert_refused(longer, "after its end");
        assert_refused(twice, "mistyped");
        assert_refused(endless, "1024");
}

/* Well-formed, with what no token holds. */
static void test_bad_address(void) {
        static const char *const bad[] = { "", "a b", "1.2.3.4\033[2J:1", NULL };

        for (guint i = 0; bad[i]; i++) {
                g_auto(PiToken) token;
                g_autofree char *text = NULL;

                make_token(&token, 1);
                g_free(token.addresses[0]);
                token.addresses[0] = g_strdup(bad[i]);
                text = pi_token_to_string(&token);
                assert_refused(text, "does not hold");
        }
}

static void assert_proof(const PiToken *token, const char *joiner, const guint8 *binding,
                         const guint8 *other, gboolean same) {
        guint8 proof[PI_FINGERPRINT_BYTES];

        pi_token_proof(token, joiner, binding, proof);
        g_assert_cmpint(memcmp(proof, other, sizeof(proof)) == 0, ==, same);
}

/* The proof is of one secret, for one pair of nodes, in one session. */
static void test_proof(void) {
        char joiner[PI_FINGERPRINT_LENGTH + 1], other[PI_FINGERPRINT_LENGTH + 1];
        guint8 binding[PI_FINGERPRINT_BYTES] = { 1, 2, 3 }, proof[PI_FINGERPRINT_BYTES];
        g_auto(PiToken) token;

        make_token(&token, 0);
        memset(joiner, 'a', sizeof(joiner) - 1);
        memset(other, 'b', sizeof(other) - 1);
        joiner[PI_FINGERPRINT_LENGTH] = other[PI_FINGERPRINT_LENGTH] = '\0';
        pi_token_proof(&token, joiner, binding, proof);
        assert_proof(&token, joiner, binding, proof, TRUE);
        assert_proof(&token, other, binding, proof, FALSE);
        binding[31] ^= 1;
        assert_proof(&token, joiner, binding, proof, FALSE);
        binding[31] ^= 1;
        token.secret[0] ^= 1;
        assert_proof(&token, joiner, binding, proof, FALSE);
        token.secret[0] ^= 1;
        token.fingerprint[0] = 'f';
        assert_proof(&token, joiner, binding, proof, FALSE);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/token/round-trip", test_round_trip);
        g_test_add_func("/token/cut", test_cut);
        g_test_add_func("/token/mistyped", test_mistyped);
        g_test_add_func("/token/others", test_others);
        g_test_add_func("/token/bad-address", test_bad_address);
        g_test_add_func("/token/proof", test_proof);
        return g_test_run();
}
