/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/contact.h"
#include "daemon/cluster/member.h"

/* Where connections come in: judges who they are of, hands members theirs, and gives others a short
 * time to say what they want. */
#define PI_DOOR_STRANGERS_MAX 8 /* that may join, at once */
#define PI_DOOR_REMOVED_MAX 8
#define PI_DOOR_USEC (10 * G_USEC_PER_SEC) /* to call Join */

/* A new connection, which it takes over. userdata: PiCluster. */
void pi_door_accept(int fd, gpointer userdata);

/* What the holder of a certificate is to this node. */
PiContactKind pi_door_judge(PiCluster *cluster, const char *fingerprint);

/* Takes over a link that was accepted and is no member's after all. */
void pi_door_take(PiContact *contact);

/* Gives a new member the links that were there before it. */
void pi_door_hand_over(PiMember *member);
