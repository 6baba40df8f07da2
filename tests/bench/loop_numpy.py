#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The sum by numpy: loop_numpy.py TERMS prints seconds, the sum and who summed.

Ends with status 77 and the reason where there is no numpy.
"""

import sys
import time

try:
    import numpy
except ImportError as error:
    print(error)
    sys.exit(77)

BLOCK_PAIRS = 16384    # 128 KiB a vector: the three at work fit the second cache of most CPUs


def in_blocks(terms):
    """One division for two terms, the vectors written in place."""
    total = 0.0
    offsets = 4.0 * numpy.arange(BLOCK_PAIRS) + 1.0
    d = numpy.empty(BLOCK_PAIRS)
    q = numpy.empty(BLOCK_PAIRS)
    for pair in range(0, terms // 2, BLOCK_PAIRS):
        n = min(BLOCK_PAIRS, terms // 2 - pair)
        numpy.add(offsets, 4.0 * pair, out=d)
        numpy.add(d, 2.0, out=q)
        numpy.multiply(q, d, out=q)
        numpy.divide(2.0, q, out=q)
        total += float(q[:n].sum())
    return total


start = time.perf_counter()
value = in_blocks(int(sys.argv[1]))
seconds = time.perf_counter() - start
print(f'{seconds!r} {value!r} numpy {numpy.__version__}')
