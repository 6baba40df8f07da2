/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Bytes to a descriptor that need not take them at once, on the main context. */
typedef struct PiOutlet PiOutlet;

typedef struct PiOutletOps {
        /* All is written. */
        void (*drained)(gpointer userdata);
        /* Whoever read is gone: nothing more is written. */
        void (*broken)(gpointer userdata);
} PiOutletOps;

/* Takes the descriptor, closes it, and makes it non-blocking. `ops` may be NULL. */
PiOutlet *pi_outlet_new(int fd, const PiOutletOps *ops, gpointer userdata);
void pi_outlet_free(PiOutlet *outlet);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiOutlet, pi_outlet_free)

/* To be written when the reader takes it. FALSE: it is closed, or the reader gone. Who puts has to
 * keep the backlog short. */
gboolean pi_outlet_put(PiOutlet *outlet, const char *text, gsize length);

/* Bytes that wait. */
gsize pi_outlet_backlog(const PiOutlet *outlet);

/* Closes it at once, and drops what waits; twice is as good as once. */
void pi_outlet_close(PiOutlet *outlet);
