/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/link.h"

#include <glib-unix.h>
#include <sys/socket.h>

#include "daemon/cluster/address.h"
#include "daemon/cluster/link-private.h"
#include "daemon/cluster/tcp.h"
#include "dbus/bus-source.h"
#include "dbus/error.h"

PiLink *pi_link_hold(PiLink *link) {
        return g_rc_box_acquire(link);
}

static void clear(gpointer memory) {
        PiLink *link = memory;

        g_free(link->remote);
        g_clear_error(&link->why);
        pi_backlog_free(link->backlog);
}

void pi_link_release(PiLink *link) {
        g_rc_box_release_full(link, clear);
}

/* Everything but the calls. */
static void tear_down(PiLink *link) {
        link->state = PI_LINK_ENDED;
        g_clear_handle_id(&link->deadline, g_source_remove);
        g_clear_handle_id(&link->cut, g_source_remove);
        g_clear_pointer(&link->liveness, pi_liveness_free);
        pi_link_bus_close(link);
        g_clear_pointer(&link->tls, pi_tls_free);
        pi_link_forget_served(link);
}

static void keep_reason(PiLink *link, GError *why) {
        if (link->why)
                g_error_free(why);
        else
                link->why = why;
}

/* Only from the main loop, never from within a function that the owner called. */
static void end(PiLink *link) {
        if (link->state == PI_LINK_ENDED)
                return;
        (void) pi_link_hold(link);
        tear_down(link);
        /* Nobody was lost who had not been there. */
        if (!link->was_up && link->why->code == PI_ERROR_NODE_LOST)
                link->why->code = PI_ERROR_FAILED;
        pi_link_fail_calls(link, g_queue_get_length(&link->calls));
        if (!link->freed)
                link->hooks->down(link, link->why, link->hooks->userdata);
        pi_link_release(link);
}

static gboolean end_cut(gpointer userdata) {
        PiLink *link = userdata;

        link->cut = 0;
        end(link);
        return G_SOURCE_REMOVE;
}

void pi_link_cut(PiLink *link, GError *why) {
        keep_reason(link, why);
        if (link->state >= PI_LINK_CUT)
                return;
        link->state = PI_LINK_CUT;
        link->cut = g_idle_add_full(G_PRIORITY_DEFAULT, end_cut, link, NULL);
}

static gboolean on_deadline(gpointer userdata) {
        PiLink *link = userdata;
        const char *missing = link->state == PI_LINK_HANDSHAKE ? "finish the TLS handshake"
                                                               : "answer a ping";

        link->deadline = 0;
        if (link->state != PI_LINK_CLOSING)
                keep_reason(link, g_error_new(PI_ERROR, PI_ERROR_FAILED,
                                              "%s did not %s within %d s of the connection",
                                              link->remote, missing,
                                              (int) (PI_LINK_HANDSHAKE_USEC / G_USEC_PER_SEC)));
        end(link);
        return G_SOURCE_REMOVE;
}

static void set_deadline(PiLink *link, guint64 usec) {
        g_clear_handle_id(&link->deadline, g_source_remove);
        link->deadline = g_timeout_add((guint) (usec / 1000), on_deadline, link);
}

static gboolean on_admit(const char *fingerprint, gpointer userdata) {
        PiLink *link = pi_link_hold(userdata);
        gboolean admitted;

        g_strlcpy(link->fingerprint, fingerprint, sizeof(link->fingerprint));
        link->admission = link->hooks->admit(link, fingerprint, link->hooks->userdata);
        admitted = link->admission != PI_LINK_REFUSED;
        pi_link_release(link);
        return admitted;
}

static void ping(gpointer userdata);

static void on_dead(guint64 silent_usec, gpointer userdata) {
        PiLink *link = userdata;

        keep_reason(link, g_error_new(PI_ERROR, PI_ERROR_NODE_LOST,
                                      "%s is silent: it has not answered a ping for %.1f s",
                                      link->remote, (double) silent_usec / G_USEC_PER_SEC));
        end(link);
}

static gboolean has_unread(gpointer userdata) {
        return pi_tls_has_unread(((PiLink *) userdata)->tls);
}

static void become_up(PiLink *link) {
        PiLivenessHooks hooks = {
                .ping = ping,
                .unread = has_unread,
                .dead = on_dead,
                .userdata = link,
        };

        g_clear_handle_id(&link->deadline, g_source_remove);
        link->state = PI_LINK_UP;
        link->was_up = TRUE;
        link->liveness = pi_liveness_new(pi_tls_fd(link->tls), &hooks);
        link->hooks->up(link, link->hooks->userdata);
}

static void on_pong(GVariant *result, const GError *error, gpointer userdata) {
        PiLink *link = userdata;

        if (link->state >= PI_LINK_CLOSING)
                return;
        if (!result || g_variant_get_uint64(result) != (guint64) link->ping_usec) {
                pi_link_cut(link, g_error_new(PI_ERROR, PI_ERROR_FAILED,
                                              "%s does not answer pings as it should: %s",
                                              link->remote,
                                              error ? error->message : "with another number"));
                return;
        }
        link->round_trip_usec = MAX(1, (uint64_t) (g_get_monotonic_time() - link->ping_usec));
        if (link->state == PI_LINK_GREETING)
                become_up(link);
        else
                pi_liveness_answered(link->liveness);
}

