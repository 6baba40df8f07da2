/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that other nodes say they have. */
#include <string.h>

#include "daemon/cluster/address.h"
#include "dbus/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was taken has one form, which is taken again. */
static void check_address(GSocketAddress *address) {
        g_autofree char *text = pi_address_to_string(address);
        g_autoptr(GSocketAddress) again = pi_address_parse(text, 0, NULL);
        g_autofree char *same = NULL;

        g_assert(strlen(text) <= PI_ADDRESS_LENGTH_MAX);
        g_assert(again);
        same = pi_address_to_string(again);
        g_assert(g_str_equal(text, same));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup((const char *) data, size);
        g_autoptr(GError) error = NULL;
        g_autoptr(GSocketAddress) address = pi_address_parse(text, PI_CLUSTER_PORT, &error);

        if (address) {
                check_address(address);
                return 0;
        }
        g_assert(g_error_matches(error, PI_ERROR, PI_ERROR_INVALID_OPTION));
        g_assert(g_str_is_ascii(error->message) && strlen(error->message) < 512);
        g_assert(!strpbrk(error->message, "\n\r\033\177"));
        return 0;
}
