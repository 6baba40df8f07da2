/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/invocation.h"
#include "dbus/error.h"
#include "tests/unit/wsl/fake.h"

#define CONFIG_AFTER                                                                              \
        "[wsl2]\r\nmemory=8GB\r\nnetworkingMode=mirrored\r\nvmIdleTimeout=-1\r\n"                 \
        "loadKernelModules=tls,nft_limit,nft_log\r\n\r\n[general]\r\ninstanceIdleTimeout=-1\r\n"

static const PiWslWish plain = { .port = 31415 }, yes = { .port = 31415, .yes = TRUE },
                       elevate = { .port = 31415, .yes = TRUE, .elevate = TRUE },
                       print = { .port = 31415, .print = TRUE },
                       force = { .port = 31415, .yes = TRUE, .force = TRUE };

static void setup(Fake *f, const PiWslWish *wish) {
        g_autoptr(GError) error = NULL;
        int status = pi_wsl_setup(f->host, wish, &f->out, &error);

        g_assert_no_error(error);
        g_assert_cmpint(status, ==, 0);
}

static void undo(Fake *f, const PiWslWish *wish) {
        g_autoptr(GError) error = NULL;
        int status = pi_wsl_undo(f->host, wish, &f->out, &error);

        g_assert_no_error(error);
        g_assert_cmpint(status, ==, 0);
}

static void refused(Fake *f, const PiWslWish *wish,
                    int (*run)(PiWslHost *, const PiWslWish *, PiOutput *, GError **),
                    const char *words) {
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(run(f->host, wish, &f->out, &error), ==, PI_VERB_ERROR);
        g_assert_nonnull(error);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, words));
        g_assert_true(error->domain == PI_ERROR);
}

static void has(const char *path, const char *wanted) {
        g_autofree char *text = fake_read(path);

        g_assert_cmpstr(text, ==, wanted);
}

static void has_beside(const char *path, const char *ending, const char *wanted) {
        g_autofree char *text = fake_read_beside(path, ending);

        g_assert_cmpstr(text, ==, wanted);
}

static void has_no_traces(Fake *f) {
        const char *const endings[] = { ".pi-backup", ".pi-setup", ".pi-edited" };

        for (gsize i = 0; i < G_N_ELEMENTS(endings); i++) {
                has_beside(f->config, endings[i], NULL);
                has_beside(f->conf, endings[i], NULL);
        }
}

static void test_round(void) {
        g_autoptr(Fake) f = fake_new();
        g_autofree char *printed = NULL, *left = NULL, *again = NULL, *end = NULL;

        fake_file(f, "/mnt/c/Users/Ada/.wslconfig", "[wsl2]\r\nmemory=8GB\r\n");
        setup(f, &yes);
        printed = fake_printed(f);
        g_assert_nonnull(strstr(printed, "+networkingMode=mirrored\n"));
        g_assert_nonnull(strstr(printed, "+++ /etc/wsl.conf\n"));
        g_assert_nonnull(strstr(printed, "192.168.1.0/24 in at TCP port 31415"));
        g_assert_nonnull(strstr(printed, "New-NetFirewallHyperVRule -Name pi-computed-31415"));
        g_assert_nonnull(strstr(printed, "wsl --shutdown"));
        g_assert_null(strchr(printed, '\r'));
        has(f->config, CONFIG_AFTER);
        has(f->conf, "[boot]\nsystemd=true\n");
        has_beside(f->config, ".pi-backup", "[wsl2]\r\nmemory=8GB\r\n");
        has_beside(f->conf, ".pi-backup", NULL);
        g_assert_cmpstr(f->log->str, ==, "facts network lan logon ");
        g_assert_false(f->rule);

        /* What is left is the rule, which is not pictl's to ask for; with it there is nothing. */
        setup(f, &plain);
        left = fake_printed(f);
        g_assert_nonnull(strstr(left, "New-NetFirewallHyperVRule"));
        g_assert_nonnull(strstr(left, "nothing else to do"));
        f->rule = TRUE;
        setup(f, &plain);
        again = fake_printed(f);
        g_assert_nonnull(strstr(again, "nothing to do"));
        has(f->config, CONFIG_AFTER);

        f->rule = FALSE;
        undo(f, &yes);
        has(f->config, "[wsl2]\r\nmemory=8GB\r\n");
        has(f->conf, NULL);
        has_no_traces(f);
        g_assert_false(f->logon);
        g_free(fake_printed(f));
        undo(f, &plain);
        end = fake_printed(f);
        g_assert_nonnull(strstr(end, "nothing of pictl wsl setup to undo"));
}

static void test_asked(void) {
        g_autoptr(Fake) f = fake_new();

        f->out.terminal.fd = STDERR_FILENO;
        f->answer = PI_ANSWER_NOBODY;
        refused(f, &plain, pi_wsl_setup, "--yes");
        f->answer = PI_ANSWER_NO;
        refused(f, &plain, pi_wsl_setup, "nothing was changed");
        has(f->config, NULL);
        has(f->conf, NULL);
        has_no_traces(f);
        g_assert_false(f->logon);
        f->answer = PI_ANSWER_YES;
        setup(f, &plain);
        has(f->conf, "[boot]\nsystemd=true\n");
        g_assert_true(f->logon);
        f->answer = PI_ANSWER_NO;
        refused(f, &plain, pi_wsl_undo, "nothing was changed");
        has(f->conf, "[boot]\nsystemd=true\n");
}

