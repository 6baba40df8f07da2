/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/node-id.h"

#include <glib.h>
#include <systemd/sd-id128.h>

/* Ours alone, so that no other program's id of this machine equals it. */
#define APPLICATION_ID SD_ID128_MAKE(39,23,4e,5a,aa,fb,40,03,9b,9a,20,6a,60,41,83,41)

char *pi_node_id(void) {
        char text[SD_ID128_STRING_MAX];
        sd_id128_t id;

        if (sd_id128_get_machine_app_specific(APPLICATION_ID, &id) < 0 &&
            sd_id128_randomize(&id) < 0)
                return g_strdup("00000000000000000000000000000000");
        return g_strdup(sd_id128_to_string(id, text));
}
