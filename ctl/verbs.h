/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "ctl/invocation.h"

#define PI_ARGS_MANY G_MAXUINT

/* What an argument of a verb is, for completion. */
typedef enum PiArgumentKind {
        PI_ARGUMENT_NONE,
        PI_ARGUMENT_TERMS,
        PI_ARGUMENT_JOB,
        PI_ARGUMENT_CPU,
        PI_ARGUMENT_SWEEP,
        PI_ARGUMENT_CLUSTER,
        PI_ARGUMENT_FIREWALL,
        PI_ARGUMENT_WSL,
        PI_ARGUMENT_FILE,
} PiArgumentKind;

/* A verb: the one declaration that dispatch, help and completion are made from. */
struct PiVerb {
        const char *name;
        const char *arguments; /* as in the usage line, "" for none */
        guint min_args, max_args;
        PiArgumentKind kind;
        guint64 options; /* those beside PI_OPTS_COMMON, a set */
        int (*run)(PiInvocation *invocation,
                   GError **error); /* the exit status, or PI_VERB_ERROR */
        const char *help; /* one line */
        const char *details; /* more lines for its own help, or NULL */
};

/* All verbs in the order of the help, ended by one without a name. */
extern const PiVerb pi_verbs[];

/* NULL if there is no such verb. */
const PiVerb *pi_verb_find(const char *name);

/* The verb families, a file each. */
int pi_verb_compute(PiInvocation *invocation, GError **error);
int pi_verb_submit(PiInvocation *invocation, GError **error);
int pi_verb_jobs(PiInvocation *invocation, GError **error);
int pi_verb_show(PiInvocation *invocation, GError **error);
int pi_verb_watch(PiInvocation *invocation, GError **error);
int pi_verb_cancel(PiInvocation *invocation, GError **error);
int pi_verb_history(PiInvocation *invocation, GError **error);
int pi_verb_burnin(PiInvocation *invocation, GError **error);
int pi_verb_cores(PiInvocation *invocation, GError **error);
int pi_verb_faults(PiInvocation *invocation, GError **error);
int pi_verb_restore(PiInvocation *invocation, GError **error);
int pi_verb_sweep(PiInvocation *invocation, GError **error);
int pi_verb_nodes(PiInvocation *invocation, GError **error);
int pi_verb_cluster(PiInvocation *invocation, GError **error);
int pi_verb_firewall(PiInvocation *invocation, GError **error);
int pi_verb_doctor(PiInvocation *invocation, GError **error);
int pi_verb_wsl(PiInvocation *invocation, GError **error);
int pi_verb_merge(PiInvocation *invocation, GError **error);
int pi_verb_metrics(PiInvocation *invocation, GError **error);
int pi_verb_top(PiInvocation *invocation, GError **error);
int pi_verb_version(PiInvocation *invocation, GError **error);
