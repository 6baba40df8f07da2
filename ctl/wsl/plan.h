/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/finding.h"
#include "ctl/wsl/facts.h"
#include "ctl/wsl/keep.h"

/* What a person asked pictl wsl for. */
typedef struct PiWslWish {
        guint16 port;
        const char *from; /* the networks of members; NULL for the LAN this machine is in */
        gboolean yes, elevate, print, force;
} PiWslWish;

/* A file as it is and as it is to be. */
typedef struct PiWslFile {
        char *path;  /* with the host's root */
        char *shown; /* to print */
        PiKeepText before;
        char *after;
} PiWslFile;

#define PI_WSL_FILES 2

/* What setup would do. */
typedef struct PiWslPlan {
        PiWslFacts *facts;
        PiWslWants wants;
        PiWslFile files[PI_WSL_FILES]; /* wsl.conf, .wslconfig */
        char **from;
        char *allow; /* the script for the firewall, NULL if nothing is to be done */
        char *logon; /* the one for the logon entry, NULL */
        PiFindings *warnings; /* what is wrong with the port */
} PiWslPlan;

/* Looks and changes nothing. Errors say what is in the way and what to do: no WSL2, a WSL that is
 * too old, Windows that does not answer, files that cannot be read, a network that cannot be told,
 * more networks than can be handed to an administrator. */
PiWslPlan *pi_wsl_plan_new(PiWslHost *host, const PiWslWish *wish, GError **error);
void pi_wsl_plan_free(PiWslPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiWslPlan, pi_wsl_plan_free)

gboolean pi_wsl_file_changes(const PiWslFile *file);

/* Whether there is anything to do. */
gboolean pi_wsl_plan_is_empty(const PiWslPlan *plan);

/* PI_ERROR_FAILED unless the facts are those of a WSL2. */
gboolean pi_wsl_kind_check(const PiWslFacts *facts, GError **error);

/* And unless its Windows answers. */
gboolean pi_wsl_facts_check(const PiWslFacts *facts, GError **error);

/* A difference of two texts to print: its own lines, with nothing that a terminal would obey. */
char *pi_wsl_diff(const char *before, const char *after, const char *name, GError **error);
