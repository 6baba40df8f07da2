/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What every record says of the process it is from. */
typedef struct PiLog {
        char node_id[64];
        char unit[256]; /* "" unless systemd runs the process as a unit of its own */
        const char *unit_field;
} PiLog;

/* From now on all that is logged carries NODE_ID= and, in a unit, UNIT= or, under a user's systemd,
 * USER_UNIT=, as systemd's own records about the unit do. Once; `log` must live as long as the
 * process. */
void pi_log_begin(PiLog *log, const char *node_id);
