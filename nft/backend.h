/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* libnftables: one context, which is one socket to the kernel and what owns the table. It may end
 * the process (exit(3)) when there is no netlink. For one thread. */
typedef struct PiNft PiNft;

/* Errors: PI_ERROR_FAILED. */
PiNft *pi_nft_new(GError **error);
void pi_nft_free(PiNft *nft);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiNft, pi_nft_free)

/* Runs commands as one transaction: all of them, or none. Errors: PI_ERROR_FAILED with what the
 * kernel said. */
gboolean pi_nft_run(PiNft *nft, const char *commands, GError **error);

/* What a command lists: as nft prints it, without counters and times, and without elements unless
 * `elements`; with the handles of rules and all that belongs to them; with counters but without
 * elements; or all of it as JSON. Errors: as above. */
char *pi_nft_list(PiNft *nft, const char *command, gboolean elements, GError **error);
char *pi_nft_list_handles(PiNft *nft, const char *command, GError **error);
char *pi_nft_list_counts(PiNft *nft, const char *command, GError **error);
char *pi_nft_list_json(PiNft *nft, const char *command, GError **error);
