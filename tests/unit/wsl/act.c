/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/wsl/act.h"

#include <string.h>

#include "ctl/invocation.h"
#include "dbus/error.h"

const PiWslWish act_plain = { .port = 31415 }, act_yes = { .port = 31415, .yes = TRUE },
                act_elevate = { .port = 31415, .yes = TRUE, .elevate = TRUE },
                act_print = { .port = 31415, .print = TRUE },
                act_force = { .port = 31415, .yes = TRUE, .force = TRUE };

void act_setup(Fake *f, const PiWslWish *wish) {
        g_autoptr(GError) error = NULL;
        int status = pi_wsl_setup(f->host, wish, &f->out, &error);

        g_assert_no_error(error);
        g_assert_cmpint(status, ==, 0);
}

void act_undo(Fake *f, const PiWslWish *wish) {
        g_autoptr(GError) error = NULL;
        int status = pi_wsl_undo(f->host, wish, &f->out, &error);

        g_assert_no_error(error);
        g_assert_cmpint(status, ==, 0);
}

void act_refused(Fake *f, const PiWslWish *wish, ActRun run, const char *words) {
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(run(f->host, wish, &f->out, &error), ==, PI_VERB_ERROR);
        g_assert_nonnull(error);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, words));
        g_assert_true(error->domain == PI_ERROR);
}

void act_has(const char *path, const char *wanted) {
        g_autofree char *text = fake_read(path);

        g_assert_cmpstr(text, ==, wanted);
}

void act_has_beside(const char *path, const char *ending, const char *wanted) {
        g_autofree char *text = fake_read_beside(path, ending);

        g_assert_cmpstr(text, ==, wanted);
}

void act_has_no_traces(Fake *f) {
        const char *const endings[] = { ".pi-backup", ".pi-setup", ".pi-edited" };

        for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
                act_has_beside(f->config, endings[i], NULL);
                act_has_beside(f->conf, endings[i], NULL);
        }
}

void act_edit_config(Fake *f) {
        fake_file(f, "/mnt/c/Users/Ada/.wslconfig", "[wsl2]\nswap=0\n");
}

void act_printed_has(Fake *f, const char *words) {
        g_autofree char *printed = fake_printed(f);

        g_assert_nonnull(strstr(printed, words));
}
