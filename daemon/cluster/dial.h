/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* A connection attempt to the first of a node's addresses that answers, tried one after the other,
 * each for PI_DIAL_USEC at most. For the main thread. */
typedef struct PiDial PiDial;

#define PI_DIAL_USEC (3 * G_USEC_PER_SEC)

/* Either a descriptor, which is the callee's to close, or why none of the addresses answered: a
 * PI_ERROR_FAILED that names each of them. Never called from within pi_dial_new(); frees the dial
 * afterwards. */
typedef void (*PiDialled)(int fd, const GError *error, gpointer userdata);

/* `addresses`: as of pi_address_parse(), NULL-terminated. */
PiDial *pi_dial_new(const char *const *addresses, PiDialled dialled, gpointer userdata);
/* Gives it up; nobody is called. Not after it has called back. */
void pi_dial_cancel(PiDial *dial);
