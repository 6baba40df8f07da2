/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/cluster.h"

const char *pi_member_state_to_string(PiMemberState state) {
        static const char *const names[_PI_MEMBER_STATE_MAX] = {
                [PI_MEMBER_SELF] = "self",
                [PI_MEMBER_CONNECTING] = "connecting",
                [PI_MEMBER_UP] = "up",
                [PI_MEMBER_LOST] = "lost",
                [PI_MEMBER_QUARANTINED] = "quarantined",
                [PI_MEMBER_INCOMPATIBLE] = "incompatible",
        };

        g_return_val_if_fail(state < _PI_MEMBER_STATE_MAX, names[PI_MEMBER_LOST]);
        return names[state];
}
