/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* Follows one direction of a D-Bus connection by its bytes: where messages begin and end, and how
 * long they are. sd-bus would take messages of up to 128 MiB, and tells nobody how long one is or
 * when it was sent. Ahead of the messages it takes the handshake of ANONYMOUS as sd-bus speaks it
 * and no other, so that both agree on where the first message begins. */

#define PI_FRAMES_HEADER_BYTES 16
#define PI_FRAMES_SERVER_HANDSHAKE_BYTES 37 /* all that a server says before the messages */

typedef struct PiFrames {
        gboolean from_client; /* who sends what is followed */
        uint32_t bytes_max;   /* of a message */
        uint32_t serial;      /* of the last whole message */
        uint64_t messages;    /* whole ones */

        guint step; /* of the handshake, in lines; G_MAXUINT after it */
        guint8 head[128];
        gsize n_head;
        uint32_t left; /* bytes of the message behind its header */
        uint32_t next_serial;
} PiFrames;

void pi_frames_init(PiFrames *frames, gboolean from_client, uint32_t bytes_max);

/* The next bytes. Errors: PI_ERROR_FAILED with a phrase to stand behind who sent them. After one
 * the connection is of no use. */
gboolean pi_frames_feed(PiFrames *frames, const guint8 *bytes, gsize n, GError **error);
