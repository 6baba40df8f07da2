/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What the core itself can do, measured, so that a speed can be told in cycles. About a millisecond
 * a call. */

/* Clock of the core in GHz, now: from a chain of additions that each wait for the one before, one
 * cycle each. NAN where nothing is known of such a chain. */
double bench_core_ghz(void);

/* Seconds a division of the widest vector of doubles takes when none waits for another, and
 * what that vector is: its instruction and doubles. NAN and 0 where none is known. */
double bench_core_division_seconds(const char **ret_name, unsigned *ret_doubles);
