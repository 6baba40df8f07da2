/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/cluster/cluster.h"
#include "tests/unit/cluster/party.h"

/* A member that runs in the test process, at PI_TEST_STRANGER: to the daemons a node like any
 * other, with the links and the roster of the real ones, but the test says what it answers to
 * orders. It works only while one of these functions runs the main loop. */
typedef Node Puppet;

void puppet_init(Puppet *puppet);
void puppet_clear(Puppet *puppet);
/* Stopped and started, when something in Puppet.config or .rehearsal was changed. */
void puppet_restart(Puppet *puppet);

/* By a token of this node; returns once they are connected. */
void puppet_join(Puppet *puppet, TestNode *host);

typedef enum PuppetAnswer {
        PUPPET_RIGHT,
        PUPPET_ZERO,       /* nothing at all, well formed; so the next ones */
        PUPPET_ALL_ONES,
        PUPPET_ONE_WRONG,  /* all are right but the last, by one bit above its tolerance */
        PUPPET_SHIFTED,    /* the sums of each lease's neighbour */
        PUPPET_TOO_FEW,    /* nonsense: so the next ones */
        PUPPET_TOO_MANY,
        PUPPET_EONS,       /* more CPU time than there can be */
        PUPPET_ESCAPES,    /* a kernel that would play tricks with a terminal */
        PUPPET_LONG_ERROR, /* no answer: so the next ones */
        PUPPET_SILENT,
        _PUPPET_ANSWER_MAX,
} PuppetAnswer;

/* ComputePi at this node, while the puppet answers all orders like that; it must give this sum.
 * Returns the report. */
GVariant *puppet_compute(Puppet *puppet, PuppetAnswer how, TestNode *at, uint64_t terms,
                         const char *sum);

/* Runs the puppet until it is in this state at that node. */
void puppet_wait_for(Puppet *puppet, TestNode *at, const char *state);
