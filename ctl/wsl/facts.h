/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/wsl/config.h"
#include "ctl/wsl/host.h"

#define PI_WSL_CONF "/etc/wsl.conf"

/* What is so on this WSL and its Windows. Strings are "" where it could not be told; those of
 * Windows have no control characters. */
typedef struct PiWslFacts {
        PiWslKind kind;
        char *kernel;
        char *version; /* "2.6.3" */
        char *mode;    /* "mirrored", "nat" */
        char *distro;  /* valid or "" */
        gboolean systemd, cgroup2, interop;
        char *trouble; /* why Windows could not be asked, NULL if it was */
        char *profile; /* C:\Users\Ada */
        char *config;  /* the path here of its .wslconfig */
        char *build;   /* "22631.4317" */
        char *logon;   /* the command of our entry */
        gint64 clock_msec; /* that Windows' clock is before ours; 0 if within how long it took */
} PiWslFacts;

/* Asks WSL and, unless it is none, Windows. Does not fail: what cannot be told is "". */
PiWslFacts *pi_wsl_facts_new(PiWslHost *host);
void pi_wsl_facts_free(PiWslFacts *facts);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiWslFacts, pi_wsl_facts_free)

/* Whether a version "2.6.3" or a build "22631.4317" is at least this; FALSE for "". */
gboolean pi_wsl_version_is(const char *version, guint a, guint b, guint c);

/* Whether Windows has the mirrored mode, as far as can be told: an unknown build has. */
gboolean pi_wsl_windows_can_mirror(const PiWslFacts *facts);

/* What its WSL understands. */
PiWslWants pi_wsl_wants(const PiWslFacts *facts);

/* The value of the first line "key=value" of a script's answer, without blanks around it and safe
 * to print. NULL if there is none. */
char *pi_answer_get(const char *answer, const char *key);

/* The same from *at on, which is then behind that line: again for the next one. */
char *pi_answer_next(const char **at, const char *key);
