/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/top-view.h"

#include <string.h>

#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/metrics-view.h"
#include "ctl/progress.h"
#include "ctl/text.h"
#include "ctl/top-table.h"

#define LABEL_WIDTH 11
#define SEGMENTS_MAX 5

#define WIDE_WINDOW 100
#define BAR_SHORT 10
#define BAR_LONG 24

/* Below this width every column counts. */
#define NARROW_WINDOW 60

/* A cell of the list of cores: number, bar, use, rate. */
#define CORE_MIN 27
#define CORE_BAR_MIN 6
#define CORE_BAR_MAX 20
#define CORE_FIXED (CORE_MIN - CORE_BAR_MIN)

typedef struct Segment {
        const char *before, *key, *after;
} Segment;

/* The five figures of a compute service, and the submission latency. */
static const struct {
        const char *label;
        Segment segment[SEGMENTS_MAX];
} figures[] = {
        { "Response",
          { { "p50 ", "response_p50_usec", "" },
            { "p99 ", "response_p99_usec", "" },
            { "max ", "response_max_usec", "" },
            { "", "jobs_done", " done" } } },
        { "Submission",
          { { "p50 ", "submission_p50_usec", "" },
            { "p99 ", "submission_p99_usec", "" },
            { "max ", "submission_max_usec", "" } } },
        { "CPU",
          { { "service ", "process_cpu_utilization", "" },
            { "machine ", "machine_cpu_utilization", "" },
            { "steal ", "machine_cpu_steal", "" },
            { "pressure ", "machine_cpu_pressure_10s", "" } } },
        { "Memory",
          { { "", "memory_rss_bytes", "" },
            { "peak ", "memory_rss_peak_bytes", "" },
            { "", "memory_machine_share", " of the machine" } } },
        { "Throughput",
          { { "", "last_minute_terms_per_second", "" },
            { "", "last_minute_parts_per_second", "" },
            { "", "last_minute_jobs_per_second", "" },
            { "over ", "last_minute_usec", "" } } },
        { "Efficiency",
          { { "", "efficiency_last", "" },
            { "speed-up ", "speedup_last", "" },
            { "of ", "workers_last", " workers" },
            { "mean ", "efficiency_mean", "" } } },
};

static PiLine *new_line(const PiTopWindow *w, GPtrArray *lines) {
        PiLine *line = pi_line_new(w->columns, w->utf8);

        g_ptr_array_add(lines, line);
        return line;
}

static void add_title(const PiTop *top, const PiTopWindow *w, GPtrArray *lines) {
        g_autofree char *uptime = pi_format_usec(pi_dict_u64(top->metrics, "uptime_usec"));
        g_autofree char *kernel = pi_text_escape(pi_dict_string(top->properties, "Kernel"), FALSE,
                                                 32);
        g_autofree char *right = g_strdup_printf("%s%sq quits", w->clock,
                                                 w->clock[0] != '\0' ? "  " : "");
        PiLine *line = new_line(w, lines);
        gsize room;

        pi_line_add(line, PI_STYLE_STRONG, "pictl top");
        if (pi_dict_has(top->metrics, "uptime_usec"))
                pi_line_printf(line, PI_STYLE_PLAIN, "  up %s", uptime);
        if (pi_line_room(line) > pi_text_width(right) + 2 + strlen(w->where) + strlen(kernel) + 4)
                pi_line_printf(line, PI_STYLE_PLAIN, "  %s  %s", w->where, kernel);
        room = pi_line_room(line);
        if (room > pi_text_width(right))
                pi_line_printf(line, PI_STYLE_FAINT, "%*s%s", (int) (room - pi_text_width(right)),
                               "", right);
}

/* The segments whose figures the service tells; a mark for those that have no room. */
static void add_figures(const PiTop *top, const PiTopWindow *w, GPtrArray *lines, gsize row) {
        const char *gap = w->columns < NARROW_WINDOW ? " " : "  ";
        PiLine *line = new_line(w, lines);

        pi_line_pad(line, PI_STYLE_STRONG, figures[row].label, LABEL_WIDTH, FALSE);
        for (gsize i = 0; i < SEGMENTS_MAX && figures[row].segment[i].key; i++) {
                const Segment *s = &figures[row].segment[i];
                g_autoptr(GVariant) value = g_variant_lookup_value(top->metrics, s->key, NULL);
                g_autofree char *figure = value ? pi_metric_text(s->key, value) : NULL;
                g_autofree char *text = figure
                        ? g_strdup_printf("%s%s%s%s", line->width > LABEL_WIDTH ? gap : "",
                                          s->before, figure, s->after)
                        : NULL;

                if (!text)
                        continue;
                if (pi_text_width(text) > pi_line_room(line)) {
                        pi_line_add(line, PI_STYLE_FAINT, w->utf8 ? " \342\200\246" : " ...");
                        break;
                }
                pi_line_add(line, PI_STYLE_PLAIN, text);
        }
        if (line->width == LABEL_WIDTH)
                pi_line_add(line, PI_STYLE_FAINT, "-");
}

