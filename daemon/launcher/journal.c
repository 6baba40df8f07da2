/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/launcher/journal.h"

#define LINE_MAX_BYTES 512

static char *clean(const char *text, gsize length) {
        char *valid = g_utf8_make_valid(text, (gssize) MIN(length, LINE_MAX_BYTES));

        for (char *p = valid; *p; p++)
                if (g_ascii_iscntrl(*p))
                        *p = ' ';
        return g_strstrip(valid);
}

void pi_journal_end(PiJournal *journal) {
        if (journal->left_out > 0)
                g_printerr("%s: %" G_GUINT64_FORMAT " more lines are left out\n", journal->from,
                           journal->left_out);
        journal->left_out = 0;
}

char *pi_journal_take(PiJournal *journal, const char *text, gsize length) {
        char *line = clean(text, length);
        gint64 now = g_get_monotonic_time();

        if (journal->period_usec > 0 && now - journal->since_usec >= journal->period_usec) {
                pi_journal_end(journal);
                journal->since_usec = now;
                journal->lines = 0;
        }
        if (journal->lines < journal->lines_max) {
                journal->lines++;
                g_printerr("%s: %s\n", journal->from, line);
        } else {
                journal->left_out++;
        }
        return line;
}
