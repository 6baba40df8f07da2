/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "daemon/series/kernel.h"
#include "daemon/series/range.h"

typedef struct PiMpiOptions {
        gboolean version;
        gboolean by_stdin;     /* ranges come as orders; else `range` */
        PiRange range;
        uint64_t chunk;        /* terms, 0: chosen */
        uint32_t threads;
        uint32_t expect_ranks; /* 0: any number */
        int liar;              /* rank that spoils its sums, for tests; -1: none */
        const PiKernel *kernel;
        char **resume;         /* files; may be NULL */
} PiMpiOptions;

/* Errors: PI_ERROR_INVALID_OPTION and those of GOption, with the option, its value and range. */
gboolean pi_mpi_options_parse(PiMpiOptions *ret, int *argc, char ***argv, GError **error);
void pi_mpi_options_clear(PiMpiOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PiMpiOptions, pi_mpi_options_clear)
