/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/engine.h"

/* Launches by way of pi-computed-engine(8), which systemd starts for whoever connects to its
 * socket. */
typedef struct PiLauncher PiLauncher;

/* `program`: path of pi-computed-engine, for this process to start; NULL: it is reached by
 * `socket`. */
PiLauncher *pi_launcher_new(const char *program, const char *socket);
void pi_launcher_free(PiLauncher *launcher);

/* Lives as long as the launcher. */
const PiEngine *pi_launcher_engine(PiLauncher *launcher);
