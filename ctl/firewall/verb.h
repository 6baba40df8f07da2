/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/client.h"
#include "ctl/invocation.h"

/* Actions of the verb firewall that have files of their own; they return as verbs do. */
int pi_firewall_show(PiInvocation *inv, GError **error);
int pi_firewall_check(PiInvocation *inv, GError **error);

/* A client for the helper. */
PiClient *pi_firewall_client(PiInvocation *inv, GError **error);
