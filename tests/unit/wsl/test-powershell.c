/* SPDX-License-Identifier: GPL-2.0-or-later */
/* With a real program: a shell script in the place of powershell.exe. */
#include "ctl/wsl/powershell.h"

#include <glib/gstdio.h>
#include <string.h>

#include "ctl/wsl/facts.h"
#include "ctl/wsl/script.h"
#include "dbus/error.h"
#include "tests/unit/wsl/fake.h"

#define POWERSHELL "/Windows/System32/WindowsPowerShell/v1.0/powershell.exe"

/* Its own run, on the folder of the fake. */
static PiWslHost *real(Fake *f, const char *drive, const char *script) {
        PiWslHost *host = pi_wsl_host_new(f->host->root);
        g_autofree char *path = g_strconcat(drive, POWERSHELL, NULL);
        g_autofree char *full = pi_wsl_host_path(host, path);

        fake_file(f, path, script);
        g_assert_cmpint(g_chmod(full, 0755), ==, 0);
        return host;
}

static void test_run(void) {
        g_autoptr(Fake) f = fake_new();
        g_autoptr(PiWslHost) host = real(f, "/mnt/c",
                                         "#!/bin/sh\npwd | sed 's:.*/mnt:/mnt:'\n"
                                         "for a; do last=$a; done\n"
                                         "echo \"$last\" | base64 -d | tr -d '\\000'\n");
        g_autoptr(GError) error = NULL;
        g_autofree char *text = pi_windows_run(host, "'a' | \"b\" $c\n", &error);

        g_assert_no_error(error);
        g_assert_cmpstr(text, ==, "/mnt/c\n'a' | \"b\" $c\n");
}

