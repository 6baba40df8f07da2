#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes known-values.h: values the tests compare with, from exact rationals and a second
implementation of docs/numerics.md that shares nothing with the C code.
Run: ./known-values.py > known-values.h"""

import random
import struct
from fractions import Fraction
from functools import lru_cache

from mpmath import mp, mpf, eulernum

mp.prec = 600
ULP = 2**160
QUANTISER = 1.5 * 2.0**52


def nearest(x):
    """The integer nearest to a rational, halves away from zero."""
    n = abs(x) * 2 + 1
    n = n.numerator // (2 * n.denominator) if isinstance(n, Fraction) else n // 2
    return n if x >= 0 else -n


def hexa(n):
    return '"%048x"' % (n % 2**192)


def term(i):
    return Fraction(-1 if i % 2 else 1, 2 * i + 1)


def bits(x):
    return struct.unpack('<Q', struct.pack('<d', x))[0]


@lru_cache(maxsize=None)
def group(g):
    """One group in ulps, as the contract defines it."""
    if g < 2**14:
        return sum(
            nearest(Fraction(2 * ULP, d * (d + 2))) for d in range(16 * g + 1, 16 * g + 17, 4)
        )
    octave = g.bit_length() - 1
    scale = 56 + 2 * octave
    c = float(16 * g + 8)
    assert int(c) == 16 * g + 8
    q = 2.0 ** (scale + 3) / (c * c - 61.0)
    n = bits(q + QUANTISER) - bits(QUANTISER)
    assert 2**49 <= n < 2**51
    return n << (160 - scale)


def contract(begin, end):
    total = sum(group(g) for g in range(begin // 8, end // 8))
    for i in range(end // 8 * 8, end):
        total += nearest(Fraction(ULP, 2 * i + 1)) * (-1 if i % 2 else 1)
    return total


def true_sum(n):
    """The sum of the first n terms to 500 bits or exactly."""
    if n <= 2000:
        return sum((term(i) for i in range(n)), Fraction(0))
    # The terms of the asymptotic series shrink until their index nears pi n.
    tail = sum(mpf(int(eulernum(2 * m))) / mpf(2 * n) ** (2 * m + 1) for m in range(40)) / 2
    return mp.pi / 4 - (tail if n % 2 == 0 else -tail)


def check_true_sum():
    exact = sum((term(i) for i in range(3001)), Fraction(0))
    assert abs(true_sum(3001) - mpf(exact.numerator) / exact.denominator) < mpf(2) ** -300


def decimals(x, n=45):
    """4x cut to n decimals."""
    if isinstance(x, Fraction):
        scaled = 4 * x * 10**n
        scaled = scaled.numerator // scaled.denominator
    else:
        scaled = int(mp.floor(4 * x * mpf(10) ** n))
    text = str(scaled)
    return text[:-n] + '.' + text[-n:]


def table(kind, name, rows):
    print('\nstatic const %s %s[] = {' % (kind, name))
    for r in rows:
        line = '        { ' + ', '.join(r) + ' },'
        if len(line) > 98:
            line = '        { ' + ',\n          '.join(r) + ' },'
        print(line)
    print('};')


def u64(n):
    return 'UINT64_C(%d)' % n


def main():
    rnd = random.Random(31415)
    check_true_sum()
    print('/* SPDX-License-Identifier: GPL-2.0-or-later */')
    print('/* Written by known-values.py; do not edit. */')
    print('#pragma once\n\n#include <stdint.h>')
    print('''
typedef struct KnownRatio {
        uint32_t numerator;
        uint64_t denominator;
        const char *hex;
} KnownRatio;

typedef struct KnownProduct {
        const char *a;
        const char *b;
        const char *product;
} KnownProduct;

typedef struct KnownDouble {
        const char *hex;
        double nearest;
} KnownDouble;

typedef struct KnownSum {
        uint64_t begin;
        uint64_t end;
        const char *hex;
} KnownSum;

typedef struct KnownDigits {
        uint64_t terms;
        const char *digits;
} KnownDigits;''')

    dens = [1, 2, 3, 4, 5, 7, 9, 2**32 - 1, 2**32, 2**63, 2**63 + 1, 2**64 - 1, 20000000000000001]
    dens += [rnd.getrandbits(rnd.randint(2, 64)) | 1 for _ in range(20)]
    rows = []
    for d in dens:
        n = rnd.choice([1, 2, 2**31 - 1, rnd.getrandbits(31)])
        rows.append((str(n) + 'u', u64(d), hexa(nearest(Fraction(n * ULP, d)))))
    table('KnownRatio', 'known_ratios', rows)

    rows = []
    for _ in range(25):
        a = rnd.getrandbits(rnd.randint(100, 175)) * rnd.choice([1, -1])
        b = rnd.getrandbits(rnd.randint(100, 175)) * rnd.choice([1, -1])
        p = nearest(Fraction(a * b, ULP))
        assert abs(p) < 2**191
        rows.append((hexa(a), hexa(b), hexa(p)))
    table('KnownProduct', 'known_products', rows)

    values = [
        1,
        2**53 + 1,
        2**53 + 3,
        2**54 + 2,
        2**54 + 6,
        2**64 + 2**11,
        2**64 + 2**11 + 1,
        2**191 - 1,
        -(2**191),
        (2**53 + 1) << 100,
        ((2**53 + 1) << 100) + 1,
        ULP,
        -ULP,
    ]
    values += [rnd.getrandbits(rnd.randint(1, 191)) * rnd.choice([1, -1]) for _ in range(20)]
    rows = [(hexa(v), float(Fraction(v, ULP)).hex()) for v in values]
    table('KnownDouble', 'known_doubles', rows)

    print('\n/* The bits docs/numerics.md demands. */', end='')
    head = 2**17
    top = 10**16
    ranges = [
        (0, 1),
        (0, 2),
        (0, 7),
        (0, 8),
        (0, 9),
        (0, 1000),
        (800, 2007),
        (0, head),
        (0, head + 8),
        (head - 80, head + 83),
        (head, head + 8),
        (0, 2 * head - 1),
        (2 * head - 8, 2 * head + 8),
        (0, 3 * head + 5),
        (2**30 - 8000, 2**30 + 8000),
        (2**40 - 72, 2**40 + 66),
        (2**53 - 4096, 2**53 + 4099),
        (top - 80000, top),
        (top - 8, top),
        (top - 4000, top - 1),
    ]
    for _ in range(12):
        a = rnd.randrange(2 ** rnd.randint(17, 53)) // 8 * 8
        ranges.append((a, a + rnd.randrange(4000)))
    table('KnownSum', 'known_sums', [(u64(a), u64(b), hexa(contract(a, b))) for a, b in ranges])

    print('\n/* True sums to the nearest ulp, term by term in exact rationals. */', end='')
    ranges = [
        (0, 0),
        (0, 1),
        (1, 2),
        (0, 999),
        (0, 1000),
        (0, 1001),
        (999, 1000),
        (999, 1001),
        (1000, 1001),
        (1000, 1900),
        (500, 1500),
        (1, 1999),
        (12345, 12345),
        (12345, 13344),
        (131071, 131081),
        (10**9, 10**9 + 700),
        (10**12 + 1, 10**12 + 502),
        (top - 300, top),
        (top - 1, top),
    ]
    rows = [
        (u64(a), u64(b), hexa(nearest(sum((term(i) for i in range(a, b)), Fraction(0)) * ULP)))
        for a, b in ranges
    ]
    table('KnownSum', 'true_sums', rows)

    print('\n/* Four times the true sum of the first terms, cut to 45 decimals. */', end='')
    terms = [
        1,
        2,
        3,
        7,
        8,
        9,
        10,
        100,
        999,
        1000,
        1001,
        4321,
        2**17,
        2**17 + 8,
        2**17 + 9,
        10**6,
        999999937,
        10**9,
        10**9 + 1,
        2**30,
        2**32,
        10**10,
    ]
    terms += [rnd.randrange(1, 2 ** rnd.randint(4, 28)) for _ in range(30)]
    table('KnownDigits', 'known_digits', [(u64(n), '"%s"' % decimals(true_sum(n))) for n in terms])


main()
