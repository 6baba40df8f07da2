/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/options.h"
#include "ctl/output.h"

typedef struct PiVerb PiVerb;

/* One run of pictl, as a verb sees it. */
typedef struct PiInvocation {
        const PiVerb *verb;
        PiOptions options;
        char **args; /* those behind the verb, ended by NULL */
        guint n_args;
        PiOutput out;
} PiInvocation;

/* What a verb returns when it has set the error: the exit status follows from that. */
#define PI_VERB_ERROR (-1)

/* Whether an option was given. */
#define pi_invocation_has(invocation, id) (((invocation)->options.given & PI_OPT(id)) != 0)

/* Writes "pictl: MESSAGE" to stderr. */
void pi_complain(const char *message);

/* The whole of pictl: parse, run the verb, write the output. Returns the exit status. */
int pi_invoke(int argc, char **argv);
