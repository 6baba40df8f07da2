/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "nft/firewall.h"

#define PI_BLOCKS_MAX 256

/* What other tables have against connections of these addresses (as) to a port, as the interface
 * documents it: a floating aa{sv}. Errors: PI_ERROR_INVALID_OPTION, PI_ERROR_FAILED. */
GVariant *pi_blocks_find(PiFirewall *firewall, uint16_t port, GVariant *sources, GError **error);
