/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* How many bytes of messages were handed to a bus and have not left it. sd-bus limits their number
 * alone, and that to hundreds of thousands. */
typedef struct PiBacklog PiBacklog;

PiBacklog *pi_backlog_new(void);
void pi_backlog_free(PiBacklog *backlog);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiBacklog, pi_backlog_free)

void pi_backlog_add(PiBacklog *backlog, uint32_t serial, gsize bytes);
/* The message of that serial has left, hence all before it. */
void pi_backlog_passed(PiBacklog *backlog, uint32_t serial);
gsize pi_backlog_bytes(const PiBacklog *backlog);
