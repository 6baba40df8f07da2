/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/launch/launch.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon/launch/reach.h"
#include "dbus/error.h"

#define READ_BYTES 65536

/* What is not wanted any more has so long to end in good order. */
#define END_SECONDS 10

/* As shells have it: the command is none, or was not found. */
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_NOT_FOUND 127

struct PiLauncher {
        char *program;
        char *socket;
        PiEngine engine;
        GQueue launches; /* PiLaunch */
};

struct PiLaunch {
        PiLauncher *launcher;
        const PiLaunchHooks *hooks; /* NULL: not wanted any more */
        gpointer userdata;
        int fd;
        guint input, output, timer; /* source ids */
        GByteArray *out;
        GString *line;    /* an unfinished one */
        GError *why;      /* it is over; NULL: it is not */
        gboolean final;   /* another would fare no better */
        char *what;       /* the engine says why it ended early */
};

static void launch_free(PiLaunch *l) {
        g_queue_remove(&l->launcher->launches, l);
        g_clear_handle_id(&l->input, g_source_remove);
        g_clear_handle_id(&l->output, g_source_remove);
        g_clear_handle_id(&l->timer, g_source_remove);
        (void) close(l->fd);
        g_byte_array_unref(l->out);
        g_string_free(l->line, TRUE);
        g_clear_error(&l->why);
        g_free(l->what);
        g_free(l);
}

/* With all that was told. */
static void finish(PiLaunch *l) {
        const PiLaunchHooks *hooks = l->hooks;
        gpointer userdata = l->userdata;
        g_autoptr(GError) why = g_steal_pointer(&l->why);
        gboolean again = !l->final;

        launch_free(l);
        if (hooks)
                hooks->over(why, again, userdata);
}

