/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/burnin.h"
#include "ctl/output.h"

/* What the figures of a burn-in do not tell. Text must be safe to print. */
typedef struct PiBurninFacts {
        guint64 start_usec; /* since the epoch */
        guint64 wanted_usec; /* how long it was to run */
        guint64 job; /* the one that runs, 0 for none */
        const char *node, *kernel;
        gboolean interrupted;
} PiBurninFacts;

/* The lines of a live view, fewer than the terminal has rows and each narrower than it is wide.
 * Where the table of all cores does not fit: the summary and as many cores as do, the worst
 * first. */
char *pi_burnin_frame(const PiBurnin *burnin, const PiBurninFacts *facts,
                      const PiTerminal *terminal);

/* The line that says it all: "PASS  1.34T terms in 60.0 s, 22.4 Gterm/s, 0 faults". */
char *pi_burnin_summary_text(const PiBurnin *burnin);

/* Appends the report for people. */
void pi_burnin_append(PiOutput *out, const PiBurnin *burnin, const PiBurninFacts *facts);

/* Appends it as JSON, with everything that is known. */
void pi_burnin_append_json(PiOutput *out, const PiBurnin *burnin, const PiBurninFacts *facts);
