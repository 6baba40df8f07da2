/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/mpi/lines.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "daemon/engine/contract.h"
#include "dbus/error.h"

void pi_line_input_init(PiLineInput *input, int fd) {
        *input = (PiLineInput) { .fd = fd, .rest = g_string_new(NULL) };
}

void pi_line_input_clear(PiLineInput *input) {
        if (input->rest)
                g_string_free(g_steal_pointer(&input->rest), TRUE);
}

/* Whether something came. The descriptor may be shared with the launcher, so its flags stay. */
static gboolean read_some(PiLineInput *input, GError **error) {
        struct pollfd poll_fd = { .fd = input->fd, .events = POLLIN };
        char buffer[65536];
        ssize_t n;

        if (input->ended || poll(&poll_fd, 1, 0) <= 0)
                return FALSE;
        n = read(input->fd, buffer, sizeof(buffer));
        if (n < 0 && errno != EINTR && errno != EAGAIN)
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "Cannot read orders: %s",
                            g_strerror(errno));
        input->ended = n == 0;
        if (n > 0)
                g_string_append_len(input->rest, buffer, n);
        return n > 0;
}

char *pi_line_input_next(PiLineInput *input, GError **error) {
        GError *failure = NULL;

        do {
                const char *end = memchr(input->rest->str, '\n', input->rest->len);
                gsize length = end ? (gsize) (end - input->rest->str) : input->rest->len;
                char *line;

                if (length > PI_CONTRACT_LINE_MAX) {
                        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "An order has more than %d bytes", PI_CONTRACT_LINE_MAX);
                        return NULL;
                }
                if (end) {
                        line = g_strndup(input->rest->str, length);
                        g_string_erase(input->rest, 0, (gssize) length + 1);
                        return line;
                }
        } while (read_some(input, &failure));
        if (failure)
                g_propagate_error(error, failure);
        return NULL;
}
