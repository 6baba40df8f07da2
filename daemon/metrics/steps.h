/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* The bounds 1, 2, 5, 10, 20, 50, ... up to 10^19, which people and Prometheus count by. */
#define PI_STEPS 58

/* The number of a bound: PI_STEP(3) is 10^3. */
#define PI_STEP(decade) (3 * (decade))

/* The bound of a step below PI_STEPS. */
uint64_t pi_step_bound(unsigned step);

/* The first step whose bound is not below the value; PI_STEPS when there is none. */
unsigned pi_step_of(uint64_t value);
