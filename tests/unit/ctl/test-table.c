/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/table.h"

static const PiColumn columns[] = { { "ID", TRUE }, { "STATE", FALSE }, { "LABEL", FALSE } };

static const PiTerminal file = { .columns = 80, .utf8 = TRUE };
static const PiTerminal narrow = { .is_tty = TRUE, .columns = 20, .utf8 = TRUE };
static const PiTerminal coloured = { .is_tty = TRUE, .colours = TRUE, .columns = 80, .utf8 = TRUE };

static PiTable *make(const char *label) {
        PiTable *table = pi_table_new(columns, G_N_ELEMENTS(columns));

        pi_table_take(table, g_strdup("7"), PI_STYLE_PLAIN);
        pi_table_take(table, g_strdup("done"), PI_STYLE_GOOD);
        pi_table_take(table, NULL, PI_STYLE_PLAIN);
        pi_table_take(table, g_strdup("112"), PI_STYLE_PLAIN);
        pi_table_take(table, g_strdup("cancelled"), PI_STYLE_BUSY);
        pi_table_take(table, g_strdup(label), PI_STYLE_PLAIN);
        return table;
}

static void expect(const PiTable *table, const PiTerminal *terminal, gboolean legend,
                   const char *wanted) {
        g_autoptr(GString) out = g_string_new(NULL);

        pi_table_render(table, terminal, legend, out);
        g_assert_cmpstr(out->str, ==, wanted);
}

static void test_aligned(void) {
        g_autoptr(PiTable) table = make("a long label");

        g_assert_cmpuint(pi_table_n_rows(table), ==, 2);
        expect(table, &file, TRUE, " ID STATE     LABEL\n  7 done\n112 cancelled a long label\n");
        expect(table, &file, FALSE, "  7 done\n112 cancelled a long label\n");
}

static void test_cut_on_terminals_only(void) {
        g_autoptr(PiTable) table = make("a label that is too long");

        expect(table, &narrow, FALSE, "  7 done\n112 cancelled a lab\342\200\246\n");
        expect(table, &file, FALSE, "  7 done\n112 cancelled a label that is too long\n");
}

static void test_wide_characters(void) {
        g_autoptr(PiTable) table = pi_table_new(columns, G_N_ELEMENTS(columns));

        pi_table_take(table, g_strdup("1"), PI_STYLE_PLAIN);
        pi_table_take(table, g_strdup("\346\227\245\346\234\254"), PI_STYLE_PLAIN);
        pi_table_take(table, g_strdup("x"), PI_STYLE_PLAIN);
        pi_table_take(table, g_strdup("2"), PI_STYLE_PLAIN);
        pi_table_take(table, g_strdup("ab"), PI_STYLE_PLAIN);
        pi_table_take(table, g_strdup("y"), PI_STYLE_PLAIN);
        expect(table, &file, FALSE, "1 \346\227\245\346\234\254 x\n2 ab   y\n");
}

static void test_colours(void) {
        g_autoptr(PiTable) table = make("x");

        expect(table, &coloured, FALSE,
               "  7 \033[32mdone\033[0m\n112 \033[33mcancelled\033[0m x\n");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/table/aligned", test_aligned);
        g_test_add_func("/ctl/table/cut-on-terminals-only", test_cut_on_terminals_only);
        g_test_add_func("/ctl/table/wide-characters", test_wide_characters);
        g_test_add_func("/ctl/table/colours", test_colours);
        return g_test_run();
}
