/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/verbs.h"

#include <string.h>

#define OPTIONS_OF_A_JOB                                                                      \
        (PI_OPT(PARTS) | PI_OPT(CPUS) | PI_OPT(SCOPE) | PI_OPT(KERNEL) | PI_OPT(ENGINE) |     \
         PI_OPT(LABEL) | PI_OPT(TIMEOUT) | PI_OPT(PRIORITY) | PI_OPT(NODES))

#define TERMS_FORMS                                                                            \
        "TERMS is a whole number from 1 to 10^16, written 1000000000, 1e9,\n"                  \
        "1_000_000_000 or 1G (k M G T P are powers of 1000).\n"

const PiVerb pi_verbs[] = {
        { .name = "compute",
          .arguments = "TERMS",
          .min_args = 1,
          .max_args = 1,
          .kind = PI_ARGUMENT_TERMS,
          .options = OPTIONS_OF_A_JOB | PI_OPT(DETACH),
          .run = pi_verb_compute,
          .help = "Sum TERMS terms and show the result",
          .details = TERMS_FORMS "Ctrl-C ends the job." },
        { .name = "submit",
          .arguments = "TERMS",
          .min_args = 1,
          .max_args = 1,
          .kind = PI_ARGUMENT_TERMS,
          .options = OPTIONS_OF_A_JOB | PI_OPT(DETACH),
          .run = pi_verb_submit,
          .help = "Queue a job that goes on without its caller",
          .details = TERMS_FORMS "With --no-legend only the number of the job is printed." },
        { .name = "jobs",
          .arguments = "",
          .run = pi_verb_jobs,
          .help = "List the jobs of the service" },
        { .name = "show",
          .arguments = "JOB",
          .min_args = 1,
          .max_args = 1,
          .kind = PI_ARGUMENT_JOB,
          .options = PI_OPT(LEASES) | PI_OPT(LINES),
          .run = pi_verb_show,
          .help = "Show everything about a job, or its leases" },
        { .name = "watch",
          .arguments = "JOB",
          .min_args = 1,
          .max_args = 1,
          .kind = PI_ARGUMENT_JOB,
          .run = pi_verb_watch,
          .help = "Follow a job until it ends, then show its result",
          .details = "The exit status tells how the job ended. Ctrl-C ends only the watching." },
        { .name = "cancel",
          .arguments = "JOB...",
          .min_args = 1,
          .max_args = PI_ARGS_MANY,
          .kind = PI_ARGUMENT_JOB,
          .run = pi_verb_cancel,
          .help = "End jobs" },
        { .name = "history",
          .arguments = "",
          .options = PI_OPT(LINES),
          .run = pi_verb_history,
          .help = "List finished jobs, the newest first (20 unless -n)" },
        { .name = "burnin",
          .arguments = "",
          .options = PI_OPT(DURATION) | PI_OPT(CPUS) | PI_OPT(KERNEL),
          .run = pi_verb_burnin,
          .help = "Keep all cores busy with verified work; judge each",
          .details = "The exit status is 0 if every core passes and 4 if one fails, also when\n"
                     "Ctrl-C ended it early: the report is then about the time it ran." },
        { .name = "sweep",
          .arguments = "[history|show RUN]",
          .max_args = 2,
          .kind = PI_ARGUMENT_SWEEP,
          .options = PI_OPT(TERMS) | PI_OPT(PARTS) | PI_OPT(REPEATS) | PI_OPT(CPUS) |
                     PI_OPT(KERNEL) | PI_OPT(LABEL) | PI_OPT(PLOT) | PI_OPT(COMPARE) |
                     PI_OPT(FORMAT) | PI_OPT(LINES) | PI_OPT(NODES),
          .run = pi_verb_sweep,
          .help = "Measure over the number of parts, or show it",
          .details = "Sums as many terms in 1, 2, 4, 8, 16, 24, 32, 128, 2000, 100000 and 1000000\n"
                     "parts, in random order, after one thread alone; shows the table and where\n"
                     "more parts stop to help; stores the run. With --nodes=1,2,3 it does so over\n"
                     "the number of nodes of the cluster instead. history lists the stored runs\n"
                     "and show prints one. FORMAT is text or csv." },
        { .name = "cores",
          .arguments = "",
          .run = pi_verb_cores,
          .help = "List the cores: state, speed, leases" },
        { .name = "faults",
          .arguments = "",
          .options = PI_OPT(LINES),
          .run = pi_verb_faults,
          .help = "List wrong sums and who was at fault, the newest first" },
        { .name = "restore",
          .arguments = "CPU...",
          .min_args = 1,
          .max_args = PI_ARGS_MANY,
          .kind = PI_ARGUMENT_CPU,
          .run = pi_verb_restore,
          .help = "Put cores back into service" },
        { .name = "nodes",
          .arguments = "",
          .run = pi_verb_nodes,
          .help = "List the nodes of the cluster: state, speed, leases" },
        { .name = "cluster",
          .arguments = "ACTION [ARG]",
          .min_args = 1,
          .max_args = 2,
          .kind = PI_ARGUMENT_CLUSTER,
          .options = PI_OPT(TTL) | PI_OPT(USES) | PI_OPT(QUIET) | PI_OPT(NODES) | PI_OPT(CPUS) |
                     PI_OPT(TIME) | PI_OPT(PARTITION) | PI_OPT(ACCOUNT) | PI_OPT(DIRECTORY) |
                     PI_OPT(OUTPUT) | PI_OPT(SUBMIT),
          .run = pi_verb_cluster,
          .help = "Make, join, show or leave a cluster",
          .details = "  init          Make a cluster of this node\n"
                     "  token         Make the command by which another machine joins\n"
                     "  sbatch        Make a batch script of Slurm, whose nodes join\n"
                     "  tokens        List the tokens that can still be used\n"
                     "  revoke ID     Have a token be of no use any more\n"
                     "  join TOKEN    Join the cluster of a token; - reads it from standard input\n"
                     "  leave         Leave the cluster\n"
                     "  remove NODE   Put another member out of it\n"
                     "  restore NODE  Give a member that answered a wrong sum leases again\n"
                     "  status        Show the cluster in short" },
        { .name = "firewall",
          .arguments = "ACTION [PREFIX]",
          .min_args = 1,
          .max_args = 2,
          .kind = PI_ARGUMENT_FIREWALL,
          .options = PI_OPT(FROM) | PI_OPT(FOR) | PI_OPT(FIREWALLD),
          .run = pi_verb_firewall,
          .help = "Show, check or change who may connect",
          .details = "  show          Show the rules of the kernel and what should be there\n"
                     "  check         Find what keeps members out, and what mends it\n"
                     "  apply         Have the rules made, also after remove\n"
                     "  remove        Have no rules until apply or the next start\n"
                     "  open PREFIX   Let strangers connect from there for a while\n"
                     "  close PREFIX  End that\n\n"
                     "show, open and close take root. check ends with 0 when all is well, 1 with\n"
                     "something to mend, 2 with something broken." },
        { .name = "doctor",
          .arguments = "",
          .run = pi_verb_doctor,
          .help = "Check everything, and say what mends it",
          .details = "Service, store, units, port, firewall, members, clocks and cores. The exit\n"
                     "status is 0 when all is well, 1 with something to mend, 2 with something\n"
                     "broken. Of the firewall only root is told all." },
        { .name = "wsl",
          .arguments = "ACTION",
          .min_args = 1,
          .max_args = 1,
          .kind = PI_ARGUMENT_WSL,
          .options = PI_OPT(FROM) | PI_OPT(PORT) | PI_OPT(ELEVATE) | PI_OPT(PRINT) | PI_OPT(YES) |
                     PI_OPT(FORCE),
          .run = pi_verb_wsl,
          .help = "Make a node of Linux on Windows (WSL2)",
          .details = "  status        Show how WSL is set up, and what of it pictl did\n"
                     "  setup         Make members reach this node, and keep it running: shows\n"
                     "                what would change, and asks\n"
                     "  doctor        Tell what is wrong, and what mends it\n"
                     "  undo          Take back what setup did" },
        { .name = "merge",
          .arguments = "FILE...",
          .min_args = 1,
          .max_args = PI_ARGS_MANY,
          .kind = PI_ARGUMENT_FILE,
          .options = PI_OPT(TERMS),
          .run = pi_verb_merge,
          .help = "Add up what runs of pi-computed-mpi summed",
          .details = "FILE is what the stdout of runs went to, - for standard input. Every sum in\n"
                     "it is verified; terms that none has are named, and the exit status is 5." },
        { .name = "metrics",
          .arguments = "",
          .options = PI_OPT(FORMAT) | PI_OPT(OUTPUT),
          .run = pi_verb_metrics,
          .help = "Show the figures of the service",
          .details = "FORMAT is text or prometheus. The latter does not start the service." },
        { .name = "top",
          .arguments = "",
          .run = pi_verb_top,
          .help = "Show jobs, cores and figures live; q quits" },
        { .name = "version",
          .arguments = "",
          .run = pi_verb_version,
          .help = "Show the versions of pictl and of the service" },
        { .name = NULL },
};

const PiVerb *pi_verb_find(const char *name) {
        for (const PiVerb *verb = pi_verbs; verb->name; verb++)
                if (strcmp(verb->name, name) == 0)
                        return verb;
        return NULL;
}
