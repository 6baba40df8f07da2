/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Rules for nft that nobody would write, the caller's: tables and chains that jump to each other,
 * with conditions of all kinds. The same ones from the same numbers. */
char *made_rules(GRand *rand);
