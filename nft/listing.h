/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "nft/backend.h"

/* All tables but our own as one JSON text, and in `ret_text` all tables as nft prints them, with
 * handles. Not by "list ruleset": of a table that has a flag libnftables 1.0.6 prints what it has
 * freed, and what comes behind is lost when that is no UTF-8. The chains and sets of such a table
 * are listed one by one, which leaves the table out. Errors: PI_ERROR_FAILED, also for a name that
 * nft could be misled by. */
char *pi_listing_of_others(PiNft *nft, char **ret_text, GError **error);

/* How that is done, in the order of `text`, all tables as nft prints them: commands such as "list
 * chain inet t input", and, for a table with flags, what is to stand for it, a JSON object. NULL
 * with an error for a name as above. */
GPtrArray *pi_listing_plan(const char *text, GError **error);
