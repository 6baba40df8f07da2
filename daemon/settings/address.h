/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Whether a text is a numeric address with or without a port, as other nodes are told it:
 * "192.0.2.7", "192.0.2.7:31415", "2001:db8::7", "[2001:db8::7]:31415", and with a scope
 * "[fe80::7%eth0]:31415". Names are not looked up, so none is taken, nor what is of no machine or
 * of many. */
gboolean pi_is_address(const char *text);
