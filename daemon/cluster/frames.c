/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/frames.h"

#include <string.h>

#include "dbus/error.h"

#define MESSAGES G_MAXUINT /* the step after the handshake */
#define AUTH "AUTH ANONYMOUS "
#define OK "OK "
#define SERVER_ID_DIGITS 32
#define VERSION 1

void pi_frames_init(PiFrames *frames, gboolean from_client, uint32_t bytes_max) {
        *frames = (PiFrames) { .from_client = from_client, .bytes_max = bytes_max };
}

static gboolean fail(GError **error, const char *problem) {
        g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED, problem);
        return FALSE;
}

/* Hex of printable ASCII, which no version of sd-bus finds fault with. */
static gboolean is_trace(const char *hex) {
        gsize length = strlen(hex);

        if (length == 0 || length % 2 != 0)
                return FALSE;
        for (; *hex; hex += 2) {
                int high = g_ascii_xdigit_value(hex[0]), low = g_ascii_xdigit_value(hex[1]);

                if (high < 0 || low < 0 || !g_ascii_isprint((char) (high * 16 + low)))
                        return FALSE;
        }
        return TRUE;
}

static gboolean take_client_line(PiFrames *f, const char *line) {
        if (f->step == 0) {
                f->step = 1;
                return g_str_has_prefix(line, AUTH) && is_trace(line + strlen(AUTH));
        }
        f->step = MESSAGES;
        return g_str_equal(line, "BEGIN");
}

static gboolean take_server_line(PiFrames *f, const char *line) {
        f->step = MESSAGES;
        return g_str_has_prefix(line, OK) &&
               strlen(line) == strlen(OK) + SERVER_ID_DIGITS &&
               strspn(line + strlen(OK), "0123456789abcdefABCDEF") == SERVER_ID_DIGITS;
}

/* A byte of the handshake. A client's begins with a zero byte. */
static gboolean take_handshake(PiFrames *f, guint8 byte) {
        gsize zero = f->from_client && f->step == 0 ? 1 : 0;

        if (f->n_head == sizeof(f->head) - 1)
                return FALSE;
        if ((byte == 0) != (f->n_head == 0 && zero == 1))
                return FALSE;
        f->head[f->n_head++] = byte;
        if (byte != '\n')
                return TRUE;
        if (f->n_head < zero + 2 || f->head[f->n_head - 2] != '\r')
                return FALSE;
        f->head[f->n_head - 2] = '\0';
        f->n_head = 0;
        return f->from_client ? take_client_line(f, (const char *) f->head + zero)
                              : take_server_line(f, (const char *) f->head);
}

static uint32_t number_at(const PiFrames *f, gsize at) {
        uint32_t number;

        memcpy(&number, f->head + at, sizeof(number));
        return f->head[0] == 'l' ? GUINT32_FROM_LE(number) : GUINT32_FROM_BE(number);
}

static gboolean begin_message(PiFrames *f, GError **error) {
        uint64_t fields, total;

        if ((f->head[0] != 'l' && f->head[0] != 'B') || f->head[3] != VERSION)
                return fail(error, "sent bytes that are no D-Bus message");
        fields = number_at(f, 12);
        total = PI_FRAMES_HEADER_BYTES + (fields + 7) / 8 * 8 + number_at(f, 4);
        if (total > f->bytes_max) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "sent a message of %" G_GUINT64_FORMAT
                            " bytes, at most %u are taken",
                            total, f->bytes_max);
                return FALSE;
        }
        f->next_serial = number_at(f, 8);
        f->left = (uint32_t) total - PI_FRAMES_HEADER_BYTES;
        return TRUE;
}

static void end_message(PiFrames *f) {
        f->serial = f->next_serial;
        f->messages++;
        f->n_head = 0;
}

/* Some of a message; tells how many bytes it was. */
static gsize take_message(PiFrames *f, const guint8 *bytes, gsize n, GError **error) {
        gsize taken;

        if (f->n_head < PI_FRAMES_HEADER_BYTES) {
                taken = MIN(n, PI_FRAMES_HEADER_BYTES - f->n_head);
                memcpy(f->head + f->n_head, bytes, taken);
                f->n_head += taken;
                if (f->n_head < PI_FRAMES_HEADER_BYTES)
                        return taken;
                if (!begin_message(f, error))
                        return 0;
        } else {
                taken = MIN(n, f->left);
                f->left -= (uint32_t) taken;
        }
        if (f->left == 0)
                end_message(f);
        return taken;
}

gboolean pi_frames_feed(PiFrames *frames, const guint8 *bytes, gsize n, GError **error) {
        while (n > 0) {
                gsize taken = 1;

                if (frames->step == MESSAGES) {
                        taken = take_message(frames, bytes, n, error);
                        if (taken == 0)
                                return FALSE;
                } else if (!take_handshake(frames, *bytes))
                        return fail(error, "sent bytes that do not begin a D-Bus connection");
                bytes += taken;
                n -= taken;
        }
        return TRUE;
}