static void edit_config(Fake *f) {
        fake_file(f, "/mnt/c/Users/Ada/.wslconfig", "[wsl2]\nswap=0\n");
}

/* The difference that was agreed to is no longer the one that would be made. */
static void test_changed_meanwhile(void) {
        g_autoptr(Fake) f = fake_new();

        f->out.terminal.fd = STDERR_FILENO;
        f->answer = PI_ANSWER_YES;
        f->on_ask = edit_config;
        refused(f, &plain, pi_wsl_setup, "changed meanwhile");
        has(f->config, "[wsl2]\nswap=0\n");
        has(f->conf, NULL);
        has_no_traces(f);
}

static void test_print(void) {
        g_autoptr(Fake) f = fake_new();
        g_autofree char *printed = NULL;

        setup(f, &print);
        printed = fake_printed(f);
        g_assert_nonnull(strstr(printed, "+systemd=true"));
        g_assert_nonnull(strstr(printed, "New-NetFirewallHyperVRule"));
        g_assert_nonnull(strstr(printed, "New-ItemProperty"));
        g_assert_null(strstr(printed, "Done"));
        has(f->config, NULL);
        has_no_traces(f);
        g_assert_cmpstr(f->log->str, ==, "facts network lan ");
}

static void test_elevate(void) {
        g_autoptr(Fake) f = fake_new();

        f->mode = "mirrored";
        f->declined = TRUE;
        refused(f, &elevate, pi_wsl_setup, "was the question refused?");
        f->declined = FALSE;
        f->deaf = TRUE;
        refused(f, &elevate, pi_wsl_setup, "has no rule for port 31415");
        f->deaf = FALSE;
        g_string_truncate(f->log, 0);
        setup(f, &elevate);
        g_assert_cmpstr(f->log->str, ==, "facts network elevate !allow network ");
        g_assert_nonnull(strstr(f->last, "-RemoteAddresses '192.168.1.0/24' -Action Allow"));
        g_assert_true(f->rule);
        undo(f, &elevate);
        g_assert_false(f->rule);
        g_assert_false(f->logon);
        has_no_traces(f);
}

static void test_from(void) {
        g_autoptr(Fake) f = fake_new();
        PiWslWish wish = elevate;

        wish.from = "10.0.0.9,fd00::1:2/64";
        wish.port = 31500;
        f->network = "inbound=Block\nrule=pi-computed-31500|Allow|TCP|31500|Any|OK\n";
        setup(f, &wish);
        g_assert_nonnull(strstr(f->last, "-Name pi-computed-31500 "));
        g_assert_nonnull(strstr(f->last, "-LocalPorts 31500 "));
        g_assert_nonnull(strstr(f->last, "-RemoteAddresses '10.0.0.9','fd00::/64' "));
        wish.from = "10.0.0.9'; Remove-Item C:";
        refused(f, &wish, pi_wsl_setup, "is no network of members");
        wish.from = NULL;
        f->network = "inbound=Block\n";
        f->lan = "";
        refused(f, &wish, pi_wsl_setup, "--from=192.168.1.0/24");
}

static void test_edited(void) {
        g_autoptr(Fake) f = fake_new();
        g_autofree char *printed = NULL;

        fake_file(f, "/etc/wsl.conf", "[user]\ndefault=ada\n");
        setup(f, &yes);
        edit_config(f);
        g_free(fake_printed(f));
        refused(f, &yes, pi_wsl_undo, "was edited since");
        printed = fake_printed(f);
        g_assert_nonnull(strstr(printed, "-swap=0\n"));
        has(f->config, "[wsl2]\nswap=0\n");
        has(f->conf, "[user]\ndefault=ada\n\n[boot]\nsystemd=true\n");
        g_assert_true(f->logon);
        undo(f, &force);
        has(f->config, NULL);
        has(f->conf, "[user]\ndefault=ada\n");
        has_beside(f->config, ".pi-edited", "[wsl2]\nswap=0\n");
        has_beside(f->config, ".pi-backup", NULL);
}

/* An edit between two setups is not forgotten, and the first backup stays. */
static void test_edited_between(void) {
        g_autoptr(Fake) f = fake_new();

        fake_file(f, "/mnt/c/Users/Ada/.wslconfig", "[wsl2]\nmemory=1GB\n");
        setup(f, &yes);
        edit_config(f);
        setup(f, &yes);
        has_beside(f->config, ".pi-backup", "[wsl2]\nmemory=1GB\n");
        refused(f, &yes, pi_wsl_undo, "was edited since");
        undo(f, &force);
        has(f->config, "[wsl2]\nmemory=1GB\n");
}

