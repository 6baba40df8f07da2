/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The one error domain. Each code has a D-Bus name, an errno and an exit status of pictl: see
 * error.c. */
#define PI_ERROR (pi_error_quark())
GQuark pi_error_quark(void);

typedef enum PiError {
        PI_ERROR_FAILED,
        PI_ERROR_INVALID_TERMS,
        PI_ERROR_INVALID_OPTION,
        PI_ERROR_NO_SUCH_JOB,
        PI_ERROR_QUOTA_EXCEEDED,
        PI_ERROR_QUEUE_FULL,
        PI_ERROR_NOT_AUTHORIZED,
        PI_ERROR_VERIFICATION_FAILED,
        PI_ERROR_CANCELLED,
        PI_ERROR_ALREADY_FINISHED,
        PI_ERROR_DEADLINE_EXCEEDED,
        PI_ERROR_SHUTTING_DOWN,
        PI_ERROR_FAULT_INJECTION_DISABLED,
        PI_ERROR_NODE_LOST,
        PI_ERROR_INVALID_SETTING,
        PI_ERROR_STORE_UNAVAILABLE,
        PI_ERROR_NO_SUCH_SWEEP,
        PI_ERROR_NOT_IN_CLUSTER,
        PI_ERROR_ALREADY_IN_CLUSTER,
        PI_ERROR_NO_SUCH_NODE,
        PI_ERROR_NO_SUCH_TOKEN,
        PI_ERROR_INVALID_TOKEN,
        PI_ERROR_UNREACHABLE,
        PI_ERROR_INCOMPATIBLE,
        PI_ERROR_ENGINE_FAILED,
        _PI_ERROR_MAX,
} PiError;

/* The D-Bus error name of a code, "org.picompute1.Error.InvalidOption". */
const char *pi_error_name(PiError code);
/* The positive errno sd-bus reports for a code. */
int pi_error_errno(PiError code);
/* The exit status pictl ends with for a code. */
int pi_error_exit_status(PiError code);
/* Looks a D-Bus error name up; false when it is not one of ours. */
gboolean pi_error_from_name(const char *name, PiError *ret);
