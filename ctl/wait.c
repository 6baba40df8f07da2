/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wait.h"

#include <glib-unix.h>
#include <signal.h>

static gboolean on_interrupt(gpointer userdata) {
        PiWait *wait = userdata;
        wait->signal = SIGINT;
        g_main_loop_quit(wait->loop);
        return G_SOURCE_CONTINUE;
}

static gboolean on_terminate(gpointer userdata) {
        PiWait *wait = userdata;
        wait->signal = SIGTERM;
        g_main_loop_quit(wait->loop);
        return G_SOURCE_CONTINUE;
}

void pi_wait_init(PiWait *wait) {
        *wait = (PiWait) { .loop = g_main_loop_new(NULL, FALSE) };
        wait->signal_sources[0] = g_unix_signal_add(SIGINT, on_interrupt, wait);
        wait->signal_sources[1] = g_unix_signal_add(SIGTERM, on_terminate, wait);
}

void pi_wait_clear(PiWait *wait) {
        if (!wait->loop)
                return;
        for (gsize i = 0; i < G_N_ELEMENTS(wait->signal_sources); i++)
                g_source_remove(wait->signal_sources[i]);
        g_clear_pointer(&wait->loop, g_main_loop_unref);
        g_clear_pointer(&wait->reply, g_variant_unref);
        g_clear_error(&wait->error);
}

void pi_wait_answer(GVariant *reply, const GError *error, gpointer userdata) {
        PiWait *wait = userdata;

        wait->reply = reply ? g_variant_ref(reply) : NULL;
        wait->error = error ? g_error_copy(error) : NULL;
        g_main_loop_quit(wait->loop);
}

void pi_wait_run(PiWait *wait) {
        if (!wait->reply && !wait->error)
                g_main_loop_run(wait->loop);
}
