/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/frames.h"

#include <string.h>

#include "dbus/error.h"

#define BYTES_MAX 1024
#define CLIENT "\0AUTH ANONYMOUS 616e6f6e796d6f7573\r\nBEGIN\r\n"
#define SERVER "OK 0123456789abcdef0123456789ABCDEF\r\n"

/* A message of header, padding and body; only what frames look at is right. */
static void add_message(GByteArray *bytes, char order, guint32 serial, guint32 fields,
                        guint32 body) {
        guint32 numbers[3] = { body, serial, fields };
        guint8 head[4] = { (guint8) order, 1, 0, 1 };
        gsize rest = (fields + 7) / 8 * 8 + body;

        for (guint i = 0; i < 3; i++)
                numbers[i] = order == 'l' ? GUINT32_TO_LE(numbers[i]) : GUINT32_TO_BE(numbers[i]);
        g_byte_array_append(bytes, head, sizeof(head));
        g_byte_array_append(bytes, (const guint8 *) numbers, sizeof(numbers));
        if (rest <= BYTES_MAX) {
                g_byte_array_set_size(bytes, bytes->len + (guint) rest);
                memset(bytes->data + bytes->len - rest, 'l', rest);
        }
}

static GByteArray *handshake(gboolean client) {
        GByteArray *bytes = g_byte_array_new();

        g_byte_array_append(bytes, (const guint8 *) (client ? CLIENT : SERVER),
                            client ? sizeof(CLIENT) - 1 : sizeof(SERVER) - 1);
        return bytes;
}

/* However the bytes are cut, the same messages are seen. */
static void test_cut_anywhere(gconstpointer client) {
        g_autoptr(GByteArray) bytes = handshake(client != NULL);

        add_message(bytes, 'l', 5, 0, 0);
        add_message(bytes, 'B', 6, 13, 7);
        add_message(bytes, 'l', 7, 8, 0);
        add_message(bytes, 'l', 9, 0, BYTES_MAX - 16);
        for (gsize step = 1; step <= bytes->len; step++) {
                g_autoptr(GError) error = NULL;
                PiFrames frames;

                pi_frames_init(&frames, client != NULL, BYTES_MAX);
                for (gsize at = 0; at < bytes->len; at += step)
                        g_assert_true(pi_frames_feed(&frames, bytes->data + at,
                                                     MIN(step, bytes->len - at), &error));
                g_assert_cmpuint(frames.messages, ==, 4);
                g_assert_cmpuint(frames.serial, ==, 9);
        }
}

/* A message counts with its last byte, not before. */
static void test_whole_ones_only(void) {
        g_autoptr(GByteArray) bytes = handshake(TRUE);
        PiFrames frames;

        add_message(bytes, 'l', 3, 1, 1);
        add_message(bytes, 'l', 4, 5, 3);
        pi_frames_init(&frames, TRUE, BYTES_MAX);
        g_assert_true(pi_frames_feed(&frames, bytes->data, bytes->len - 1, NULL));
        g_assert_cmpuint(frames.messages, ==, 1);
        g_assert_cmpuint(frames.serial, ==, 3);
        g_assert_true(pi_frames_feed(&frames, bytes->data + bytes->len - 1, 1, NULL));
        g_assert_cmpuint(frames.messages, ==, 2);
        g_assert_cmpuint(frames.serial, ==, 4);
}

static void refuses(gboolean client, const void *data, gsize n, const char *problem) {
        g_autoptr(GError) error = NULL;
        PiFrames frames;

        pi_frames_init(&frames, client, BYTES_MAX);
        g_assert_false(pi_frames_feed(&frames, data, n, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        if (!strstr(error->message, problem))
                g_error("\"%s\" says nothing of \"%s\"", error->message, problem);
}

static void test_too_long(void) {
        static const guint32 cases[][2] = {
                /* fields, body */
                { 0, BYTES_MAX - 15 },
                { BYTES_MAX - 15, 0 },
                { BYTES_MAX - 24, 9 },
                { 0xffffffff, 0xffffffff },
                { 0xffffffff, 0 },
                { 0, 0xffffffff },
                { 0xfffffff1, 0 },
        };

        for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GByteArray) bytes = handshake(TRUE);

                add_message(bytes, i % 2 ? 'l' : 'B', 1, cases[i][0], cases[i][1]);
                refuses(TRUE, bytes->data, bytes->len, "at most 1024");
        }
}

