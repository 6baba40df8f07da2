/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/settings/settings.h"

/* One launch of an engine: orders of the daemon in, reports out, and a command between them. */
typedef struct PiLaunch PiLaunch;

typedef struct PiLaunchOps {
        /* What is to be executed, now that an order has come. The settings are the launch's then;
         * so is *argv, to be freed with g_strfreev(). */
        PiSettings *(*prepare)(char ***ret_argv, GError **error, gpointer userdata);
        /* The last line is written, or nobody reads it. */
        void (*done)(gpointer userdata);
} PiLaunchOps;

/* Orders come from `in`, reports go to `out`; `signals` is that of pi_child_prepare(). Takes all
 * three. */
PiLaunch *pi_launch_new(int in, int out, int signals, const PiLaunchOps *ops, gpointer userdata);

/* Nothing of the command is left once it is done. */
void pi_launch_free(PiLaunch *launch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiLaunch, pi_launch_free)

/* Ends it soon, as if the daemon had gone; `why` is for the last line. */
void pi_launch_end(PiLaunch *launch, const char *why);
