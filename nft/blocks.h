/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "nft/backend.h"

#define PI_BLOCKS_MAX 256

/* Whether it may be asked for. Errors: PI_ERROR_INVALID_OPTION. */
gboolean pi_blocks_check(uint16_t port, GVariant *sources, GError **error);

/* What other tables have against connections of these addresses (as) to a port, as the interface
 * documents it: a floating aa{sv}. Errors: PI_ERROR_INVALID_OPTION, PI_ERROR_FAILED. */
GVariant *pi_blocks_find(PiNft *nft, uint16_t port, GVariant *sources, GError **error);
