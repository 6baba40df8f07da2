/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/strangers.h"

#include "daemon/cluster/address.h"

#define IPV6_NETWORK_BYTES 8

typedef struct Stranger {
        gpointer who;
        char *address;
        GBytes *network; /* what counts as one address; NULL: none does */
} Stranger;

struct PiStrangers {
        GQueue list; /* Stranger, the oldest first */
        PiStrangerDropped dropped;
        gpointer userdata;
};

static void stranger_free(Stranger *s) {
        g_free(s->address);
        g_clear_pointer(&s->network, g_bytes_unref);
        g_free(s);
}

PiStrangers *pi_strangers_new(PiStrangerDropped dropped, gpointer userdata) {
        PiStrangers *strangers = g_new0(PiStrangers, 1);

        strangers->dropped = dropped;
        strangers->userdata = userdata;
        return strangers;
}

void pi_strangers_free(PiStrangers *strangers) {
        if (!strangers)
                return;
        g_queue_clear_full(&strangers->list, (GDestroyNotify) stranger_free);
        g_free(strangers);
}

static GBytes *network_of(const char *address) {
        PiAddress parsed;

        if (!pi_address_parse(address, PI_CLUSTER_PORT, &parsed, NULL))
                return g_bytes_new(NULL, 0);
        return g_bytes_new(&parsed.host, pi_address_is_ipv4(&parsed) ? sizeof(parsed.host)
                                                                     : IPV6_NETWORK_BYTES);
}

static void drop(PiStrangers *strangers, GList *link) {
        Stranger *s = link->data;

        g_queue_delete_link(&strangers->list, link);
        strangers->dropped(s->who, s->address, strangers->userdata);
        stranger_free(s);
}

/* The oldest of a network that has too many, or of all when they are; maybe the one that came last:
 * who is near does not go for one from afar. */
static GList *find_surplus(const PiStrangers *strangers, GBytes *network) {
        GList *oldest = NULL, *oldest_far = NULL;
        guint n = 0;

        for (GList *l = strangers->list.tail; l; l = l->prev) {
                GBytes *its = ((Stranger *) l->data)->network;

                if (its)
                        oldest_far = l;
                if (its && network && g_bytes_equal(its, network)) {
                        oldest = l;
                        n++;
                }
        }
        if (n > PI_STRANGERS_PER_ADDRESS_MAX)
                return oldest;
        if (strangers->list.length <= PI_STRANGERS_MAX)
                return NULL;
        return oldest_far ?: strangers->list.head;
}

static void add(PiStrangers *strangers, gpointer stranger, const char *address, GBytes *network) {
        Stranger *s = g_new(Stranger, 1);
        GList *surplus;

        *s = (Stranger) { stranger, g_strdup(address), network };
        g_queue_push_tail(&strangers->list, s);
        surplus = find_surplus(strangers, network);
        if (surplus)
                drop(strangers, surplus);
}

void pi_strangers_add(PiStrangers *strangers, gpointer stranger, const char *address) {
        add(strangers, stranger, address, network_of(address));
}

void pi_strangers_add_near(PiStrangers *strangers, gpointer stranger, const char *address) {
        add(strangers, stranger, address, NULL);
}

gboolean pi_strangers_remove(PiStrangers *strangers, gpointer stranger) {
        for (GList *l = strangers->list.head; l; l = l->next) {
                Stranger *s = l->data;

                if (s->who != stranger)
                        continue;
                g_queue_delete_link(&strangers->list, l);
                stranger_free(s);
                return TRUE;
        }
        return FALSE;
}

guint pi_strangers_count(const PiStrangers *strangers) {
        return strangers->list.length;
}
