/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/contact.h"

/* This node admits another one: the method Join. */
#define PI_WELCOMES_MAX 8
#define PI_WELCOME_USEC (10 * G_USEC_PER_SEC) /* for the way back */

void pi_welcome_begin(PiContact *contact, GVariant *argument, PiLinkCall *call);

/* Gives all up that are not being written. */
void pi_welcomes_end(PiCluster *cluster);
