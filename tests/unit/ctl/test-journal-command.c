/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/journal-command.h"

static void test_commands(void) {
        static const struct {
                PiOptions options;
                gboolean user_manager;
                const char *command;
        } cases[] = {
                { { .bus = PI_BUS_SYSTEM }, FALSE,
                  "journalctl -x _SYSTEMD_UNIT=pi-computed.service JOB_ID=7" },
                { { .bus = PI_BUS_USER }, TRUE,
                  "journalctl --user -x _SYSTEMD_USER_UNIT=pi-computed.service JOB_ID=7" },
                { { .bus = PI_BUS_USER }, FALSE, NULL },
                { { .bus = PI_BUS_REMOTE, .host = "me@node-2.example" }, FALSE,
                  "ssh me@node-2.example "
                  "journalctl -x _SYSTEMD_UNIT=pi-computed.service JOB_ID=7" },
                /* What ssh would not understand, or a shell too well. */
                { { .bus = PI_BUS_REMOTE, .host = "node2:22/container" }, FALSE,
                  "on 'node2:22/container': "
                  "journalctl -x _SYSTEMD_UNIT=pi-computed.service JOB_ID=7" },
                { { .bus = PI_BUS_REMOTE, .host = "a;b\033" }, FALSE,
                  "on 'a;b\\x1b': journalctl -x _SYSTEMD_UNIT=pi-computed.service JOB_ID=7" },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *command = pi_journal_command(&cases[i].options, 7,
                                                              cases[i].user_manager);

                g_assert_cmpstr(command, ==, cases[i].command);
        }
}

static void test_largest(void) {
        const PiOptions options = { .bus = PI_BUS_SYSTEM };
        g_autofree char *command = pi_journal_command(&options, G_MAXUINT64, FALSE);

        g_assert_true(g_str_has_suffix(command, " JOB_ID=18446744073709551615"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/journal-command/commands", test_commands);
        g_test_add_func("/ctl/journal-command/largest", test_largest);
        return g_test_run();
}
