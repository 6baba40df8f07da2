/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/wsl/fake.h"

#include <glib/gstdio.h>
#include <string.h>

#include "ctl/wsl/powershell.h"
#include "dbus/error.h"

#define SYSTEM "/mnt/c/Windows/System32"

char *fake_read(const char *path) {
        char *text = NULL;

        return g_file_get_contents(path, &text, NULL, NULL) ? text : NULL;
}

char *fake_read_beside(const char *path, const char *ending) {
        g_autofree char *name = g_strconcat(path, ending, NULL);

        return fake_read(name);
}

void fake_file(Fake *fake, const char *path, const char *text) {
        g_autofree char *full = pi_wsl_host_path(fake->host, path);
        g_autofree char *folder = g_path_get_dirname(full);

        g_assert_cmpint(g_mkdir_with_parents(folder, 0755), ==, 0);
        if (text)
                g_assert_true(g_file_set_contents(full, text, -1, NULL));
        else
                g_unlink(full);
}

/* The script behind -EncodedCommand or in an ArgumentList. */
static char *decode(const char *base64) {
        g_autofree guchar *bytes = NULL;
        gsize length;

        bytes = g_base64_decode(base64, &length);
        return g_utf16_to_utf8((const gunichar2 *) (gpointer) bytes, (glong) (length / 2), NULL,
                               NULL, NULL);
}

static char *answer_facts(const Fake *f) {
        return g_strdup_printf("profile=C:\\Users\\Ada\nbuild=%s\nutc=%" G_GINT64_FORMAT
                               "\nlogon=%s\n",
                               f->build, g_get_real_time() / 1000 + f->clock_msec,
                               f->logon ? "\"C:\\WINDOWS\\System32\\wsl.exe\" -d Debian --exec "
                                          "/bin/true"
                                        : "");
}

static char *answer_network(const Fake *f) {
        static const char rule[] =
                "rule=pi-computed-31415|Allow|TCP|31415|192.168.1.0/24|True|OK\n";
        static const char trouble[] = "vmerror=Access is denied\nruleerror=Access is denied\n";

        return g_strconcat(f->network, f->mute ? trouble : f->rule ? rule : "", NULL);
}

static char *fail(GError **error) {
        g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED, "powershell.exe ended with status 1");
        return NULL;
}

/* What an administrator runs has no name. */
static char *name_of(const char *script, gboolean elevated) {
        const char *name = script + strlen("# pi-computed: ");

        if (elevated) {
                g_assert_true(g_str_has_prefix(script, "$ErrorActionPreference='Stop'\n$id="));
                return g_strdup(strstr(script, "New-NetFirewallHyperVRule") ? "allow" : "disallow");
        }
        g_assert_true(g_str_has_prefix(script, "# pi-computed: "));
        return g_strndup(name, strcspn(name, "\n"));
}

static char *answer_script(Fake *f, const char *script, gboolean elevated, GError **error) {
        g_autofree char *word = name_of(script, elevated);
        const char *inner = strstr(script, "'-EncodedCommand','");

        g_string_append_printf(f->log, "%s%s ", elevated ? "!" : "", word);
        if (strcmp(word, "facts") == 0)
                return answer_facts(f);
        if (strcmp(word, "network") == 0)
                return answer_network(f);
        if (strcmp(word, "lan") == 0)
                return g_strdup(f->lan);
        if (strcmp(word, "elevate") == 0) {
                g_autofree char *base64 = g_strndup(inner + 19, strcspn(inner + 19, "'"));
                g_autofree char *text = decode(base64);

                return f->declined ? fail(error) : answer_script(f, text, TRUE, error);
        }
        g_free(f->last);
        f->last = g_strdup(script);
        /* Only an administrator may. */
        if (strstr(word, "allow") && !elevated)
                return fail(error);
        if (strcmp(word, "logon") == 0)
                f->logon = TRUE;
        else if (strcmp(word, "no-logon") == 0)
                f->logon = f->deaf;
        else if (strcmp(word, "allow") == 0)
                f->rule = !f->deaf;
        else if (strcmp(word, "disallow") == 0)
                f->rule = f->deaf;
        else
                g_assert_not_reached();
        return g_strdup("");
}

static const char routes[] =
        "[{\"dst\":\"default\",\"gateway\":\"192.168.1.1\",\"dev\":\"eth1\"},"
        "{\"dst\":\"10.9.0.0/16\",\"dev\":\"eth0\",\"scope\":\"link\"},"
        "{\"dst\":\"192.168.1.0/24\",\"dev\":\"eth1\",\"scope\":\"link\"}]";

