/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/launcher/journal.h"

#include <string.h>

static void test_cleans(void) {
        PiJournal journal = { .from = "stderr", .lines_max = 10 };
        g_autofree char *line = pi_journal_take(&journal, "  a\tb\033[1m\xff\r", 11);
        g_autofree char *full = g_strnfill(1000, 'x');
        g_autofree char *cut = pi_journal_take(&journal, full, 1000);

        g_assert_cmpstr(line, ==, "a b [1m\357\277\275");
        g_assert_cmpuint(strlen(cut), ==, 512);
}

static void test_counts(void) {
        PiJournal all = { .from = "stdout", .lines_max = 2 };

        for (guint i = 0; i < 5; i++)
                g_free(pi_journal_take(&all, "x", 1));
        g_assert_cmpuint(all.left_out, ==, 3);
        pi_journal_end(&all);
        g_assert_cmpuint(all.left_out, ==, 0);
}

/* A period of a microsecond is over at the next line, or the one after. */
static void test_period(void) {
        PiJournal journal = { .from = "stderr", .lines_max = 1, .period_usec = 1 };
        gint64 first;

        g_free(pi_journal_take(&journal, "x", 1));
        first = journal.since_usec;
        while (journal.since_usec == first)
                g_free(pi_journal_take(&journal, "x", 1));
        g_assert_cmpuint(journal.lines, ==, 1);
        g_assert_cmpuint(journal.left_out, ==, 0);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/launcher/journal/cleans", test_cleans);
        g_test_add_func("/launcher/journal/counts", test_counts);
        g_test_add_func("/launcher/journal/period", test_period);
        return g_test_run();
}
