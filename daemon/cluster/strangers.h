/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Connections whose other side has not shown yet that it belongs here. There are few of them, of
 * all and of one address: when a list is full its oldest has to go, so that who has come to stay
 * gets in while others only take up room. */
typedef struct PiStrangers PiStrangers;

#define PI_STRANGERS_MAX 32
#define PI_STRANGERS_PER_ADDRESS_MAX 4 /* of one IPv4 address, or one IPv6 /64 */

/* It is out of the list already; `address` as it was given. */
typedef void (*PiStrangerDropped)(gpointer stranger, const char *address, gpointer userdata);

PiStrangers *pi_strangers_new(PiStrangerDropped dropped, gpointer userdata);
void pi_strangers_free(PiStrangers *strangers); /* nobody is called */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiStrangers, pi_strangers_free)

/* `address`: of the other end, as of pi_address_to_string(). */
void pi_strangers_add(PiStrangers *strangers, gpointer stranger, const char *address);
/* The same for one that comes from where a member is known to be: as many as like may come from
 * there, as after a failure of the network, and others go before it does. */
void pi_strangers_add_near(PiStrangers *strangers, gpointer stranger, const char *address);
/* It belongs here, or has gone. FALSE if it is none. */
gboolean pi_strangers_remove(PiStrangers *strangers, gpointer stranger);
guint pi_strangers_count(const PiStrangers *strangers);
