/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* A write of PI_ROSTER_FILE, by a thread of its own since a disk may take seconds. All functions
 * are for the main thread. */
typedef struct PiRosterWrite PiRosterWrite;

/* `directory`: NULL: nothing is to be written. `state`: what to write, which is taken over; NULL:
 * the file is to be removed. `wake` is made ready once it is done, maybe at once; it must last
 * until pi_roster_write_end(). */
PiRosterWrite *pi_roster_write_new(const char *directory, GVariant *state, GSource *wake);

/* Waits for it, but only so long, and frees it; a thread that is inside a system call goes on
 * alone. Returns NULL, or a PI_ERROR_FAILED: why it could not be written, or that the disk does not
 * answer. */
GError *pi_roster_write_end(PiRosterWrite *write, gint64 patience_usec);