static void add_notices(const PiTop *top, const PiTopWindow *w, GPtrArray *lines) {
        g_autofree char *cause = pi_text_escape(pi_dict_string(top->properties, "StoreError"),
                                                w->utf8, 0);

        if (w->notice)
                pi_line_add(new_line(w, lines), PI_STYLE_BAD, w->notice);
        if (w->detail)
                pi_line_add(new_line(w, lines), PI_STYLE_FAINT, w->detail);
        if (strcmp(pi_dict_string(top->properties, "StoreState"), "degraded") == 0)
                pi_line_printf(new_line(w, lines), PI_STYLE_BAD,
                               "No checkpoints, the store is degraded: %s", cause);
}

static char *bar(double share, const PiTopWindow *w, gsize width) {
        GString *s = g_string_new(NULL);

        pi_progress_append_bar(s, share, width, w->utf8);
        return g_string_free(s, FALSE);
}

static const PiTopColumn active_columns[] = {
        { .right = TRUE, .rank = 0 }, /* number */
        { .rank = 0 },                /* state */
        { .rank = 5 },                /* bar */
        { .right = TRUE, .rank = 1 }, /* per cent */
        { .right = TRUE, .rank = 2 }, /* time left */
        { .right = TRUE, .rank = 3 }, /* rate */
        { .right = TRUE, .rank = 4 }, /* terms */
        { .rank = 6 },                /* owner */
        { .rank = 7, .min = 8 },      /* label */
};

static void take_active(PiTopTable *table, const PiTopJob *job, const PiTopWindow *w) {
        gboolean running = strcmp(job->state, "running") == 0;
        gsize bar_width = w->columns >= WIDE_WINDOW ? BAR_LONG : BAR_SHORT;
        double left = pi_top_job_left(job);
        g_autofree char *time = left >= 0 && left < 1e9 ? pi_format_usec((guint64) (left * 1e6))
                                                        : NULL;

        pi_top_table_take(table, g_strdup_printf("%" G_GUINT64_FORMAT, job->id), PI_STYLE_STRONG);
        pi_top_table_take(table, pi_text_escape(job->state, FALSE, PI_TOP_STATE_MAX),
                          pi_style_of_state(job->state));
        pi_top_table_take(table, running ? bar(job->share, w, bar_width) : g_strdup(""),
                          pi_style_of_state(job->state));
        pi_top_table_take(table, pi_format_percent(job->share), PI_STYLE_PLAIN);
        pi_top_table_take(table, time ? g_strdup_printf("%s left", time)
                                      : g_strdup("-"), PI_STYLE_PLAIN);
        pi_top_table_take(table, job->rate > 0 ? pi_format_rate(job->rate, "term") : g_strdup("-"),
                          PI_STYLE_PLAIN);
        pi_top_table_take(table, pi_format_count(job->terms), PI_STYLE_PLAIN);
        pi_top_table_take(table, g_strdup(pi_owners_name(w->owners, job->owner)), PI_STYLE_PLAIN);
        pi_top_table_take(table, pi_text_escape(job->label, w->utf8, 0), PI_STYLE_PLAIN);
}

static const PiTopColumn finished_columns[] = {
        { .right = TRUE, .rank = 0 }, /* number */
        { .rank = 0 },                /* state */
        { .right = TRUE, .rank = 1 }, /* terms */
        { .right = TRUE, .rank = 2 }, /* time it took */
        { .right = TRUE, .rank = 3 }, /* rate */
        { .rank = 4 },                /* owner */
        { .rank = 5, .min = 8 },      /* label */
};

