/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/token.h"

#include <gnutls/crypto.h>
#include <string.h>

#include "daemon/cluster/name.h"
#include "dbus/error.h"

/* What the base64url holds, numbers with the most significant byte first:
 *
 *     1 byte   version of this form
 *     2 bytes  length of all of it
 *     8        id
 *    32        secret
 *    32        fingerprint
 *     8        microseconds of expiry
 *     1        number of addresses, and for each of them a byte of length and the text
 *     4        the first bytes of the SHA-256 of what comes before */
#define PREFIX "pi1-"
#define VERSION 1
#define HEAD_BYTES 3
#define SUM_BYTES 4
#define BYTES_MAX (PI_TOKEN_LENGTH_MAX * 3 / 4)

#define PROOF_LABEL "pi-computed join 1"

void pi_token_clear(PiToken *token) {
        gnutls_memset(token->secret, 0, sizeof(token->secret));
        g_clear_pointer(&token->addresses, g_strfreev);
}

static void append_number(GByteArray *a, guint64 value, guint n) {
        while (n-- > 0) {
                guint8 byte = (guint8) (value >> (8 * n));

                g_byte_array_append(a, &byte, 1);
        }
}

static void append_hex(GByteArray *a, const char *hex) {
        for (; *hex; hex += 2)
                append_number(a, (guint64) (g_ascii_xdigit_value(hex[0]) << 4 |
                                            g_ascii_xdigit_value(hex[1])), 1);
}

static void check_sum(const guint8 *data, gsize length, guint8 ret[SUM_BYTES]) {
        g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
        guint8 digest[32];
        gsize size = sizeof(digest);

        g_checksum_update(checksum, data, (gssize) length);
        g_checksum_get_digest(checksum, digest, &size);
        memcpy(ret, digest, SUM_BYTES);
}

/* The alphabet of RFC 4648, section 5, without padding: no character that a shell or a web page
 * takes for something else. */
static char *to_base64url(const GByteArray *a) {
        char *text = g_base64_encode(a->data, a->len);

        g_strdelimit(text, "+", '-');
        g_strdelimit(text, "/", '_');
        *strchrnul(text, '=') = '\0';
        return text;
}

static void wipe_bytes(GByteArray *a) {
        gnutls_memset(a->data, 0, a->len);
        g_byte_array_unref(a);
}

char *pi_token_to_string(const PiToken *token) {
        GByteArray *a = g_byte_array_sized_new(BYTES_MAX);
        guint n = token->addresses ? g_strv_length(token->addresses) : 0;
        guint8 sum[SUM_BYTES];
        g_autofree char *text = NULL;

        g_return_val_if_fail(n <= PI_ADDRESSES_MAX, NULL);
        append_number(a, VERSION, 1);
        append_number(a, 0, 2);
        g_byte_array_append(a, token->id, sizeof(token->id));
        g_byte_array_append(a, token->secret, sizeof(token->secret));
        append_hex(a, token->fingerprint);
        append_number(a, token->expires_usec, 8);
        append_number(a, n, 1);
        for (guint i = 0; i < n; i++) {
                gsize length = strlen(token->addresses[i]);

                append_number(a, length, 1);
                g_byte_array_append(a, (const guint8 *) token->addresses[i], (guint) length);
        }
        a->data[1] = (guint8) ((a->len + SUM_BYTES) >> 8);
        a->data[2] = (guint8) (a->len + SUM_BYTES);
        check_sum(a->data, a->len, sum);
        g_byte_array_append(a, sum, sizeof(sum));
        text = to_base64url(a);
        wipe_bytes(a);
        return g_strconcat(PREFIX, text, NULL);
}

static gboolean fail(GError **error, const char *problem) {
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_TOKEN,
                    "%s: copy the line that \"pictl cluster token\" printed, all of it", problem);
        return FALSE;
}

/* NULL unless every character is one of the alphabet. */
static guint8 *from_base64url(const char *text, gsize *ret_length) {
        gsize length = strlen(text);
        g_autofree char *padded = g_malloc(length + 4);
        guint8 *data;

        if (strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") !=
            length)
                return NULL;
        memcpy(padded, text, length + 1);
        g_strdelimit(padded, "-", '+');
        g_strdelimit(padded, "_", '/');
        while (length % 4 != 0)
                padded[length++] = '=';
        padded[length] = '\0';
        data = g_base64_decode(padded, ret_length);
        gnutls_memset(padded, 0, length);
        return data;
}

typedef struct Reader {
        const guint8 *data;
        gsize left;
} Reader;

static const guint8 *take(Reader *r, gsize n) {
        const guint8 *data = r->data;

        if (n > r->left)
                return NULL;
        r->data += n;
        r->left -= n;
        return data;
}

static gboolean read_addresses(Reader *r, PiToken *ret) {
        const guint8 *n = take(r, 1), *length, *text;

        if (!n || *n > PI_ADDRESSES_MAX)
                return FALSE;
        ret->addresses = g_new0(char *, *n + 1u);
        for (guint i = 0; i < *n; i++) {
                length = take(r, 1);
                text = length && *length <= PI_ADDRESS_LENGTH_MAX ? take(r, *length) : NULL;
                if (!text || memchr(text, '\0', *length))
                        return FALSE;
                ret->addresses[i] = g_strndup((const char *) text, *length);
                if (!pi_node_address_is_valid(ret->addresses[i]))
                        return FALSE;
        }
        return r->left == 0;
}

