/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/contact.h"

/* The method Figures, at both ends: each member is asked what its service uses when a link to it
 * comes into use, and then every 5 s, or 30 s while nobody wants to know; contact->usage has the
 * last answer. One that lacks the method is asked once a link. */
#define PI_FIGURES_USEC (5 * G_USEC_PER_SEC)
#define PI_FIGURES_IDLE_TIMES 6
#define PI_FIGURES_WANTED_USEC (30 * G_USEC_PER_SEC) /* so long somebody wants to know */

/* What this node's service uses, a floating a{sv}. */
GVariant *pi_figures_answer(PiCluster *cluster);

void pi_figures_ask(PiContact *contact);
/* Somebody has looked at the answers. */
void pi_figures_looked_at(PiCluster *cluster);
void pi_figures_begin(PiCluster *cluster);
void pi_figures_end(PiCluster *cluster);
