/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/output.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "ctl/pager.h"
#include "dbus/error.h"

void pi_output_init(PiOutput *out) {
        *out = (PiOutput) { .text = g_string_new(NULL), .legend = TRUE, .pager = TRUE };
        pi_terminal_init(&out->terminal, STDOUT_FILENO);
}

void pi_output_clear(PiOutput *out) {
        g_string_free(out->text, TRUE);
        out->text = NULL;
}

void pi_output_printf(PiOutput *out, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        g_string_append_vprintf(out->text, format, ap);
        va_end(ap);
}

void pi_output_style(PiOutput *out, PiStyle style, const char *text) {
        pi_output_printf(out, "%s%s%s", pi_terminal_begin(&out->terminal, style), text,
                         pi_terminal_end(&out->terminal, style));
}

static gboolean write_all(int fd, const char *text, gsize length) {
        while (length > 0) {
                ssize_t n = write(fd, text, length);

                if (n >= 0) {
                        text += n;
                        length -= (gsize) n;
                } else if (errno == EAGAIN) {
                        struct pollfd wait = { .fd = fd, .events = POLLOUT };
                        (void) poll(&wait, 1, -1);
                } else if (errno != EINTR)
                        return FALSE;
        }
        return TRUE;
}

gboolean pi_output_flush(PiOutput *out, GError **error) {
        gboolean good = write_all(out->terminal.fd, out->text->str, out->text->len);
        int saved = errno;

        g_string_truncate(out->text, 0);
        if (!good)
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "the result could not be written to the standard output: %s",
                            g_strerror(saved));
        return good;
}

static gboolean fits(const PiOutput *out) {
        unsigned rows = 1; /* the prompt that follows */

        for (gsize i = 0; i < out->text->len; i++)
                rows += out->text->str[i] == '\n';
        return rows <= out->terminal.rows;
}

gboolean pi_output_finish(PiOutput *out, GError **error) {
        if (out->pager && out->terminal.is_tty && !fits(out) &&
            pi_pager_show(out->text->str, out->text->len, out->terminal.utf8)) {
                g_string_truncate(out->text, 0);
                return TRUE;
        }
        return pi_output_flush(out, error);
}
