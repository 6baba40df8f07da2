/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/server.h"

#include <pwd.h>
#include <unistd.h>

#include "dbus/bus-source.h"
#include "dbus/error.h"
#include "dbus/names.h"
#include "dbus/options.h"
#include "dbus/variant.h"
#include "nft/blocks.h"
#include "nft/search.h"

/* Of the service that computes. */
#define DAEMON_USER "pi-computed"

/* The service, which speaks to the network, might be made to shut others out of ssh. */
#define PORT_MIN 1024

struct PiFirewallServer {
        PiFirewallServerConfig config;
        sd_bus *bus;
        GSource *source;
        uid_t daemon_uid; /* or root's, where there is no such user */
        uid_t caller;     /* of the call that is being answered */
        PiSearch *search; /* one at a time, NULL for none */
        sd_bus_message *searcher; /* who waits for it */
};

/* Beside the policy of the bus, which is a file that may have been edited. */
static gboolean caller_may(PiFirewallServer *s, sd_bus_message *call, GError **error) {
        __attribute__((cleanup(sd_bus_creds_unrefp))) sd_bus_creds *creds = NULL;
        uid_t uid;
        int r = sd_bus_query_sender_creds(call, SD_BUS_CREDS_EUID, &creds);

        if (r >= 0)
                r = sd_bus_creds_get_euid(creds, &uid);
        if (r < 0) {
                g_set_error(error, PI_ERROR, PI_ERROR_NOT_AUTHORIZED,
                            "The bus does not tell who calls: %s", g_strerror(-r));
                return FALSE;
        }
        s->caller = uid;
        if (uid == 0 || uid == geteuid() || uid == s->daemon_uid)
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_NOT_AUTHORIZED,
                    "User %u may not use the firewall: only root and the user " DAEMON_USER " may",
                    (unsigned) uid);
        return FALSE;
}

static int reply_error(sd_bus_message *call, const GError *error) {
        return sd_bus_reply_method_errorf(call, pi_error_name((PiError) error->code), "%s",
                                          error->message);
}

/* By reference, as the call that sets the error may stand beside it. */
static int reply(sd_bus_message *call, gboolean done, GError *const *error) {
        return done ? sd_bus_reply_method_return(call, NULL) : reply_error(call, *error);
}

static int reply_with(sd_bus_message *call, GVariant *value, GError *const *error) {
        g_autoptr(GVariant) v = value ? g_variant_ref_sink(value) : NULL;
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *answer = NULL;
        int r;

        if (!v)
                return reply_error(call, *error);
        r = sd_bus_message_new_method_return(call, &answer);
        if (r >= 0)
                r = pi_variant_append(answer, v);
        return r < 0 ? r : sd_bus_send(NULL, answer, NULL);
}

static int apply(sd_bus_message *call, PiFirewallServer *s) {
        g_autoptr(GVariant) members = NULL, windows = NULL;
        g_autoptr(GError) error = NULL;
        PiIntent *intent;
        uint16_t port;
        int r = sd_bus_message_read(call, "q", &port);

        if (r >= 0)
                r = pi_variant_read(call, &members);
        if (r >= 0)
                r = pi_variant_read(call, &windows);
        if (r < 0)
                return r;
        if (port > 0 && port < PORT_MIN && s->caller != 0) {
                (void) pi_option_invalid(&error,
                                         "Port %u is below %u: only root may have it guarded", port,
                                         PORT_MIN);
                return reply_error(call, error);
        }
        intent = pi_intent_new(port, members, windows, g_get_monotonic_time(), &error);
        return reply(call, intent && pi_firewall_apply(s->config.firewall, intent, &error), &error);
}

static int take_away(sd_bus_message *call, PiFirewallServer *s) {
        g_autoptr(GError) error = NULL;

        return reply(call, pi_firewall_remove(s->config.firewall, &error), &error);
}

static int open_window(sd_bus_message *call, PiFirewallServer *s) {
        g_autoptr(GError) error = NULL;
        const char *prefix;
        uint64_t usec;
        int r = sd_bus_message_read(call, "st", &prefix, &usec);

        if (r < 0)
                return r;
        return reply(call, pi_firewall_open_window(s->config.firewall, prefix, usec, &error),
                     &error);
}

static int close_window(sd_bus_message *call, PiFirewallServer *s) {
        g_autoptr(GError) error = NULL;
        const char *prefix;
        int r = sd_bus_message_read(call, "s", &prefix);

        if (r < 0)
                return r;
        return reply(call, pi_firewall_close_window(s->config.firewall, prefix, &error), &error);
}

static int describe(sd_bus_message *call, PiFirewallServer *s) {
        g_autoptr(GError) error = NULL;

        return reply_with(call, pi_firewall_describe(s->config.firewall, &error), &error);
}

