/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/settings/settings.h"

/* The keys of pi-computed.conf: one table from which defaults, parser, messages and tests come. */

typedef enum PiSettingKind {
        PI_SETTING_COUNT,  /* uint32_t */
        PI_SETTING_LEVEL,  /* int32_t */
        PI_SETTING_AMOUNT, /* uint64_t; infinity is UINT64_MAX */
        PI_SETTING_SPAN,   /* uint64_t, microseconds; infinity is 0 */
        PI_SETTING_SWITCH, /* uint32_t, 0 or 1 */
        PI_SETTING_NAME,   /* char *, at most PI_SETTING_NAME_MAX of a-z, 0-9 and - */
        PI_SETTING_HOST,   /* char *, at most PI_SETTING_HOST_MAX of a-z, A-Z, 0-9, -, _ and ., a
                              letter or digit first */
        PI_SETTING_LAUNCHER,  /* char *, what pi_launcher_words() takes */
        PI_SETTING_PATH,      /* char *, absolute, at most PI_SETTING_PATH_MAX bytes; or "" */
        PI_SETTING_ADDRESSES, /* char **, at most PI_SETTING_ADDRESSES_MAX of pi_is_address() */
} PiSettingKind;

#define PI_SETTING_NAME_MAX 32
#define PI_SETTING_HOST_MAX 64
#define PI_SETTING_ADDRESSES_MAX 8
#define PI_SETTING_PATH_MAX 900

/* Values are written as in the file: so they are read, shown and documented. */
typedef struct PiSettingKey {
        const char *section, *name;
        PiSettingKind kind;
        gsize offset; /* of the member of PiSettings */
        const char *initial, *min, *max; /* min and max are NULL in what is no number */
        gboolean infinity;               /* may be "infinity", too */
} PiSettingKey;

/* Ends with a key whose name is NULL; keys of one section stand together, and two sections may have
 * one of the same name. */
extern const PiSettingKey pi_setting_keys[];
#define PI_SETTING_KEYS_MAX 32

/* Sets the member to a value; the empty one is the default. Errors: PI_ERROR_INVALID_SETTING, the
 * message beginning with "KEY=VALUE", with the range at its end. */
gboolean pi_setting_set(const PiSettingKey *key, const char *value, PiSettings *settings,
                        GError **error);

/* "1 to 4096, or infinity" */
char *pi_setting_range(const PiSettingKey *key);
