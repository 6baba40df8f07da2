/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/client.h"
#include "ctl/signals.h"
#include "ctl/top-screen.h"
#include "ctl/top-view.h"
#include "ctl/top.h"
#include "ctl/verbs.h"
#include "dbus/error.h"
#include "dbus/names.h"

#define LOOK_MSEC 1000

/* An answer that takes longer is told of. */
#define LATE_USEC (3 * G_USEC_PER_SEC)

/* Whoever only watches must not start a service that somebody has stopped. */
static const PiMethod metrics = { PI_INTERFACE_MANAGER, "GetMetrics", "(a{sv})", .passive = TRUE };
static const PiMethod objects = { "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
                                  "(a{oa{sa{sv}}})", .passive = TRUE };
static const PiMethod properties = { "org.freedesktop.DBus.Properties", "GetAll", "(a{sv})",
                                     .passive = TRUE };

typedef struct Session {
        PiInvocation *inv;
        PiClient *client;
        PiTop *top;
        PiOwners *owners;
        PiTopScreen *screen;
        GMainLoop *loop;
        guint awaited;     /* answers of the last look that have not come */
        gint64 asked_usec; /* monotonic, when that look began */
        gint64 gone_usec;  /* since when the service does not answer, 0: it does */
        char *why;         /* what the bus said to that */
        int signal;        /* that ended the session, 0: a key did */
        GError *error;
} Session;

static char *notice(const Session *s) {
        gint64 now = g_get_monotonic_time();

        if (s->gone_usec > 0)
                return g_strdup_printf("No service for %d s: waiting for it to come back",
                                       (int) ((now - s->gone_usec) / G_USEC_PER_SEC));
        if (s->awaited > 0 && now - s->asked_usec > LATE_USEC)
                return g_strdup_printf("The service has not answered for %d s",
                                       (int) ((now - s->asked_usec) / G_USEC_PER_SEC));
        return NULL;
}

static void draw(Session *s, gboolean afresh) {
        g_autoptr(GDateTime) now = g_date_time_new_now_local();
        g_autofree char *clock = now ? g_date_time_format(now, "%H:%M:%S") : g_strdup("");
        g_autofree char *said = notice(s);
        g_autoptr(GPtrArray) lines = NULL;
        PiTopWindow window = {
                .utf8 = s->inv->out.terminal.utf8,
                .owners = s->owners,
                .where = pi_client_bus_text(s->client),
                .clock = clock,
                .notice = said,
                .detail = s->gone_usec > 0 ? s->why : NULL,
        };

        pi_top_screen_size(s->screen, &window.columns, &window.rows);
        lines = pi_top_lines(s->top, &window);
        pi_top_screen_draw(s->screen, lines, afresh);
}

/* The rest of an answer that has come; FALSE if it is an error. */
static gboolean is_answer(Session *s, GVariant *reply, const GError *error) {
        s->awaited--;
        if (reply)
                return TRUE;
        if (!pi_client_is_connected(s->client)) {
                if (!s->error)
                        s->error = g_error_copy(error);
                g_main_loop_quit(s->loop);
                return FALSE;
        }
        if (s->gone_usec == 0)
                s->gone_usec = g_get_monotonic_time();
        g_free(s->why);
        s->why = g_strdup(error->message);
        return FALSE;
}

/* The last answer of a look. */
static void looked(Session *s) {
        if (s->awaited == 0 && !s->error)
                draw(s, FALSE);
}

static void on_metrics(GVariant *reply, const GError *error, gpointer userdata) {
        Session *s = userdata;

        if (is_answer(s, reply, error)) {
                g_autoptr(GVariant) figures = g_variant_get_child_value(reply, 0);

                s->gone_usec = 0;
                pi_top_take_metrics(s->top, figures);
        }
        looked(s);
}

static void on_objects(GVariant *reply, const GError *error, gpointer userdata) {
        Session *s = userdata;

        if (is_answer(s, reply, error)) {
                g_autoptr(GVariant) all = g_variant_get_child_value(reply, 0);

                pi_top_take_objects(s->top, all, g_get_monotonic_time());
        }
        looked(s);
}

static void on_properties(GVariant *reply, const GError *error, gpointer userdata) {
        Session *s = userdata;

        if (is_answer(s, reply, error)) {
                g_autoptr(GVariant) manager = g_variant_get_child_value(reply, 0);

                pi_top_take_properties(s->top, manager);
        }
        looked(s);
}

static gboolean ask(Session *s, const PiMethod *method, GVariant *args, PiReplyFunc callback) {
        if (!pi_client_call_async(s->client, PI_OBJECT_PATH, method, args, callback, s, &s->error))
                return FALSE;
        s->awaited++;
        return TRUE;
}

