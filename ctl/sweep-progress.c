/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/sweep-progress.h"

#include <math.h>

#include "ctl/format.h"
#include "ctl/progress.h"
#include "ctl/screen.h"
#include "ctl/text.h"

#define BAR_MIN 8
#define BAR_MAX 30

/* A bar may be of characters of three bytes each: its width is added to that of the rest. */
#define MARGIN 1

/* "2 000 parts, 3 of 5" */
static char *step_text(const PiSweepStep *step, guint repeats) {
        g_autofree char *parts = NULL, *kernel = NULL;

        if (!step->series)
                return g_strdup("warming up");
        if (step->baseline) {
                kernel = pi_text_escape(step->kernel, FALSE, 16);
                return step->number > repeats
                               ? g_strdup_printf("one thread, %s, again", kernel)
                               : g_strdup_printf("one thread, %s, %u of %u", kernel, step->number,
                                                 repeats);
        }
        if (step->nodes > 0)
                return g_strdup_printf("%u node%s, %u of %u", step->nodes,
                                       step->nodes == 1 ? "" : "s", step->number, repeats);
        parts = pi_format_grouped(step->parts);
        return g_strdup_printf("%s part%s, %u of %u", parts, step->parts == 1 ? "" : "s",
                               step->number, repeats);
}

static char *left_text(double seconds) {
        g_autofree char *time = NULL;

        if (!(seconds > 0) || seconds > 1e9)
                return g_strdup("");
        time = pi_format_usec((guint64) MAX(1, lround(seconds)) * 1000000);
        return seconds < 59.5 ? g_strdup_printf(", %ld s left", MAX(1, lround(seconds)))
                              : g_strdup_printf(", %s left", time);
}

char *pi_sweep_progress_text(const PiSweepProgress *p, unsigned columns, gboolean utf8) {
        double all = p->gone + p->left, share = all > 0 && p->left > 0 ? p->gone / all : 0;
        g_autofree char *step = step_text(p->step, p->repeats), *left = left_text(p->left);
        g_autofree char *tail = g_strdup_printf(" %3.0f %%  %s%s", 100 * share, step, left);
        g_autofree char *line = NULL, *shown = NULL;
        GString *s = g_string_new("sweep ");
        gsize used = s->len + pi_text_width(tail) + MARGIN;

        if (used + BAR_MIN <= columns)
                pi_progress_append_bar(s, share, MIN(columns - used, BAR_MAX), utf8);
        g_string_append(s, tail);
        line = g_string_free(s, FALSE);
        shown = pi_text_ellipsize(line, columns > MARGIN ? columns - MARGIN : 0, utf8);
        return g_strconcat(shown, "\n", NULL);
}
