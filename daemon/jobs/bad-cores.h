/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* The record of the cores that were taken out of service, which survives restarts: a key file
 * "bad-cores" with a group for each CPU. For the main thread. */
typedef struct PiBadCores PiBadCores;

#define PI_BAD_CORES_MAX 1024

typedef struct PiBadCore {
        uint32_t cpu;
        uint64_t since_usec; /* CLOCK_REALTIME */
        uint64_t job;        /* in which it calculated wrongly */
} PiBadCore;

/* Reads the record in `directory`, which need not be there before something is written to it; NULL
 * keeps the record in memory. Never NULL. A file that cannot be read counts as none, one that is
 * damaged is renamed to "bad-cores.damaged": *error then says so. */
PiBadCores *pi_bad_cores_open(const char *directory, GError **error);
void pi_bad_cores_free(PiBadCores *cores);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiBadCores, pi_bad_cores_free)

/* The cores in the text of such a file, PiBadCore by number. All of it or nothing, NULL: what is
 * half understood may be wrong about the other half. */
GArray *pi_bad_cores_parse(const char *text, gsize length);

/* The cores on record, by number; the array is the record's, and lives until it changes. */
const PiBadCore *pi_bad_cores_list(const PiBadCores *cores, guint *ret_n);
const PiBadCore *pi_bad_cores_find(const PiBadCores *cores, uint32_t cpu);

/* Take a core, replacing what is there of it, or take it away again. The record in memory is always
 * right; FALSE and an error, the first time, when it could not be written. */
gboolean pi_bad_cores_add(PiBadCores *cores, const PiBadCore *core, GError **error);
gboolean pi_bad_cores_remove(PiBadCores *cores, uint32_t cpu, GError **error);
