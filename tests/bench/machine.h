/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The machine that figures are of. */
typedef struct BenchMachine {
        char *cpu; /* its model, as the kernel names it */
        gboolean is_virtual;
        guint n_cpus; /* that this process may use */
        char *os; /* kernel and its release */
        const char *compiler; /* of this program and of the loops in it */
        double load;          /* mean of the last minute before the run, not of this program */
} BenchMachine;

BenchMachine *bench_machine_new(void);
void bench_machine_free(BenchMachine *m);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BenchMachine, bench_machine_free)

/* Holds the calling thread, and what it starts, to the first CPU it may use; and lets it go to all
 * of them again. */
void bench_machine_pin(void);
void bench_machine_unpin(void);

/* CPU time in seconds that the host has kept from all CPUs since boot. */
double bench_machine_stolen_seconds(void);
