/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <unistd.h>

#include "daemon/cluster/link-private.h"
#include "daemon/cluster/marshalled-size.h"
#include "dbus/bus-source.h"
#include "dbus/error.h"
#include "dbus/names.h"

#define HEADER_BYTES 512        /* more than the header of any message of ours has */
#define GROWTH_MAX 8            /* a byte in an array of structs becomes eight */
#define MESSAGES_QUEUED_MAX 4096

/* Takes every call before sd-bus looks at it, which would tell anybody the machine's id, and would
 * take the process at the other end of the socketpair for its caller: that is this one. */
static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        PiLink *link = userdata;

        if (sd_bus_message_is_method_call(m, NULL, NULL)) {
                (void) pi_link_hold(link);
                pi_link_serve(link, m);
                pi_link_release(link);
        }
        return 1;
}

static int set_up(PiLink *link, sd_bus *bus) {
        gboolean server = link->role == PI_LINK_ACCEPTED;
        sd_id128_t id = SD_ID128_NULL;
        int r = sd_bus_set_description(bus, "peer");

        if (r >= 0 && server)
                r = sd_id128_randomize(&id);
        if (r >= 0 && server)
                r = sd_bus_set_server(bus, 1, id);
        if (r >= 0)
                r = sd_bus_set_anonymous(bus, 1);
        /* Both ends of a socketpair could pass descriptors, TLS between them cannot. */
        if (r >= 0)
                r = sd_bus_negotiate_fds(bus, 0);
        if (r >= 0)
                r = sd_bus_set_trusted(bus, 0);
        if (r >= 0)
                r = sd_bus_add_filter(bus, NULL, on_message, link);
        return r;
}

int pi_link_bus_open(PiLink *link, int fd) {
        int r = sd_bus_new(&link->bus);

        if (r >= 0)
                r = set_up(link, link->bus);
        if (r >= 0)
                r = sd_bus_set_fd(link->bus, fd, fd);
        if (r < 0) {
                (void) close(fd);
                return r;
        }
        r = sd_bus_start(link->bus);
        if (r < 0)
                return r;
        link->bus_source = pi_bus_source_new(link->bus);
        g_source_set_callback(link->bus_source, pi_link_bus_ended, link, NULL);
        g_source_attach(link->bus_source, NULL);
        return 0;
}

/* Never sd_bus_flush(): it would wait for TLS, which this loop drives. */
void pi_link_bus_close(PiLink *link) {
        if (link->bus_source) {
                g_source_destroy(link->bus_source);
                g_clear_pointer(&link->bus_source, g_source_unref);
        }
        if (link->bus) {
                sd_bus_close(link->bus);
                link->bus = sd_bus_unref(link->bus);
        }
}

void pi_link_count_sent(PiLink *link, sd_bus_message *m, gsize bytes) {
        uint64_t serial, messages = 0;

        if (sd_bus_message_get_cookie(m, &serial) >= 0)
                pi_backlog_add(link->backlog, (uint32_t) serial, bytes);
        (void) sd_bus_get_n_queued_write(link->bus, &messages);
        if (pi_backlog_bytes(link->backlog) > PI_LINK_QUEUE_BYTES_MAX ||
            messages > MESSAGES_QUEUED_MAX)
                pi_link_cut(link, g_error_new(PI_ERROR, PI_ERROR_FAILED,
                                              "%s reads too slowly: %" G_GSIZE_FORMAT
                                              " bytes wait to be sent, at most %d may",
                                              link->remote, pi_backlog_bytes(link->backlog),
                                              PI_LINK_QUEUE_BYTES_MAX));
        else
                pi_tls_flush(link->tls);
}

gboolean pi_link_measure(GVariant *value, gsize *ret) {
        gsize size = g_variant_get_size(value);

        if (size > PI_LINK_MESSAGE_BYTES_MAX / GROWTH_MAX - HEADER_BYTES)
                size = pi_marshalled_size(value);
        *ret = size + HEADER_BYTES;
        return *ret <= PI_LINK_MESSAGE_BYTES_MAX;
}
