/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/wsl/ini.h"

/* What .wslconfig is to say for a node that others can reach and that stays up. */

#define PI_WSL_MODULES "tls,nft_limit,nft_log"

/* What this WSL on this Windows understands; the rest is left as it is. */
typedef struct PiWslWants {
        gboolean mirrored;      /* networkingMode=mirrored: Windows 11 22H2, WSL 2.0.0 */
        gboolean instance_idle; /* instanceIdleTimeout=-1: WSL 2.6.0 */
        gboolean modules;       /* loadKernelModules=...: WSL 2.6.3 */
} PiWslWants;

/* The text of .wslconfig as it is to be, the same bytes if nothing is to change. Besides what is
 * wanted: vmIdleTimeout=-1; autoMemoryReclaim=gradual becomes dropCache; dnsTunneling, firewall and
 * autoProxy become true where they are false. A key that is set stands in its section, and is
 * commented out wherever else WSL would read or warn of it. Fails as pi_ini_parse(). */
char *pi_wsl_config_edit(const char *name, const char *text, gsize length, const PiWslWants *wants,
                         GError **error);

/* The same for wsl.conf: [boot] systemd=true. */
char *pi_wsl_conf_edit(const char *name, const char *text, gsize length, GError **error);

/* Whether a value is that number or word for WSL. */
gboolean pi_wsl_value_is_negative(const char *value);
gboolean pi_wsl_value_is(const char *value, const char *word);
gboolean pi_wsl_value_is_true(const char *value);
gboolean pi_wsl_value_is_false(const char *value);

/* Those of PI_WSL_MODULES that a value lacks, with commas between; "" for none. */
char *pi_wsl_missing_modules(const char *value);
