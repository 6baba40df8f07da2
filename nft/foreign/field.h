/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "nft/foreign/ruleset.h"

/* What a rule looks at, the left side of a match or the key of a map. Whatever is not understood is
 * PI_FOREIGN_FIELD_OTHER. */
void pi_foreign_read_key(JsonNode *node, PiForeignKey *ret);
