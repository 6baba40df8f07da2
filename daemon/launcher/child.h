/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* A command, and whatever it starts. */
typedef struct PiChild {
        GPid pid; /* and process group, and session */
        int in, out, err;
} PiChild;

/* Makes this process the parent of what its children leave behind, and blocks SIGCHLD, which comes
 * by the descriptor that it returns; or a negative errno. */
int pi_child_prepare(void);

/* Starts a program, without a shell, in a session of its own. It dies with this process. The
 * caller closes the descriptors. Errors: PI_ERROR_FAILED. */
gboolean pi_child_start(PiChild *ret, char **argv, char **environment, GError **error);

/* Sends SIGKILL to every child of this process. What they leave becomes a child as they die, with
 * another SIGCHLD: who calls it then again leaves nothing. Nobody else's process is met, since a
 * child's number is free only when this process has waited for it. */
void pi_child_kill_all(void);
