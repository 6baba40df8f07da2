/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Tells, in the main loop, that somebody has changed packet filters: some 200 ms after the first of
 * a run of changes, and so at most five times a second. It takes CAP_NET_ADMIN. */
typedef struct PiWatch PiWatch;

PiWatch *pi_watch_new(void (*changed)(gpointer userdata), gpointer userdata, GError **error);
void pi_watch_free(PiWatch *watch);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiWatch, pi_watch_free)
