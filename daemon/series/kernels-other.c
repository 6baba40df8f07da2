/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernels of a CPU that has none of its own. */
#include "daemon/series/kernel.h"

const PiKernel *const pi_kernels_known[] = {
        &pi_kernel_generic,
        &pi_kernel_reference,
        NULL,
};
