/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/burnin-view.h"

#include <string.h>

#include "ctl/format.h"
#include "ctl/screen.h"
#include "ctl/table.h"
#include "ctl/text.h"

/* CPUs named in one line. */
#define NAMES_MAX 8

/* Lines about single cores where the table does not fit. */
#define WORST_MAX 8

static const PiColumn columns[] = {
        { "CPU", TRUE },   { "RESULT", FALSE }, { "TERMS/S", TRUE }, { "OF MEDIAN", TRUE },
        { "BUSY", TRUE },  { "TERMS", TRUE },   { "LEASES", TRUE },  { "FAULTS", TRUE },
        { "NOTE", FALSE },
};

static char *result_word(PiBurninResult result) {
        return result == PI_BURNIN_UNUSED ? g_strdup("-")
                                          : g_ascii_strup(pi_burnin_result_text(result), -1);
}

static PiStyle result_style(const PiBurninCore *c) {
        if (c->result == PI_BURNIN_FAIL)
                return PI_STYLE_BAD;
        return c->result == PI_BURNIN_PASS ? PI_STYLE_GOOD : PI_STYLE_FAINT;
}

static char *percent_or_dash(double share) {
        return share > 0 ? pi_format_percent(share) : g_strdup("-");
}

static char *rate_or_dash(double rate) {
        return rate > 0 ? pi_format_amount(rate) : g_strdup("-");
}

static PiTable *make_table(const PiBurnin *b) {
        PiTable *table = pi_table_new(columns, G_N_ELEMENTS(columns));

        for (guint i = 0; i < pi_burnin_n_cores(b); i++) {
                const PiBurninCore *c = pi_burnin_core(b, i);

                pi_table_take(table, g_strdup_printf("%u", c->cpu), PI_STYLE_PLAIN);
                pi_table_take(table, result_word(c->result), result_style(c));
                pi_table_take(table, rate_or_dash(c->terms_per_second), PI_STYLE_PLAIN);
                pi_table_take(table, percent_or_dash(c->of_median),
                              c->slow ? PI_STYLE_BUSY : PI_STYLE_PLAIN);
                pi_table_take(table, c->result == PI_BURNIN_UNUSED ? g_strdup("-")
                                                                   : pi_format_percent(c->busy),
                              PI_STYLE_PLAIN);
                pi_table_take(table, pi_format_amount((double) c->terms), PI_STYLE_PLAIN);
                pi_table_take(table, pi_format_amount((double) c->leases), PI_STYLE_PLAIN);
                pi_table_take(table, pi_format_amount((double) c->faults),
                              c->faults > 0 ? PI_STYLE_BAD : PI_STYLE_PLAIN);
                pi_table_take(table, pi_burnin_note(c), c->slow ? PI_STYLE_BUSY : PI_STYLE_PLAIN);
        }
        return table;
}

/* "; slow: CPU 3" or "; failed: CPUs 1, 2 and 12 more". */
static void append_names(GString *s, const char *what, const PiBurnin *b,
                         gboolean (*is_one)(const PiBurninCore *), guint total) {
        guint named = 0;

        if (total == 0)
                return;
        g_string_append_printf(s, "; %s: CPU%s", what, total == 1 ? "" : "s");
        for (guint i = 0; i < pi_burnin_n_cores(b) && named < NAMES_MAX; i++) {
                const PiBurninCore *c = pi_burnin_core(b, i);

                if (is_one(c))
                        g_string_append_printf(s, "%s %u", named++ > 0 ? "," : "", c->cpu);
        }
        if (total > named)
                g_string_append_printf(s, " and %u more", total - named);
}

static gboolean is_failed(const PiBurninCore *c) {
        return c->result == PI_BURNIN_FAIL;
}

static gboolean is_slow(const PiBurninCore *c) {
        return c->slow;
}

char *pi_burnin_summary_text(const PiBurnin *b) {
        PiBurninSummary s = pi_burnin_summary(b);
        g_autofree char *terms = pi_format_amount((double) s.terms);
        g_autofree char *time = pi_format_usec(s.elapsed_usec);
        g_autofree char *rate = pi_format_rate(s.terms_per_second, "term");
        g_autofree char *faults = pi_format_grouped(s.faults);
        GString *text = g_string_new(NULL);

        g_string_printf(text, "%s  %s terms in %s, %s, %s fault%s", s.pass ? "PASS" : "FAIL", terms,
                        time, rate, faults, s.faults == 1 ? "" : "s");
        if (s.jobs_failed > 0)
                g_string_append_printf(text, ", %" G_GUINT64_FORMAT " job%s failed", s.jobs_failed,
                                       s.jobs_failed == 1 ? "" : "s");
        append_names(text, "failed", b, is_failed, s.failed);
        append_names(text, "slow", b, is_slow, s.slow);
        return g_string_free(text, FALSE);
}