static void test_no_message(void) {
        for (guint at = 0; at <= 3; at += 3) {
                g_autoptr(GByteArray) bytes = handshake(FALSE);

                add_message(bytes, 'l', 1, 0, 0);
                bytes->data[sizeof(SERVER) - 1 + at] ^= 2;
                refuses(FALSE, bytes->data, bytes->len, "no D-Bus message");
        }
}

#define REFUSES(client, text) refuses(client, text, sizeof(text) - 1, "do not begin a D-Bus")

/* What another server, or sd-bus itself, might take; the first message would begin elsewhere. */
static void test_other_handshakes(void) {
        REFUSES(TRUE, "AUTH ANONYMOUS 6161\r\n");
        REFUSES(TRUE, "\0\0AUTH ANONYMOUS 6161\r\n");
        REFUSES(TRUE, "\0AUTH\r\n");
        REFUSES(TRUE, "\0BEGIN\r\n");
        REFUSES(TRUE, "\0AUTH ANONYMOUS\r\n");
        REFUSES(TRUE, "\0AUTH ANONYMOUS \r\n");
        REFUSES(TRUE, "\0AUTH ANONYMOUS 616\r\n");
        REFUSES(TRUE, "\0AUTH ANONYMOUS 00\r\n");
        REFUSES(TRUE, "\0AUTH ANONYMOUS ff\r\n");
        REFUSES(TRUE, "\0AUTH ANONYMOUS 6g\r\n");
        REFUSES(TRUE, "\0AUTH ANONYMOUS  6161\r\n");
        REFUSES(TRUE, "\0AUTH EXTERNAL 30\r\n");
        REFUSES(TRUE, "\0AUTH ANONYMOUS 6161\n");
        REFUSES(TRUE, "\0AUTH ANONYMOUS 61\0" "61\r\n");
        REFUSES(TRUE, "\0AUTH ANONYMOUS 6161\r\nNEGOTIATE_UNIX_FD\r\n");
        REFUSES(TRUE, "\0AUTH ANONYMOUS 6161\r\nAUTH ANONYMOUS 6161\r\n");
        REFUSES(TRUE, "\0AUTH ANONYMOUS 6161\r\nBEGIN \r\n");
        REFUSES(TRUE, "\0AUTH ANONYMOUS 6161\r\n\0BEGIN\r\n");
        REFUSES(TRUE, "\0AUTH ANONYMOUS 61616161616161616161616161616161616161616161616161616161"
                      "61616161616161616161616161616161616161616161616161616161616161616161616161");
        REFUSES(FALSE, "\0OK 0123456789abcdef0123456789abcdef\r\n");
        REFUSES(FALSE, "OK\r\n");
        REFUSES(FALSE, "OK 0123456789abcdef0123456789abcde\r\n");
        REFUSES(FALSE, "OK 0123456789abcdef0123456789abcdeg\r\n");
        REFUSES(FALSE, "OK 0123456789abcdef0123456789abcdef0\r\n");
        REFUSES(FALSE, "REJECTED ANONYMOUS\r\n");
        REFUSES(FALSE, "DATA\r\n");
        REFUSES(FALSE, "\r\n");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_data_func("/frames/cut-anywhere/client", "", test_cut_anywhere);
        g_test_add_data_func("/frames/cut-anywhere/server", NULL, test_cut_anywhere);
        g_test_add_func("/frames/whole-ones-only", test_whole_ones_only);
        g_test_add_func("/frames/too-long", test_too_long);
        g_test_add_func("/frames/no-message", test_no_message);
        g_test_add_func("/frames/other-handshakes", test_other_handshakes);
        return g_test_run();
}
