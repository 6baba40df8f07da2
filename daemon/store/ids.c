/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/ids.h"

#include <glib.h>

uint64_t pi_ids_take(PiIds *ids, uint64_t now_usec, uint64_t *ret_from) {
        uint64_t id;

        if (ids->next >= ids->end)
                ids->next = MAX(ids->next, MAX(now_usec, 1));
        id = ids->next++;
        *ret_from = 0;
        if (ids->next + PI_IDS_BLOCK / 2 > MAX(ids->asked, ids->end)) {
                *ret_from = MAX(ids->next, ids->end);
                ids->asked = *ret_from + PI_IDS_BLOCK;
        }
        return id;
}

void pi_ids_add(PiIds *ids, uint64_t from, uint64_t to) {
        /* Not right behind the last block: what is between belongs to somebody else. */
        if (from != ids->end && ids->next < from)
                ids->next = from;
        ids->end = MAX(ids->end, to);
}
