/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "nft/foreign/ruleset.h"

/* In this order: of several conditions the least holds, of several elements the greatest. */
typedef enum PiForeignTruth {
        PI_FOREIGN_FALSE,
        PI_FOREIGN_UNKNOWN,
        PI_FOREIGN_TRUE,
} PiForeignTruth;

/* A packet as the chains of one hook see it. */
typedef struct PiForeignView {
        int family; /* AF_INET or AF_INET6 */
        PiForeignNumber source;
        guint16 dport;
        guint ct_states;    /* which it may have, as bits */
        gboolean marked;    /* it may have a mark */
        gboolean redirected; /* it may have been sent to another address or port */
} PiForeignView;

/* Of all conditions of a rule together. */
PiForeignTruth pi_foreign_judge_rule(const PiForeignView *view, const PiForeignRule *rule);

PiForeignTruth pi_foreign_judge_row(const PiForeignView *view, const PiForeignKey *key,
                                    const PiForeignMapRow *row);
