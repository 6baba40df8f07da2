/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* What one of the scripts beside this file measured of itself. */
typedef struct BenchScriptRun {
        double seconds; /* without the start of the interpreter */
        double value;   /* of the sum */
        char *who;      /* "CPython 3.11.2"; the caller frees it */
} BenchScriptRun;

/* Runs $PI_SOURCE_ROOT/tests/bench/SCRIPT with the system's python3, on the CPUs of the calling
 * thread. FALSE with the reason when there is no Python or not what the script needs. */
gboolean bench_script_run(const char *script, uint64_t terms, BenchScriptRun *ret,
                          char **ret_reason);
