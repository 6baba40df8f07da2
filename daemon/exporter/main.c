/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "config.h"
#include "daemon/exporter/http.h"
#include "daemon/exporter/listen.h"
#include "daemon/exporter/scrape.h"
#include "dbus/error.h"
#include "dbus/program.h"

#define EXIT_USAGE 2
#define IDLE_UNSET (-1)
#define IDLE_MAX 86400
/* More than the time between two visits of any usual Prometheus. */
#define IDLE_SEC_WHEN_ACTIVATED 120

typedef struct Options {
        PiProgram program;
        char *listen;
        int idle_sec;
} Options;

static gboolean parse_options(Options *o, int *argc, char ***argv, GError **error) {
        const GOptionEntry entries[] = {
                { "listen", 0, 0, G_OPTION_ARG_STRING, &o->listen,
                  "Listen there (default: sockets of systemd)", "PLACE" },
                { "idle", 0, 0, G_OPTION_ARG_INT, &o->idle_sec,
                  "Exit after so long without visits; 0: never", "SEC" },
                { NULL },
        };

        if (!pi_program_parse(&o->program,
                              "Serve the figures of pi-computed to Prometheus over HTTP.", entries,
                              argc, argv, error))
                return FALSE;
        if (o->idle_sec != IDLE_UNSET && (o->idle_sec < 0 || o->idle_sec > IDLE_MAX)) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "--idle=%d is out of range: 0 to %d", o->idle_sec, IDLE_MAX);
                return FALSE;
        }
        return TRUE;
}

/* Sets *ret_activated when somebody starts us again at the next visit. */
static gboolean open_sockets(const Options *o, PiListen *ret, gboolean *ret_activated,
                             GError **error) {
        g_autofree char *address = NULL;

        if (!pi_listen_inherit(ret, error))
                return FALSE;
        *ret_activated = ret->n > 0;
        if (ret->n > 0 && !o->listen)
                return TRUE;
        if (ret->n > 0) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "--listen and sockets of systemd exclude each other");
                return FALSE;
        }
        if (!o->listen) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "There is no socket: start pi-computed-exporter.socket, or "
                                    "give --listen");
                return FALSE;
        }
        if (!pi_listen_on(o->listen, ret, &address, error))
                return FALSE;
        printf("listening on %s\n", address);
        fflush(stdout);
        return TRUE;
}

static gboolean quit(gpointer loop) {
        g_main_loop_quit(loop);
        return G_SOURCE_CONTINUE;
}

static gboolean serve(const Options *o, GError **error) {
        g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
        g_autoptr(PiHttp) http = NULL;
        /* Gone before `http`: its answers go there. */
        g_autoptr(PiScrape) scrape = pi_scrape_new(o->program.user);
        gboolean activated;
        PiListen sockets;
        int idle_sec;

        if (!open_sockets(o, &sockets, &activated, error))
                return FALSE;
        http = pi_http_new(&sockets, scrape, error);
        if (!http)
                return FALSE;
        idle_sec = o->idle_sec != IDLE_UNSET ? o->idle_sec
                 : activated                 ? IDLE_SEC_WHEN_ACTIVATED
                                             : 0;
        if (idle_sec > 0)
                pi_http_on_idle(http, (unsigned) idle_sec, quit, loop);
        g_unix_signal_add(SIGTERM, quit, loop);
        g_unix_signal_add(SIGINT, quit, loop);
        sd_notify(0, "READY=1");
        g_main_loop_run(loop);
        sd_notify(0, "STOPPING=1");
        return TRUE;
}

int main(int argc, char *argv[]) {
        g_autoptr(GError) error = NULL;
        g_autofree char *address = NULL;
        Options o = { .idle_sec = IDLE_UNSET };

        if (parse_options(&o, &argc, &argv, &error) && o.program.version) {
                puts("pi-computed-exporter " PI_VERSION);
                return EXIT_SUCCESS;
        }
        address = o.listen;
        if (!error && serve(&o, &error))
                return EXIT_SUCCESS;
        g_printerr("pi-computed-exporter: %s\n", error->message);
        return pi_program_is_usage(error) ? EXIT_USAGE : EXIT_FAILURE;
}
