/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/kernel.h"

#include <glib.h>
#include <pthread.h>

/* Exact kernels first, fastest first. */
static const PiKernel *const known[] = {
        &pi_kernel_generic,
        &pi_kernel_reference,
};

static const PiKernel *supported[G_N_ELEMENTS(known) + 1];

static void list_supported(void) {
        size_t n = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(known); i++)
                if (known[i]->supported())
                        supported[n++] = known[i];
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
