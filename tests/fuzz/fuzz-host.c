/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/address.h"
#include "ctl/firewall/host.h"
#include "ctl/firewall/sockets.h"

#include <stdint.h>
#include <string.h>

/* What a parser promises of a text it took, a program that relies on it may check. */
#define PROMISE(condition) do { if (!(condition)) __builtin_trap(); } while (0)

static void fuzz_addresses(const char *text) {
        g_autofree char *address = pi_address_canonical(text);
        g_autofree char *again = address ? pi_address_canonical(address) : NULL;
        g_autofree char *prefix = pi_address_prefix(text, NULL);
        g_autofree char *same = prefix ? pi_address_prefix(prefix, NULL) : NULL;
        guint16 port = 0;
        g_autofree char *host = pi_address_of_endpoint(text, &port);

        /* They have one spelling, and no shell minds it. */
        PROMISE(!address || strcmp(address, again) == 0);
        PROMISE(!prefix || strcmp(prefix, same) == 0);
        PROMISE(!prefix || strspn(prefix, "0123456789abcdef.:/") == strlen(prefix));
        PROMISE(!host || port > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_strndup((const char *) data, size);
        g_autoptr(GArray) sockets = g_array_new(FALSE, FALSE, sizeof(PiListening));
        g_autofree char *tables = pi_host_legacy_tables(text);

        pi_listening_parse(text, 31415, sockets);
        PROMISE(sockets->len <= 64);
        for (const char *p = tables; *p; p++)
                PROMISE(g_ascii_isprint(*p));
        (void) pi_host_ufw_is_on(text);
        (void) pi_host_flushes(text);
        fuzz_addresses(text);
        return 0;
}
