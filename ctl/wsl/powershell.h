/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/wsl/host.h"

/* Where the drive of Windows is mounted, "/mnt/c": the one that has a powershell.exe. NULL for
 * none. */
char *pi_windows_drive(const PiWslHost *host);

/* The path here of one of Windows, "C:\Users\Ada". PI_ERROR_FAILED if it is no full path. */
char *pi_windows_path(PiWslHost *host, const char *path, GError **error);

/* Whether Linux runs Windows programs: the registration in binfmt_misc is there and enabled. */
gboolean pi_windows_has_interop(const PiWslHost *host);

/* Has Windows' PowerShell run a script and gives what it printed. `script` comes from script.h;
 * nothing of others stands in it that was not parsed. */
char *pi_windows_run(PiWslHost *host, const char *script, GError **error);

/* The same as an administrator: Windows asks the person at its desktop, and nothing is given back
 * but whether it went well. */
gboolean pi_windows_run_elevated(PiWslHost *host, const char *script, GError **error);

/* Whether such a script is short enough: PI_ERROR_INVALID_OPTION if not. */
gboolean pi_windows_may_elevate(const char *script, GError **error);

/* base64 of UTF-16LE, what -EncodedCommand takes. */
char *pi_windows_encode(const char *script);
