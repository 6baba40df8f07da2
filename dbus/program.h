/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The command line of a program that serves or asks a bus. */
typedef struct PiProgram {
        gboolean user; /* the session bus; else the system bus */
        gboolean system;
        gboolean version;
} PiProgram;

/* Reads the options that all of them have, --system, --user and --version, and those of `entries`
 * (ended by {}). Errors: those of GOption, PI_ERROR_INVALID_OPTION. */
gboolean pi_program_parse(PiProgram *program, const char *summary, const GOptionEntry *entries,
                          int *argc, char ***argv, GError **error);

/* Whether an error is one of the command line, for which programs end with status 2. */
gboolean pi_program_is_usage(const GError *error);
