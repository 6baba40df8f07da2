/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that other nodes say they have. */
#include <string.h>

#include "daemon/cluster/address.h"
#include "dbus/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was taken has one form, which is taken again; and so does what a socket has of it. */
static void check_address(const PiAddress *address) {
        g_autofree char *text = pi_address_to_string(address);
        g_autofree char *same = NULL, *native_same = NULL;
        struct sockaddr_storage native;
        PiAddress again;
        socklen_t size;

        g_assert(strlen(text) <= PI_ADDRESS_LENGTH_MAX);
        g_assert(pi_address_parse(text, 0, &again, NULL));
        same = pi_address_to_string(&again);
        g_assert(g_str_equal(text, same));
        size = pi_address_to_native(address, &native);
        g_assert(pi_address_from_native((const struct sockaddr *) &native, size, &again));
        native_same = pi_address_to_string(&again);
        g_assert(g_str_equal(text, native_same));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup((const char *) data, size);
        g_autoptr(GError) error = NULL;
        PiAddress address;

        if (pi_address_parse(text, PI_CLUSTER_PORT, &address, &error)) {
                check_address(&address);
                return 0;
        }
        g_assert(g_error_matches(error, PI_ERROR, PI_ERROR_INVALID_OPTION));
        g_assert(g_str_is_ascii(error->message) && strlen(error->message) < 512);
        g_assert(!strpbrk(error->message, "\n\r\033\177"));
        return 0;
}
