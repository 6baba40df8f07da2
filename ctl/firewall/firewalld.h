/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/client.h"
#include "ctl/firewall/facts.h"

/* Whether firewalld lets the cluster's port through, by its default zone. */
PiFirewalld pi_firewalld_ask(PiClient *client);

/* Has the default zone let the service through, now and after a restart; nothing happens where it
 * does. Needs a right of firewalld's own. Errors tell what to do. */
gboolean pi_firewalld_open(PiClient *client, GError **error);
