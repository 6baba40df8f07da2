/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/series/kernel.h"

/* Terms a second that the calling thread reaches with this kernel: the median of rounds that take
 * about 10 ms together. The baseline of speed-up and efficiency. */
double pi_calibrate(const PiKernel *kernel);
