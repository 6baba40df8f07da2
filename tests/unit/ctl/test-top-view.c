/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/top-view.h"

#include <string.h>

#include "ctl/text.h"

#define FINISHED 7

typedef struct Made {
        PiTop *top;
        PiOwners *owners;
} Made;

static void made_clear(Made *made) {
        pi_top_free(made->top);
        pi_owners_free(made->owners);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Made, made_clear)

static void take_metrics(PiTop *top, guint cores, guint64 uptime, guint64 each) {
        GVariantDict dict;
        GVariantBuilder list;
        g_autoptr(GVariant) metrics = NULL;

        g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
        for (guint i = 0; i < cores; i++)
                g_variant_builder_add_parsed(
                        &list, "{'cpu': <%u>, 'state': <%s>, 'terms': <%t>, 'busy_usec': <%t>}", i,
                        i == 1 ? "out-of-service" : "in-service", each * 1000, each);
        g_variant_dict_init(&dict, NULL);
        g_variant_dict_insert(&dict, "uptime_usec", "t", uptime);
        g_variant_dict_insert(&dict, "response_p50_usec", "t", (guint64) 26100);
        g_variant_dict_insert(&dict, "response_p99_usec", "t", (guint64) 1230000);
        g_variant_dict_insert(&dict, "submission_p50_usec", "t", (guint64) 90);
        g_variant_dict_insert(&dict, "process_cpu_utilization", "d", 0.973);
        g_variant_dict_insert(&dict, "machine_cpu_utilization", "d", 0.998);
        g_variant_dict_insert(&dict, "memory_rss_bytes", "t", (guint64) 5 << 20);
        g_variant_dict_insert(&dict, "last_minute_terms_per_second", "d", 45.2e9);
        g_variant_dict_insert(&dict, "efficiency_last", "d", 0.965);
        g_variant_dict_insert(&dict, "speedup_last", "d", 1.93);
        g_variant_dict_insert(&dict, "slots_in_use", "u", 1);
        g_variant_dict_insert(&dict, "slots_total", "u", 2);
        g_variant_dict_insert_value(&dict, "cores", g_variant_builder_end(&list));
        metrics = g_variant_ref_sink(g_variant_dict_end(&dict));
        pi_top_take_metrics(top, metrics);
}

static void add_job(GVariantBuilder *objects, guint64 id, const char *state, double share,
                    const char *label) {
        g_autofree char *path = g_strdup_printf("/org/picompute1/job/%" G_GUINT64_FORMAT, id);

        g_variant_builder_add_parsed(
                objects,
                "{%o, {'org.picompute1.Job': {'Id': <%t>, 'State': <%s>, 'Terms': <%t>, "
                "'Progress': <%d>, 'Label': <%s>, 'Owner': <uint32 0>, 'StartedUsec': <uint64 1>, "
                "'FinishedUsec': <%t>}}}",
                path, id, state, G_GUINT64_CONSTANT(1000000000000), share, label,
                strcmp(state, "done") == 0 ? id * 1000000 : 0);
}

static void take_jobs(PiTop *top, guint n, double share, gint64 usec, const char *label) {
        GVariantBuilder objects;
        g_autoptr(GVariant) value = NULL;

        g_variant_builder_init(&objects, G_VARIANT_TYPE("a{oa{sa{sv}}}"));
        for (guint i = 0; i < FINISHED; i++)
                add_job(&objects, i + 1, "done", 1, label);
        for (guint i = 0; i < n; i++)
                add_job(&objects, 100 + i, i == 0 ? "running" : "queued", i == 0 ? share : 0,
                        label);
        value = g_variant_ref_sink(g_variant_builder_end(&objects));
        pi_top_take_objects(top, value, usec);
}

/* Two looks, a second apart. */
static Made made(guint jobs, guint cores, const char *label) {
        Made m = { pi_top_new(), pi_owners_new(FALSE) };

        take_metrics(m.top, cores, 1000000, 0);
        take_metrics(m.top, cores, 2000000, 750000);
        take_jobs(m.top, jobs, 0.50, 1000000, label);
        take_jobs(m.top, jobs, 0.51, 2000000, label);
        return m;
}

/* All lines as one text; checks that they fit the window. */
static char *render(const Made *m, unsigned columns, unsigned rows, gboolean utf8,
                    const char *notice) {
        PiTopWindow window = { .columns = columns, .rows = rows, .utf8 = utf8, .owners = m->owners,
                               .where = "the system bus", .clock = "12:34:56", .notice = notice };
        g_autoptr(GPtrArray) lines = pi_top_lines(m->top, &window);
        GString *text = g_string_new(NULL);

        g_assert_cmpuint(lines->len, <=, rows);
        for (guint i = 0; i < lines->len; i++) {
                g_autofree char *line = pi_line_text(lines->pdata[i]);

                g_assert_cmpuint(pi_text_width(line), <=, columns);
                g_string_append_printf(text, "%s\n", line);
        }
        return g_string_free(text, FALSE);
}

static void says(const char *text, const char *part) {
        if (!strstr(text, part))
                g_error("\"%s\" is not in:\n%s", part, text);
}

static void says_not(const char *text, const char *part) {
        if (strstr(text, part))
                g_error("\"%s\" is in:\n%s", part, text);
}

