/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "tests/bench/loops.h"

double bench_loop_openmp(uint64_t begin, uint64_t end, int threads) {
        abort();
}

int bench_loop_has_openmp(void) {
        return 0;
}
