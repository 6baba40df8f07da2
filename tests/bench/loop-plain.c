/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/loop-body.h"
#include "tests/bench/loops.h"

double bench_loop_plain(uint64_t begin, uint64_t end) {
        return bench_term_by_term(begin, end);
}