static void test_whole(void) {
        g_auto(Made) m = made(3, 2, "night run");
        g_autofree char *text = render(&m, 80, 24, FALSE, NULL);

        says(text, "pictl top  up 2.00 s");
        says(text, "q quits\n");
        says(text, "p50 26.1 ms  p99 1.23 s");
        says(text, "service 97.3 %  machine 99.8 %");
        says(text, "5.00 MiB");
        says(text, "45.2 Gterm/s");
        says(text, "96.5 %  speed-up 1.93");
        says(text, "1 running, 2 queued, 1 of 2 CPU slots in use");
        says(text, "100  running  #####.....  51.0 %  49.0 s left  10.0 Gterm/s");
        says(text, "102  queued");
        says(text, "night run");
        says(text, "2, 1 out of service");
        says(text, " 75.0 %  750M/s");
        says(text, "out-of-service");
        says(text, "FINISHED");
        says_not(text, "more\n");
}

static void test_every_size(void) {
        g_auto(Made) few = made(2, 2, "x"), many = made(300, 128, "a \342\230\203 in ice");
        g_auto(Made) none = { pi_top_new(), pi_owners_new(FALSE) };

        for (unsigned columns = 1; columns < 170; columns += columns < 60 ? 1 : 7)
                for (unsigned rows = 1; rows < 60; rows += rows < 30 ? 1 : 9) {
                        g_free(render(&few, columns, rows, TRUE, NULL));
                        g_free(render(&many, columns, rows, TRUE, "gone"));
                        g_free(render(&many, columns, rows, FALSE, NULL));
                        g_free(render(&none, columns, rows, FALSE, "gone"));
                }
}

/* What has no room is counted. */
static void test_nothing_lost(void) {
        g_auto(Made) m = made(30, 128, "x");
        g_autofree char *small = render(&m, 40, 10, FALSE, NULL);
        g_autofree char *medium = render(&m, 80, 24, FALSE, NULL);
        g_autofree char *large = render(&m, 200, 100, FALSE, NULL);

        says(small, "JOBS  1 running, 29 queued\n");
        says(small, "100  running");
        says(small, "CORES  128, 1 out of service");
        /* 17 rows: 9 for jobs and 8 for cores, the first and the last of them for counts. */
        says(medium, "106  queued");
        says_not(medium, "107  queued");
        says(medium, "\n... 23 more\nCORES");
        says(medium, "\n... 116 more\n");
        says(large, "129  queued");
        says(large, "  127 ");
        says_not(large, "more\n");
}

static void test_narrow(void) {
        g_auto(Made) m = made(2, 2, "a label nobody has room for");
        g_autofree char *text = render(&m, 40, 24, FALSE, NULL);

        says(text, "100  running  51.0 %  49.0 s left\n");
        says_not(text, "label");
        says(text, "service 97.3 % machine 99.8 %\n");
}

/* Text from others moves no cursor, in no character set. */
static void test_hostile(void) {
        g_auto(Made) m = made(1, 1, "\033[2Jgone\nnext");
        g_autofree char *text = NULL, *utf8 = NULL;
        g_autoptr(GVariant) properties = g_variant_ref_sink(g_variant_new_parsed(
                "{'StoreState': <'degraded'>, 'StoreError': <%s>, 'Kernel': <%s>}",
                "disk \033]0;x\a full", "\033c"));

        pi_top_take_properties(m.top, properties);
        text = render(&m, 200, 40, FALSE, NULL);
        utf8 = render(&m, 200, 40, TRUE, NULL);
        says(text, "\\x1b[2Jgone\\nnext");
        says(utf8, "\\x1b[2Jgone\\nnext");
        says(text, "degraded: disk \\x1b]0;x");
        g_assert_null(strchr(text, '\033'));
        g_assert_null(strchr(utf8, '\033'));
        g_assert_null(strchr(utf8, '\a'));
        for (const char *p = text; *p; p++)
                g_assert_cmpint(*p, >, 0);
}

static void test_notice(void) {
        g_auto(Made) m = made(1, 1, "x");
        g_autofree char *text = render(&m, 80, 24, FALSE, "No service for 3 s");
        g_autofree char *without = render(&m, 80, 24, FALSE, NULL);

        says(text, "\nNo service for 3 s\n");
        says_not(text, "degraded");
        says_not(without, "No service");
}

/* Figures the machine cannot tell are absent, never zero. */
static void test_absent(void) {
        g_auto(Made) none = { pi_top_new(), pi_owners_new(FALSE) };
        g_autofree char *text = render(&none, 80, 24, FALSE, NULL);

        says(text, "Response   -\n");
        says(text, "JOBS  0 running, 0 queued");
        says_not(text, "CORES");
        says_not(text, "up ");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/top-view/whole", test_whole);
        g_test_add_func("/ctl/top-view/every-size", test_every_size);
        g_test_add_func("/ctl/top-view/nothing-lost", test_nothing_lost);
        g_test_add_func("/ctl/top-view/narrow", test_narrow);
        g_test_add_func("/ctl/top-view/hostile", test_hostile);
        g_test_add_func("/ctl/top-view/notice", test_notice);
        g_test_add_func("/ctl/top-view/absent", test_absent);
        return g_test_run();
}