static char *run(PiWslHost *host, const char *const *argv, const char *folder, guint seconds,
                 GError **error) {
        Fake *f = host->data;
        g_autofree char *script = NULL;

        g_assert_cmpuint(seconds, >, 0);
        if (g_str_has_suffix(argv[0], "/wslinfo"))
                return g_strdup_printf("%s\n", strcmp(argv[1], "--version") == 0 ? f->version
                                                                                : f->mode);
        if (g_str_has_suffix(argv[0], "/wslpath"))
                return g_strdup("\\\\wsl.localhost\\Debian\\\n");
        if (g_str_has_suffix(argv[0], "/ip"))
                return g_strdup(routes);
        g_assert_true(g_str_has_suffix(argv[0], "/powershell.exe"));
        g_assert_cmpstr(folder, ==, "/mnt/c");
        g_assert_cmpstr(argv[5], ==, "-EncodedCommand");
        script = decode(argv[6]);
        return answer_script(f, script, FALSE, error);
}

static PiAnswer ask(PiWslHost *host, const char *question) {
        Fake *f = host->data;

        g_string_append(f->log, "? ");
        if (f->on_ask)
                f->on_ask(f);
        return f->answer;
}

Fake *fake_new(void) {
        g_autofree char *root = g_dir_make_tmp("pi-wsl-XXXXXX", NULL);
        Fake *f = g_new0(Fake, 1);

        *f = (Fake) { .host = pi_wsl_host_new(root),
                      .version = "2.6.3.0",
                      .mode = "nat",
                      .build = "22631.4317",
                      .network = "enabled=True\ninbound=Block\nprofile=Public|True\n"
                                 "dynamic=Start Port      : 49152\n"
                                 "dynamic=Number of Ports : 16384\n"
                                 "excluded=     50000       50059     *\n",
                      .lan = "lan=192.168.1.20/24\n",
                      .log = g_string_new(NULL),
                      .out = { .text = g_string_new(NULL), .legend = TRUE } };
        f->host->run = run;
        f->host->ask = ask;
        f->host->data = f;
        f->out.terminal = (PiTerminal) { .fd = -1, .columns = 80 };
        g_unsetenv("WSL_DISTRO_NAME");
        fake_file(f, "/proc/sys/kernel/osrelease", "6.6.87.2-microsoft-standard-WSL2\n");
        fake_file(f, "/proc/self/mounts",
                  "none / ext4 rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"
                  "C:\\134 /mnt/c 9p rw,aname=drvfs;path=C:\\;uid=1000;gid=1000 0 0\n");
        fake_file(f, "/proc/sys/fs/binfmt_misc/WSLInterop", "enabled\ninterpreter /init\n");
        fake_file(f, "/usr/bin/wslinfo", "");
        fake_file(f, "/usr/bin/wslpath", "");
        fake_file(f, "/usr/sbin/ip", "");
        fake_file(f, "/run/systemd/system/x", "");
        fake_file(f, SYSTEM "/WindowsPowerShell/v1.0/powershell.exe", "");
        fake_file(f, "/mnt/c/Users/Ada/x", "");
        fake_file(f, "/etc/x", "");
        for (const char *const *m = (const char *const[]) { "tls", "nft_limit", "nft_log", NULL };
             *m; m++) {
                g_autofree char *path = g_strconcat("/sys/module/", *m, NULL);

                fake_file(f, path, "");
        }
        f->config = pi_wsl_host_path(f->host, "/mnt/c/Users/Ada/.wslconfig");
        f->conf = pi_wsl_host_path(f->host, "/etc/wsl.conf");
        return f;
}

static void remove_tree(const char *path) {
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *name;

        while (dir && (name = g_dir_read_name(dir))) {
                g_autofree char *child = g_build_filename(path, name, NULL);

                if (g_file_test(child, G_FILE_TEST_IS_DIR) &&
                    !g_file_test(child, G_FILE_TEST_IS_SYMLINK))
                        remove_tree(child);
                else
                        g_unlink(child);
        }
        g_rmdir(path);
}

void fake_free(Fake *f) {
        remove_tree(f->host->root);
        pi_wsl_host_free(f->host);
        g_free(f->config);
        g_free(f->conf);
        g_free(f->last);
        g_string_free(f->log, TRUE);
        g_string_free(f->out.text, TRUE);
        g_free(f);
}

char *fake_printed(Fake *f) {
        char *text = g_strdup(f->out.text->str);

        g_string_truncate(f->out.text, 0);
        g_test_message("%s", text);
        return text;
}
