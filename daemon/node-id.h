/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* 32 hex digits that name this node: the same after every restart, and telling nothing of the
 * machine id they come from. On a machine without one they are good for this run only. To be freed
 * with g_free(). */
char *pi_node_id(void);
