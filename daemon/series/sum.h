/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/series/fixed.h"
#include "daemon/series/kernel.h"
#include "daemon/series/part-walk.h"
#include "daemon/series/range.h"

/* Groups below 2^14 are the head: their sums come from a table made once in integer arithmetic.
 * Those from 2^14 up are the body, done by a kernel. */
#define PI_HEAD_OCTAVE 14
#define PI_HEAD_GROUPS (UINT64_C(1) << PI_HEAD_OCTAVE)

/* The binary exponent s that quotients of octave o = floor(log2 g) are scaled by: 2^49 < q <
 * 2^51. */
#define PI_OCTAVE_SCALE(o) (56 + 2 * (o))

/* Sum of the terms of a range, begin <= end <= PI_TERMS_MAX. With an exact kernel begin must be
 * a multiple of PI_GROUP_TERMS, and the sums of ranges that tile [0, N), cut at such multiples,
 * add up to the same bits for every tiling and every exact kernel. Takes time in proportion to
 * the range; callers who want to stop early call it with short ranges. */
void pi_sum_range(const PiKernel *kernel, PiRange range, PiFixed *ret);

/* Sum of the parts from where the walk stands, one by one, until term `limit` or the part `end`,
 * whichever comes first; moves the walk there. At least one term must be left. `limit` as for
 * pi_part_walk_take(); an exact kernel. */
void pi_sum_parts(const PiKernel *kernel, PiPartWalk *walk, uint64_t limit, uint64_t end,
                  PiFixed *ret);
