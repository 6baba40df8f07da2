/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>

/* Two bus connections with nothing but a socket pair between them. */
typedef struct Link {
        sd_bus *server;
        sd_bus *client;
} Link;

#define assert_ok(r)                                                                    \
        G_STMT_START {                                                                  \
                int r_ = (r);                                                           \
                if (r_ < 0)                                                             \
                        g_error("%s:%d: %s: %s", __FILE__, __LINE__, #r, g_strerror(-r_)); \
        } G_STMT_END

static inline void link_open(Link *l) {
        int fd[2];
        sd_id128_t id;

        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd), ==,
                        0);
        assert_ok(sd_id128_randomize(&id));
        assert_ok(sd_bus_new(&l->server));
        assert_ok(sd_bus_set_fd(l->server, fd[0], fd[0]));
        assert_ok(sd_bus_set_server(l->server, 1, id));
        assert_ok(sd_bus_set_anonymous(l->server, 1));
        assert_ok(sd_bus_start(l->server));
        assert_ok(sd_bus_new(&l->client));
        assert_ok(sd_bus_set_fd(l->client, fd[1], fd[1]));
        assert_ok(sd_bus_set_anonymous(l->client, 1));
        assert_ok(sd_bus_start(l->client));
}

static inline void link_close(Link *l) {
        l->client = sd_bus_close_unref(l->client);
        l->server = sd_bus_close_unref(l->server);
}
