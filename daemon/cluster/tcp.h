/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* What the kernel knows of a TCP connection. */
typedef struct PiTcpState {
        uint64_t bytes_acked;    /* sent by us, and the other kernel has them */
        uint64_t bytes_received;
        gboolean sending;        /* some that we sent are not acknowledged */
        uint32_t mtu;            /* of the path */
} PiTcpState;

/* FALSE if the kernel does not say. */
gboolean pi_tcp_look(int fd, PiTcpState *ret);

/* Small messages go at once, and a path that is cut is noticed within some 4 s. An option that the
 * kernel lacks is let pass: the link's pings notice, too. */
void pi_tcp_prepare(int fd);
