/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* The rooms below the bus speak GVariant, the bus speaks sd_bus_message: this is the one bridge.
 * Handled are all basic types but h, and arrays, structs, dictionary entries and variants of them,
 * nested at most PI_VARIANT_DEPTH_MAX deep. */
#define PI_VARIANT_DEPTH_MAX 16

/* Appends `value` as the next complete type. Does not take `value` over, sinks a floating one.
 * Returns 0 or a negative errno (-ELOOP: too deep). */
int pi_variant_append(sd_bus_message *m, GVariant *value);

/* Reads the next complete type into a new, non-floating GVariant.
 * Returns 0 or a negative errno (-ELOOP: too deep, -ENXIO: nothing left). */
int pi_variant_read(sd_bus_message *m, GVariant **ret);
