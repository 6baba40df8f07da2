/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/invocation.h"
#include "tests/unit/wsl/act.h"

#define CONFIG_AFTER                                                                              \
        "[wsl2]\r\nmemory=8GB\r\nnetworkingMode=mirrored\r\nvmIdleTimeout=-1\r\n"                 \
        "loadKernelModules=tls,nft_limit,nft_log\r\n\r\n[general]\r\ninstanceIdleTimeout=-1\r\n"

static void test_round(void) {
        g_autoptr(Fake) f = fake_new();
        g_autofree char *printed = NULL, *left = NULL, *again = NULL, *end = NULL;

        fake_file(f, "/mnt/c/Users/Ada/.wslconfig", "[wsl2]\r\nmemory=8GB\r\n");
        act_setup(f, &act_yes);
        printed = fake_printed(f);
        g_assert_nonnull(strstr(printed, "+networkingMode=mirrored\n"));
        g_assert_nonnull(strstr(printed, "+++ /etc/wsl.conf\n"));
        g_assert_nonnull(strstr(printed, "192.168.1.0/24 in at TCP port 31415"));
        g_assert_nonnull(strstr(printed, "New-NetFirewallHyperVRule -Name pi-computed-31415"));
        g_assert_nonnull(strstr(printed, "wsl --shutdown"));
        g_assert_null(strchr(printed, '\r'));
        act_has(f->config, CONFIG_AFTER);
        act_has(f->conf, "[boot]\nsystemd=true\n");
        act_has_beside(f->config, ".pi-backup", "[wsl2]\r\nmemory=8GB\r\n");
        act_has_beside(f->conf, ".pi-backup", NULL);
        g_assert_cmpstr(f->log->str, ==, "facts network lan logon ");
        g_assert_false(f->rule);

        /* What is left is the rule, which is not pictl's to ask for; with it there is nothing. */
        act_setup(f, &act_plain);
        left = fake_printed(f);
        g_assert_nonnull(strstr(left, "New-NetFirewallHyperVRule"));
        g_assert_nonnull(strstr(left, "nothing else to do"));
        f->rule = TRUE;
        act_setup(f, &act_plain);
        again = fake_printed(f);
        g_assert_nonnull(strstr(again, "nothing to do"));
        act_has(f->config, CONFIG_AFTER);

        f->rule = FALSE;
        act_undo(f, &act_yes);
        act_has(f->config, "[wsl2]\r\nmemory=8GB\r\n");
        act_has(f->conf, NULL);
        act_has_no_traces(f);
        g_assert_false(f->logon);
        g_free(fake_printed(f));
        act_undo(f, &act_plain);
        end = fake_printed(f);
        g_assert_nonnull(strstr(end, "nothing of pictl wsl setup to undo"));
}

static void test_asked(void) {
        g_autoptr(Fake) f = fake_new();

        f->out.terminal.fd = STDERR_FILENO;
        f->answer = PI_ANSWER_NOBODY;
        act_refused(f, &act_plain, pi_wsl_setup, "--yes");
        f->answer = PI_ANSWER_NO;
        act_refused(f, &act_plain, pi_wsl_setup, "nothing was changed");
        act_has(f->config, NULL);
        act_has(f->conf, NULL);
        act_has_no_traces(f);
        g_assert_false(f->logon);
        f->answer = PI_ANSWER_YES;
        act_setup(f, &act_plain);
        act_has(f->conf, "[boot]\nsystemd=true\n");
        g_assert_true(f->logon);
        f->answer = PI_ANSWER_NO;
        act_refused(f, &act_plain, pi_wsl_undo, "nothing was changed");
        act_has(f->conf, "[boot]\nsystemd=true\n");
}

