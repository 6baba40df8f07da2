/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/api/ask.h"

#include "dbus/error.h"

struct PiAsks {
        GHashTable *set; /* PiAsk, owns them */
};

static void ask_destroy(gpointer p) {
        PiAsk *ask = p;

        sd_bus_message_unref(ask->call);
        g_free(ask);
}

PiAsks *pi_asks_new(void) {
        PiAsks *asks = g_new0(PiAsks, 1);

        asks->set = g_hash_table_new_full(NULL, NULL, ask_destroy, NULL);
        return asks;
}

void pi_asks_free(PiAsks *asks) {
        if (!asks)
                return;
        g_hash_table_unref(asks->set);
        g_free(asks);
}

PiAsk *pi_ask_new(PiAsks *asks, sd_bus_message *call, gpointer server, uint64_t id,
                  GError **error) {
        PiAsk *ask;

        if (g_hash_table_size(asks->set) >= PI_ASKS_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_QUEUE_FULL,
                            "%d calls wait for an answer already, the most there may be: try again "
                            "later",
                            PI_ASKS_MAX);
                return NULL;
        }
        ask = g_new(PiAsk, 1);
        *ask = (PiAsk) { asks, sd_bus_message_ref(call), server, id };
        g_hash_table_add(asks->set, ask);
        return ask;
}

void pi_ask_free(PiAsk *ask) {
        if (ask)
                g_hash_table_remove(ask->asks->set, ask);
}
