/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/output.h"

typedef enum PiSeverity {
        PI_FINDING_OK,
        PI_FINDING_NOTE,    /* worth knowing, nothing to mend */
        PI_FINDING_WARNING, /* works, but not as it should */
        PI_FINDING_BROKEN,
        _PI_FINDING_MAX,
} PiSeverity;

/* What a check found: pictl doctor and its like. */
typedef struct PiFinding {
        PiSeverity severity;
        char *check;  /* a word or two: "listener" */
        char *text;   /* what is so, in a sentence; safe to print */
        char *remedy; /* the command, or what else mends it; NULL where there is nothing to do */
} PiFinding;

typedef GPtrArray PiFindings;

PiFindings *pi_findings_new(void);
#define pi_findings_free(findings) g_ptr_array_unref(findings)

/* Text of others in the arguments must have gone through pi_text_escape(). */
void pi_findings_add(PiFindings *findings, PiSeverity severity, const char *check,
                     const char *remedy, const char *format, ...) G_GNUC_PRINTF(5, 6);

/* The same of an error: what is so, and behind the first "; " of its message what to do. */
void pi_findings_add_error(PiFindings *findings, PiSeverity severity, const char *check,
                           const GError *error);

/* 0 when nothing is worse than a note, 1 with a warning, 2 with something broken. */
int pi_findings_exit_status(const PiFindings *findings);

/* One beneath the other, each with its remedy, and how many there were of what; or as JSON, a list
 * of objects with check, severity ("ok", "note", "warning", "broken"), text and remedy ("" for
 * none). */
void pi_findings_show(const PiFindings *findings, PiOutput *out);
