/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <unistd.h>

#include "tests/unit/wsl/act.h"

#define CONFIG_NEW                                                                                \
        "[wsl2]\r\nnetworkingMode=mirrored\r\nvmIdleTimeout=-1\r\n"                               \
        "loadKernelModules=tls,nft_limit,nft_log\r\n\r\n[general]\r\ninstanceIdleTimeout=-1\r\n"

static void edit_config_again(Fake *f) {
        fake_file(f, "/mnt/c/Users/Ada/.wslconfig", "[wsl2]\nswap=1\n");
}

/* Neither is the other file put back then. */
static void test_changed_meanwhile(void) {
        g_autoptr(Fake) f = fake_new();
        PiWslWish wish = { .port = 31415, .force = TRUE };

        act_setup(f, &act_yes);
        f->out.terminal.fd = STDERR_FILENO;
        f->answer = PI_ANSWER_YES;
        for (int i = 0; i < 2; i++) {
                const char *text = i == 0 ? "[wsl2]\nswap=0\n" : "[wsl2]\nswap=1\n";

                /* In the second round it is edited already, and edited again. */
                f->on_ask = i == 0 ? act_edit_config : edit_config_again;
                act_refused(f, i == 0 ? &act_plain : &wish, pi_wsl_undo, "changed meanwhile");
                act_has(f->config, text);
                act_has(f->conf, "[boot]\nsystemd=true\n");
                act_has_beside(f->config, ".pi-edited", NULL);
                g_assert_true(f->logon);
        }
}

/* That Windows does not tell its rules is not that there are none. */
static void test_mute(void) {
        g_autoptr(Fake) f = fake_new();

        f->mute = TRUE;
        act_setup(f, &act_elevate);
        act_printed_has(f, "whether the rule is there cannot be told: Access is denied");
        g_assert_true(f->rule);
        act_undo(f, &act_yes);
        act_printed_has(f, "Whether the rule is there cannot be told: Access is denied");
        act_has_no_traces(f);
        act_undo(f, &act_plain);
        act_printed_has(f, "Where-Object { $_.Name -like 'pi-computed-*' } | Remove-Net");
        act_undo(f, &act_plain);
        act_printed_has(f, "There is nothing else of");
        g_assert_true(f->rule);
        act_undo(f, &act_elevate);
        act_printed_has(f, "Whether the rule is gone cannot be told: Access is denied");
        g_assert_false(f->rule);
        /* A Windows without such a firewall has no rule of ours. */
        f->build = "19045.5011";
        act_undo(f, &act_plain);
        act_printed_has(f, "There is nothing of pictl wsl setup to undo");
}

/* Neither the rule nor the entry is gone because a script says so. */
static void test_deaf(void) {
        g_autoptr(Fake) f = fake_new();

        act_setup(f, &act_elevate);
        f->deaf = TRUE;
        act_refused(f, &act_elevate, pi_wsl_undo,
                    "the files were put back, but at logon Windows still runs \"C:");
        act_has_no_traces(f);
        f->logon = FALSE;
        act_refused(f, &act_elevate, pi_wsl_undo, "still has a rule named pi-computed-*");
        f->deaf = FALSE;
        act_undo(f, &act_elevate);
        g_assert_false(f->rule);
        g_assert_nonnull(strstr(f->log->str, "elevate !disallow network "));
}

/* wsl.conf needs no Windows. */
static void test_without_windows(void) {
        g_autoptr(Fake) f = fake_new();

        act_setup(f, &act_elevate);
        g_free(fake_printed(f));
        fake_file(f, "/proc/sys/fs/binfmt_misc/WSLInterop", NULL);
        act_refused(f, &act_elevate, pi_wsl_undo,
                    "/etc/wsl.conf was put back, but Windows does not answer, and .wslconfig, the "
                    "entry at logon and the rule of the Hyper-V firewall are left: ");
        act_printed_has(f, "the entry at logon and the rule of the\nHyper-V firewall stay");
        act_has(f->conf, NULL);
        act_has_beside(f->conf, ".pi-setup", NULL);
        act_refused(f, &act_elevate, pi_wsl_undo, "Windows does not answer");
        act_has(f->config, CONFIG_NEW);
        fake_file(f, "/proc/sys/fs/binfmt_misc/WSLInterop", "enabled\n");
        act_undo(f, &act_elevate);
        act_has_no_traces(f);
        g_assert_false(f->rule || f->logon);
}

static void test_edited(void) {
        g_autoptr(Fake) f = fake_new();
        g_autofree char *printed = NULL;

        fake_file(f, "/etc/wsl.conf", "[user]\ndefault=ada\n");
        act_setup(f, &act_yes);
        act_edit_config(f);
        g_free(fake_printed(f));
        act_refused(f, &act_yes, pi_wsl_undo, "was edited since");
        printed = fake_printed(f);
        g_assert_nonnull(strstr(printed, "-swap=0\n"));
        act_has(f->config, "[wsl2]\nswap=0\n");
        act_has(f->conf, "[user]\ndefault=ada\n\n[boot]\nsystemd=true\n");
        g_assert_true(f->logon);
        act_undo(f, &act_force);
        act_has(f->config, NULL);
        act_has(f->conf, "[user]\ndefault=ada\n");
        act_has_beside(f->config, ".pi-edited", "[wsl2]\nswap=0\n");
        act_has_beside(f->config, ".pi-backup", NULL);
}

/* An edit between two setups is not forgotten, and the first backup stays. */
static void test_edited_between(void) {
        g_autoptr(Fake) f = fake_new();

        fake_file(f, "/mnt/c/Users/Ada/.wslconfig", "[wsl2]\nmemory=1GB\n");
        act_setup(f, &act_yes);
        act_edit_config(f);
        act_setup(f, &act_yes);
        act_has_beside(f->config, ".pi-backup", "[wsl2]\nmemory=1GB\n");
        act_refused(f, &act_yes, pi_wsl_undo, "was edited since");
        act_undo(f, &act_force);
        act_has(f->config, "[wsl2]\nmemory=1GB\n");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/wsl/undo/changed-meanwhile", test_changed_meanwhile);
        g_test_add_func("/wsl/undo/mute", test_mute);
        g_test_add_func("/wsl/undo/deaf", test_deaf);
        g_test_add_func("/wsl/undo/without-windows", test_without_windows);
        g_test_add_func("/wsl/undo/edited", test_edited);
        g_test_add_func("/wsl/undo/edited-between", test_edited_between);
        return g_test_run();
}
