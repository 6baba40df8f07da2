/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/jobs.h"

/* Writes one journal record for each job that ends. Jobs that end well within a second are told at
 * level info only, which is off unless G_MESSAGES_DEBUG asks for it: they may be thousands a
 * second. */
extern const PiJobsListener pi_journal_listener;
