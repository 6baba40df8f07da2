/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/contact.h"
#include "daemon/cluster/member.h"

/* How members learn of each other: the method Members, at both ends. Its argument is a roster,
 * whole or in part ("complete" b), its result the whole roster of who was called when the argument
 * was whole. */

/* To all that are connected, but for who has told it. */
void pi_gossip_push(PiCluster *cluster, const PiRoster *news, const PiContact *from);

/* Gives the whole roster, and gets one. */
void pi_gossip_exchange(PiMember *member);

/* Answers a call of Members. */
void pi_gossip_members(PiContact *contact, GVariant *argument, PiLinkCall *call);

/* Refuses a call, after its node was told that it was removed. It believes that because this node
 * is one that it knows as a member; nobody else can make it leave. */
void pi_gossip_tell_removed(PiContact *contact, PiLinkCall *call);
