/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/series/kernel.h"

extern const PiKernel lanes_8_kernel;
extern const PiKernel lanes_2_kernel;
