/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/metrics/node.h"

/* The answer of Figures: what the service of a node uses. What it cannot tell is not in it. */
GVariant *pi_figures_to_variant(const PiNodeUsage *usage);
/* Errors: PI_ERROR_INVALID_OPTION. */
gboolean pi_figures_from_variant(GVariant *dict, PiNodeUsage *ret, GError **error);