/* Asks anew once everything that was asked for has come. */
static gboolean look(gpointer userdata) {
        Session *s = userdata;

        if (s->awaited > 0) {
                draw(s, FALSE);
                return G_SOURCE_CONTINUE;
        }
        s->asked_usec = g_get_monotonic_time();
        if (!ask(s, &metrics, NULL, on_metrics) || !ask(s, &objects, NULL, on_objects) ||
            !ask(s, &properties, g_variant_new("(s)", PI_INTERFACE_MANAGER), on_properties))
                g_main_loop_quit(s->loop);
        return G_SOURCE_CONTINUE;
}

static gboolean on_key(int fd, GIOCondition condition, gpointer userdata) {
        Session *s = userdata;
        PiTopKey key;

        /* A terminal that is gone sends no keys any more. */
        if (condition & (G_IO_HUP | G_IO_ERR))
                g_main_loop_quit(s->loop);
        while ((key = pi_top_screen_key(s->screen)) != PI_TOP_KEY_NONE)
                if (key == PI_TOP_KEY_QUIT) {
                        g_main_loop_quit(s->loop);
                        break;
                } else if (key == PI_TOP_KEY_REDRAW)
                        draw(s, TRUE);
        return G_SOURCE_CONTINUE;
}

static gboolean on_resize(gpointer userdata) {
        Session *s = userdata;

        pi_top_screen_resize(s->screen);
        draw(s, TRUE);
        return G_SOURCE_CONTINUE;
}

/* Ctrl-C is one of the ways to quit. */
static gboolean on_interrupt(gpointer userdata) {
        g_main_loop_quit(((Session *) userdata)->loop);
        return G_SOURCE_CONTINUE;
}

static gboolean on_terminate(gpointer userdata) {
        Session *s = userdata;

        s->signal = SIGTERM;
        g_main_loop_quit(s->loop);
        return G_SOURCE_CONTINUE;
}

static gboolean on_hangup(gpointer userdata) {
        Session *s = userdata;

        s->signal = SIGHUP;
        g_main_loop_quit(s->loop);
        return G_SOURCE_CONTINUE;
}

static void run(Session *s) {
        guint sources[] = {
                /* After the screen was made: ncurses has handlers of its own. */
                g_unix_signal_add(SIGINT, on_interrupt, s),
                g_unix_signal_add(SIGTERM, on_terminate, s),
                g_unix_signal_add(SIGHUP, on_hangup, s),
                g_unix_signal_add(SIGWINCH, on_resize, s),
                g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP | G_IO_ERR, on_key, s),
                g_timeout_add(LOOK_MSEC, look, s),
        };

        s->loop = g_main_loop_new(NULL, FALSE);
        pi_client_attach(s->client);
        look(s);
        if (!s->error)
                g_main_loop_run(s->loop);
        for (gsize i = 0; i < G_N_ELEMENTS(sources); i++)
                g_source_remove(sources[i]);
        /* No answer may come any more. */
        pi_client_leave(s->client);
        g_main_loop_unref(s->loop);
}

static gboolean refuse_json(const PiInvocation *inv, GError **error) {
        if (inv->out.json == PI_JSON_OFF)
                return FALSE;
        g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "pictl top draws on a terminal and has no JSON: use pictl metrics "
                            "--json=short and pictl jobs --json=short");
        return TRUE;
}

int pi_verb_top(PiInvocation *inv, GError **error) {
        g_autoptr(PiClient) client = refuse_json(inv, error) ? NULL
                                                             : pi_client_new(&inv->options, error);
        g_autoptr(PiOwners) owners = NULL;
        g_autoptr(PiTop) top = NULL;
        g_autoptr(GVariant) manager = NULL;
        Session s = { .inv = inv, .client = client };

        /* While the terminal is still a plain one: ssh may ask for a password there, and an error
         * stays to be read. This starts the service where that is allowed. */
        if (client)
                manager = pi_client_get_all(client, PI_OBJECT_PATH, PI_INTERFACE_MANAGER, error);
        if (!manager)
                return PI_VERB_ERROR;
        s.owners = owners = pi_owners_new(pi_client_is_local(client));
        s.top = top = pi_top_new();
        pi_top_take_properties(top, manager);
        s.screen = pi_top_screen_new(error);
        if (!s.screen)
                return PI_VERB_ERROR;
        run(&s);
        pi_top_screen_free(s.screen);
        g_free(s.why);
        if (s.error) {
                g_propagate_error(error, s.error);
                return PI_VERB_ERROR;
        }
        return s.signal > 0 ? 128 + s.signal : EXIT_SUCCESS;
}