static void take_finished(PiTopTable *table, const PiTopJob *job, const PiTopWindow *w) {
        gboolean ran = job->started_usec > 0 && job->finished_usec > job->started_usec;
        guint64 usec = ran ? job->finished_usec - job->started_usec : 0;
        double rate = ran ? job->share * (double) job->terms * 1e6 / (double) usec : 0;

        pi_top_table_take(table, g_strdup_printf("%" G_GUINT64_FORMAT, job->id), PI_STYLE_STRONG);
        pi_top_table_take(table, pi_text_escape(job->state, FALSE, PI_TOP_STATE_MAX),
                          pi_style_of_state(job->state));
        pi_top_table_take(table, pi_format_count(job->terms), PI_STYLE_PLAIN);
        pi_top_table_take(table, ran ? pi_format_usec(usec) : g_strdup("-"), PI_STYLE_PLAIN);
        pi_top_table_take(table, ran ? pi_format_rate(rate, "term") : g_strdup("-"),
                          PI_STYLE_PLAIN);
        pi_top_table_take(table, g_strdup(pi_owners_name(w->owners, job->owner)), PI_STYLE_PLAIN);
        pi_top_table_take(table, pi_text_escape(job->label, w->utf8, 0), PI_STYLE_PLAIN);
}

/* The first `n` jobs of a list. */
static void add_jobs(const GPtrArray *jobs, guint n, const PiTopColumn *columns, gsize n_columns,
                     void (*take)(PiTopTable *, const PiTopJob *, const PiTopWindow *),
                     const PiTopWindow *w, GPtrArray *lines) {
        g_autoptr(PiTopTable) table = pi_top_table_new(columns, n_columns);

        for (guint i = 0; i < n; i++)
                take(table, jobs->pdata[i], w);
        pi_top_table_render(table, w->columns, w->utf8, lines);
}

static guint cores_per_line(const PiTopWindow *w) {
        return MAX(w->columns / (CORE_MIN + 2), 1);
}

static void add_core(PiLine *line, const PiTopCore *core, gsize width, const PiTopWindow *w) {
        g_autofree char *rate = core->use >= 0 ? pi_format_amount(core->rate) : g_strdup("-");
        g_autofree char *use = core->use >= 0 ? pi_format_percent(core->use) : g_strdup("-");
        gboolean fit = strcmp(core->state, "in-service") == 0 || core->state[0] == '\0';
        gsize bar_width = CLAMP(width - MIN(width, CORE_FIXED), CORE_BAR_MIN, CORE_BAR_MAX);
        g_autofree char *drawn = fit ? bar(MAX(core->use, 0), w, bar_width)
                                     : pi_text_escape(core->state, FALSE, PI_TOP_STATE_MAX);

        pi_line_printf(line, PI_STYLE_PLAIN, "%5u ", core->cpu);
        pi_line_pad(line, pi_style_of_state(fit ? "in-service" : core->state), drawn, bar_width,
                    FALSE);
        pi_line_printf(line, PI_STYLE_PLAIN, " %6s %5s/s", use, rate);
}

/* The first lines of the list of cores. */
static void add_cores(const GArray *cores, guint n_lines, const PiTopWindow *w, GPtrArray *lines) {
        guint each = cores_per_line(w);
        gsize width = w->columns / each;

        for (guint l = 0; l < n_lines; l++) {
                PiLine *line = new_line(w, lines);

                for (guint i = l * each; i < MIN((l + 1) * each, cores->len); i++) {
                        gsize begin = (i - l * each) * width;

                        pi_line_printf(line, PI_STYLE_PLAIN, "%*s",
                                       (int) (begin - MIN(begin, line->width)), "");
                        add_core(line, &g_array_index(cores, PiTopCore, i), width - 2, w);
                }
        }
}

static void add_more(const PiTopWindow *w, GPtrArray *lines, guint n) {
        pi_line_printf(new_line(w, lines), PI_STYLE_FAINT, "%s %u more",
                       w->utf8 ? "\342\200\246" : "...", n);
}

/* A list with a title: how many lines it takes in full, and how many it may take. */
typedef struct Section {
        guint entries, full, given;
} Section;

/* Lines of entries in what a section was given. The title counts the entries, so a line for those
 * that have no room is worth less than an entry. */
static guint shown(const Section *s) {
        if (s->given < 2 || s->given >= s->full)
                return s->given < 2 ? 0 : s->given - 1;
        return MAX(s->given - 2, 1);
}

static gboolean has_more_line(const Section *s) {
        return s->given > 2 && s->given < s->full;
}

