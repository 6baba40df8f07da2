/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What comes decrypted over a link, before sd-bus sees it. */
#include <string.h>

#include "daemon/cluster/frames.h"
#include "dbus/error.h"

#define BYTES_MAX 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* In pieces of that many bytes; whether all was taken. */
static gboolean feed(PiFrames *f, gboolean client, const uint8_t *data, size_t size, size_t step) {
        pi_frames_init(f, client, BYTES_MAX);
        for (size_t at = 0; at < size; at += step) {
                g_autoptr(GError) error = NULL;

                if (pi_frames_feed(f, data + at, MIN(step, size - at), &error))
                        continue;
                g_assert(g_error_matches(error, PI_ERROR, PI_ERROR_FAILED));
                g_assert(g_str_is_ascii(error->message) && strlen(error->message) < 256);
                return FALSE;
        }
        g_assert(f->left <= BYTES_MAX && f->n_head < sizeof(f->head));
        return TRUE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        PiFrames whole, cut;

        if (size < 2)
                return 0;
        /* The first byte: who sends, and how the bytes are cut. */
        if (feed(&whole, data[0] & 1, data + 1, size - 1, size)) {
                g_assert(feed(&cut, data[0] & 1, data + 1, size - 1, 1 + data[0] / 2));
                g_assert(cut.messages == whole.messages && cut.serial == whole.serial);
                g_assert(whole.messages <= size / PI_FRAMES_HEADER_BYTES);
        } else
                g_assert(!feed(&cut, data[0] & 1, data + 1, size - 1, 1 + data[0] / 2));
        return 0;
}
