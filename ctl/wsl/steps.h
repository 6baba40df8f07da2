/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PI_CTL_WSL_STEPS_H
#define PI_CTL_WSL_STEPS_H

#include "ctl/wsl/plan.h"

/* What setup or undo did, or is to do. */
typedef struct PiWslSteps {
        gboolean files[PI_WSL_FILES], logon, rule;
} PiWslSteps;

gboolean pi_wsl_steps_have_files(const PiWslSteps *steps);
gboolean pi_wsl_steps_have_any(const PiWslSteps *steps);

/* Adds them to a dictionary, `{sv}`, as pictl(1) describes it. `names`: of the files. `unsure`: why
 * the rule is not known, or NULL. `script`: what is left to an administrator once `rule` is not
 * done, or NULL. */
void pi_wsl_steps_add(const PiWslSteps *steps, gboolean done, const char *const names[PI_WSL_FILES],
                      const char *unsure, const char *script, GVariantBuilder *ret);

#endif
