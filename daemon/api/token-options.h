/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* What CreateJoinToken is asked for. */
typedef struct PiTokenOptions {
        uint64_t ttl_usec;
        uint32_t uses;
} PiTokenOptions;

/* Reads the options, an a{sv}. Errors: PI_ERROR_INVALID_OPTION with the key, what is wrong with it
 * and the range. */
gboolean pi_token_options_parse(GVariant *options, PiTokenOptions *ret, GError **error);
