/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/options.h"

/* The command that shows the journal's records about a job; NULL where there is no journal to ask:
 * that of a user there is only if `user_manager`. */
char *pi_journal_command(const PiOptions *options, guint64 job, gboolean user_manager);

/* Whether a systemd of the calling user runs here. */
gboolean pi_journal_has_user_manager(void);
