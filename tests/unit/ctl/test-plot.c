/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/plot.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "dbus/error.h"

static void replace(char **text, const char *value) {
        g_free(*text);
        *text = g_strdup(value);
}

static PiSweep *make_sweep(guint n) {
        static const guint64 parts[] = { 1, 2, 4, 8, 16, 24, 32, 128, 2000, 100000, 1000000 };
        PiSweep *sweep = pi_sweep_new();

        sweep->terms = 1000000000;
        sweep->cpus = sweep->slots = 2;
        sweep->repeats = 5;
        sweep->begin_usec = G_GUINT64_CONSTANT(1700000000000000);
        replace(&sweep->kernel, "avx2");
        replace(&sweep->host, "node1");
        pi_sweep_series_add(pi_sweep_add_baseline(sweep, "avx2", 1000000000), 33000, 33000, 0.5);
        for (guint i = 0; i < n; i++) {
                PiSweepSeries *s = pi_sweep_add_point(sweep, parts[i]);
                guint64 usec = parts[i] == 1 ? 33000 : 17000 + parts[i] / 50;

                pi_sweep_series_add(s, usec - 100, usec, 0.9);
                pi_sweep_series_add(s, usec + 100, usec, 0.9);
        }
        return sweep;
}

static void test_script(void) {
        g_autoptr(PiSweep) sweep = make_sweep(11);
        g_autofree char *svg = pi_plot_script(sweep, PI_PLOT_SVG);
        g_autofree char *png = pi_plot_script(sweep, PI_PLOT_PNG);

        g_assert_nonnull(strstr(svg, "set terminal svg"));
        g_assert_nonnull(strstr(svg, "background rgb 'white'"));
        g_assert_nonnull(strstr(png, "set terminal pngcairo"));
        g_assert_nonnull(strstr(svg, "set logscale x"));
        g_assert_nonnull(strstr(svg, "set logscale y\n"));
        g_assert_nonnull(strstr(svg, "'response time in ms (logarithmic)'"));
        g_assert_nonnull(strstr(svg, "'CPU use in % of 2 slots'"));
        g_assert_nonnull(strstr(svg, "1 000 000 000 terms of the Leibniz series"));
        g_assert_nonnull(strstr(svg, "node1, 2 workers, kernel avx2, 2023-11-1"));
        g_assert_nonnull(strstr(svg, "\n1 33 32.9 33.1 90\n"));
        g_assert_nonnull(strstr(svg, "\n1000000 37 36.9 37.1 90\n"));
        g_assert_nonnull(strstr(svg, "'more than 2k parts only cost'"));
        /* 24 has no room beside 16 and 32. */
        g_assert_nonnull(strstr(svg, "('1' 1, '2' 2, '4' 4, '8' 8, '16' 16, '32' 32, '128' 128, "
                                     "'2k' 2000, '100k' 100000, '1M' 1000000)"));
        g_assert_nonnull(strstr(svg, "set yrange [9.98:50.1]"));
}

/* The knee of a curve that has none is not drawn. */
static void test_no_knee(void) {
        g_autoptr(PiSweep) sweep = make_sweep(1);
        g_autofree char *script = pi_plot_script(sweep, PI_PLOT_SVG);

        g_assert_null(strstr(script, "set arrow"));
        g_assert_null(strstr(script, "set object"));
}

static void expect_unit(guint64 usec, const char *unit) {
        g_autoptr(PiSweep) sweep = make_sweep(0);
        g_autofree char *script = NULL;
        PiSweepSeries *s = pi_sweep_add_point(sweep, 1);

        pi_sweep_series_add(s, usec, usec, 1);
        script = pi_plot_script(sweep, PI_PLOT_SVG);
        g_assert_nonnull(strstr(script, unit));
}

static void test_units(void) {
        expect_unit(0, "response time in us");
        expect_unit(999, "response time in us");
        expect_unit(1000, "response time in ms");
        expect_unit(1000000, "response time in s ");
}

