/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/dial.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/cluster/address.h"
#include "dbus/error.h"

struct PiDial {
        char **addresses;
        gsize next; /* index of the one to try next */
        PiDialled dialled;
        gpointer userdata;
        int fd; /* that connects, -1 none */
        guint writable, timeout, idle;
        GString *faults;
};

static gboolean try_next(gpointer userdata);

static void give_up(PiDial *d) {
        g_clear_handle_id(&d->writable, g_source_remove);
        g_clear_handle_id(&d->timeout, g_source_remove);
        if (d->fd >= 0)
                (void) close(d->fd);
        d->fd = -1;
}

static void dial_free(PiDial *d) {
        give_up(d);
        g_clear_handle_id(&d->idle, g_source_remove);
        g_strfreev(d->addresses);
        g_string_free(d->faults, TRUE);
        g_free(d);
}

static void tell(PiDial *d, int fd, const GError *error) {
        d->dialled(fd, error, d->userdata);
        dial_free(d);
}

static void note_fault(PiDial *d, const char *address, const char *fault) {
        g_string_append_printf(d->faults, "%s%s: %s", d->faults->len > 0 ? "; " : "", address,
                               fault);
        give_up(d);
        d->idle = g_idle_add_full(G_PRIORITY_DEFAULT, try_next, d, NULL);
}

static gboolean on_writable(int fd, GIOCondition condition, gpointer userdata) {
        PiDial *d = userdata;
        int code = 0;
        socklen_t size = sizeof(code);

        d->writable = 0;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &size) < 0)
                code = errno;
        if (code != 0)
                note_fault(d, d->addresses[d->next - 1], g_strerror(code));
        else
                tell(d, g_steal_fd(&d->fd), NULL);
        return G_SOURCE_REMOVE;
}

static gboolean on_timeout(gpointer userdata) {
        PiDial *d = userdata;
        g_autofree char *fault = g_strdup_printf("No answer within %d s",
                                                 (int) (PI_DIAL_USEC / G_USEC_PER_SEC));

        d->timeout = 0;
        note_fault(d, d->addresses[d->next - 1], fault);
        return G_SOURCE_REMOVE;
}

static int begin_connect(const PiAddress *address) {
        struct sockaddr_storage storage;
        socklen_t size = pi_address_to_native(address, &storage);
        int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        if (fd < 0)
                return -errno;
        if (connect(fd, (const struct sockaddr *) &storage, size) < 0 && errno != EINPROGRESS) {
                int r = -errno;

                (void) close(fd);
                return r;
        }
        return fd;
}

static void try_address(PiDial *d, const char *text) {
        g_autoptr(GError) error = NULL;
        PiAddress address;
        int fd;

        if (!pi_address_parse(text, PI_CLUSTER_PORT, &address, &error)) {
                note_fault(d, text, error->message);
                return;
        }
        fd = begin_connect(&address);
        if (fd < 0) {
                note_fault(d, text, g_strerror(-fd));
                return;
        }
        d->fd = fd;
        d->writable = g_unix_fd_add(fd, G_IO_OUT, on_writable, d);
        d->timeout = g_timeout_add((guint) (PI_DIAL_USEC / 1000), on_timeout, d);
}

static gboolean try_next(gpointer userdata) {
        PiDial *d = userdata;
        g_autoptr(GError) error = NULL;

        d->idle = 0;
        if (d->addresses[d->next]) {
                try_address(d, d->addresses[d->next++]);
                return G_SOURCE_REMOVE;
        }
        error = g_error_new(PI_ERROR, PI_ERROR_FAILED, "No connection: %s",
                            d->faults->len > 0 ? d->faults->str : "no address is known");
        tell(d, -1, error);
        return G_SOURCE_REMOVE;
}

PiDial *pi_dial_new(const char *const *addresses, PiDialled dialled, gpointer userdata) {
        PiDial *d = g_new0(PiDial, 1);

        d->addresses = g_strdupv((char **) addresses);
        d->dialled = dialled;
        d->userdata = userdata;
        d->fd = -1;
        d->faults = g_string_new(NULL);
        d->idle = g_idle_add_full(G_PRIORITY_DEFAULT, try_next, d, NULL);
        return d;
}

void pi_dial_cancel(PiDial *dial) {
        dial_free(dial);
}
