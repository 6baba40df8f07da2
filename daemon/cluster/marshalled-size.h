/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The bytes of the body of a D-Bus message that has `value` for its only argument, exactly; sd-bus
 * does not tell how many it wrote. `value` has no types but those of D-Bus. */
gsize pi_marshalled_size(GVariant *value);
