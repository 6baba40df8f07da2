/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* Drives `bus` from a GMainContext, one message a dispatch so that several buses and timers share
 * the loop fairly. Takes a reference on the bus. Attach the returned source, destroy it to stop.
 * The connection's end is seen as sd_bus_is_open() == 0: install a match on the Local interface's
 * Disconnected signal to be told. A callback of the source (g_source_set_callback()) is called once
 * when it ends by itself, also for what sd-bus says no Disconnected after, such as bytes that are
 * no message; its answer is not looked at. */
GSource *pi_bus_source_new(sd_bus *bus);

/* Has the bus take one message at once, if there is one, for who knows that it has come: that
 * spares the loop a turn. Its handler may destroy the source. */
void pi_bus_source_process(GSource *source);
