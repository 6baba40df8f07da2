/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/bench/sample.h"
#include "tests/bench/work.h"

/* One line of the table of one core: a loop, a script or a kernel, and what was measured of it. */
typedef struct BenchContender {
        const char *id;      /* in the JSON */
        char *name;          /* in the table */
        BenchWork work;
        const char *script;  /* instead of work, or NULL */
        char *who;           /* what ran the script, with its version */
        char *absent;        /* why there is nothing to measure, or NULL */
        uint64_t terms;      /* of one sum */
        guint sums;          /* in one run, so that it is long enough to be timed */
        BenchSample *rate;   /* Gterm/s */
        BenchSample *cycles; /* for a group of 8 terms; NAN where the clock is not known */
        double error;        /* of pi, from rounding alone */
} BenchContender;

/* All of them, in the order of the table. The array frees what it holds. */
GPtrArray *bench_contenders_new(void);

/* The one with this id; there must be one. */
BenchContender *bench_contenders_find(const GPtrArray *contenders, const char *id);

/* Runs it once without measuring, to see whether it is there and how many sums make a run. */
void bench_contender_warm_up(BenchContender *c);

/* Runs it once and adds to its samples. A wrong sum ends the program. */
void bench_contender_run(BenchContender *c);