static void found(GVariant *blocks, const GError *error, gpointer userdata) {
        PiFirewallServer *s = userdata;
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *call = s->searcher;
        GError *e = (GError *) error;

        s->searcher = NULL;
        (void) reply_with(call, blocks, &e);
        g_clear_pointer(&s->search, pi_search_free);
}

static int find_blocks(sd_bus_message *call, PiFirewallServer *s) {
        g_autoptr(GVariant) sources = NULL, request = NULL;
        g_autoptr(GError) error = NULL;
        uint16_t port;
        int r = sd_bus_message_read(call, "q", &port);

        if (r >= 0)
                r = pi_variant_read(call, &sources);
        if (r < 0)
                return r;
        if (s->search)
                g_set_error_literal(&error, PI_ERROR, PI_ERROR_QUEUE_FULL,
                                    "Other tables are being looked through already: try again in a "
                                    "moment");
        else if (pi_blocks_check(port, sources, &error)) {
                request = g_variant_ref_sink(g_variant_new("(q@as)", port, sources));
                s->search = pi_search_new(request, found, s, &error);
        }
        if (error)
                return reply_error(call, error);
        s->searcher = sd_bus_message_ref(call);
        return 1;
}

typedef int (*Method)(sd_bus_message *call, PiFirewallServer *server);

static int guarded(sd_bus_message *call, void *userdata, Method method) {
        PiFirewallServer *s = userdata;
        g_autoptr(GError) error = NULL;

        s->config.called(s->config.userdata);
        return caller_may(s, call, &error) ? method(call, s) : reply_error(call, error);
}

#define GUARDED(method)                                                                         \
        static int on_##method(sd_bus_message *call, void *userdata, sd_bus_error *error) {     \
                return guarded(call, userdata, method);                                         \
        }

GUARDED(apply)
GUARDED(take_away)
GUARDED(open_window)
GUARDED(close_window)
GUARDED(describe)
GUARDED(find_blocks)

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Apply",
                                SD_BUS_ARGS("q", port, "a(ss)", members, "a(st)", windows),
                                SD_BUS_NO_RESULT, on_apply, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Remove", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, on_take_away,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("OpenWindow", SD_BUS_ARGS("s", prefix, "t", usec),
                                SD_BUS_NO_RESULT, on_open_window, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("CloseWindow", SD_BUS_ARGS("s", prefix), SD_BUS_NO_RESULT,
                                on_close_window, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", description),
                                on_describe, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("FindBlocks", SD_BUS_ARGS("q", port, "as", sources),
                                SD_BUS_RESULT("aa{sv}", blocks), on_find_blocks,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        PiFirewallServer *s = userdata;

        s->config.lost(s->config.userdata);
        return 0;
}

static int request_name(PiFirewallServer *s) {
        return sd_bus_request_name(s->bus, PI_FIREWALL_BUS_NAME, 0);
}

static int connect_to_bus(PiFirewallServer *s) {
        int r = s->config.user ? sd_bus_open_user_with_description(&s->bus, "session")
                               : sd_bus_open_system_with_description(&s->bus, "system");

        if (r >= 0)
                r = sd_bus_match_signal(s->bus, NULL, "org.freedesktop.DBus.Local",
                                        "/org/freedesktop/DBus/Local",
                                        "org.freedesktop.DBus.Local", "Disconnected",
                                        on_disconnected, s);
        if (r >= 0)
                r = sd_bus_add_object_vtable(s->bus, NULL, PI_FIREWALL_PATH,
                                             PI_INTERFACE_FIREWALL, vtable, s);
        if (r >= 0)
                r = request_name(s);
        return r;
}

PiFirewallServer *pi_firewall_server_new(const PiFirewallServerConfig *config, GError **error) {
        g_autoptr(PiFirewallServer) s = g_new0(PiFirewallServer, 1);
        const struct passwd *user = getpwnam(DAEMON_USER);
        int r;

        s->config = *config;
        s->daemon_uid = user ? user->pw_uid : 0;
        r = connect_to_bus(s);
        if (r < 0) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "Cannot own %s on the %s bus: %s",
                            PI_FIREWALL_BUS_NAME, config->user ? "session" : "system",
                            r == -EEXIST ? "another process has it" : g_strerror(-r));
                return NULL;
        }
        s->source = pi_bus_source_new(s->bus);
        g_source_attach(s->source, NULL);
        return g_steal_pointer(&s);
}

void pi_firewall_server_free(PiFirewallServer *s) {
        if (!s)
                return;
        pi_search_free(s->search);
        sd_bus_message_unref(s->searcher);
        if (s->source) {
                g_source_destroy(s->source);
                g_source_unref(s->source);
        }
        sd_bus_flush_close_unref(s->bus);
        g_free(s);
}

void pi_firewall_server_retire(PiFirewallServer *s) {
        if (sd_bus_release_name(s->bus, PI_FIREWALL_BUS_NAME) < 0)
                return;
        while (sd_bus_process(s->bus, NULL) > 0)
                ;
}