static void test_old(void) {
        g_autoptr(Fake) f = fake_new();
        g_autofree char *printed = NULL;

        f->build = "19045.5011";
        f->version = "2.4.13.0";
        setup(f, &yes);
        printed = fake_printed(f);
        g_assert_nonnull(strstr(printed, "19045.5011 has no mirrored network"));
        g_assert_nonnull(strstr(printed, "WSL 2.4.13.0 has no setting"));
        has(f->config, "[wsl2]\r\nvmIdleTimeout=-1\r\n");
        g_assert_cmpstr(f->log->str, ==, "facts logon ");
        f->version = "1.2.5.0";
        refused(f, &yes, pi_wsl_setup, "wsl --update");
        f->version = "unknown";
        refused(f, &yes, pi_wsl_setup, "version unknown");
}

static void test_unfit(void) {
        g_autoptr(Fake) f = fake_new();

        fake_file(f, "/proc/sys/fs/binfmt_misc/WSLInterop", NULL);
        refused(f, &yes, pi_wsl_setup, "WSLInterop is not registered");
        refused(f, &yes, pi_wsl_undo, "Windows does not answer");
        fake_file(f, "/proc/sys/fs/binfmt_misc/WSLInterop-late", "enabled\n");
        fake_file(f, "/proc/self/mounts", "none / ext4 rw 0 0\n");
        refused(f, &yes, pi_wsl_setup, "drive of Windows is not mounted");
        fake_file(f, "/proc/sys/kernel/osrelease", "4.4.0-19041-Microsoft\n");
        refused(f, &yes, pi_wsl_setup, "this is WSL1");
        fake_file(f, "/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
        refused(f, &yes, pi_wsl_setup, "this is not WSL");
        g_assert_false(pi_wsl_is_here(f->host));
        has(f->config, NULL);
        has(f->conf, NULL);
}

static void test_files(void) {
        g_autoptr(Fake) f = fake_new();
        g_autofree char *folder = pi_wsl_host_path(f->host, "/etc");
        struct stat st;

        fake_file(f, "/mnt/c/Users/Ada/.wslconfig", "[wsl2]\n");
        g_assert_cmpint(g_chmod(f->config, 0640), ==, 0);
        setup(f, &yes);
        g_assert_cmpint(g_stat(f->config, &st), ==, 0);
        g_assert_cmpint(st.st_mode & 07777, ==, 0640);
        undo(f, &yes);
        g_assert_cmpint(g_stat(f->config, &st), ==, 0);
        g_assert_cmpint(st.st_mode & 07777, ==, 0640);
        fake_file(f, "/mnt/c/Users/Ada/.wslconfig", "[wsl2]\nkernel=C:\\");
        refused(f, &yes, pi_wsl_setup, "ends with a backslash");
        fake_file(f, "/mnt/c/Users/Ada/.wslconfig", NULL);
        g_assert_cmpint(symlink("/nowhere", f->config), ==, 0);
        refused(f, &yes, pi_wsl_setup, "is a link");
        g_unlink(f->config);
        if (geteuid() != 0) {
                g_assert_cmpint(g_chmod(folder, 0555), ==, 0);
                refused(f, &yes, pi_wsl_setup, "sudo");
                g_assert_cmpint(g_chmod(folder, 0755), ==, 0);
        }
        has(f->config, NULL);
}

static void test_json(void) {
        g_autoptr(Fake) f = fake_new();
        g_autofree char *printed = NULL, *end = NULL;

        f->out.json = PI_JSON_SHORT;
        refused(f, &plain, pi_wsl_setup, "--yes");
        setup(f, &elevate);
        printed = fake_printed(f);
        g_assert_cmpstr(printed, ==,
                        "{\"done\":true,\"files\":[\"/etc/wsl.conf\","
                        "\"/mnt/c/Users/Ada/.wslconfig\"],\"logon\":true,\"rule\":true,"
                        "\"administrator_script\":\"\"}\n");
        undo(f, &elevate);
        end = fake_printed(f);
        g_assert_cmpstr(end, ==,
                        "{\"done\":true,\"files\":[\"/etc/wsl.conf\","
                        "\"/mnt/c/Users/Ada/.wslconfig\"],\"logon\":true,\"rule\":true}\n");
}

static void test_status(void) {
        g_autoptr(Fake) f = fake_new();
        g_autofree char *before = NULL, *after = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(pi_wsl_status(f->host, &f->out, &error), ==, 0);
        before = fake_printed(f);
        g_assert_nonnull(strstr(before, "Network                nat\n"));
        g_assert_nonnull(strstr(before, "/etc/wsl.conf, not changed by pictl\n"));
        setup(f, &yes);
        edit_config(f);
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
        g_test_add_func("/wsl/setup/elevate", test_elevate);
        g_test_add_func("/wsl/setup/from", test_from);
        g_test_add_func("/wsl/setup/edited", test_edited);
        g_test_add_func("/wsl/setup/edited-between", test_edited_between);
        g_test_add_func("/wsl/setup/old", test_old);
        g_test_add_func("/wsl/setup/unfit", test_unfit);
        g_test_add_func("/wsl/setup/files", test_files);
        g_test_add_func("/wsl/setup/json", test_json);
        g_test_add_func("/wsl/setup/status", test_status);
        return g_test_run();
}