/* Whole seconds: a clock that is drawn once a second has no others. */
static char *seconds_text(guint64 usec) {
        guint64 seconds = (usec + 500000) / 1000000;

        return seconds < 60 ? g_strdup_printf("%u s", (unsigned) seconds)
                            : pi_format_usec(seconds * 1000000);
}

static char *clock_text(const PiBurnin *b, const PiBurninFacts *facts) {
        guint64 elapsed = pi_burnin_summary(b).elapsed_usec;
        guint64 left = facts->wanted_usec > elapsed ? facts->wanted_usec - elapsed : 0;
        g_autofree char *gone = seconds_text(elapsed), *rest = seconds_text(left);

        return g_strdup_printf("burn-in: %s, %s left", gone, rest);
}

static void append_line(GString *out, const char *text, PiStyle style, const PiTerminal *t) {
        g_autofree char *line = pi_text_ellipsize(text, t->columns, t->utf8);

        g_string_append_printf(out, "%s%s%s\n", pi_terminal_begin(t, style), line,
                               pi_terminal_end(t, style));
}

static gboolean fits(const char *text, const PiTerminal *t, guint rows) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
        guint n = 0;

        for (; lines[n] && lines[n + 1]; n++)
                if (pi_screen_width(lines[n]) > t->columns)
                        return FALSE;
        return n <= rows;
}

static void append_worst(GString *out, const PiBurnin *b, const PiTerminal *t, guint rows) {
        g_autoptr(GPtrArray) cores = pi_burnin_worst(b);

        for (guint i = 0; i < MIN(cores->len, MIN(rows, WORST_MAX)); i++) {
                const PiBurninCore *c = cores->pdata[i];
                g_autofree char *result = result_word(c->result);
                g_autofree char *rate = rate_or_dash(c->terms_per_second);
                g_autofree char *share = percent_or_dash(c->of_median);
                g_autofree char *note = pi_burnin_note(c);
                g_autofree char *line = g_strdup_printf("CPU %u %s %s/s %s%s", c->cpu, result, rate,
                                                        note[0] ? note : share,
                                                        note[0] ? "" : " of the median");

                append_line(out, line, result_style(c), t);
        }
}

char *pi_burnin_frame(const PiBurnin *b, const PiBurninFacts *facts, const PiTerminal *terminal) {
        /* A character in the last column may wrap; the cursor has a row of its own. */
        PiTerminal t = *terminal;
        guint rows = terminal->rows > 1 ? terminal->rows - 1 : 1;
        g_autoptr(GString) out = g_string_new(NULL), table_text = g_string_new(NULL);
        g_autoptr(PiTable) table = NULL;
        g_autofree char *clock = clock_text(b, facts), *summary = pi_burnin_summary_text(b);
        PiStyle style = pi_burnin_summary(b).pass ? PI_STYLE_GOOD : PI_STYLE_BAD;

        t.columns = MAX(terminal->columns, 2) - 1;
        /* A table that cannot fit is not even made: there may be thousands of cores. */
        if (pi_burnin_n_cores(b) + 3 <= rows) {
                table = make_table(b);
                pi_table_render(table, &t, TRUE, table_text);
        }
        if (table && fits(table_text->str, &t, rows - 2)) {
                append_line(out, clock, PI_STYLE_PLAIN, &t);
                g_string_append(out, table_text->str);
        } else {
                if (rows >= 2)
                        append_line(out, clock, PI_STYLE_PLAIN, &t);
                append_worst(out, b, &t, rows >= 3 ? rows - 2 : 0);
        }
        append_line(out, summary, style, &t);
        return g_string_free(g_steal_pointer(&out), FALSE);
}

void pi_burnin_append(PiOutput *out, const PiBurnin *b, const PiBurninFacts *facts) {
        PiBurninSummary s = pi_burnin_summary(b);
        g_autoptr(PiTable) table = make_table(b);
        g_autofree char *summary = pi_burnin_summary_text(b);
        g_autofree char *wanted = pi_format_usec(facts->wanted_usec);
        g_autofree char *node = g_strndup(facts->node, 8);
        PiTerminal whole = out->terminal;

        /* A note is worth a line that wraps. */
        whole.is_tty = FALSE;
        if (pi_burnin_n_cores(b) > 0)
                pi_table_render(table, &whole, out->legend, out->text);
        if (out->legend)
                pi_output_printf(out, "\nNode %s, kernel %s; %sasked for %s.\n", node,
                                 facts->kernel, facts->interrupted ? "interrupted, " : "", wanted);
        pi_output_style(out, s.pass ? PI_STYLE_GOOD : PI_STYLE_BAD, s.pass ? "PASS" : "FAIL");
        pi_output_printf(out, "%s\n", summary + strlen("PASS"));
        if (out->legend && s.faults > 0)
                pi_output_printf(out, "pictl faults tells of each fault, pictl cores which cores "
                                      "are in service.\n");
}
