/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dbus/error.h"

#define PAUSE_MSEC 100 /* when the process or the machine has no more descriptors */
#define BATCH 16       /* connections before others have their turn */
#define SOCKETS_MAX 16

typedef struct Listening {
        PiListener *listener;
        int fd;
        guint source;
} Listening;

struct PiListener {
        PiAccepted accepted;
        gpointer userdata;
        uint16_t port;
        guint pause;
        gsize n;
        Listening sockets[SOCKETS_MAX];
        gboolean freed;
};

static void destroy(gpointer memory) {
        PiListener *l = memory;

        for (gsize i = 0; i < l->n; i++)
                (void) close(l->sockets[i].fd);
}

static void stop(PiListener *l) {
        for (gsize i = 0; i < l->n; i++)
                g_clear_handle_id(&l->sockets[i].source, g_source_remove);
        g_clear_handle_id(&l->pause, g_source_remove);
}

static gboolean on_connection(int fd, GIOCondition condition, gpointer userdata);

static gboolean start(gpointer userdata) {
        PiListener *l = userdata;

        l->pause = 0;
        for (gsize i = 0; i < l->n; i++)
                l->sockets[i].source =
                        g_unix_fd_add(l->sockets[i].fd, G_IO_IN, on_connection, &l->sockets[i]);
        return G_SOURCE_REMOVE;
}

/* What accept4() may say of a connection that came to nothing. */
static gboolean is_passing(int code) {
        return code == ECONNABORTED || code == EINTR || code == EPROTO || code == EPERM ||
               code == ENETDOWN || code == EHOSTDOWN || code == EHOSTUNREACH ||
               code == ENETUNREACH || code == ENONET || code == ENOPROTOOPT;
}

static void accept_some(PiListener *l, int listening) {
        for (guint i = 0; i < BATCH && !l->freed; i++) {
                int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

                if (fd >= 0) {
                        l->accepted(fd, l->userdata);
                        continue;
                }
                if (errno == EAGAIN)
                        return;
                if (is_passing(errno))
                        continue;
                /* The connection stays in the queue, and would wake the loop again at once. */
                stop(l);
                l->pause = g_timeout_add(PAUSE_MSEC, start, l);
                return;
        }
}

static gboolean on_connection(int fd, GIOCondition condition, gpointer userdata) {
        Listening *socket = userdata;
        PiListener *l = g_rc_box_acquire(socket->listener);

        accept_some(l, fd);
        g_rc_box_release_full(l, destroy);
        /* What stopped it has removed this source already. */
        return G_SOURCE_CONTINUE;
}

static void add_socket(PiListener *l, int fd) {
        l->sockets[l->n++] = (Listening) { .listener = l, .fd = fd };
}

static uint16_t port_of(int fd) {
        struct sockaddr_storage storage = {};
        socklen_t size = sizeof(storage);

        if (getsockname(fd, (struct sockaddr *) &storage, &size) < 0)
                return 0;
        if (storage.ss_family == AF_INET6)
                return ntohs(((struct sockaddr_in6 *) &storage)->sin6_port);
        return storage.ss_family == AF_INET ? ntohs(((struct sockaddr_in *) &storage)->sin_port)
                                            : 0;
}

static gboolean fail_port(uint16_t port, int code, GError **error) {
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "Nothing can listen at TCP port %u: %s; %s", port, g_strerror(code),
                    code == EADDRINUSE ? "end what does (ss -ltnp shows it), or set another port"
                                       : "set another port, or let the service open it");
        return FALSE;
}

static int bind_and_listen(int family, uint16_t port) {
        struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
        struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
        const struct sockaddr *address = family == AF_INET6 ? (const struct sockaddr *) &six
                                                            : (const struct sockaddr *) &four;
        socklen_t size = family == AF_INET6 ? sizeof(six) : sizeof(four);
        int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1, off = 0;

        if (fd < 0)
                return -errno;
        /* A port is taken for a minute by connections that have ended, but not from us. */
        (void) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (family == AF_INET6)
                (void) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
        if (bind(fd, address, size) < 0 || listen(fd, SOMAXCONN) < 0) {
                int r = -errno;

                (void) close(fd);
                return r;
        }
        return fd;
}

/* One socket for both families, where there is IPv6. */
static gboolean open_port(PiListener *l, uint16_t port, GError **error) {
        int fd = bind_and_listen(AF_INET6, port);

        if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL)
                fd = bind_and_listen(AF_INET, port);
        if (fd < 0)
                return fail_port(port, -fd, error);
        add_socket(l, fd);
        return TRUE;
}

static gboolean is_listening_tcp(int fd) {
        int value = 0;
        socklen_t size = sizeof(value);

        return port_of(fd) != 0 &&
               getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &size) == 0 && value == SOCK_STREAM &&
               getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value != 0;
}

static gboolean take_sockets(PiListener *l, const int *sockets, gsize n, GError **error) {
        for (gsize i = 0; i < n; i++) {
                int fd;

                if (l->n == SOCKETS_MAX || !is_listening_tcp(sockets[i])) {
                        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                                    "Socket %" G_GSIZE_FORMAT " of the %" G_GSIZE_FORMAT
                                    " from systemd is no listening TCP socket, or one too many "
                                    "(at most %d): correct ListenStream= of pi-computed.socket",
                                    i + 1, n, SOCKETS_MAX);
                        return FALSE;
                }
                fd = fcntl(sockets[i], F_DUPFD_CLOEXEC, 3);
                if (fd < 0 || !g_unix_set_fd_nonblocking(fd, TRUE, NULL)) {
                        (void) fail_port(port_of(sockets[i]), errno, error);
                        if (fd >= 0)
                                (void) close(fd);
                        return FALSE;
                }
                add_socket(l, fd);
        }
        return TRUE;
}

PiListener *pi_listener_new(uint16_t port, const int *sockets, gsize n_sockets,
                            PiAccepted accepted, gpointer userdata, GError **error) {
        PiListener *l = g_rc_box_new0(PiListener);

        l->accepted = accepted;
        l->userdata = userdata;
        if (!(n_sockets > 0 ? take_sockets(l, sockets, n_sockets, error)
                            : open_port(l, port, error))) {
                pi_listener_free(l);
                return NULL;
        }
        l->port = port_of(l->sockets[0].fd);
        (void) start(l);
        return l;
}

void pi_listener_free(PiListener *listener) {
        if (!listener)
                return;
        listener->freed = TRUE;
        stop(listener);
        g_rc_box_release_full(listener, destroy);
}

uint16_t pi_listener_port(const PiListener *listener) {
        return listener->port;
}
