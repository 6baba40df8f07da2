/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/steps.h"

gboolean pi_wsl_steps_have_files(const PiWslSteps *steps) {
        return steps->files[0] || steps->files[1];
}

gboolean pi_wsl_steps_have_any(const PiWslSteps *steps) {
        return pi_wsl_steps_have_files(steps) || steps->logon || steps->rule;
}

void pi_wsl_steps_add(const PiWslSteps *steps, gboolean done, const char *const names[PI_WSL_FILES],
                      const char *unsure, const char *script, GVariantBuilder *ret) {
        GVariantBuilder files;

        g_variant_builder_init(&files, G_VARIANT_TYPE("as"));
        for (int i = 0; i < PI_WSL_FILES; i++)
                if (steps->files[i])
                        g_variant_builder_add(&files, "s", names[i]);
        g_variant_builder_add(ret, "{sv}", "done", g_variant_new_boolean(done));
        g_variant_builder_add(ret, "{sv}", "files", g_variant_builder_end(&files));
        g_variant_builder_add(ret, "{sv}", "logon", g_variant_new_boolean(steps->logon));
        g_variant_builder_add(ret, "{sv}", "rule", g_variant_new_boolean(steps->rule));
        g_variant_builder_add(ret, "{sv}", "rule_unknown",
                              g_variant_new_string(unsure ? unsure : ""));
        g_variant_builder_add(ret, "{sv}", "administrator_script",
                              g_variant_new_string(script && !steps->rule ? script : ""));
}
