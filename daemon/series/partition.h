/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/series/range.h"

/* All functions here: terms 1 ... PI_TERMS_MAX, parts 1 ... pi_parts_max(terms). */

/* The most parts `terms` can be cut into: one group each, and at least 1. */
uint64_t pi_parts_max(uint64_t terms);

/* The terms of part 0 <= part < parts: with G = terms/8 whole groups these are the groups
 * floor(part*G/parts) <= g < floor((part+1)*G/parts); the last part also has the last terms mod
 * 8. */
PiRange pi_part_range(uint64_t terms, uint64_t parts, uint64_t part);

/* The terms of the n_parts parts that begin with first_part; first_part + n_parts <= parts. */
PiRange pi_parts_range(uint64_t terms, uint64_t parts, uint64_t first_part, uint64_t n_parts);

/* The part that term 0 <= term < terms is in. */
uint64_t pi_part_of_term(uint64_t terms, uint64_t parts, uint64_t term);
