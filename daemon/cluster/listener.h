/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* The TCP port of the node, or the sockets that systemd opened for it: accepts connections. Whoever
 * has them keeps strangers from taking the room of members (strangers.h). For the main thread. */
typedef struct PiListener PiListener;

/* A new connection: the callee's to close. The listener may be freed from within. */
typedef void (*PiAccepted)(int fd, gpointer userdata);

/* Listens on every address of the machine at `port`, 0 for a free one; `sockets`: instead of that,
 * on these of systemd, n_sockets of them, which remain the caller's. Errors: PI_ERROR_FAILED with
 * the port, why not and what to do. */
PiListener *pi_listener_new(uint16_t port, const int *sockets, gsize n_sockets,
                            PiAccepted accepted, gpointer userdata, GError **error);
void pi_listener_free(PiListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiListener, pi_listener_free)
uint16_t pi_listener_port(const PiListener *listener);