static void set_over(PiLaunch *l, gboolean final, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* The first reason stays. */
static void set_over(PiLaunch *l, gboolean final, const char *format, ...) {
        va_list list;

        if (l->why)
                return;
        va_start(list, format);
        l->why = g_error_new_valist(PI_ERROR, PI_ERROR_ENGINE_FAILED, format, list);
        va_end(list);
        l->final = final;
}

static void take_exit(PiLaunch *l, const PiContractExit *e) {
        const char *what = e->what[0] ? e->what : l->what ? l->what : "it did not say why";

        if (e->signal > 0)
                set_over(l, FALSE, "%s (it ended by signal %u, %s)", what, e->signal,
                         g_strsignal((int) e->signal));
        else if (e->status == EX_CONFIG || e->status == STATUS_NOT_EXECUTABLE ||
                 e->status == STATUS_NOT_FOUND)
                set_over(l, TRUE, "%s", what);
        else
                set_over(l, FALSE, "%s (it ended with status %u)", what, e->status);
}

static void take_line(PiLaunch *l) {
        g_auto(PiContractLine) line = {};
        g_autoptr(GError) error = NULL;

        if (!pi_contract_line_parse(l->line->str, l->line->len, &line, &error)) {
                set_over(l, FALSE, "%s", error->message);
                return;
        }
        if (line.kind == PI_CONTRACT_EXIT) {
                take_exit(l, &line.exit);
                return;
        }
        if (line.kind == PI_CONTRACT_END && !line.end.complete) {
                g_free(l->what);
                l->what = g_strdup(line.end.what);
        }
        if (l->hooks && line.kind != PI_CONTRACT_NOISE)
                l->hooks->told(&line, l->userdata);
}

static void take_bytes(PiLaunch *l, const char *bytes, gsize n) {
        while (n > 0 && !l->why) {
                const char *end = memchr(bytes, '\n', n);
                gsize part = end ? (gsize) (end - bytes) : n;

                if (l->line->len + part > PI_CONTRACT_LINE_MAX) {
                        set_over(l, FALSE, "it wrote a line of more than %d bytes",
                                 PI_CONTRACT_LINE_MAX);
                        return;
                }
                g_string_append_len(l->line, bytes, (gssize) part);
                if (!end)
                        return;
                take_line(l);
                g_string_truncate(l->line, 0);
                bytes = end + 1;
                n -= part + 1;
        }
}

static gboolean readable(gint fd, GIOCondition condition, gpointer userdata) {
        PiLaunch *l = userdata;
        char bytes[READ_BYTES];
        ssize_t n = read(fd, bytes, sizeof(bytes));

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return G_SOURCE_CONTINUE;
        if (n > 0)
                take_bytes(l, bytes, (gsize) n);
        else
                set_over(l, FALSE, "its launcher has gone%s%s", n < 0 ? ": " : "",
                         n < 0 ? g_strerror(errno) : "");
        if (!l->why)
                return G_SOURCE_CONTINUE;
        finish(l);
        return G_SOURCE_REMOVE;
}

/* FALSE when all is written, or cannot be: the reader then finds out why. */
static gboolean write_some(PiLaunch *l) {
        ssize_t n = send(l->fd, l->out->data, l->out->len, MSG_NOSIGNAL);

        if (n > 0)
                g_byte_array_remove_range(l->out, 0, (guint) n);
        else if (errno != EAGAIN && errno != EINTR)
                g_byte_array_set_size(l->out, 0);
        return l->out->len > 0;
}

static gboolean writable(gint fd, GIOCondition condition, gpointer userdata) {
        PiLaunch *l = userdata;

        if (write_some(l))
                return G_SOURCE_CONTINUE;
        l->output = 0;
        return G_SOURCE_REMOVE;
}

static void say(PiLaunch *l, const PiContractOrder *order) {
        g_autofree char *text = pi_contract_order_format(order);

        g_byte_array_append(l->out, (const guint8 *) text, (guint) strlen(text));
        if (write_some(l) && l->output == 0)
                l->output = g_unix_fd_add(l->fd, G_IO_OUT, writable, l);
}

static PiLaunch *launch(const GArray *ranges, const PiLaunchHooks *hooks, gpointer hooks_userdata,
                        gpointer userdata, GError **error) {
        PiLauncher *launcher = userdata;
        int fd = pi_reach_launcher(launcher->program, launcher->socket, error);
        PiLaunch *l;

        if (fd < 0)
                return NULL;
        l = g_new0(PiLaunch, 1);
        l->launcher = launcher;
        l->hooks = hooks;
        l->userdata = hooks_userdata;
        l->out = g_byte_array_new();
        l->line = g_string_new(NULL);
        g_queue_push_tail(&launcher->launches, l);
        l->fd = fd;
        l->input = g_unix_fd_add(l->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, readable, l);
        say(l, &(PiContractOrder) { .ranges = (GArray *) ranges });
        return l;
}

static gboolean end_late(gpointer userdata) {
        PiLaunch *l = userdata;

        l->timer = 0;
        launch_free(l);
        return G_SOURCE_REMOVE;
}

/* The program at the other end has the engine stop, and says when it has: until then the stream is
 * read, and closed when that takes too long, which makes it kill what is left. */
static void end(PiLaunch *l, gpointer userdata) {
        l->hooks = NULL;
        l->timer = g_timeout_add_seconds(END_SECONDS, end_late, l);
        say(l, &(PiContractOrder) { .stop = TRUE });
}

PiLauncher *pi_launcher_new(const char *program, const char *socket) {
        PiLauncher *launcher = g_new0(PiLauncher, 1);

        launcher->program = g_strdup(program);
        launcher->socket = g_strdup(socket);
        launcher->engine = (PiEngine) { .launch = launch, .end = end, .userdata = launcher };
        return launcher;
}

void pi_launcher_free(PiLauncher *launcher) {
        PiLaunch *l;

        if (!launcher)
                return;
        while ((l = g_queue_peek_head(&launcher->launches)))
                launch_free(l);
        g_free(launcher->program);
        g_free(launcher->socket);
        g_free(launcher);
}

const PiEngine *pi_launcher_engine(PiLauncher *launcher) {
        return &launcher->engine;
}
