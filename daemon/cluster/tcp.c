/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Not <netinet/tcp.h>, which is another struct tcp_info and lacks the counters of bytes; the two do
 * not go together in one file. */
#include "daemon/cluster/tcp.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define KEEPALIVE_IDLE_SEC 2
#define KEEPALIVE_INTERVAL_SEC 1
#define KEEPALIVE_PROBES 3
#define USER_TIMEOUT_MSEC 4000

gboolean pi_tcp_look(int fd, PiTcpState *ret) {
        struct tcp_info info = {};
        socklen_t size = sizeof(info);
        int unacknowledged = 0;

        if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) < 0 ||
            size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(uint64_t))
                return FALSE;
        *ret = (PiTcpState) {
                .bytes_acked = info.tcpi_bytes_acked,
                .bytes_received = info.tcpi_bytes_received,
                .sending = ioctl(fd, SIOCOUTQ, &unacknowledged) == 0 && unacknowledged > 0,
                .mtu = info.tcpi_pmtu,
        };
        return TRUE;
}

static void set(int fd, int level, int option, int value) {
        (void) setsockopt(fd, level, option, &value, sizeof(value));
}

void pi_tcp_prepare(int fd) {
        set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
        set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_SEC);
        set(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_SEC);
        set(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
        set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, USER_TIMEOUT_MSEC);
}
