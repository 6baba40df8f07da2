/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/error.h"

#include <errno.h>

#define ERROR_PREFIX "org.picompute1.Error."

static const struct {
        const char *name;
        int error;
        int exit_status;
} error_table[_PI_ERROR_MAX] = {
        [PI_ERROR_FAILED]              = { ERROR_PREFIX "Failed",             EIO,        1   },
        [PI_ERROR_INVALID_TERMS]       = { ERROR_PREFIX "InvalidTerms",       ERANGE,     2   },
        [PI_ERROR_INVALID_OPTION]      = { ERROR_PREFIX "InvalidOption",      EINVAL,     2   },
        [PI_ERROR_NO_SUCH_JOB]         = { ERROR_PREFIX "NoSuchJob",          ENOENT,     3   },
        [PI_ERROR_QUOTA_EXCEEDED]      = { ERROR_PREFIX "QuotaExceeded",      EDQUOT,     1   },
        [PI_ERROR_QUEUE_FULL]          = { ERROR_PREFIX "QueueFull",          ENOBUFS,    1   },
        [PI_ERROR_NOT_AUTHORIZED]      = { ERROR_PREFIX "NotAuthorized",      EACCES,     6   },
        [PI_ERROR_VERIFICATION_FAILED] = { ERROR_PREFIX "VerificationFailed", EBADMSG,    4   },
        [PI_ERROR_CANCELLED]           = { ERROR_PREFIX "Cancelled",          ECANCELED,  1   },
        [PI_ERROR_ALREADY_FINISHED]    = { ERROR_PREFIX "AlreadyFinished",    EALREADY,   1   },
        [PI_ERROR_DEADLINE_EXCEEDED]   = { ERROR_PREFIX "DeadlineExceeded",   ETIMEDOUT,  124 },
        [PI_ERROR_SHUTTING_DOWN]       = { ERROR_PREFIX "ShuttingDown",       ESHUTDOWN,  1   },
        [PI_ERROR_FAULT_INJECTION_DISABLED] = { ERROR_PREFIX "FaultInjectionDisabled", EPERM, 1 },
        [PI_ERROR_NODE_LOST]           = { ERROR_PREFIX "NodeLost",           EHOSTDOWN,  5   },
        [PI_ERROR_INVALID_SETTING]     = { ERROR_PREFIX "InvalidSetting",     EDOM,       1   },
        [PI_ERROR_STORE_UNAVAILABLE]   = { ERROR_PREFIX "StoreUnavailable",   EAGAIN,     1   },
        [PI_ERROR_NO_SUCH_SWEEP]       = { ERROR_PREFIX "NoSuchSweep",        ENODATA,    3   },
        [PI_ERROR_NOT_IN_CLUSTER]      = { ERROR_PREFIX "NotInCluster",       ENOTCONN,   1   },
        [PI_ERROR_ALREADY_IN_CLUSTER]  = { ERROR_PREFIX "AlreadyInCluster",   EISCONN,    1   },
        [PI_ERROR_NO_SUCH_NODE]        = { ERROR_PREFIX "NoSuchNode",         ENXIO,      3   },
        [PI_ERROR_NO_SUCH_TOKEN]       = { ERROR_PREFIX "NoSuchToken",        ENOKEY,     3   },
        [PI_ERROR_INVALID_TOKEN]       = { ERROR_PREFIX "InvalidToken",       EKEYREJECTED, 1 },
        [PI_ERROR_UNREACHABLE]         = { ERROR_PREFIX "Unreachable",        EHOSTUNREACH, 1 },
        [PI_ERROR_INCOMPATIBLE]        = { ERROR_PREFIX "Incompatible",       EPROTONOSUPPORT, 1 },
        [PI_ERROR_ENGINE_FAILED]       = { ERROR_PREFIX "EngineFailed",       EREMOTEIO,  5   },
};

G_DEFINE_QUARK(pi-error-quark, pi_error)

const char *pi_error_name(PiError code) {
        g_return_val_if_fail(code < _PI_ERROR_MAX, error_table[PI_ERROR_FAILED].name);
        return error_table[code].name;
}

int pi_error_errno(PiError code) {
        g_return_val_if_fail(code < _PI_ERROR_MAX, EIO);
        return error_table[code].error;
}

int pi_error_exit_status(PiError code) {
        g_return_val_if_fail(code < _PI_ERROR_MAX, 1);
        return error_table[code].exit_status;
}

gboolean pi_error_from_name(const char *name, PiError *ret) {
        for (PiError code = 0; code < _PI_ERROR_MAX; code++)
                if (g_strcmp0(error_table[code].name, name) == 0) {
                        *ret = code;
                        return TRUE;
                }
        return FALSE;
}
