/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <math.h>
#include <stdint.h>

#include "tests/bench/core.h"
#include "tests/bench/sample.h"

/* The best of some short slices: whatever else the CPU does only makes them longer. */
#define SLICES 4
#define CHAIN_TURNS 16384
#define CHAIN_LINKS 32
#define DIVISION_TURNS 8192
#define DIVISIONS 8

/* A register added to a register: some cores do additions of a constant in no time at all. */
#define ADD "add %1, %0\n\t"
#define ADD8 ADD ADD ADD ADD ADD ADD ADD ADD

static double chain_seconds(void) {
        uint64_t sum = 0;
        double start = bench_seconds();

        for (unsigned i = 0; i < CHAIN_TURNS; i++)
                __asm__ volatile(ADD8 ADD8 ADD8 ADD8 : "+r"(sum) : "r"((uint64_t) 3) : "cc");
        return bench_seconds() - start;
}

double bench_core_ghz(void) {
        double best = INFINITY;

        for (int i = 0; i < SLICES; i++)
                best = MIN(best, chain_seconds());
        return (double) CHAIN_TURNS * CHAIN_LINKS / best / 1e9;
}

/* Operands with all bits in use: a divider may be done sooner with round numbers. */
static const double dividend = 0x1.921fb54442d18p1, divisor = 0x1.5bf0a8b145769p1;

#define CLOBBERS                                                                           \
        "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9"

#define DIVIDE(v, to) "vdivpd %%" v "1, %%" v "0, %%" v to "\n\t"
#define DIVIDE_TURNS(v)                                                                    \
        "vbroadcastsd %1, %%" v "0\n\t"                                                    \
        "vbroadcastsd %2, %%" v "1\n\t"                                                    \
        "1:\n\t" DIVIDE(v, "2") DIVIDE(v, "3") DIVIDE(v, "4") DIVIDE(v, "5")               \
        DIVIDE(v, "6") DIVIDE(v, "7") DIVIDE(v, "8") DIVIDE(v, "9")                        \
        "dec %0\n\t"                                                                       \
        "jnz 1b\n\t"                                                                       \
        /* Or the code that follows, which knows no such registers, runs slower. */        \
        "vzeroupper\n\t"

__attribute__((target("avx512f"))) static void divide_zmm(unsigned turns) {
        __asm__ volatile(DIVIDE_TURNS("zmm")
                         : "+r"(turns)
                         : "m"(dividend), "m"(divisor)
                         : CLOBBERS);
}

__attribute__((target("avx"))) static void divide_ymm(unsigned turns) {
        __asm__ volatile(DIVIDE_TURNS("ymm")
                         : "+r"(turns)
                         : "m"(dividend), "m"(divisor)
                         : CLOBBERS);
}

#define DIVIDE_IN_PLACE(to) "movapd %%xmm0, %%xmm" to "\n\tdivpd %%xmm1, %%xmm" to "\n\t"

static void divide_xmm(unsigned turns) {
        __asm__ volatile("movsd %1, %%xmm0\n\tunpcklpd %%xmm0, %%xmm0\n\t"
                         "movsd %2, %%xmm1\n\tunpcklpd %%xmm1, %%xmm1\n\t"
                         "1:\n\t" DIVIDE_IN_PLACE("2") DIVIDE_IN_PLACE("3")
                         DIVIDE_IN_PLACE("4") DIVIDE_IN_PLACE("5") DIVIDE_IN_PLACE("6")
                         DIVIDE_IN_PLACE("7") DIVIDE_IN_PLACE("8") DIVIDE_IN_PLACE("9")
                         "dec %0\n\tjnz 1b\n\t"
                         : "+r"(turns)
                         : "m"(dividend), "m"(divisor)
                         : CLOBBERS);
}

typedef struct Divider {
        const char *name;
        unsigned doubles;
        void (*divide)(unsigned turns);
} Divider;

static Divider widest(void) {
        if (__builtin_cpu_supports("avx512f"))
                return (Divider) { "vdivpd zmm", 8, divide_zmm };
        if (__builtin_cpu_supports("avx"))
                return (Divider) { "vdivpd ymm", 4, divide_ymm };
        return (Divider) { "divpd xmm", 2, divide_xmm };
}

double bench_core_division_seconds(const char **ret_name, unsigned *ret_doubles) {
        Divider d = widest();
        double best = INFINITY;

        *ret_name = d.name;
        *ret_doubles = d.doubles;
        for (int i = 0; i < SLICES; i++) {
                double start = bench_seconds();

                d.divide(DIVISION_TURNS);
                best = MIN(best, bench_seconds() - start);
        }
        return best / DIVISION_TURNS / DIVISIONS;
}
