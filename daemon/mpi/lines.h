/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Lines as they come from a descriptor that does not block. */
typedef struct PiLineInput {
        int fd;
        gboolean ended; /* nothing more will come */
        GString *rest;  /* what has come and is no line yet */
} PiLineInput;

void pi_line_input_init(PiLineInput *input, int fd);
void pi_line_input_clear(PiLineInput *input);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PiLineInput, pi_line_input_clear)

/* The next line without its newline, the caller's; NULL when there is none now, or with an error:
 * PI_ERROR_INVALID_OPTION for one that is too long, PI_ERROR_FAILED when reading fails. */
char *pi_line_input_next(PiLineInput *input, GError **error);
