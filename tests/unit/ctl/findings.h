/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <string.h>

#include "ctl/finding.h"

/* What tests of checks look for in what was found. */

/* The finding of this check whose text has these words; NULL if there is none. */
static inline const PiFinding *find_finding(const PiFindings *findings, const char *check,
                                            const char *words) {
        for (guint i = 0; i < findings->len; i++) {
                const PiFinding *f = findings->pdata[i];

                if (strcmp(f->check, check) == 0 && strstr(f->text, words))
                        return f;
        }
        return NULL;
}

/* There is such a finding, and its remedy has these words; NULL: it has no remedy. */
static inline void assert_finding(const PiFindings *findings, PiSeverity severity,
                                  const char *check, const char *words, const char *remedy) {
        const PiFinding *f = find_finding(findings, check, words);

        for (guint i = 0; i < findings->len; i++) {
                const PiFinding *one = findings->pdata[i];
                g_test_message("%d %s: %s -> %s", one->severity, one->check, one->text,
                               one->remedy ?: "-");
        }
        g_test_message("wanted: %s: %s", check, words);
        g_assert_nonnull(f);
        g_assert_cmpint(f->severity, ==, severity);
        if (remedy) {
                g_assert_nonnull(f->remedy);
                g_assert_nonnull(strstr(f->remedy, remedy));
        } else
                g_assert_null(f->remedy);
}
