/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/series/fixed.h"
#include "daemon/work/task.h"

typedef enum PiSightingKind {
        PI_SIGHTING_CLEARED, /* a stretch was wrong, and right when summed again on the same CPU */
        PI_SIGHTING_LASTING, /* wrong twice: the lease failed, the worker leaves the task */
        PI_SIGHTING_SETTLED, /* a lease that had failed elsewhere is verified */
} PiSightingKind;

/* What a worker saw go wrong, or come right. */
typedef struct PiSighting {
        PiSightingKind kind;
        PiTask *task;
        uint32_t lease;
        uint32_t worker;
        uint32_t cpu;
        uint32_t attempts; /* workers that tried the lease so far */
        PiRange stretch;   /* that was wrong; empty when settled */
        PiFixed residual;  /* sum - expected, of the first sum */
} PiSighting;
