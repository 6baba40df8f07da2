/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* A main loop that runs until one answer of the service has come or the person has had enough. */
typedef struct PiWait {
        GMainLoop *loop;
        guint signal_sources[2];
        int signal; /* SIGINT or SIGTERM when one ended it */
        GVariant *reply;
        GError *error;
} PiWait;

void pi_wait_init(PiWait *wait);
/* Does nothing to one that is all zero. */
void pi_wait_clear(PiWait *wait);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PiWait, pi_wait_clear)

/* A PiReplyFunc with the PiWait as userdata: keeps the answer and ends the loop. */
void pi_wait_answer(GVariant *reply, const GError *error, gpointer wait);

/* Returns when there is a reply, an error or a signal. */
void pi_wait_run(PiWait *wait);
