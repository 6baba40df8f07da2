/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/kernel.h"

#include <glib.h>
#include <pthread.h>

static const PiKernel *supported[PI_KERNELS_MAX + 1];

static void list_supported(void) {
        size_t n = 0;

        for (const PiKernel *const *k = pi_kernels_known; *k && n < PI_KERNELS_MAX; k++)
                if ((*k)->supported())
                        supported[n++] = *k;
}

const PiKernel *const *pi_kernels(void) {
        static pthread_once_t once = PTHREAD_ONCE_INIT;

        pthread_once(&once, list_supported);
        return supported;
}

const PiKernel *pi_kernel_default(void) {
        const PiKernel *const *k = pi_kernels();

        while (!(*k)->exact)
                k++;
        return *k;
}

const PiKernel *pi_kernel_find(const char *name) {
        for (const PiKernel *const *k = pi_kernels(); *k; k++)
                if (g_str_equal((*k)->name, name))
                        return *k;
        return NULL;
}