/* The difference that was agreed to is no longer the one that would be made. */
static void test_changed_meanwhile(void) {
        g_autoptr(Fake) f = fake_new();

        f->out.terminal.fd = STDERR_FILENO;
        f->answer = PI_ANSWER_YES;
        f->on_ask = act_edit_config;
        act_refused(f, &act_plain, pi_wsl_setup, "changed meanwhile");
        act_has(f->config, "[wsl2]\nswap=0\n");
        act_has(f->conf, NULL);
        act_has_no_traces(f);
}

static void test_print(void) {
        g_autoptr(Fake) f = fake_new();
        g_autofree char *printed = NULL;

        act_setup(f, &act_print);
        printed = fake_printed(f);
        g_assert_nonnull(strstr(printed, "+systemd=true"));
        g_assert_nonnull(strstr(printed, "New-NetFirewallHyperVRule"));
        g_assert_nonnull(strstr(printed, "New-ItemProperty"));
        g_assert_null(strstr(printed, "Done"));
        act_has(f->config, NULL);
        act_has_no_traces(f);
        g_assert_cmpstr(f->log->str, ==, "facts network lan ");
}

static void test_elevate(void) {
        g_autoptr(Fake) f = fake_new();

        f->mode = "mirrored";
        f->declined = TRUE;
        act_refused(f, &act_elevate, pi_wsl_setup, "was the question refused?");
        f->declined = FALSE;
        f->deaf = TRUE;
        act_refused(f, &act_elevate, pi_wsl_setup, "has no rule named pi-computed-31415");
        f->deaf = FALSE;
        g_string_truncate(f->log, 0);
        act_setup(f, &act_elevate);
        g_assert_cmpstr(f->log->str, ==, "facts network elevate !allow network ");
        g_assert_nonnull(strstr(f->last, "-RemoteAddresses '192.168.1.0/24' -Action Allow"));
        g_assert_true(f->rule);
        act_undo(f, &act_elevate);
        g_assert_false(f->rule);
        g_assert_false(f->logon);
        act_has_no_traces(f);
}

/* What was done is told, and pictl wsl undo knows it. */
static void test_partial(void) {
        static const char words[] = "the files were changed (pictl wsl undo takes that back), but "
                                    "Windows did not run the script";
        g_autoptr(Fake) f = fake_new();

        f->declined = TRUE;
        act_refused(f, &act_elevate, pi_wsl_setup, words);
        act_undo(f, &act_yes);
        act_has_no_traces(f);
        g_free(fake_printed(f));
        f->out.json = PI_JSON_SHORT;
        act_refused(f, &act_elevate, pi_wsl_setup, words);
        act_printed_has(f, "{\"done\":false,\"files\":[\"/etc/wsl.conf\","
                           "\"/mnt/c/Users/Ada/.wslconfig\"],"
                           "\"logon\":true,\"rule\":false,");
        f->logon = FALSE;
        act_refused(f, &act_elevate, pi_wsl_setup,
                    "the entry at logon was made (pictl wsl undo takes that back), but Windows");
        /* With nothing done it is no more than a refusal. */
        g_free(fake_printed(f));
        act_refused(f, &act_elevate, pi_wsl_setup, "Windows did not run");
        g_assert_cmpstr(f->out.text->str, ==, "");
        f->rule = TRUE;
        act_refused(f, &act_elevate, pi_wsl_undo,
                    "the files were put back, but Windows did not run");
        act_printed_has(f, "\"logon\":true,\"rule\":false,");
}

static void test_port_warnings(void) {
        g_autoptr(Fake) f = fake_new();

        f->network = "inbound=Block\ndynamic=a : 1024\ndynamic=b : 64511\n"
                     "excluded= 31400 31499\n";
        act_setup(f, &act_print);
        act_printed_has(f, "Windows has reserved the ports 31400-31499, 31415 among them.\n"
                           "-> have another port");
        f->out.json = PI_JSON_SHORT;
        act_setup(f, &act_print);
        act_printed_has(f, "\"warnings\":[\"port 31415 lies in the range 1024-65534");
}

