/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/firewall/blocks.h"

/* The port of a cluster unless its settings say otherwise; firewalld and ufw know it by our name,
 * any other only by its number. */
#define PI_REMEDY_PORT 31415

/* Who made a rule, and is to be told: what is changed behind its back it changes back. */
typedef enum PiBlockOwner {
        PI_BLOCK_OF_FIREWALLD,
        PI_BLOCK_OF_UFW,
        PI_BLOCK_OF_IPTABLES,
        PI_BLOCK_OF_OTHER,
} PiBlockOwner;

/* `ufw`: it is on, and so owns the policy of what else iptables has. */
PiBlockOwner pi_block_owner(const PiBlock *block, gboolean ufw);

/* Commands, to be freed. */
char *pi_remedy_firewalld(guint16 port);
char *pi_remedy_ufw(const char *source, guint16 port);

/* The command that lets the source of a block through. */
char *pi_remedy_of_block(const PiBlock *block, gboolean ufw, guint16 port);
