/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "tests/bench/figures.h"
#include "tests/bench/machine.h"
#include "tests/bench/table.h"

/* Contenders of a comparison run by turns, in a new order each round, after one run that does not
 * count. Figures are medians, with the range of all rounds; this many, or more. */
#define BENCH_ROUNDS 7

typedef struct Bench {
        BenchMachine *machine;
        BenchFigures *figures;
        BenchTable *costs; /* what the service adds to the sum itself; rows from several parts */
        sd_bus *client;    /* of a private daemon with a worker for each CPU */
} Bench;

/* A row of the costs: the median and range of a sample, in `unit`, and the goal set for it. */
void bench_add_cost(Bench *b, const char *id, const char *name, const char *unit,
                    const BenchSample *sample, const char *goal);

/* The parts of the benchmark, each in a file of its own. */
void bench_one_core(Bench *b);
void bench_verification(Bench *b);
void bench_all_cores(Bench *b);
void bench_parts(Bench *b);
void bench_latency(Bench *b);

/* Seconds of a ComputePi; ends the program if it fails or gives another value. */
double bench_compute(sd_bus *client, uint64_t terms, const char *options);
