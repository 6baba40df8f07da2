/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/program.h"

#include "dbus/error.h"

gboolean pi_program_parse(PiProgram *p, const char *summary, const GOptionEntry *entries,
                          int *argc, char ***argv, GError **error) {
        const GOptionEntry common[] = {
                { "system", 0, 0, G_OPTION_ARG_NONE, &p->system, "Use the system bus (default)",
                  NULL },
                { "user", 0, 0, G_OPTION_ARG_NONE, &p->user, "Use the session bus", NULL },
                { "version", 0, 0, G_OPTION_ARG_NONE, &p->version, "Print the version and exit",
                  NULL },
                { NULL },
        };
        g_autoptr(GOptionContext) context = g_option_context_new(NULL);

        g_option_context_set_summary(context, summary);
        g_option_context_add_main_entries(context, common, NULL);
        g_option_context_add_main_entries(context, entries, NULL);
        if (!g_option_context_parse(context, argc, argv, error))
                return FALSE;
        if (*argc > 1) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION, "Unknown argument \"%s\"",
                            (*argv)[1]);
                return FALSE;
        }
        if (p->user && p->system) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "Give --user or --system, not both");
                return FALSE;
        }
        return TRUE;
}

gboolean pi_program_is_usage(const GError *error) {
        return error->domain == G_OPTION_ERROR ||
               g_error_matches(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
}
