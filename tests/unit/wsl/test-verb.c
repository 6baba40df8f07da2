/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pictl wsl from its command line on. */
#include "ctl/verb-wsl.h"

#include <string.h>

#include "dbus/error.h"
#include "tests/unit/wsl/fake.h"

/* The exit status, as pi_invoke() has it. */
static int run(Fake *f, const char *line, char **ret_error) {
        g_auto(GStrv) argv = g_strsplit(line, " ", -1);
        g_autoptr(GError) error = NULL;
        g_autofree char **words = NULL;
        PiInvocation inv = { .verb = pi_verb_find("wsl"), .out = f->out };
        int status = PI_VERB_ERROR;

        g_clear_pointer(ret_error, g_free);
        if (pi_options_parse(&inv.options, (int) g_strv_length(argv), argv, &words, &error)) {
                g_assert_cmpstr(words[0], ==, "wsl");
                inv.args = words + 1;
                inv.n_args = g_strv_length(words + 1);
                inv.out.json = inv.options.json;
                status = pi_wsl_run(&inv, f->host, &error);
        }
        if (!error)
                return status;
        g_test_message("%s: %s", line, error->message);
        *ret_error = g_strdup(error->message);
        return pi_error_exit_status((PiError) error->code);
}

static void test_all(void) {
        g_autoptr(Fake) f = fake_new();
        g_autofree char *error = NULL, *printed = NULL;

        g_assert_cmpint(run(f, "pictl wsl doctor", &error), ==, 2);
        g_assert_cmpint(run(f, "pictl wsl setup --yes --elevate --from=10.0.0.0/8", &error), ==, 0);
        g_assert_nonnull(strstr(f->last, "'10.0.0.0/8'"));
        f->mode = "mirrored";
        g_assert_cmpint(run(f, "pictl wsl doctor", &error), ==, 0);
        f->logon = FALSE;
        g_assert_cmpint(run(f, "pictl wsl doctor", &error), ==, 1);
        g_assert_cmpint(run(f, "pictl wsl doctor --port=31416", &error), ==, 2);
        g_free(fake_printed(f));
        g_assert_cmpint(run(f, "pictl wsl doctor --json=short", &error), ==, 1);
        printed = fake_printed(f);
        g_assert_nonnull(strstr(printed, "{\"check\":\"logon\",\"severity\":\"warning\","));
        g_assert_cmpint(run(f, "pictl wsl status", &error), ==, 0);
        g_assert_cmpint(run(f, "pictl wsl undo -y --elevate", &error), ==, 0);
        g_assert_null(error);
        g_assert_false(f->rule);
}

static void refused(const char *line, const char *words) {
        g_autoptr(Fake) f = fake_new();
        g_autofree char *error = NULL;

        g_assert_cmpint(run(f, line, &error), ==, 2);
        g_assert_nonnull(error);
        g_assert_nonnull(strstr(error, words));
        g_assert_cmpstr(f->log->str, ==, "");
}

static void test_refused(void) {
        refused("pictl wsl shutdown", "'shutdown' is nothing that pictl wsl does");
        refused("pictl wsl doctor --yes", "--yes does not go with pictl wsl doctor");
        refused("pictl wsl status --port=5", "--port does not go");
        refused("pictl wsl undo --from=10.0.0.1", "--from does not go");
        refused("pictl wsl setup --force", "--force does not go");
        refused("pictl wsl setup --port=65536", "65535");
        refused("pictl wsl setup --port=0", "65535");
        refused("pictl -H node2 wsl setup", "--host");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/wsl/verb/all", test_all);
        g_test_add_func("/wsl/verb/refused", test_refused);
        return g_test_run();
}
