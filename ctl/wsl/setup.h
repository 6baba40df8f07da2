/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/output.h"
#include "ctl/wsl/plan.h"

/* pictl wsl setup: shows what would change, asks once, and does it: the two files, the logon entry,
 * and, with `elevate`, the rule of the Hyper-V firewall, whose script is printed else. With `print`
 * nothing is done. The exit status, or PI_VERB_ERROR. */
int pi_wsl_setup(PiWslHost *host, const PiWslWish *wish, PiOutput *out, GError **error);

/* pictl wsl undo: the opposite. Files that were edited since are left alone, and then nothing at
 * all is done, unless `force`. */
int pi_wsl_undo(PiWslHost *host, const PiWslWish *wish, PiOutput *out, GError **error);

/* pictl wsl status: what is, and what of it is ours. */
int pi_wsl_status(PiWslHost *host, PiOutput *out, GError **error);

/* Shows what was gathered and asks; TRUE for yes. `yes` and `json` stand for --yes and --json. */
gboolean pi_wsl_confirm(PiWslHost *host, const PiWslWish *wish, PiOutput *out, const char *question,
                        GError **error);

/* A script with its title, to be pasted. */
void pi_wsl_show_script(PiOutput *out, const char *title, const char *script);
