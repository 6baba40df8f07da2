/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "nft/foreign/foreign.h"

/* This machine with a port that is listened to, and another at the end of a cable. */
#define TRIAL_PORT 31415
#define TRIAL_NEAR_4 "10.32.0.2"
#define TRIAL_FAR_4 "10.32.1.5"
#define TRIAL_NEAR_6 "fd32::2"
#define TRIAL_FAR_6 "fd32:0:1::5"
#define TRIAL_INTERFACE "cable0"

typedef enum TrialResult {
        TRIAL_CONNECTED,
        TRIAL_REFUSED, /* an error came back */
        TRIAL_SILENT,
} TrialResult;

typedef struct Trial Trial;

/* After test_enter_namespaces(). */
Trial *trial_new(void);
void trial_free(Trial *t);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Trial, trial_free)

/* Replaces all rules of this machine; text for nft. FALSE with what it said, which is the
 * caller's. */
gboolean trial_load(const char *rules, char **ret_said);

/* What the rules say of a connection from there: NULL, or the verdict and the rule. The PiForeign,
 * whose strings the block borrows, is the caller's. */
PiForeign *trial_judge(const char *source, PiForeignBlock *ret_block, gboolean *ret_blocked);

/* What the kernel does with one. An answer that is wanted is waited for; silence is what there is
 * after a moment. */
TrialResult trial_connect(Trial *t, const char *source, TrialResult wanted);
