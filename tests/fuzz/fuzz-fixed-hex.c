/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "daemon/series/fixed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any text is either refused, leaving the number alone, or is the number's own text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup((const char *) data, size);
        PiFixed a = { { 1, 2, 3 } }, b;

        if (!pi_fixed_from_hex(text, &a)) {
                g_assert(a.limb[0] == 1 && a.limb[1] == 2 && a.limb[2] == 3);
                return 0;
        }

        g_autofree char *hex = pi_fixed_to_hex(&a);

        g_assert(strlen(hex) == PI_FIXED_HEX_DIGITS);
        g_assert(g_ascii_strcasecmp(hex, text) == 0);
        if (!pi_fixed_from_hex(hex, &b))
                g_assert_not_reached();
        g_assert(pi_fixed_cmp(&a, &b) == 0);
        return 0;
}
