/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/bench/machine.h"
#include "tests/bench/sample.h"

/* All figures of a run, the machine and the program they are of, for programs: written as JSON to
 * $PI_BENCH_DIR/bench.json. */
typedef struct BenchFigures BenchFigures;

BenchFigures *bench_figures_new(const BenchMachine *m);

/* `what` was measured, of `subject`, in `group`; from a sample the median, range and number of
 * runs. */
void bench_figures_add(BenchFigures *f, const char *group, const char *subject, const char *what,
                       const char *unit, const BenchSample *sample);
void bench_figures_add_value(BenchFigures *f, const char *group, const char *subject,
                             const char *what, const char *unit, double value);

/* Writes and frees; the exit status for main(). */
int bench_figures_finish(BenchFigures *f);
