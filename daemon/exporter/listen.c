/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/exporter/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "dbus/error.h"

#define BACKLOG 64

typedef union Address {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
} Address;

gboolean pi_listen_inherit(PiListen *ret, GError **error) {
        int n = sd_listen_fds(/* unset_environment = */ 1);

        *ret = (PiListen) { .n = 0 };
        if (n > PI_LISTEN_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "%d sockets were passed, and at most %d are taken: remove lines "
                            "ListenStream= from pi-computed-exporter.socket", n, PI_LISTEN_MAX);
                return FALSE;
        }
        for (int i = 0; i < n; i++) {
                int fd = SD_LISTEN_FDS_START + i, flags = fcntl(fd, F_GETFL);

                if (sd_is_socket(fd, AF_UNSPEC, SOCK_STREAM, /* listening = */ 1) <= 0 ||
                    flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
                        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "the passed socket %d listens for no stream: give "
                                    "pi-computed-exporter.socket lines ListenStream= only", i + 1);
                        return FALSE;
                }
                ret->fd[ret->n++] = fd;
        }
        return TRUE;
}

static gboolean parse_port(const char *text, in_port_t *ret) {
        guint64 port;

        if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT16, &port, NULL))
                return FALSE;
        *ret = htons((in_port_t) port);
        return TRUE;
}

/* The size of the address, 0 if the text is none. */
static socklen_t parse(const char *text, Address *ret) {
        const char *colon = strrchr(text, ':');
        g_autofree char *host = colon ? g_strndup(text, (gsize) (colon - text)) : NULL;
        gsize length = host ? strlen(host) : 0;
        in_port_t port;

        if (!host || !parse_port(colon + 1, &port))
                return 0;
        *ret = (Address) { 0 };
        if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
                ret->v4.sin_family = AF_INET;
                ret->v4.sin_port = port;
                return sizeof(ret->v4);
        }
        if (length < 3 || host[0] != '[' || host[length - 1] != ']')
                return 0;
        host[length - 1] = '\0';
        if (inet_pton(AF_INET6, host + 1, &ret->v6.sin6_addr) != 1)
                return 0;
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = port;
        return sizeof(ret->v6);
}

static char *format(const Address *a) {
        char host[INET6_ADDRSTRLEN] = "";
        gboolean v4 = a->any.sa_family == AF_INET;

        inet_ntop(a->any.sa_family, v4 ? (const void *) &a->v4.sin_addr : &a->v6.sin6_addr, host,
                  sizeof(host));
        return v4 ? g_strdup_printf("%s:%u", host, ntohs(a->v4.sin_port))
                  : g_strdup_printf("[%s]:%u", host, ntohs(a->v6.sin6_port));
}

/* A socket or a negative errno; the address becomes the one it has. */
static int listen_at(Address *address, socklen_t size) {
        int one = 1;
        int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
            bind(fd, &address->any, size) < 0 || listen(fd, BACKLOG) < 0 ||
            getsockname(fd, &address->any, &size) < 0) {
                int r = -errno;
                close(fd);
                return r;
        }
        return fd;
}

gboolean pi_listen_on(const char *text, PiListen *ret, char **ret_address, GError **error) {
        Address address;
        socklen_t size = parse(text, &address);
        int fd;

        if (size == 0) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "--listen=%s is no address and port such as 127.0.0.1:9314 or "
                            "[::1]:9314", text);
                return FALSE;
        }
        fd = listen_at(&address, size);
        if (fd < 0) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "cannot listen on %s: %s", text,
                            g_strerror(-fd));
                return FALSE;
        }
        *ret = (PiListen) { .fd = { fd }, .n = 1 };
        *ret_address = format(&address);
        return TRUE;
}
