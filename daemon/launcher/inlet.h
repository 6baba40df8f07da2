/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Lines that come from a descriptor of which it has the end, on the main context. */
typedef struct PiInlet PiInlet;

typedef struct PiInletOps {
        /* A line without its newline. Of one that is longer than the inlet takes the beginning
         * comes, and is_cut. Must not free the inlet. */
        void (*line)(const char *text, gsize length, gboolean is_cut, gpointer userdata);
        /* Nothing more will come. The last line may have had no newline. */
        void (*end)(gpointer userdata);
} PiInletOps;

/* Takes the descriptor, closes it, and makes it non-blocking. */
PiInlet *pi_inlet_new(int fd, gsize line_max, const PiInletOps *ops, gpointer userdata);
void pi_inlet_free(PiInlet *inlet);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiInlet, pi_inlet_free)

/* Reads nothing more until told otherwise; what has been read comes all the same: 64 KiB. */
void pi_inlet_pause(PiInlet *inlet, gboolean paused);

gboolean pi_inlet_has_ended(const PiInlet *inlet);
