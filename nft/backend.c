/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/backend.h"

#include <nftables/libnftables.h>
#include <string.h>

#include "dbus/error.h"

#define MESSAGE_LENGTH_MAX 256

struct PiNft {
        struct nft_ctx *ctx;
};

PiNft *pi_nft_new(GError **error) {
        g_autoptr(PiNft) nft = g_new0(PiNft, 1);

        nft->ctx = nft_ctx_new(NFT_CTX_DEFAULT);
        if (!nft->ctx || nft_ctx_buffer_output(nft->ctx) != 0 ||
            nft_ctx_buffer_error(nft->ctx) != 0) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                                    "libnftables cannot be used: out of memory");
                return NULL;
        }
        return g_steal_pointer(&nft);
}

void pi_nft_free(PiNft *nft) {
        if (!nft)
                return;
        if (nft->ctx)
                nft_ctx_free(nft->ctx);
        g_free(nft);
}

/* Of several lines the first says what it is; the rest shows the place, often a wrong one. */
static gboolean failed(PiNft *nft, GError **error) {
        g_autofree char *text = g_strdup(nft_ctx_get_error_buffer(nft->ctx));
        char *what = g_strstrip(text);

        /* Else the next listing would begin with what this one had so far. */
        (void) nft_ctx_get_output_buffer(nft->ctx);
        what[strcspn(what, "\n")] = '\0';
        if (g_str_has_prefix(what, "Error: "))
                what += strlen("Error: ");
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "nftables: %.*s", MESSAGE_LENGTH_MAX,
                    what[0] ? what : "the command failed without a message");
        return FALSE;
}

gboolean pi_nft_run(PiNft *nft, const char *commands, GError **error) {
        nft_ctx_output_set_flags(nft->ctx, 0);
        if (nft_run_cmd_from_buffer(nft->ctx, commands) != 0)
                return failed(nft, error);
        /* Reading it empties it. */
        (void) nft_ctx_get_error_buffer(nft->ctx);
        (void) nft_ctx_get_output_buffer(nft->ctx);
        return TRUE;
}

static char *list(PiNft *nft, const char *command, unsigned flags, GError **error) {
        nft_ctx_output_set_flags(nft->ctx, flags);
        if (nft_run_cmd_from_buffer(nft->ctx, command) != 0) {
                failed(nft, error);
                return NULL;
        }
        (void) nft_ctx_get_error_buffer(nft->ctx);
        return g_strdup(nft_ctx_get_output_buffer(nft->ctx));
}

char *pi_nft_list(PiNft *nft, const char *command, gboolean elements, GError **error) {
        return list(nft, command,
                    NFT_CTX_OUTPUT_STATELESS | (elements ? 0 : NFT_CTX_OUTPUT_TERSE), error);
}

char *pi_nft_list_handles(PiNft *nft, const char *command, GError **error) {
        return list(nft, command, NFT_CTX_OUTPUT_HANDLE, error);
}

char *pi_nft_list_counts(PiNft *nft, const char *command, GError **error) {
        return list(nft, command, NFT_CTX_OUTPUT_TERSE, error);
}

char *pi_nft_list_json(PiNft *nft, const char *command, GError **error) {
        return list(nft, command,
                    NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_NUMERIC_ALL | NFT_CTX_OUTPUT_HANDLE,
                    error);
}
