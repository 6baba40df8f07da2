/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bench/loop-body.h"
#include "tests/bench/loops.h"

/* Neither gcc 12 nor clang 14 makes vectors of it, as the disassembly shows: gcc leaves one vdivsd
 * a term, because the sign is carried from turn to turn; clang unrolls the loop and leaves as many
 * vdivsd as terms. Hence it takes as long as at -O2. bench_loop_two_terms() is what it takes. */
double bench_loop_plain_fast(uint64_t begin, uint64_t end) {
        return bench_term_by_term(begin, end);
}
