/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/settings/settings.h"

/* Ranks that the settings ask for. */
uint32_t pi_command_ranks(const PiSettings *settings);

/* The program of the engine: that of the settings, else that in `directory` for the MPI of the
 * launcher, or for any MPI if any will do. NULL when none of them can be executed: errors
 * PI_ERROR_INVALID_SETTING, with what to install or to set. */
char *pi_command_helper(const PiSettings *settings, const char *directory, GError **error);

/* What is to be executed, with the engine `helper`; its first word is the path of a program. To be
 * freed with g_strfreev(). Errors: PI_ERROR_INVALID_SETTING. */
char **pi_command_argv(const PiSettings *settings, const char *helper, GError **error);

/* What of an environment is passed on: all but what systemd tells a service about itself. To be
 * freed with g_strfreev(). */
char **pi_command_environment(const char *const *environment);