static void ping(gpointer userdata) {
        PiLink *link = userdata;

        link->ping_usec = g_get_monotonic_time();
        pi_link_ping(link, on_pong);
}

static void on_ready(int fd, gpointer userdata) {
        PiLink *link = userdata;
        int r = pi_link_bus_open(link, fd);

        if (r < 0) {
                pi_link_cut(link, g_error_new(PI_ERROR, PI_ERROR_FAILED, "No bus to %s: %s",
                                              link->remote, g_strerror(-r)));
                return;
        }
        link->state = PI_LINK_GREETING;
        /* Before anything is read, so that the answer to it comes ahead of the first call. */
        ping(link);
}

/* Nothing is left in sd-bus: its end of the socket may go, and TLS sends what is in there. */
static void close_when_sent(PiLink *link) {
        uint64_t queued;

        if (link->bus && sd_bus_get_n_queued_write(link->bus, &queued) >= 0 && queued == 0)
                pi_link_bus_close(link);
}

static void on_came(gpointer userdata) {
        PiLink *link = userdata;

        if (link->state == PI_LINK_UP)
                pi_bus_source_process(link->bus_source);
}

static void on_sent(uint32_t serial, gpointer userdata) {
        PiLink *link = userdata;

        pi_backlog_passed(link->backlog, serial);
        if (link->state == PI_LINK_CLOSING)
                close_when_sent(link);
}

static void on_tls_ended(const GError *why, gpointer userdata) {
        PiLink *link = userdata;

        keep_reason(link, g_error_copy(why));
        /* What came last lies in the socket: the bus reads it, and then its end. */
        if (!link->bus)
                end(link);
}

gboolean pi_link_bus_ended(gpointer userdata) {
        PiLink *link = userdata;

        keep_reason(link, g_error_new(PI_ERROR, PI_ERROR_FAILED,
                                      "%s sent something that is no D-Bus message", link->remote));
        end(link);
        return G_SOURCE_REMOVE;
}

static char *remote_address(int fd) {
        struct sockaddr_storage storage = {};
        socklen_t size = sizeof(storage);
        PiAddress address;

        if (getpeername(fd, (struct sockaddr *) &storage, &size) < 0 ||
            !pi_address_from_native((const struct sockaddr *) &storage, size, &address))
                return g_strdup("an unknown address");
        return pi_address_to_string(&address);
}

PiLink *pi_link_new(int fd, PiLinkRole role, const PiIdentity *identity, const PiLinkHooks *hooks) {
        PiLink *link = g_rc_box_new0(PiLink);
        PiTlsHooks tls_hooks = {
                .admit = on_admit,
                .ready = on_ready,
                .came = on_came,
                .sent = on_sent,
                .ended = on_tls_ended,
                .userdata = link,
        };

        link->role = role;
        link->hooks = hooks;
        link->remote = remote_address(fd);
        link->backlog = pi_backlog_new();
        g_queue_init(&link->calls);
        g_queue_init(&link->served);
        (void) g_unix_set_fd_nonblocking(fd, TRUE, NULL);
        pi_tcp_prepare(fd);
        link->tls = pi_tls_new(fd, role == PI_LINK_ACCEPTED, identity, link->remote, &tls_hooks);
        set_deadline(link, PI_LINK_HANDSHAKE_USEC);
        return link;
}

void pi_link_free(PiLink *link) {
        if (!link)
                return;
        link->freed = TRUE;
        tear_down(link);
        if (!link->why)
                link->why = g_error_new(PI_ERROR, PI_ERROR_NODE_LOST,
                                        "This node cut the connection to %s", link->remote);
        /* Also those that are made in answer to the failure of others. */
        while (!g_queue_is_empty(&link->calls))
                pi_link_fail_calls(link, 1);
        pi_link_release(link);
}

void pi_link_close(PiLink *link, const char *why) {
        GError *error;

        if (link->state >= PI_LINK_CLOSING)
                return;
        error = g_error_new(PI_ERROR, PI_ERROR_FAILED, "This node closed the connection to %s: %s",
                            link->remote, why);
        if (link->state != PI_LINK_UP) {
                pi_link_cut(link, error);
                return;
        }
        keep_reason(link, error);
        link->state = PI_LINK_CLOSING;
        g_clear_pointer(&link->liveness, pi_liveness_free);
        set_deadline(link, PI_LINK_CLOSE_USEC);
        close_when_sent(link);
}

PiLinkRole pi_link_role(const PiLink *link) {
        return link->role;
}

PiLinkAdmission pi_link_admission(const PiLink *link) {
        return link->admission;
}

gboolean pi_link_is_up(const PiLink *link) {
        return link->state == PI_LINK_UP;
}

const char *pi_link_fingerprint(const PiLink *link) {
        return link->fingerprint;
}

const char *pi_link_remote_address(const PiLink *link) {
        return link->remote;
}

gboolean pi_link_channel_binding(const PiLink *link, guint8 ret[PI_FINGERPRINT_BYTES]) {
        return link->state == PI_LINK_UP && pi_tls_channel_binding(link->tls, ret);
}

uint64_t pi_link_round_trip_usec(const PiLink *link) {
        return link->round_trip_usec;
}

uint32_t pi_link_mtu(const PiLink *link) {
        PiTcpState state;

        return link->tls && pi_tcp_look(pi_tls_fd(link->tls), &state) ? state.mtu : 0;
}
