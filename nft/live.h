/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "nft/backend.h"
#include "nft/tally.h"

/* Our table as the kernel has it. */

/* As nft prints it, without counters, and with the elements of those sets alone that do not come
 * and go by themselves: the same text as long as nobody changes it. Errors: PI_ERROR_FAILED, also
 * when it is not there. */
char *pi_live_list(PiNft *nft, GError **error);

/* What it has counted; by its objects, not as a table, for the reason in listing.h. */
gboolean pi_live_tally(PiNft *nft, PiTally *tally, GError **error);
