/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernels of AArch64. */
#include "daemon/series/kernel.h"

const PiKernel *const pi_kernels_known[] = {
        &pi_kernel_neon,
        &pi_kernel_generic,
        &pi_kernel_reference,
        NULL,
};
