/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The figures of one benchmark: printed as a table, written as JSON to $PI_BENCH_DIR/NAME.json. */
typedef struct BenchFigures BenchFigures;

BenchFigures *bench_figures_new(const char *name);

/* `note` is for the table only. */
void bench_figures_add(BenchFigures *f, const char *name, double value, const char *unit,
                       const char *note);

/* Prints, writes and frees; the exit status for main(). */
int bench_figures_finish(BenchFigures *f);

/* Of `n` values, which get sorted. */
double bench_quantile(double *values, gsize n, double q);

double bench_seconds(void);
