/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/launcher/inlet.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define READ_MAX 65536

struct PiInlet {
        int fd;
        guint source;      /* 0: paused, or ended */
        gsize line_max;    /* bytes */
        GString *rest;     /* the beginning of a line; line_max bytes at most */
        gboolean skipping; /* until the end of a line that is too long */
        gboolean ended;
        const PiInletOps *ops;
        gpointer userdata;
};

static void give(PiInlet *inlet, gboolean is_cut) {
        inlet->ops->line(inlet->rest->str, inlet->rest->len, is_cut, inlet->userdata);
        g_string_truncate(inlet->rest, 0);
}

/* What came, up to a newline or without one. */
static void take(PiInlet *inlet, const char *text, gsize length, gboolean complete) {
        gsize fits = MIN(length, inlet->line_max - inlet->rest->len);

        if (!inlet->skipping)
                g_string_append_len(inlet->rest, text, (gssize) fits);
        if (!inlet->skipping && fits < length) {
                give(inlet, TRUE);
                inlet->skipping = TRUE;
        }
        if (!complete)
                return;
        if (!inlet->skipping)
                give(inlet, FALSE);
        inlet->skipping = FALSE;
}

static void end(PiInlet *inlet) {
        if (inlet->rest->len > 0)
                give(inlet, FALSE);
        inlet->ended = TRUE;
        g_close(inlet->fd, NULL);
        inlet->fd = -1;
        inlet->ops->end(inlet->userdata);
}

static gboolean on_ready(gint fd, GIOCondition condition, gpointer userdata) {
        PiInlet *inlet = userdata;
        char buffer[READ_MAX];
        ssize_t n = read(fd, buffer, sizeof(buffer));
        const char *at = buffer, *newline;

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return G_SOURCE_CONTINUE;
        /* A socket whose other end is gone with what it had not read fails: as good as an end. */
        if (n <= 0) {
                inlet->source = 0;
                end(inlet);
                return G_SOURCE_REMOVE;
        }
        while ((newline = memchr(at, '\n', (gsize) (buffer + n - at)))) {
                take(inlet, at, (gsize) (newline - at), TRUE);
                at = newline + 1;
        }
        if (at < buffer + n)
                take(inlet, at, (gsize) (buffer + n - at), FALSE);
        return G_SOURCE_CONTINUE;
}

PiInlet *pi_inlet_new(int fd, gsize line_max, const PiInletOps *ops, gpointer userdata) {
        PiInlet *inlet = g_new0(PiInlet, 1);

        *inlet = (PiInlet) { .fd = fd, .line_max = line_max, .ops = ops, .userdata = userdata };
        inlet->rest = g_string_new(NULL);
        g_unix_set_fd_nonblocking(fd, TRUE, NULL);
        pi_inlet_pause(inlet, FALSE);
        return inlet;
}

void pi_inlet_free(PiInlet *inlet) {
        if (!inlet)
                return;
        pi_inlet_pause(inlet, TRUE);
        if (inlet->fd >= 0)
                g_close(inlet->fd, NULL);
        g_string_free(inlet->rest, TRUE);
        g_free(inlet);
}

void pi_inlet_pause(PiInlet *inlet, gboolean paused) {
        if (paused && inlet->source > 0) {
                g_source_remove(inlet->source);
                inlet->source = 0;
        } else if (!paused && inlet->source == 0 && !inlet->ended) {
                inlet->source = g_unix_fd_add(inlet->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_ready,
                                              inlet);
        }
}

gboolean pi_inlet_has_ended(const PiInlet *inlet) {
        return inlet->ended;
}
