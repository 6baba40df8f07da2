/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/facts.h"

#include <stdio.h>
#include <string.h>

#include "ctl/text.h"
#include "ctl/wsl/powershell.h"
#include "ctl/wsl/script.h"

#define WORD_MAX 64
#define VALUE_MAX 1024

/* Windows 11 22H2 with the update of September 2023. */
#define BUILD_MIRRORED 22621
#define REVISION_MIRRORED 2359

static char *word_of(const char *text) {
        g_autofree char *copy = g_strdup(text ? text : "");

        g_strstrip(copy);
        copy[strcspn(copy, "\n")] = '\0';
        return pi_text_escape(copy, FALSE, WORD_MAX);
}

char *pi_answer_next(const char **at, const char *key) {
        gsize length = strlen(key);

        while (**at) {
                const char *line = *at;
                gsize end = strcspn(line, "\n");

                *at += end + (line[end] == '\n');
                if (strncmp(line, key, length) == 0 && line[length] == '=') {
                        g_autofree char *value = g_strndup(line + length + 1, end - length - 1);

                        return pi_text_escape(g_strstrip(value), TRUE, VALUE_MAX);
                }
        }
        return NULL;
}

char *pi_answer_get(const char *answer, const char *key) {
        return pi_answer_next(&answer, key);
}

static char *take(const char *answer, const char *key) {
        char *value = pi_answer_get(answer, key);

        return value ? value : g_strdup("");
}

gboolean pi_wsl_version_is(const char *version, guint a, guint b, guint c) {
        unsigned x = 0, y = 0, z = 0;

        if (sscanf(version, "%9u.%9u.%9u", &x, &y, &z) < 2)
                return FALSE;
        if (x != a)
                return x > a;
        return y != b ? y > b : z >= c;
}

static char *ask_version(PiWslHost *host) {
        g_autofree char *text = pi_wsl_host_tool(host, "wslinfo", "--version", NULL, NULL);

        if (!text || !g_ascii_isdigit(g_strchug(text)[0])) {
                g_free(text);
                text = pi_wsl_host_tool(host, "wslinfo", "--wsl-version", NULL, NULL);
        }
        return text && g_ascii_isdigit(g_strchug(text)[0]) ? word_of(text) : g_strdup("");
}

/* The interface is only there in this mode; wslinfo may not know the question. */
static char *ask_mode(PiWslHost *host) {
        g_autofree char *text = pi_wsl_host_tool(host, "wslinfo", "--networking-mode", NULL, NULL);

        if (text)
                return word_of(text);
        return g_strdup(pi_wsl_host_has(host, "/sys/class/net/loopback0") ? "mirrored" : "");
}

/* sudo(8) does not hand the variable on; the path of / has the name, \\wsl.localhost\Debian\. */
static char *ask_distro(PiWslHost *host) {
        const char *name = g_getenv("WSL_DISTRO_NAME");
        g_autofree char *path = NULL;
        g_auto(GStrv) parts = NULL;

        if (name && pi_wsl_distro_is_valid(name))
                return g_strdup(name);
        path = pi_wsl_host_tool(host, "wslpath", "-w", "/", NULL);
        parts = g_strsplit(path ? g_strstrip(path) : "", "\\", -1);
        return g_strdup(g_strv_length(parts) >= 4 && pi_wsl_distro_is_valid(parts[3]) ? parts[3]
                                                                                     : "");
}

static gboolean has_cgroup2(PiWslHost *host) {
        g_autofree char *text = pi_wsl_host_read(host, "/proc/self/mounts");

        return text && strstr(text, " /sys/fs/cgroup cgroup2 ");
}

/* Its clock was read between the two times of ours. */
static void compare_clocks(PiWslFacts *f, const char *answer, gint64 before, gint64 after) {
        g_autofree char *text = take(answer, "utc");
        gint64 utc = g_ascii_strtoll(text, NULL, 10);

        if (utc > 0 && utc > after)
                f->clock_msec = utc - after;
        else if (utc > 0 && utc < before)
                f->clock_msec = utc - before;
}

static void ask_windows(PiWslFacts *f, PiWslHost *host) {
        g_autofree char *script = pi_script_facts(f->distro), *answer = NULL, *folder = NULL;
        gint64 before = g_get_real_time() / 1000;
        g_autoptr(GError) error = NULL;

        answer = pi_windows_run(host, script, &error);
        if (answer) {
                compare_clocks(f, answer, before, g_get_real_time() / 1000);
                f->profile = take(answer, "profile");
                f->build = take(answer, "build");
                if (f->distro[0] != '\0')
                        f->logon = take(answer, "logon");
                folder = pi_windows_path(host, f->profile, &error);
        }
        if (folder)
                f->config = g_strconcat(folder, "/.wslconfig", NULL);
        if (error)
                f->trouble = g_strdup(error->message);
}

PiWslFacts *pi_wsl_facts_new(PiWslHost *host) {
        PiWslFacts *f = g_new0(PiWslFacts, 1);
        g_autofree char *kernel = pi_wsl_host_read(host, "/proc/sys/kernel/osrelease");
        char **strings[] = { &f->version, &f->mode,  &f->distro, &f->profile,
                             &f->config,  &f->build, &f->logon };

        f->kind = pi_wsl_kind(host);
        f->kernel = word_of(kernel);
        if (f->kind == PI_WSL_2) {
                f->version = ask_version(host);
                f->mode = ask_mode(host);
                f->distro = ask_distro(host);
                f->systemd = pi_wsl_host_has(host, "/run/systemd/system");
                f->cgroup2 = has_cgroup2(host);
                f->interop = pi_windows_has_interop(host);
                ask_windows(f, host);
        }
        for (gsize i = 0; i < G_N_ELEMENTS(strings); i++)
                if (!*strings[i])
                        *strings[i] = g_strdup("");
        return f;
}

void pi_wsl_facts_free(PiWslFacts *f) {
        g_free(f->kernel);
        g_free(f->version);
        g_free(f->mode);
        g_free(f->distro);
        g_free(f->trouble);
        g_free(f->profile);
        g_free(f->config);
        g_free(f->build);
        g_free(f->logon);
        g_free(f);
}

gboolean pi_wsl_windows_can_mirror(const PiWslFacts *f) {
        return f->build[0] == '\0' ||
               pi_wsl_version_is(f->build, BUILD_MIRRORED, REVISION_MIRRORED, 0);
}

PiWslWants pi_wsl_wants(const PiWslFacts *f) {
        return (PiWslWants) {
                .mirrored = pi_wsl_windows_can_mirror(f) && pi_wsl_version_is(f->version, 2, 0, 0),
                .instance_idle = pi_wsl_version_is(f->version, 2, 6, 0),
                .modules = pi_wsl_version_is(f->version, 2, 6, 3),
        };
}
