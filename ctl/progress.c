/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/text.h"

/* Jobs shorter than this show no line: it would only flicker. */
#define FIRST_DRAW_MSEC 250
#define REDRAW_MSEC 250

/* Kept free at the right: a ^C that the terminal echoes must not wrap the line. */
#define MARGIN 3

#define BAR_MIN 8
#define BAR_MAX 40

void pi_progress_append_bar(GString *line, double share, gsize width, gboolean utf8) {
        gsize full = (gsize) (CLAMP(share, 0, 1) * (double) width + 0.5);

        for (gsize i = 0; i < width; i++)
                if (utf8)
                        g_string_append(line, i < full ? "\342\226\210" : "\342\226\221");
                else
                        g_string_append_c(line, i < full ? '#' : '.');
}

static char *time_text(const PiProgressView *view) {
        double left = view->share_per_second > 0 ? (1 - view->share) / view->share_per_second : -1;
        g_autofree char *time = NULL;

        if (left < 0 || left > 1e9) {
                time = pi_format_usec(view->waited_usec / 1000000 * 1000000);
                return g_strdup_printf("for %s", view->waited_usec < 1000000 ? "0 s" : time);
        }
        time = pi_format_usec((guint64) (left * 1e6));
        return g_strdup_printf("%s left", time);
}

char *pi_progress_render(const PiProgressView *view, unsigned columns, gboolean utf8) {
        g_autofree char *head = g_strdup_printf("job %" G_GUINT64_FORMAT "  %s  ", view->id,
                                                view->engine[0] ? view->engine : view->state);
        g_autofree char *percent = g_strdup_printf("  %5.1f %%", 100 * CLAMP(view->share, 0, 1));
        g_autofree char *rate = pi_format_rate(view->share_per_second * (double) view->terms,
                                               "term");
        g_autofree char *time = time_text(view), *tail = NULL, *whole = NULL;
        GString *line = g_string_new(head);
        gsize used;

        tail = view->share_per_second > 0 ? g_strdup_printf("%s  %12s  %s", percent, rate, time)
                                          : g_strdup_printf("%s  %s", percent, time);
        used = strlen(head) + strlen(tail) + MARGIN;
        if (used + BAR_MIN <= columns)
                pi_progress_append_bar(line, view->share, MIN(columns - used, BAR_MAX), utf8);
        g_string_append(line, tail);
        whole = g_string_free(line, FALSE);
        return pi_text_ellipsize(whole, columns > MARGIN ? columns - MARGIN : 0, utf8);
}

void pi_progress_init(PiProgress *progress) {
        *progress = (PiProgress) { .begin_usec = g_get_monotonic_time() };
        pi_terminal_init(&progress->terminal, STDERR_FILENO);
}

gboolean pi_progress_is_wanted(const PiProgress *progress) {
        return progress->terminal.controls;
}

static void measure(PiProgress *p, gint64 now) {
        double seconds;

        p->view.waited_usec = (guint64) (now - p->begin_usec);
        if (strcmp(p->view.state, "running") != 0)
                return;
        if (p->running_usec == 0) {
                p->running_usec = now;
                p->running_share = p->view.share;
        }
        seconds = (double) (now - p->running_usec) / 1e6;
        if (p->view.share > p->running_share && seconds > 0)
                p->view.share_per_second = (p->view.share - p->running_share) / seconds;
}

static void draw(PiProgress *p) {
        g_autofree char *line = NULL;

        if (p->view.id == 0 || g_get_monotonic_time() - p->begin_usec < FIRST_DRAW_MSEC * 1000)
                return;
        pi_terminal_init(&p->terminal, STDERR_FILENO); /* the window may have another size now */
        line = pi_progress_render(&p->view, p->terminal.columns, p->terminal.utf8);
        /* Written over from the left, the rest wiped: no flicker. */
        fprintf(stderr, "\r%s\033[K", line);
        p->drawn = TRUE;
}

static gboolean redraw(gpointer userdata) {
        PiProgress *p = userdata;
        p->view.waited_usec = (guint64) (g_get_monotonic_time() - p->begin_usec);
        draw(p);
        return G_SOURCE_CONTINUE;
}

void pi_progress_update(PiProgress *p, GVariant *properties) {
        if (!pi_progress_is_wanted(p))
                return;
        if (pi_dict_has(properties, "Id"))
                p->view.id = pi_dict_u64(properties, "Id");
        if (pi_dict_has(properties, "Terms"))
                p->view.terms = pi_dict_u64(properties, "Terms");
        if (pi_dict_has(properties, "Progress"))
                p->view.share = pi_dict_double(properties, "Progress");
        if (pi_dict_has(properties, "State")) {
                g_autofree char *state = pi_text_escape(pi_dict_string(properties, "State"), FALSE,
                                                        0);
                g_strlcpy(p->view.state, state, sizeof(p->view.state));
        }
        if (pi_dict_has(properties, "EngineState")) {
                g_autofree char *state = pi_text_escape(pi_dict_string(properties, "EngineState"),
                                                        FALSE, 0);
                g_strlcpy(p->view.engine, state, sizeof(p->view.engine));
        }
        if (p->timer == 0)
                p->timer = g_timeout_add(REDRAW_MSEC, redraw, p);
        measure(p, g_get_monotonic_time());
        draw(p);
}

void pi_progress_clear(PiProgress *p) {
        g_clear_handle_id(&p->timer, g_source_remove);
        if (p->drawn)
                fputs("\r\033[K", stderr);
        p->drawn = FALSE;
}
