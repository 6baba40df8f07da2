#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The plain loop in Python: loop.py TERMS prints seconds, the sum and who summed."""

import platform
import sys
import time


def term_by_term(terms):
    total, sign = 0.0, 1.0
    for i in range(terms):
        total += sign / (2 * i + 1)
        sign = -sign
    return total


start = time.perf_counter()
value = term_by_term(int(sys.argv[1]))
seconds = time.perf_counter() - start
print(f'{seconds!r} {value!r} {platform.python_implementation()} {platform.python_version()}')
