/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/help.h"

#define LEFT_WIDTH 22

static void append_line(GString *out, const char *left, const char *help) {
        g_string_append_printf(out, "  %-*s %s\n", LEFT_WIDTH, left, help);
}

static char *option_text(const PiOptionInfo *info) {
        GString *s = g_string_new(NULL);

        if (info->letter)
                g_string_append_printf(s, "-%c", info->letter);
        else
                g_string_append(s, "  ");
        if (info->name[1] == '\0')
                return g_string_free(s, FALSE);
        g_string_append_printf(s, " --%s", info->name);
        if (info->value)
                g_string_append_printf(s, info->optional ? "[=%s]" : "=%s", info->value);
        return g_string_free(s, FALSE);
}

static void append_options(GString *out, const char *title, guint64 set) {
        if (set == 0)
                return;
        g_string_append_printf(out, "\n%s:\n", title);
        for (int id = 0; id < _PI_OPT_MAX; id++) {
                const PiOptionInfo *info = pi_option_info((PiOptionId) id);
                g_autofree char *left = NULL;

                if (!(set & (G_GUINT64_CONSTANT(1) << id)) || info->hidden)
                        continue;
                left = option_text(info);
                append_line(out, left, info->help);
        }
}

static void append_verbs(GString *out) {
        g_string_append(out, "\nVerbs:\n");
        for (const PiVerb *verb = pi_verbs; verb->name; verb++) {
                g_autofree char *left = g_strdup_printf(
                        "%s%s%s", verb->name, verb->arguments[0] ? " " : "", verb->arguments);
                append_line(out, left, verb->help);
        }
}

void pi_help_append(GString *out, const PiVerb *verb) {
        guint64 all = 0;

        if (verb) {
                g_string_append_printf(out, "pictl [OPTIONS...] %s%s%s\n\n%s.\n", verb->name,
                                       verb->arguments[0] ? " " : "", verb->arguments, verb->help);
                if (verb->details)
                        g_string_append_printf(out, "\n%s\n", verb->details);
                append_options(out, "Options", verb->options);
                append_options(out, "Options of every verb", PI_OPTS_COMMON);
        } else {
                for (const PiVerb *v = pi_verbs; v->name; v++)
                        all |= v->options;
                g_string_append(
                        out, "pictl [OPTIONS...] VERB [ARGUMENTS...]\n\n"
                             "Have the Leibniz series of pi summed, every piece of it verified.\n");
                append_verbs(out);
                append_options(out, "Options", PI_OPTS_COMMON);
                append_options(out, "Options of some verbs (see pictl VERB --help)", all);
        }
        g_string_append(out, "\nSee pictl(1) for more.\n");
}
