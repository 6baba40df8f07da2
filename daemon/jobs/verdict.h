/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* What was at fault when a sum was wrong, worst last. */
typedef enum PiVerdict {
        PI_VERDICT_NONE,
        PI_VERDICT_TRANSIENT, /* right when summed again */
        PI_VERDICT_CORE,      /* wrong again on this core, right on another */
        PI_VERDICT_NODE,      /* wrong on every core there was to try */
        PI_VERDICT_SOFTWARE,  /* and by the same bits on each of several */
        _PI_VERDICT_MAX,
} PiVerdict;

/* "none", "transient", "core", "node" or "software". */
const char *pi_verdict_to_string(PiVerdict verdict);
