/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What a rule of another table does to new connections. */
typedef enum PiBlockVerdict {
        PI_BLOCK_DROP,
        PI_BLOCK_REJECT,
        PI_BLOCK_MAYBE, /* the rule could not be judged */
} PiBlockVerdict;

typedef struct PiBlock {
        PiBlockVerdict verdict;
        char *source;
        char *family, *table, *chain; /* safe to print */
        guint64 handle;               /* 0: the policy of the chain */
} PiBlock;

/* From what FindBlocks answers, aa{sv}; errors as above. An array of PiBlock. */
GPtrArray *pi_blocks_parse(GVariant *list, GError **error);