static void test_from(void) {
        g_autoptr(GString) many = g_string_new(NULL);
        g_autoptr(Fake) f = fake_new();
        PiWslWish wish = act_elevate;

        wish.from = "10.0.0.9,fd00::1:2/64";
        wish.port = 31500;
        f->network = "inbound=Block\nrule=pi-computed-31500|Allow|TCP|31500|Any|True|OK\n";
        act_setup(f, &wish);
        g_assert_nonnull(strstr(f->last, "-Name pi-computed-31500 "));
        g_assert_nonnull(strstr(f->last, "-LocalPorts 31500 "));
        g_assert_nonnull(strstr(f->last, "-RemoteAddresses '10.0.0.9','fd00::/64' "));
        wish.from = "10.0.0.9'; Remove-Item C:";
        act_refused(f, &wish, pi_wsl_setup, "is no network of members");
        f->network = "inbound=Block\n";
        for (int i = 0; i < 16; i++)
                g_string_append_printf(many, "%s2001:db8:1:22:333:4444:555:6%02x", i > 0 ? "," : "",
                                       i);
        wish.from = many->str;
        f->logon = FALSE;
        act_refused(f, &wish, pi_wsl_setup, "name one network that holds them");
        g_assert_false(f->logon);
        wish.from = NULL;
        f->lan = "";
        act_refused(f, &wish, pi_wsl_setup, "--from=192.168.1.0/24");
}

static void test_old(void) {
        g_autoptr(Fake) f = fake_new();
        g_autofree char *printed = NULL;

        f->build = "19045.5011";
        f->version = "2.4.13.0";
        act_setup(f, &act_yes);
        printed = fake_printed(f);
        g_assert_nonnull(strstr(printed, "19045.5011 has no mirrored network"));
        g_assert_nonnull(strstr(printed, "WSL 2.4.13.0 has no setting"));
        act_has(f->config, "[wsl2]\r\nvmIdleTimeout=-1\r\n");
        g_assert_cmpstr(f->log->str, ==, "facts logon ");
        f->version = "1.2.5.0";
        act_refused(f, &act_yes, pi_wsl_setup, "wsl --update");
        f->version = "unknown";
        act_refused(f, &act_yes, pi_wsl_setup, "version unknown");
}