static void test_failed(void) {
        g_autoptr(Fake) f = fake_new();
        g_autoptr(PiWslHost) host = real(f, "/mnt/c",
                                         "#!/bin/sh\necho 'was cancelled' >&2\nexit 1\n");
        g_autoptr(GError) error = NULL;

        g_assert_false(pi_windows_run_elevated(host, "x", &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_assert_nonnull(strstr(error->message, "it says: was cancelled"));
        g_assert_nonnull(strstr(error->message, "powershell.exe ended with status 1"));
}

/* Windows on another drive, mounted elsewhere, with a blank in the path. */
static void test_mounts(void) {
        g_autoptr(Fake) f = fake_new();
        g_autoptr(PiWslHost) host = real(f, "/win dows/d", "#!/bin/sh\n");
        g_autofree char *drive = NULL, *d = NULL, *e = NULL, *x = NULL;
        g_autoptr(GError) error = NULL;

        fake_file(f, "/proc/self/mounts",
                  "short\nE: /data drvfs rw 0 0\n"
                  "drvfs /win\\040dows/d 9p rw,aname=drvfs;path=d:\\134;uid=0 0 0\n");
        drive = pi_windows_drive(host);
        g_assert_cmpstr(drive, ==, "/win dows/d");
        d = pi_windows_path(host, "D:\\Users\\J\xc3\xb6rg", &error);
        g_assert_cmpstr(d, ==, "/win dows/d/Users/J\xc3\xb6rg");
        e = pi_windows_path(host, "e:\\x", &error);
        g_assert_cmpstr(e, ==, "/data/x");
        /* wslpath of the fake is no program. */
        x = pi_windows_path(host, "X:\\x", &error);
        g_assert_null(x);
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
}

/* Docker and others mount folders of a drive, and may do so first. */
static void test_folders(void) {
        static const char *const drives[] = {
                "C:\\134 /mnt/c 9p rw,aname=drvfs;path=C:\\134;uid=0",
                "C: /mnt/c drvfs rw",
                "drvfs /mnt/c 9p rw,aname=drvfs;path=c:,uid=0",
                "drvfs /mnt/c virtiofs rw,path=C:",
        };
        g_autoptr(Fake) f = fake_new();

        for (gsize i = 0; i < G_N_ELEMENTS(drives); i++) {
                g_autofree char *path = NULL, *mounts = g_strconcat(
                        "C:\\134Program\\040Files\\134Docker /Docker/host 9p rw,path=D:x 0 0\n"
                        "drvfs /y 9p rw,aname=drvfs;path=C:\\134Users\\134;uid=0 0 0\n"
                        "drvfs /z 9p rw,aname=drvfs;mypath=C:;uid=0 0 0\n", drives[i], " 0 0\n",
                        NULL);
                g_autoptr(GError) error = NULL;

                fake_file(f, "/proc/self/mounts", mounts);
                path = pi_windows_path(f->host, "C:\\Users\\Ada", &error);
                g_assert_no_error(error);
                g_assert_cmpstr(path, ==, "/mnt/c/Users/Ada");
        }
}

static void test_paths_refused(void) {
        static const char *const bad[] = { "", "C:", "C:x", "\\\\server\\share", "C:\\..\\x",
                                           "C:\\a\\..\\b", "C:\\a/b", "C:\\a\nb", "/etc" };
        g_autoptr(Fake) f = fake_new();

        for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autoptr(GError) error = NULL;

                g_assert_null(pi_windows_path(f->host, bad[i], &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        }
}

static void test_encode(void) {
        g_autofree char *text = pi_windows_encode("A\xc3\xb6");

        g_assert_cmpstr(text, ==, "QQD2AA==");
}

/* What an administrator runs fits for a network each of IPv4 and IPv6 at the least. */
static void test_elevated_length(void) {
        static const char *const few[] = { "255.255.255.0/24", "2001:db8:1:2:3::/80", NULL };
        const char *many[17] = {};
        g_autoptr(GError) error = NULL;
        g_autofree char *script = pi_script_allow(65535, few), *large = NULL;

        g_assert_true(pi_windows_may_elevate(script, &error));
        for (int i = 0; i < 16; i++)
                many[i] = "2001:db8:1111:2222:3333:4444:5555:6666";
        large = pi_script_allow(65535, many);
        g_assert_false(pi_windows_may_elevate(large, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, "name one network that holds them"));
}

static void test_scripts(void) {
        const char *from[] = { "10.0.0.0/8", "fd00::7", NULL };
        g_autofree char *allow = pi_script_allow(31415, from);
        g_autofree char *logon = pi_script_logon("Ubuntu-24.04");
        g_autofree char *no_logon = pi_script_no_logon("Ubuntu-24.04"), *lan = pi_script_lan();

        g_assert_nonnull(strstr(allow, "Where-Object { $_.Name -like 'pi-computed-*' } | "
                                       "Remove-NetFirewallHyperVRule\n"));
        g_assert_nonnull(strstr(allow, " -Direction Inbound -VMCreatorId $id -Protocol TCP "
                                       "-LocalPorts 31415 -RemoteAddresses "
                                       "'10.0.0.0/8','fd00::7' -Action Allow"));
        g_assert_nonnull(strstr(logon, "wsl.exe\" -d Ubuntu-24.04 --exec /bin/true'\n"));
        g_assert_null(strstr(no_logon, "-ErrorAction"));
        g_assert_nonnull(strstr(lan, "-notlike '169.254.*'"));
        g_assert_true(pi_wsl_distro_is_valid("Ubuntu-24.04"));
        g_assert_false(pi_wsl_distro_is_valid(""));
        g_assert_false(pi_wsl_distro_is_valid("-d"));
        g_assert_false(pi_wsl_distro_is_valid("a b"));
        g_assert_false(pi_wsl_distro_is_valid("a'; calc"));
        g_assert_false(pi_wsl_distro_is_valid("\xc3\xb6"));
}

static void next(const char **at, const char *key, const char *wanted) {
        g_autofree char *value = pi_answer_next(at, key);

        g_assert_cmpstr(value, ==, wanted);
}

static void test_answers(void) {
        static const char text[] = "a=1\nab=2\nb= x\033 \na=3\nc\na=";
        g_autofree char *a = pi_answer_get(text, "a"), *b = pi_answer_get(text, "b");
        const char *at = text;

        g_assert_cmpstr(a, ==, "1");
        g_assert_cmpstr(b, ==, "x\\x1b");
        next(&at, "a", "1");
        next(&at, "a", "3");
        next(&at, "a", "");
        next(&at, "a", NULL);
        next(&at, "a", NULL);
        at = text;
        next(&at, "c", NULL);
}

static void test_versions(void) {
        g_assert_true(pi_wsl_version_is("2.6.3.0", 2, 6, 3));
        g_assert_true(pi_wsl_version_is("2.10", 2, 9, 9));
        g_assert_true(pi_wsl_version_is("3.0.0", 2, 9, 9));
        g_assert_false(pi_wsl_version_is("2.6.2", 2, 6, 3));
        g_assert_false(pi_wsl_version_is("2", 2, 0, 0));
        g_assert_false(pi_wsl_version_is("", 0, 0, 0));
        g_assert_false(pi_wsl_version_is("x.y", 0, 0, 0));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/wsl/powershell/run", test_run);
        g_test_add_func("/wsl/powershell/failed", test_failed);
        g_test_add_func("/wsl/powershell/mounts", test_mounts);
        g_test_add_func("/wsl/powershell/folders", test_folders);
        g_test_add_func("/wsl/powershell/paths-refused", test_paths_refused);
        g_test_add_func("/wsl/powershell/encode", test_encode);
        g_test_add_func("/wsl/powershell/elevated-length", test_elevated_length);
        g_test_add_func("/wsl/powershell/scripts", test_scripts);
        g_test_add_func("/wsl/powershell/answers", test_answers);
        g_test_add_func("/wsl/powershell/versions", test_versions);
        return g_test_run();
}
