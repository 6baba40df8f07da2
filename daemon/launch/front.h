/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/engine.h"

/* The site's engine, as the daemon has it: what it takes is loaded for the first launch. */
typedef struct PiLaunchFront PiLaunchFront;

/* `user`: pi-computed-engine is a program that this process starts, the one beside its own; else
 * systemd starts it. */
PiLaunchFront *pi_launch_front_new(gboolean user);
void pi_launch_front_free(PiLaunchFront *front);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiLaunchFront, pi_launch_front_free)

/* Lives as long as the front. */
const PiEngine *pi_launch_front_engine(PiLaunchFront *front);
