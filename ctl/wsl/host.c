/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/host.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/wsl/program.h"
#include "dbus/error.h"

#define FILE_BYTES_MAX (64 * 1024)
#define TOOL_SECONDS 20

static char *run(PiWslHost *host, const char *const *argv, const char *folder, guint seconds,
                 GError **error) {
        g_autofree char *program = pi_wsl_host_path(host, argv[0]);
        g_autofree char *where = folder ? pi_wsl_host_path(host, folder) : NULL;
        g_autoptr(GPtrArray) words = g_ptr_array_new();

        g_ptr_array_add(words, program);
        for (gsize i = 1; argv[i]; i++)
                g_ptr_array_add(words, (gpointer) argv[i]);
        g_ptr_array_add(words, NULL);
        return pi_program_run((const char *const *) words->pdata, where, seconds, error);
}

static PiAnswer ask(PiWslHost *host, const char *question) {
        char line[16];

        if (isatty(STDIN_FILENO) <= 0 || isatty(STDERR_FILENO) <= 0)
                return PI_ANSWER_NOBODY;
        fprintf(stderr, "%s [y/N] ", question);
        if (!fgets(line, sizeof(line), stdin))
                return PI_ANSWER_NO;
        g_strstrip(line);
        return g_ascii_strcasecmp(line, "y") == 0 || g_ascii_strcasecmp(line, "yes") == 0
                       ? PI_ANSWER_YES
                       : PI_ANSWER_NO;
}

PiWslHost *pi_wsl_host_new(const char *root) {
        PiWslHost *host = g_new0(PiWslHost, 1);

        host->root = g_strdup(root);
        host->run = run;
        host->ask = ask;
        return host;
}

void pi_wsl_host_free(PiWslHost *host) {
        g_free(host->root);
        g_free(host);
}

char *pi_wsl_host_path(const PiWslHost *host, const char *path) {
        return g_strconcat(host->root, path, NULL);
}

gboolean pi_wsl_host_has(const PiWslHost *host, const char *path) {
        g_autofree char *full = pi_wsl_host_path(host, path);

        return access(full, F_OK) == 0;
}

char *pi_wsl_host_read(const PiWslHost *host, const char *path) {
        g_autofree char *full = pi_wsl_host_path(host, path), *text = g_malloc0(FILE_BYTES_MAX + 1);
        int fd = open(full, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        gsize length = 0;
        ssize_t n = -1;

        if (fd < 0)
                return NULL;
        while (length < FILE_BYTES_MAX &&
               (n = read(fd, text + length, FILE_BYTES_MAX - length)) > 0)
                length += (gsize) n;
        close(fd);
        return n < 0 ? NULL : g_steal_pointer(&text);
}

char *pi_wsl_host_tool(PiWslHost *host, const char *name, const char *first, const char *second,
                       GError **error) {
        static const char *const folders[] = { "/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/" };

        for (gsize i = 0; i < G_N_ELEMENTS(folders); i++) {
                g_autofree char *path = g_strconcat(folders[i], name, NULL);
                const char *argv[] = { path, first, second, NULL };

                if (pi_wsl_host_has(host, path))
                        return host->run(host, argv, NULL, TOOL_SECONDS, error);
        }
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "%s is not in /usr/bin: this WSL is too old or not whole; run wsl --update in "
                    "Windows", name);
        return NULL;
}

PiWslKind pi_wsl_kind(const PiWslHost *host) {
        g_autofree char *release = pi_wsl_host_read(host, "/proc/sys/kernel/osrelease");

        /* As WSL's own init tells them apart. */
        if (release && strstr(release, "microsoft"))
                return PI_WSL_2;
        return release && strstr(release, "Microsoft") ? PI_WSL_1 : PI_WSL_NONE;
}

gboolean pi_wsl_is_here(const PiWslHost *host) {
        return pi_wsl_kind(host) != PI_WSL_NONE;
}
