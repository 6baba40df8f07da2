/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "config.h"
#include "dbus/error.h"
#include "dbus/program.h"
#include "nft/events.h"
#include "nft/search.h"
#include "nft/server.h"

#define EXIT_USAGE 2
/* Without rules there is nothing to do: the bus starts us again at the next call. */
#define IDLE_SEC 30
#define TELL_AGAIN_USEC (60 * G_USEC_PER_SEC)

typedef struct Options {
        PiProgram program;
        gboolean watched;
        gboolean no_limits;
        gboolean find_blocks;
} Options;

typedef struct Helper {
        GMainLoop *loop;
        PiFirewall *firewall;
        PiFirewallServer *server;
        guint idle;
        gint64 restored_usec; /* when it was told last that the rules were put back; 0 never */
        int exit_status;
} Helper;

static gboolean parse_options(Options *o, int *argc, char ***argv, GError **error) {
        const GOptionEntry entries[] = {
                { "watched", 0, 0, G_OPTION_ARG_NONE, &o->watched,
                  "Use a table without owner; put it back when it changes", NULL },
                { "no-limits", 0, 0, G_OPTION_ARG_NONE, &o->no_limits,
                  "Use no rate limit and no log, which may be modules", NULL },
                { PI_SEARCH_OPTION, 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_NONE, &o->find_blocks,
                  "For this program itself", NULL },
                { NULL },
        };

        return pi_program_parse(&o->program, "Let members of a pi-computed cluster, and nobody "
                                             "else, connect to its port.",
                                entries, argc, argv, error);
}

static gboolean on_idle(gpointer userdata) {
        Helper *h = userdata;

        h->idle = 0;
        if (pi_firewall_is_applied(h->firewall))
                return G_SOURCE_REMOVE;
        /* First: systemd starts another for whoever calls from here on. */
        sd_notify(0, "STOPPING=1");
        pi_firewall_server_retire(h->server);
        g_main_loop_quit(h->loop);
        return G_SOURCE_REMOVE;
}

static void wait_for_idle(gpointer userdata) {
        Helper *h = userdata;

        if (h->idle > 0)
                g_source_remove(h->idle);
        h->idle = g_timeout_add_seconds(IDLE_SEC, on_idle, h);
}

static void on_changed(gpointer userdata) {
        Helper *h = userdata;
        gboolean applied = pi_firewall_is_applied(h->firewall);

        sd_notify(0, applied ? "STATUS=The port takes members alone." : "STATUS=No rules.");
        g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID",
                         applied ? PI_EVENT_FIREWALL_APPLIED : PI_EVENT_FIREWALL_REMOVED, "MESSAGE",
                         applied ? "The port of the cluster takes connections of members alone"
                                 : "The port of the cluster is restricted no more");
        wait_for_idle(h);
}

static void on_restored(const GError *error, gpointer userdata) {
        Helper *h = userdata;
        gint64 now = g_get_monotonic_time();

        /* Somebody may be at it all day. */
        if (h->restored_usec > 0 && now < h->restored_usec + TELL_AGAIN_USEC)
                return;
        h->restored_usec = now;
        if (error)
                g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID",
                                 PI_EVENT_FIREWALL_NOT_RESTORED, "PI_ERROR",
                                 pi_error_name((PiError) error->code), "MESSAGE",
                                 "Somebody changed the rules, and they cannot be put back: %s",
                                 error->message);
        else
                g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID",
                                 PI_EVENT_FIREWALL_RESTORED, "MESSAGE",
                                 "Somebody changed the rules: they were put back");
}

static gboolean on_signal(gpointer userdata) {
        g_main_loop_quit(((Helper *) userdata)->loop);
        return G_SOURCE_CONTINUE;
}

static void on_lost(gpointer userdata) {
        Helper *h = userdata;

        g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "MESSAGE",
                         "The connection to the bus was lost: stopping");
        h->exit_status = EXIT_FAILURE;
        g_main_loop_quit(h->loop);
}

static gboolean serve(const Options *o, Helper *h, GError **error) {
        static const PiFirewallHooks hooks = { on_changed, on_restored };
        PiNftVariant most = { .owner = !o->watched, .limits = !o->no_limits };
        g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
        g_autoptr(PiFirewall) firewall = pi_firewall_new(most, &hooks, h, error);
        PiFirewallServerConfig config = { o->program.user, firewall, wait_for_idle, on_lost, h };
        g_autoptr(PiFirewallServer) server = NULL;

        h->loop = loop;
        h->firewall = firewall;
        if (firewall)
                server = pi_firewall_server_new(&config, error);
        if (!server)
                return FALSE;
        h->server = server;
        wait_for_idle(h);
        g_unix_signal_add(SIGTERM, on_signal, h);
        g_unix_signal_add(SIGINT, on_signal, h);
        sd_notify(0, "READY=1\nSTATUS=No rules.");
        g_main_loop_run(loop);
        sd_notify(0, "STOPPING=1");
        return TRUE;
}

int main(int argc, char *argv[]) {
        g_autoptr(GError) error = NULL;
        Options o = {};
        Helper h = { .exit_status = EXIT_SUCCESS };

        if (parse_options(&o, &argc, &argv, &error) && o.program.version) {
                puts("pi-computed-firewall " PI_VERSION);
                return EXIT_SUCCESS;
        }
        if (!error && o.find_blocks)
                return pi_search_main();
        if (!error && serve(&o, &h, &error))
                return h.exit_status;
        g_printerr("pi-computed-firewall: %s\n", error->message);
        return pi_program_is_usage(error) ? EXIT_USAGE : EXIT_FAILURE;
}
