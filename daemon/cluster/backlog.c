/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/backlog.h"

typedef struct Entry {
        uint32_t serial;
        gsize bytes;
} Entry;

struct PiBacklog {
        GQueue entries; /* in the order in which they leave */
        gsize bytes;
};

PiBacklog *pi_backlog_new(void) {
        return g_new0(PiBacklog, 1);
}

void pi_backlog_free(PiBacklog *backlog) {
        if (!backlog)
                return;
        g_queue_clear_full(&backlog->entries, g_free);
        g_free(backlog);
}

void pi_backlog_add(PiBacklog *backlog, uint32_t serial, gsize bytes) {
        Entry *entry = g_new(Entry, 1);

        *entry = (Entry) { serial, bytes };
        g_queue_push_tail(&backlog->entries, entry);
        backlog->bytes += bytes;
}

static int has_serial(gconstpointer entry, gconstpointer serial) {
        return ((const Entry *) entry)->serial == *(const uint32_t *) serial ? 0 : 1;
}

void pi_backlog_passed(PiBacklog *backlog, uint32_t serial) {
        Entry *entry = NULL;

        /* One that was not counted, as sd-bus may send by itself. */
        if (!g_queue_find_custom(&backlog->entries, &serial, has_serial))
                return;
        do {
                g_free(entry);
                entry = g_queue_pop_head(&backlog->entries);
                backlog->bytes -= entry->bytes;
        } while (entry->serial != serial);
        g_free(entry);
}

gsize pi_backlog_bytes(const PiBacklog *backlog) {
        return backlog->bytes;
}
