/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/error.h"

#include <errno.h>
#include <string.h>

#define PREFIX "org.picompute1.Error."

/* What the manual promises. */
static const struct {
        PiError code;
        const char *name;
        int error;
        int exit_status;
} promised[] = {
        { PI_ERROR_FAILED, PREFIX "Failed", EIO, 1 },
        { PI_ERROR_INVALID_TERMS, PREFIX "InvalidTerms", ERANGE, 2 },
        { PI_ERROR_INVALID_OPTION, PREFIX "InvalidOption", EINVAL, 2 },
        { PI_ERROR_NO_SUCH_JOB, PREFIX "NoSuchJob", ENOENT, 3 },
        { PI_ERROR_QUOTA_EXCEEDED, PREFIX "QuotaExceeded", EDQUOT, 1 },
        { PI_ERROR_QUEUE_FULL, PREFIX "QueueFull", ENOBUFS, 1 },
        { PI_ERROR_NOT_AUTHORIZED, PREFIX "NotAuthorized", EACCES, 6 },
        { PI_ERROR_VERIFICATION_FAILED, PREFIX "VerificationFailed", EBADMSG, 4 },
        { PI_ERROR_CANCELLED, PREFIX "Cancelled", ECANCELED, 1 },
        { PI_ERROR_ALREADY_FINISHED, PREFIX "AlreadyFinished", EALREADY, 1 },
        { PI_ERROR_DEADLINE_EXCEEDED, PREFIX "DeadlineExceeded", ETIMEDOUT, 124 },
        { PI_ERROR_SHUTTING_DOWN, PREFIX "ShuttingDown", ESHUTDOWN, 1 },
        { PI_ERROR_FAULT_INJECTION_DISABLED, PREFIX "FaultInjectionDisabled", EPERM, 1 },
        { PI_ERROR_NODE_LOST, PREFIX "NodeLost", EHOSTDOWN, 5 },
        { PI_ERROR_INVALID_SETTING, PREFIX "InvalidSetting", EDOM, 1 },
        { PI_ERROR_STORE_UNAVAILABLE, PREFIX "StoreUnavailable", EAGAIN, 1 },
        { PI_ERROR_NO_SUCH_SWEEP, PREFIX "NoSuchSweep", ENODATA, 3 },
        { PI_ERROR_NOT_IN_CLUSTER, PREFIX "NotInCluster", ENOTCONN, 1 },
        { PI_ERROR_ALREADY_IN_CLUSTER, PREFIX "AlreadyInCluster", EISCONN, 1 },
        { PI_ERROR_NO_SUCH_NODE, PREFIX "NoSuchNode", ENXIO, 3 },
        { PI_ERROR_NO_SUCH_TOKEN, PREFIX "NoSuchToken", ENOKEY, 3 },
        { PI_ERROR_INVALID_TOKEN, PREFIX "InvalidToken", EKEYREJECTED, 1 },
        { PI_ERROR_UNREACHABLE, PREFIX "Unreachable", EHOSTUNREACH, 1 },
        { PI_ERROR_INCOMPATIBLE, PREFIX "Incompatible", EPROTONOSUPPORT, 1 },
        { PI_ERROR_ENGINE_FAILED, PREFIX "EngineFailed", EREMOTEIO, 5 },
};

static void test_table(void) {
        G_STATIC_ASSERT(G_N_ELEMENTS(promised) == _PI_ERROR_MAX);

        for (size_t i = 0; i < G_N_ELEMENTS(promised); i++) {
                g_assert_cmpstr(pi_error_name(promised[i].code), ==, promised[i].name);
                g_assert_cmpint(pi_error_errno(promised[i].code), ==, promised[i].error);
                g_assert_cmpint(pi_error_exit_status(promised[i].code), ==,
                                promised[i].exit_status);
        }
}

/* No two codes fall together on the bus or as an errno, and each name is one D-Bus allows. */
static void test_unique(void) {
        for (PiError a = 0; a < _PI_ERROR_MAX; a++) {
                const char *name = pi_error_name(a);

                g_assert_true(g_str_has_prefix(name, PREFIX));
                g_assert_cmpuint(strlen(name), >, strlen(PREFIX));
                g_assert_cmpuint(strlen(name), <=, 255);
                g_assert_cmpuint(strspn(name + strlen(PREFIX), G_CSET_a_2_z G_CSET_A_2_Z), ==,
                                 strlen(name) - strlen(PREFIX));
                for (PiError b = 0; b < a; b++) {
                        g_assert_cmpstr(name, !=, pi_error_name(b));
                        g_assert_cmpint(pi_error_errno(a), !=, pi_error_errno(b));
                }
        }
}

static void test_round_trip(void) {
        for (PiError code = 0; code < _PI_ERROR_MAX; code++) {
                PiError back = _PI_ERROR_MAX;

                g_assert_true(pi_error_from_name(pi_error_name(code), &back));
                g_assert_cmpint(back, ==, code);
        }
}

static void test_not_ours(void) {
        static const char *const names[] = {
                "",
                "Failed",
                PREFIX,
                PREFIX "failed",
                PREFIX "Failed2",
                PREFIX "Fail",
                "org.freedesktop.DBus.Error.Failed",
                "org.picompute1.Error",
                "org.picompute2.Error.Failed",
        };
        PiError code = _PI_ERROR_MAX;

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_test_message("%s", names[i]);
                g_assert_false(pi_error_from_name(names[i], &code));
                g_assert_cmpint(code, ==, _PI_ERROR_MAX);
        }
        g_assert_false(pi_error_from_name(NULL, &code));
}

/* A programming error does not read past the table. */
static void test_out_of_range(void) {
        g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "*code < _PI_ERROR_MAX*");
        g_assert_cmpstr(pi_error_name(_PI_ERROR_MAX), ==, PREFIX "Failed");
        g_test_assert_expected_messages();
        g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "*code < _PI_ERROR_MAX*");
        g_assert_cmpint(pi_error_errno(_PI_ERROR_MAX), ==, EIO);
        g_test_assert_expected_messages();
        g_test_expect_message(G_LOG_DOMAIN, G_LOG_LEVEL_CRITICAL, "*code < _PI_ERROR_MAX*");
        g_assert_cmpint(pi_error_exit_status(_PI_ERROR_MAX), ==, 1);
        g_test_assert_expected_messages();
}

static void test_domain(void) {
        g_assert_cmpstr(g_quark_to_string(PI_ERROR), ==, "pi-error-quark");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/error/table", test_table);
        g_test_add_func("/error/unique", test_unique);
        g_test_add_func("/error/round-trip", test_round_trip);
        g_test_add_func("/error/not-ours", test_not_ours);
        g_test_add_func("/error/out-of-range", test_out_of_range);
        g_test_add_func("/error/domain", test_domain);
        return g_test_run();
}
