/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#define PI_PROGRAM_OUTPUT_MAX (1024 * 1024)

/* Runs a program by its full path, in `folder` unless that is NULL, with nothing on its standard
 * input, and gives what it printed, without carriage returns and byte order mark. PI_ERROR_FAILED,
 * and an error that names the program and what it said: if it cannot be started, ends with a status
 * other than 0, prints more than PI_PROGRAM_OUTPUT_MAX or what is no UTF-8, or does not end within
 * `seconds`; it is killed then. So if its status cannot be had, as where SIGCHLD is ignored. */
char *pi_program_run(const char *const *argv, const char *folder, guint seconds, GError **error);
