/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void pi_source_init(PiSource *s, const char *root_dir) {
        s->root = g_strdup(root_dir ? root_dir : "");
        for (size_t n = strlen(s->root); n > 0 && s->root[n - 1] == '/'; n--)
                s->root[n - 1] = '\0';
}

void pi_source_clear(PiSource *s) {
        g_clear_pointer(&s->root, g_free);
}

static gboolean path_of(const PiSource *s, const char *directory, const char *name, char *ret) {
        int n = name ? snprintf(ret, PATH_MAX, "%s%s/%s", s->root, directory, name)
                     : snprintf(ret, PATH_MAX, "%s%s", s->root, directory);
        return n >= 0 && n < PATH_MAX;
}

gboolean pi_source_read(PiSource *s, const char *directory, const char *name, PiText *ret) {
        char path[PATH_MAX];
        size_t length = 0;
        ssize_t n = 0;

        if (!path_of(s, directory, name, path))
                return FALSE;
        /* O_NONBLOCK: what is a file to us must not make us wait should it be a pipe. */
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0)
                return FALSE;
        while (length < sizeof(s->buffer)) {
                n = read(fd, s->buffer + length, sizeof(s->buffer) - length);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        break;
                length += (size_t) n;
        }
        close(fd);
        *ret = (PiText) { s->buffer, length };
        return n >= 0;
}

gboolean pi_source_exists(const PiSource *s, const char *directory, const char *name) {
        char path[PATH_MAX];

        return path_of(s, directory, name, path) && access(path, F_OK) == 0;
}
