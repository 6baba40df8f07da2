/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/launch/module.h"

/* The one symbol of the module that others see. */
__attribute__((visibility("default"))) const PiLaunchModule pi_launch_module = {
        .new = pi_launcher_new,
        .free = pi_launcher_free,
        .engine = pi_launcher_engine,
};
