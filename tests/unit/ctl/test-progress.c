/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/progress.h"

#include <string.h>

#include "ctl/text.h"

static const PiProgressView running = {
        .id = 7, .terms = 1000000000, .state = "running", .share = 0.25, .share_per_second = 0.05,
};

static void test_line(void) {
        g_autofree char *ascii = pi_progress_render(&running, 80, FALSE);
        g_autofree char *utf8 = pi_progress_render(&running, 80, TRUE);

        g_assert_cmpstr(
                ascii, ==,
                "job 7  running  ######...................   25.0 %  50.0 Mterm/s  15.0 s left");
        g_assert_true(g_str_has_prefix(utf8, "job 7  running  \342\226\210"));
        g_assert_true(g_str_has_suffix(utf8, "15.0 s left"));
        g_assert_cmpuint(pi_text_width(utf8), ==, pi_text_width(ascii));
}

static void test_fits(void) {
        PiProgressView view = running;

        view.id = G_MAXUINT64;
        for (unsigned columns = 0; columns < 200; columns++) {
                g_autofree char *line = pi_progress_render(&running, columns, TRUE);
                g_autofree char *longer = pi_progress_render(&view, columns, FALSE);

                g_assert_cmpuint(pi_text_width(line), <=, columns);
                g_assert_cmpuint(pi_text_width(longer), <=, columns);
        }
}

static void test_queued(void) {
        const PiProgressView view = {
                .id = 7, .terms = 10, .state = "queued", .waited_usec = 12345678
        };
        g_autofree char *line = pi_progress_render(&view, 80, FALSE);

        g_assert_true(g_str_has_prefix(line, "job 7  queued  ...."));
        g_assert_true(g_str_has_suffix(line, "0.0 %  for 12.0 s"));
}

/* Values from the bus that make no sense must not upset the line. */
static void test_nonsense(void) {
        static const double shares[] = { -1, 2, 1e300, -1e300 };

        for (gsize i = 0; i < G_N_ELEMENTS(shares); i++) {
                PiProgressView view = running;
                g_autofree char *line = NULL;

                view.share = shares[i];
                line = pi_progress_render(&view, 80, FALSE);
                g_assert_cmpuint(strlen(line), <=, 80);
                g_assert_nonnull(strstr(line, shares[i] < 0 ? "  0.0 %" : "100.0 %"));
        }
}

static void test_not_on_files(void) {
        g_auto(PiProgress) progress = {};
        g_autoptr(GVariant) properties = g_variant_ref_sink(g_variant_new_parsed(
                "{'Id': <uint64 7>, 'State': <'running'>, 'Progress': <0.5>}"));

        pi_progress_init(&progress);
        if (pi_progress_is_wanted(&progress)) {
                g_test_skip("stderr is a terminal here");
                return;
        }
        pi_progress_update(&progress, properties);
        g_assert_cmpuint(progress.timer, ==, 0);
        g_assert_false(progress.drawn);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/progress/line", test_line);
        g_test_add_func("/ctl/progress/fits", test_fits);
        g_test_add_func("/ctl/progress/queued", test_queued);
        g_test_add_func("/ctl/progress/nonsense", test_nonsense);
        g_test_add_func("/ctl/progress/not-on-files", test_not_on_files);
        return g_test_run();
}