/* Jobs and cores share the rows when they are few; the jobs that ended take what is left. */
static void share_out(Section *jobs, Section *cores, Section *finished, guint rows) {
        guint half = (rows + 1) / 2;

        if (jobs->full + cores->full <= rows)
                jobs->given = jobs->full;
        else if (cores->full <= rows - half)
                jobs->given = rows - cores->full;
        else
                jobs->given = MIN(jobs->full, half);
        cores->given = MIN(cores->full, rows - jobs->given);
        finished->given = MIN(finished->full, rows - jobs->given - cores->given);
}

static void add_active_section(const PiTop *top, const Section *s, const PiTopWindow *w,
                               GPtrArray *lines) {
        guint n = shown(s);
        guint64 in_use = pi_dict_u64(top->metrics, "slots_in_use"),
                total = pi_dict_u64(top->metrics, "slots_total");
        PiLine *line;

        if (s->given == 0)
                return;
        line = new_line(w, lines);
        pi_line_add(line, PI_STYLE_HEAD, "JOBS");
        pi_line_printf(line, PI_STYLE_PLAIN, "  %u running, %u queued", top->n_running,
                       top->active->len - top->n_running);
        if (pi_line_room(line) >= 28)
                pi_line_printf(line, PI_STYLE_PLAIN,
                               ", %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " CPU slots in use",
                               in_use, total);
        add_jobs(top->active, n, active_columns, G_N_ELEMENTS(active_columns), take_active, w,
                 lines);
        if (has_more_line(s))
                add_more(w, lines, s->entries - n);
}

static void add_core_section(const PiTop *top, const Section *s, const PiTopWindow *w,
                             GPtrArray *lines) {
        guint n = shown(s), out = 0;
        PiLine *line;

        for (guint i = 0; i < top->cores->len; i++)
                out += strcmp(g_array_index(top->cores, PiTopCore, i).state, "out-of-service") == 0;
        if (s->given == 0)
                return;
        line = new_line(w, lines);
        pi_line_add(line, PI_STYLE_HEAD, "CORES");
        pi_line_printf(line, PI_STYLE_PLAIN, "  %u", s->entries);
        pi_line_printf(line, out > 0 ? PI_STYLE_BAD : PI_STYLE_PLAIN, ", %u out of service", out);
        add_cores(top->cores, n, w, lines);
        if (has_more_line(s))
                add_more(w, lines, s->entries - n * cores_per_line(w));
}

static void add_finished_section(const PiTop *top, const Section *s, const PiTopWindow *w,
                                 GPtrArray *lines) {
        PiLine *line;

        if (s->given < 2)
                return;
        line = new_line(w, lines);
        pi_line_add(line, PI_STYLE_HEAD, "FINISHED");
        pi_line_printf(line, PI_STYLE_PLAIN, "  %u, the newest first", s->entries);
        add_jobs(top->finished, MIN(s->entries, s->given - 1), finished_columns,
                 G_N_ELEMENTS(finished_columns), take_finished, w, lines);
}

static void add_sections(const PiTop *top, const PiTopWindow *w, GPtrArray *lines, guint rows) {
        guint each = cores_per_line(w);
        Section jobs = { .entries = top->active->len },
                cores = { .entries = top->cores->len },
                finished = { .entries = top->finished->len };
        gboolean airy; /* room for an empty line before each */

        jobs.full = 1 + jobs.entries;
        cores.full = cores.entries > 0 ? 1 + (cores.entries + each - 1) / each : 0;
        finished.full = finished.entries > 0 ? 1 + finished.entries : 0;
        share_out(&jobs, &cores, &finished, rows);
        airy = jobs.full + cores.full + finished.full + 3 <= rows;
        if (airy)
                new_line(w, lines);
        add_active_section(top, &jobs, w, lines);
        if (airy && cores.given > 0)
                new_line(w, lines);
        add_core_section(top, &cores, w, lines);
        if (airy && finished.given > 0)
                new_line(w, lines);
        add_finished_section(top, &finished, w, lines);
}

static void line_free(gpointer line) {
        pi_line_free(line);
}

GPtrArray *pi_top_lines(const PiTop *top, const PiTopWindow *w) {
        GPtrArray *lines = g_ptr_array_new_with_free_func(line_free);

        add_title(top, w, lines);
        add_notices(top, w, lines);
        for (gsize i = 0; i < G_N_ELEMENTS(figures); i++)
                add_figures(top, w, lines, i);
        if (lines->len < w->rows)
                add_sections(top, w, lines, w->rows - lines->len);
        if (lines->len > w->rows)
                g_ptr_array_set_size(lines, (gint) w->rows);
        return lines;
}
