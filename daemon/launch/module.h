/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/launch/launch.h"

/* Few machines have an engine of their site, and the library that reads its lines takes memory:
 * what does is a module, which the daemon loads for the first launch. */
typedef struct PiLaunchModule {
        __typeof__(pi_launcher_new) *new;
        __typeof__(pi_launcher_free) *free;
        __typeof__(pi_launcher_engine) *engine;
} PiLaunchModule;

#define PI_LAUNCH_MODULE_FILE "pi-computed-launch.so" /* where the run path of the program says */
#define PI_LAUNCH_MODULE_SYMBOL "pi_launch_module"
extern const PiLaunchModule pi_launch_module;
