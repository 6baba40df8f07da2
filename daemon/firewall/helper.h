/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* Calls of pi-computed-firewall. */

/* Begins a call; `arguments` is a tuple, sunk if floating, or NULL for none. `start`: the bus may
 * start it for that. Returns 0 or a negative errno. */
int pi_helper_call(sd_bus *bus, const char *method, GVariant *arguments, gboolean start,
                   uint64_t usec, sd_bus_message_handler_t answered, gpointer userdata,
                   sd_bus_slot **ret);

/* Whether an error says that there is none. */
gboolean pi_helper_is_absent(const sd_bus_error *error);

/* The same for people, with what to do about it. */
GError *pi_helper_error(const sd_bus_error *error);
