/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* The answer of ListHistory: at most `limit` of the PiJobs in `finished`, whose newest is last, as
 * a floating aa{sv}, newest first. */
GVariant *pi_history_to_variant(const GQueue *finished, uint32_t limit);