static void test_unfit(void) {
        g_autoptr(Fake) f = fake_new();

        fake_file(f, "/proc/sys/fs/binfmt_misc/WSLInterop", NULL);
        act_refused(f, &act_yes, pi_wsl_setup, "WSLInterop is not registered");
        act_refused(f, &act_yes, pi_wsl_undo, "Windows does not answer");
        fake_file(f, "/proc/sys/fs/binfmt_misc/WSLInterop-late", "enabled\n");
        fake_file(f, "/proc/self/mounts", "none / ext4 rw 0 0\n");
        act_refused(f, &act_yes, pi_wsl_setup, "drive of Windows is not mounted");
        fake_file(f, "/proc/sys/kernel/osrelease", "4.4.0-19041-Microsoft\n");
        act_refused(f, &act_yes, pi_wsl_setup, "this is WSL1");
        fake_file(f, "/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
        act_refused(f, &act_yes, pi_wsl_setup, "this is not WSL");
        g_assert_false(pi_wsl_is_here(f->host));
        act_has(f->config, NULL);
        act_has(f->conf, NULL);
}

static void test_files(void) {
        g_autoptr(Fake) f = fake_new();
        g_autofree char *folder = pi_wsl_host_path(f->host, "/etc");
        struct stat st;

        fake_file(f, "/mnt/c/Users/Ada/.wslconfig", "[wsl2]\n");
        g_assert_cmpint(g_chmod(f->config, 0640), ==, 0);
        act_setup(f, &act_yes);
        g_assert_cmpint(g_stat(f->config, &st), ==, 0);
        g_assert_cmpint(st.st_mode & 07777, ==, 0640);
        act_undo(f, &act_yes);
        g_assert_cmpint(g_stat(f->config, &st), ==, 0);
        g_assert_cmpint(st.st_mode & 07777, ==, 0640);
        fake_file(f, "/mnt/c/Users/Ada/.wslconfig", "[wsl2]\nkernel=C:\\");
        act_refused(f, &act_yes, pi_wsl_setup, "ends with a backslash");
        fake_file(f, "/mnt/c/Users/Ada/.wslconfig", NULL);
        g_assert_cmpint(symlink("/nowhere", f->config), ==, 0);
        act_refused(f, &act_yes, pi_wsl_setup, "is a link");
        g_unlink(f->config);
        if (geteuid() != 0) {
                g_assert_cmpint(g_chmod(folder, 0555), ==, 0);
                act_refused(f, &act_yes, pi_wsl_setup, "sudo");
                g_assert_cmpint(g_chmod(folder, 0755), ==, 0);
        }
        act_has(f->config, NULL);
}

static void test_json(void) {
        g_autoptr(Fake) f = fake_new();
        g_autofree char *printed = NULL, *end = NULL;

        f->out.json = PI_JSON_SHORT;
        act_refused(f, &act_plain, pi_wsl_setup, "--yes");
        act_setup(f, &act_elevate);
        printed = fake_printed(f);
        g_assert_cmpstr(printed, ==,
                        "{\"done\":true,\"files\":[\"/etc/wsl.conf\","
                        "\"/mnt/c/Users/Ada/.wslconfig\"],\"logon\":true,\"rule\":true,"
                        "\"rule_unknown\":\"\",\"administrator_script\":\"\",\"warnings\":[]}\n");
        act_undo(f, &act_elevate);
        end = fake_printed(f);
        g_assert_cmpstr(end, ==,
                        "{\"done\":true,\"files\":[\"/etc/wsl.conf\","
                        "\"/mnt/c/Users/Ada/.wslconfig\"],\"logon\":true,\"rule\":true,"
                        "\"rule_unknown\":\"\",\"administrator_script\":\"\"}\n");
}

static void test_status(void) {
        g_autoptr(Fake) f = fake_new();
        g_autofree char *before = NULL, *after = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(pi_wsl_status(f->host, &f->out, &error), ==, 0);
        before = fake_printed(f);
        g_assert_nonnull(strstr(before, "Network                nat\n"));
        g_assert_nonnull(strstr(before, "/etc/wsl.conf, not changed by pictl\n"));
        act_setup(f, &act_yes);
        act_edit_config(f);
        g_free(fake_printed(f));
        g_assert_cmpint(pi_wsl_status(f->host, &f->out, &error), ==, 0);
        after = fake_printed(f);
        g_assert_nonnull(strstr(after, "/etc/wsl.conf, changed by pictl wsl setup\n"));
        g_assert_nonnull(strstr(after, ".wslconfig, changed by pictl wsl setup, edited since\n"));
        g_assert_nonnull(strstr(after, "Distribution           Debian\n"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/wsl/setup/round", test_round);
        g_test_add_func("/wsl/setup/asked", test_asked);
        g_test_add_func("/wsl/setup/changed-meanwhile", test_changed_meanwhile);
        g_test_add_func("/wsl/setup/print", test_print);
        g_test_add_func("/wsl/setup/partial", test_partial);
        g_test_add_func("/wsl/setup/port-warnings", test_port_warnings);
        g_test_add_func("/wsl/setup/elevate", test_elevate);
        g_test_add_func("/wsl/setup/from", test_from);
        g_test_add_func("/wsl/setup/old", test_old);
        g_test_add_func("/wsl/setup/unfit", test_unfit);
        g_test_add_func("/wsl/setup/files", test_files);
        g_test_add_func("/wsl/setup/json", test_json);
        g_test_add_func("/wsl/setup/status", test_status);
        return g_test_run();
}
