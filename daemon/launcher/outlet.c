/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/launcher/outlet.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <unistd.h>

struct PiOutlet {
        int fd;           /* -1: closed */
        guint source;     /* while something waits */
        GByteArray *wait;
        const PiOutletOps *ops;
        gpointer userdata;
};

/* Whether it has been written, or can be later. */
static gboolean push(PiOutlet *outlet) {
        ssize_t n = write(outlet->fd, outlet->wait->data, outlet->wait->len);

        if (n < 0)
                return errno == EAGAIN || errno == EINTR;
        g_byte_array_remove_range(outlet->wait, 0, (guint) n);
        return TRUE;
}

static gboolean on_ready(gint fd, GIOCondition condition, gpointer userdata) {
        PiOutlet *outlet = userdata;

        if (push(outlet) && outlet->wait->len > 0)
                return G_SOURCE_CONTINUE;
        outlet->source = 0;
        if (outlet->wait->len > 0) {
                pi_outlet_close(outlet);
                if (outlet->ops)
                        outlet->ops->broken(outlet->userdata);
        } else if (outlet->ops) {
                outlet->ops->drained(outlet->userdata);
        }
        return G_SOURCE_REMOVE;
}

PiOutlet *pi_outlet_new(int fd, const PiOutletOps *ops, gpointer userdata) {
        PiOutlet *outlet = g_new0(PiOutlet, 1);

        *outlet = (PiOutlet) { .fd = fd, .ops = ops, .userdata = userdata };
        outlet->wait = g_byte_array_new();
        g_unix_set_fd_nonblocking(fd, TRUE, NULL);
        return outlet;
}

void pi_outlet_free(PiOutlet *outlet) {
        if (!outlet)
                return;
        pi_outlet_close(outlet);
        g_byte_array_unref(outlet->wait);
        g_free(outlet);
}

gboolean pi_outlet_put(PiOutlet *outlet, const char *text, gsize length) {
        if (outlet->fd < 0)
                return FALSE;
        g_byte_array_append(outlet->wait, (const guint8 *) text, (guint) length);
        if (outlet->source == 0)
                outlet->source = g_unix_fd_add(outlet->fd, G_IO_OUT, on_ready, outlet);
        return TRUE;
}

gsize pi_outlet_backlog(const PiOutlet *outlet) {
        return outlet->wait->len;
}

void pi_outlet_close(PiOutlet *outlet) {
        g_clear_handle_id(&outlet->source, g_source_remove);
        g_byte_array_set_size(outlet->wait, 0);
        if (outlet->fd >= 0)
                g_close(outlet->fd, NULL);
        outlet->fd = -1;
}