/* All that is between head and sum. */
static gboolean read_body(Reader r, PiToken *ret) {
        const guint8 *id = take(&r, PI_TOKEN_ID_BYTES), *secret = take(&r, PI_TOKEN_SECRET_BYTES),
                     *fingerprint = take(&r, PI_FINGERPRINT_BYTES), *expires = take(&r, 8);

        if (!id || !secret || !fingerprint || !expires)
                return FALSE;
        memcpy(ret->id, id, PI_TOKEN_ID_BYTES);
        memcpy(ret->secret, secret, PI_TOKEN_SECRET_BYTES);
        for (guint i = 0; i < PI_FINGERPRINT_BYTES; i++)
                g_snprintf(ret->fingerprint + 2 * i, 3, "%02x", fingerprint[i]);
        ret->expires_usec = 0;
        for (guint i = 0; i < 8; i++)
                ret->expires_usec = ret->expires_usec << 8 | expires[i];
        return read_addresses(&r, ret);
}

/* Of bits that mean nothing there is but one way to write them. */
static gboolean is_canonical(const guint8 *data, gsize length, const char *text) {
        GByteArray a = { (guint8 *) data, (guint) length };
        g_autofree char *again = to_base64url(&a);
        gboolean same = g_str_equal(again, text);

        gnutls_memset(again, 0, strlen(again));
        return same;
}

static gboolean read_token(const guint8 *data, gsize length, PiToken *ret, GError **error) {
        guint8 sum[SUM_BYTES];
        gsize wanted;

        if (length >= 1 && data[0] != VERSION)
                return fail(error, "A join token of another version of pi-computed, or mistyped");
        if (length < HEAD_BYTES)
                return fail(error, "The join token was cut off");
        wanted = (gsize) data[1] << 8 | data[2];
        if (length < wanted)
                return fail(error, "The join token was cut off");
        if (length > wanted || length < HEAD_BYTES + SUM_BYTES)
                return fail(error, "The join token was mistyped, or has something after its end");
        check_sum(data, length - SUM_BYTES, sum);
        if (memcmp(sum, data + length - SUM_BYTES, SUM_BYTES) != 0)
                return fail(error, "The join token was mistyped");
        if (!read_body((Reader) { data + HEAD_BYTES, length - HEAD_BYTES - SUM_BYTES }, ret))
                return fail(error, "The join token does not hold what one holds");
        return TRUE;
}

gboolean pi_token_parse(const char *text, PiToken *ret, GError **error) {
        g_autofree char *line = NULL;
        g_autofree guint8 *data = NULL;
        gsize length = 0;
        gboolean good;

        *ret = (PiToken) { 0 };
        while (g_ascii_isspace(*text))
                text++;
        if (!g_str_has_prefix(text, PREFIX))
                return fail(error, "This is no join token, which begins with \"" PREFIX "\"");
        if (strnlen(text, PI_TOKEN_LENGTH_MAX + 1) > PI_TOKEN_LENGTH_MAX)
                return fail(error, "This is no join token, which has at most "
                                   G_STRINGIFY(PI_TOKEN_LENGTH_MAX) " characters");
        line = g_strchomp(g_strdup(text));
        data = from_base64url(line + strlen(PREFIX), &length);
        if (!data)
                return fail(error, "The join token was mistyped: it has letters, digits, \"-\" "
                                   "and \"_\" alone");
        good = read_token(data, length, ret, error);
        if (good && !is_canonical(data, length, line + strlen(PREFIX)))
                good = fail(error, "The join token was mistyped");
        gnutls_memset(line, 0, strlen(line));
        gnutls_memset(data, 0, length);
        if (!good)
                pi_token_clear(ret);
        return good;
}

void pi_token_proof(const PiToken *token, const char *joiner_fingerprint,
                    const guint8 channel_binding[PI_FINGERPRINT_BYTES],
                    guint8 ret[PI_FINGERPRINT_BYTES]) {
        g_autoptr(GHmac) hmac = g_hmac_new(G_CHECKSUM_SHA256, token->secret, PI_TOKEN_SECRET_BYTES);
        gsize length = PI_FINGERPRINT_BYTES;

        /* All parts but the first have a fixed length, so no two lists of parts are alike. */
        g_hmac_update(hmac, (const guchar *) PROOF_LABEL, (gssize) strlen(PROOF_LABEL));
        g_hmac_update(hmac, (const guchar *) token->fingerprint, PI_FINGERPRINT_LENGTH);
        g_hmac_update(hmac, (const guchar *) joiner_fingerprint, PI_FINGERPRINT_LENGTH);
        g_hmac_update(hmac, channel_binding, PI_FINGERPRINT_BYTES);
        g_hmac_get_digest(hmac, ret, &length);
}
