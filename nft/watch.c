/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/watch.h"

#include <errno.h>
#include <glib-unix.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dbus/error.h"

/* A reload of all rules comes in many steps. */
#define SETTLE_MSEC 200

struct PiWatch {
        void (*changed)(gpointer userdata);
        gpointer userdata;
        int fd;
        guint source;
        guint settling; /* 0 when nothing has happened */
};

static gboolean on_settled(gpointer userdata) {
        PiWatch *watch = userdata;

        watch->settling = 0;
        watch->changed(watch->userdata);
        return G_SOURCE_REMOVE;
}

/* What was changed is not read: the table is looked at all the same, also when messages were
 * lost. */
static gboolean on_readable(int fd, GIOCondition condition, gpointer userdata) {
        PiWatch *watch = userdata;
        char buffer[8192];
        ssize_t n;

        do
                n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
        while (n > 0 || (n < 0 && (errno == EINTR || errno == ENOBUFS)));
        if (watch->settling == 0)
                watch->settling = g_timeout_add(SETTLE_MSEC, on_settled, watch);
        return G_SOURCE_CONTINUE;
}

static int listen_to_changes(void) {
        struct sockaddr_nl address = { .nl_family = AF_NETLINK };
        int group = NFNLGRP_NFTABLES;
        int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);

        if (fd < 0 ||
            bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ||
            setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0) {
                int saved = errno;

                if (fd >= 0)
                        close(fd);
                return -saved;
        }
        return fd;
}

PiWatch *pi_watch_new(void (*changed)(gpointer userdata), gpointer userdata, GError **error) {
        int fd = listen_to_changes();
        PiWatch *watch;

        if (fd < 0) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "The kernel does not tell of changed packet filters: %s",
                            g_strerror(-fd));
                return NULL;
        }
        watch = g_new0(PiWatch, 1);
        watch->changed = changed;
        watch->userdata = userdata;
        watch->fd = fd;
        watch->source = g_unix_fd_add(fd, G_IO_IN, on_readable, watch);
        return watch;
}

void pi_watch_free(PiWatch *watch) {
        if (!watch)
                return;
        g_source_remove(watch->source);
        if (watch->settling > 0)
                g_source_remove(watch->settling);
        close(watch->fd);
        g_free(watch);
}
