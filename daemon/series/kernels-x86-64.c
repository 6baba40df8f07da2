/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernels of x86-64. */
#include "daemon/series/kernel.h"

const PiKernel *const pi_kernels_known[] = {
        &pi_kernel_avx512,
        &pi_kernel_avx2,
        &pi_kernel_generic,
        &pi_kernel_reference,
        NULL,
};
