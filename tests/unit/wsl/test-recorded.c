/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole way down to real programs: shell scripts stand for those of WSL and Windows, and give
 * answers that are files. */
#include <glib/gstdio.h>
#include <string.h>

#include "ctl/invocation.h"
#include "ctl/wsl/check.h"
#include "tests/unit/wsl/fake.h"

#define POWERSHELL "/mnt/c/Windows/System32/WindowsPowerShell/v1.0/powershell.exe"

static void add_program(Fake *f, const char *path, const char *text) {
        g_autofree char *full = pi_wsl_host_path(f->host, path);

        fake_file(f, path, text);
        g_assert_cmpint(g_chmod(full, 0755), ==, 0);
}

/* Each script that runs is a line of the log; one without an answer is a failure. */
static PiWslHost *record(Fake *f) {
        add_program(f, POWERSHELL,
                    "#!/bin/sh\nroot=${0%/mnt/c/*}\nfor a; do last=$a; done\n"
                    "name=$(echo \"$last\" | base64 -d | tr -d '\\000' |\n"
                    "    sed -n '1s/^# pi-computed: //p')\n"
                    "echo \"$name\" >> \"$root/log\"\n"
                    "cat \"$root/answers/$name\"\n");
        add_program(f, "/usr/bin/wslinfo",
                    "#!/bin/sh\ncase $1 in\n--version) printf '2.6.3\\r\\n' ;;\n"
                    "--networking-mode) printf mirrored ;;\n*) exit 1 ;;\nesac\n");
        add_program(f, "/usr/bin/wslpath",
                    "#!/bin/sh\nprintf '%s\\n' '\\\\wsl.localhost\\Debian\\'\n");
        add_program(f, "/usr/sbin/ip",
                    "#!/bin/sh\n[ \"$*\" = '-j -4 route show' ] || exit 1\n"
                    "echo '[{\"dst\":\"default\",\"dev\":\"eth0\"},{\"dst\":\"10.20.0.0/22\","
                    "\"dev\":\"eth0\",\"scope\":\"link\"}]'\n");
        fake_file(f, "/answers/facts",
                  "\xef\xbb\xbfprofile=C:\\Users\\Ada\r\nbuild=26100.4061\r\nlogon=\r\n");
        fake_file(f, "/answers/network",
                  "enabled=True\r\ninbound=Block\r\nrule=Core Networking|Allow|UDP|68|Any|OK\r\n"
                  "profile=Private|True\r\ndynamic=\r\ndynamic=Startport        : 49152\r\n"
                  "dynamic=Anzahl von Ports : 16384\r\nexcluded=\r\n"
                  "excluded=     50000       50059     *\r\n");
        fake_file(f, "/answers/logon", "");
        return pi_wsl_host_new(f->host->root);
}

static void test_setup(void) {
        g_autoptr(Fake) f = fake_new();
        g_autoptr(PiWslHost) host = record(f);
        PiWslWish wish = { .port = 31415, .yes = TRUE };
        g_autofree char *printed = NULL, *log = NULL, *path = pi_wsl_host_path(host, "/log");
        g_autofree char *config = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(pi_wsl_setup(host, &wish, &f->out, &error), ==, 0);
        g_assert_no_error(error);
        printed = fake_printed(f);
        g_assert_nonnull(strstr(printed, "-RemoteAddresses '10.20.0.0/22' "));
        log = fake_read(path);
        g_assert_cmpstr(log, ==, "facts\nnetwork\nlogon\n");
        config = fake_read(f->config);
        g_assert_cmpstr(config, ==,
                        "[wsl2]\r\nnetworkingMode=mirrored\r\nvmIdleTimeout=-1\r\n"
                        "loadKernelModules=tls,nft_limit,nft_log\r\n\r\n"
                        "[general]\r\ninstanceIdleTimeout=-1\r\n");

        /* There is no answer to the one that elevates. */
        wish.elevate = TRUE;
        g_assert_cmpint(pi_wsl_setup(host, &wish, &f->out, &error), ==, PI_VERB_ERROR);
        g_assert_nonnull(strstr(error->message, "was the question refused?"));
        g_assert_nonnull(strstr(error->message, "answers/elevate"));
}

static void test_doctor(void) {
        g_autoptr(Fake) f = fake_new();
        g_autoptr(PiWslHost) host = record(f);
        g_autoptr(GPtrArray) findings = pi_findings_new();
        g_autofree char *printed = NULL;

        pi_wsl_check(host, 31415, findings);
        pi_findings_show(findings, &f->out);
        printed = fake_printed(f);
        g_assert_cmpint(pi_findings_exit_status(findings), ==, 2);
        g_assert_nonnull(strstr(printed, "ok       interop      Windows build 26100.4061 answers"));
        g_assert_nonnull(strstr(printed, "ok       mode         the network is mirrored"));
        g_assert_nonnull(strstr(printed, "broken   rule         Windows blocks TCP port 31415"));
        g_assert_nonnull(strstr(printed, "-> pictl wsl setup --elevate --port=31415"));
        g_assert_nonnull(strstr(printed, "ok       ports        Windows does not use port 31415"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/wsl/recorded/setup", test_setup);
        g_test_add_func("/wsl/recorded/doctor", test_doctor);
        return g_test_run();
}
