/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/help.h"

#include <string.h>

#include "ctl/text.h"

#define COLUMNS 80

static void check_form(const char *text) {
        g_auto(GStrv) lines = g_strsplit(text, "\n", 0);

        g_assert_true(g_str_has_suffix(text, "\n"));
        for (gsize i = 0; lines[i]; i++) {
                g_test_message("%s", lines[i]);
                g_assert_cmpuint(pi_text_width(lines[i]), <=, COLUMNS);
                g_assert_false(g_str_has_suffix(lines[i], " "));
        }
}

static void test_whole(void) {
        g_autoptr(GString) out = g_string_new(NULL);

        pi_help_append(out, NULL);
        check_form(out->str);
        for (const PiVerb *verb = pi_verbs; verb->name; verb++) {
                g_autofree char *line = g_strdup_printf("\n  %s ", verb->name);
                g_assert_nonnull(strstr(out->str, line));
        }
        for (int id = 0; id < _PI_OPT_MAX; id++) {
                const PiOptionInfo *info = pi_option_info((PiOptionId) id);
                g_assert_cmpint(strstr(out->str, info->help) != NULL, ==, !info->hidden);
        }
}

static void test_verbs(void) {
        for (const PiVerb *verb = pi_verbs; verb->name; verb++) {
                g_autoptr(GString) out = g_string_new(NULL);

                pi_help_append(out, verb);
                check_form(out->str);
                for (int id = 0; id < _PI_OPT_MAX; id++) {
                        const PiOptionInfo *info = pi_option_info((PiOptionId) id);
                        guint64 set = PI_OPTS_COMMON | verb->options;
                        gboolean wanted = !info->hidden && (set & (G_GUINT64_CONSTANT(1) << id));

                        g_assert_cmpint(strstr(out->str, info->help) != NULL, ==, wanted);
                }
        }
}

/* What dispatch relies on. */
static void test_table(void) {
        for (const PiVerb *verb = pi_verbs; verb->name; verb++) {
                g_assert_true(pi_verb_find(verb->name) == verb);
                g_assert_nonnull(verb->run);
                g_assert_nonnull(verb->arguments);
                g_assert_cmpuint(verb->min_args, <=, verb->max_args);
                g_assert_cmpint(verb->max_args > 0, ==, verb->arguments[0] != '\0');
                /* Those that may be left out stand in brackets. */
                g_assert_cmpint(verb->min_args == 0 && verb->max_args > 0, ==,
                                verb->arguments[0] == '[');
                g_assert_cmpuint(verb->options & PI_OPTS_COMMON, ==, 0);
        }
        g_assert_null(pi_verb_find(""));
        g_assert_null(pi_verb_find("comput"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/help/whole", test_whole);
        g_test_add_func("/ctl/help/verbs", test_verbs);
        g_test_add_func("/ctl/help/table", test_table);
        return g_test_run();
}
