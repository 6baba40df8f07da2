/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/engine/contract.h"

/* What jobs know of the site's engine: programs that sum on other machines, under a launcher such
 * as srun. Jobs ask for launches through PiEngine, which daemon/launch implements. */

typedef struct PiEngine PiEngine;
typedef struct PiLaunch PiLaunch;

/* Called from the main loop, never within launch(). The launch may be ended in them. */
typedef struct PiLaunchHooks {
        /* Any kind but noise and exit; the strings live until it returns. */
        void (*told)(const PiContractLine *line, gpointer userdata);

        /* The last call: nothing runs any more, and the launch is freed. `again`: another one may
         * fare better. */
        void (*over)(const GError *why, gboolean again, gpointer userdata);
} PiLaunchHooks;

struct PiEngine {
        /* A launch ends by itself when it takes longer than the settings allow. One that tells
         * nothing for so much longer is ended here: whoever was to end it does not work. */
        double grace_seconds;

        /* Has ranges summed, PiRange, PI_CONTRACT_RANGES_MAX at most. Each is to be told as one
         * chunk. NULL, with an error of the domain PI_ERROR, when nothing can be launched here. */
        PiLaunch *(*launch)(const GArray *ranges, const PiLaunchHooks *hooks,
                            gpointer hooks_userdata, gpointer userdata, GError **error);

        /* Not wanted any more: no hook is called from now on, and whatever was started is gone
         * within seconds. */
        void (*end)(PiLaunch *launch, gpointer userdata);
        gpointer userdata;
};