/* Nothing in a stored run gets out of its quotes. */
static void test_hostile_text(void) {
        g_autoptr(PiSweep) sweep = make_sweep(11);
        g_autofree char *script = NULL;

        replace(&sweep->host, "a'\nsystem('x')");
        replace(&sweep->cpu_model, "`touch y` $z @q \"w\" \\");
        replace(&sweep->kernel, "END\n\033[2J{^_}");
        script = pi_plot_script(sweep, PI_PLOT_SVG);
        g_assert_null(strstr(script, "a'"));
        g_assert_null(strstr(script, "`"));
        g_assert_null(strstr(script, "@"));
        g_assert_null(strstr(script, "\""));
        g_assert_null(strstr(script, "\nsystem"));
        g_assert_null(strstr(script, "END\n\033"));
        g_assert_nonnull(strstr(script, "a??nsystem(?x?)"));
}

static void refuse(const char *file, PiError code, const char *says) {
        g_autoptr(GError) error = NULL;

        g_assert_false(pi_plot_check(file, &error));
        g_assert_error(error, PI_ERROR, (gint) code);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, says));
}

static gboolean have_gnuplot(void) {
        g_autofree char *gnuplot = g_find_program_in_path("gnuplot");

        if (!gnuplot)
                g_test_skip("gnuplot is not installed");
        return gnuplot != NULL;
}

static void test_wrong_files(void) {
        refuse("chart", PI_ERROR_INVALID_OPTION, ".svg or .png");
        refuse("chart.pdf", PI_ERROR_INVALID_OPTION, ".svg or .png");
        refuse("", PI_ERROR_INVALID_OPTION, ".svg or .png");
        if (!have_gnuplot())
                return;
        refuse("/nowhere/at/all/chart.svg", PI_ERROR_FAILED, "No such file or directory");
}

static void test_no_gnuplot(void) {
        g_autofree char *path = g_strdup(g_getenv("PATH"));

        g_setenv("PATH", "/nowhere", TRUE);
        refuse("chart.svg", PI_ERROR_FAILED, "install the package gnuplot-nox");
        g_setenv("PATH", path, TRUE);
}

static void draw(const PiSweep *sweep, const char *dir, const char *name, const char *magic) {
        g_autofree char *file = g_build_filename(dir, name, NULL), *text = NULL;
        g_autoptr(GError) error = NULL;
        gsize length;

        g_assert_true(g_file_set_contents(file, "old", -1, NULL));
        g_assert_true(pi_plot_write(file, sweep, &error));
        g_assert_no_error(error);
        g_assert_true(g_file_get_contents(file, &text, &length, NULL));
        g_assert_cmpuint(length, >, 5000);
        g_assert_nonnull(g_strstr_len(text, 64, magic));
        g_unlink(file);
}

static void test_draw(void) {
        g_autofree char *dir = NULL, *strange = NULL;
        g_autoptr(PiSweep) all = make_sweep(11), one = make_sweep(1), odd = make_sweep(3);

        if (!have_gnuplot())
                return;
        dir = g_dir_make_tmp("pi-plot-XXXXXX", NULL);
        strange = g_build_filename(dir, "made-by-a-title", NULL);
        replace(&odd->host, "a'\nset output 'made-by-a-title'\nplot sin(x)\n#");
        replace(&odd->cpu_model, "\316\274P {^_&~} `touch made-by-a-title`");
        g_assert_cmpint(g_chdir(dir), ==, 0);
        draw(all, dir, "a.svg", "<?xml");
        draw(all, dir, "a.png", "PNG");
        draw(one, dir, "one.svg", "<?xml");
        draw(odd, dir, "odd.svg", "<?xml");
        g_assert_false(g_file_test(strange, G_FILE_TEST_EXISTS));
        g_assert_cmpint(g_chdir("/"), ==, 0);
        g_assert_cmpint(g_rmdir(dir), ==, 0);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/plot/script", test_script);
        g_test_add_func("/plot/no-knee", test_no_knee);
        g_test_add_func("/plot/units", test_units);
        g_test_add_func("/plot/hostile-text", test_hostile_text);
        g_test_add_func("/plot/wrong-files", test_wrong_files);
        g_test_add_func("/plot/no-gnuplot", test_no_gnuplot);
        g_test_add_func("/plot/draw", test_draw);
        return g_test_run();
}
