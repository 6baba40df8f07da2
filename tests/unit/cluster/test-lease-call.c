/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/lease-call.h"

#include <string.h>

#include "tests/unit/cluster/sample.h"

static const PiLeaseOrder order = {
        .job = 77, .terms = UINT64_C(1000000000000), .parts = 1000000, .first_lease = 4000,
        .n_leases = 64, .cpus = 3, .priority = -5, .kernel = "avx2",
};

static void test_order(void) {
        g_autoptr(GVariant) dict = g_variant_ref_sink(
                                    pi_lease_order_to_variant(&order, UINT64_MAX)),
                            more = sample_with(dict, "new", "true");
        g_autoptr(GError) error = NULL;
        PiLeaseOrder read;
        uint64_t number;

        pi_lease_order_from_variant(more, &read, &number, &error);
        g_assert_no_error(error);
        g_assert_cmpmem(&read, sizeof(read), &order, sizeof(order));
        g_assert_cmpuint(number, ==, UINT64_MAX);
}

static void test_order_refused(void) {
        static const struct {
                const char *key, *value;
        } bad[] = {
                { "number", NULL },
                { "job", "uint32 7" },
                { "terms", "uint64 0" },
                { "terms", "uint64 10000000000000001" },
                { "parts", "uint64 0" },
                { "parts", "uint64 125000000001" },
                { "first_lease", "uint32 4096" },
                { "leases", "uint32 0" },
                { "leases", "uint32 65" },
                { "cpus", "uint32 65537" },
                { "priority", "101" },
                { "priority", "-101" },
                { "kernel", "'a name of more bytes than there are'" },
                { "kernel", "'\\n'" },
        };
        g_autoptr(GVariant) good = g_variant_ref_sink(pi_lease_order_to_variant(&order, 1));

        for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autoptr(GVariant) dict = sample_with(good, bad[i].key, bad[i].value);
                g_autoptr(GError) error = NULL;
                PiLeaseOrder read;
                uint64_t number;

                g_assert_false(pi_lease_order_from_variant(dict, &read, &number, &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
                g_assert_nonnull(strstr(error->message, bad[i].key));
        }
}

/* No run goes beyond the last lease of its job. */
static void test_order_ends(void) {
        g_autoptr(GVariant) good = g_variant_ref_sink(pi_lease_order_to_variant(&order, 1)),
                            few = sample_with(good, "parts", "uint64 10"),
                            last = sample_with(few, "first_lease", "uint32 9"),
                            one = sample_with(last, "leases", "uint32 1"),
                            two = sample_with(last, "leases", "uint32 2");
        g_autoptr(GError) error = NULL;
        PiLeaseOrder read;
        uint64_t number;

        g_assert_true(pi_lease_order_from_variant(one, &read, &number, &error));
        g_assert_false(pi_lease_order_from_variant(two, &read, &number, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
}

static GVariant *make_answer(PiLeaseAnswer *ret, guint n) {
        *ret = (PiLeaseAnswer) { .n_leases = n, .cpu_nsec = 5, .elapsed_nsec = 6, .retries = 7,
                                 .kernel = "generic" };
        for (guint i = 0; i < n; i++)
                for (guint j = 0; j < 3; j++)
                        ret->sum[i].limb[j] = UINT64_MAX - 3 * i - j;
        return g_variant_ref_sink(pi_lease_answer_to_variant(ret));
}

static void test_answer(void) {
        for (guint n = 1; n <= PI_LEASE_ORDER_MAX; n++) {
                PiLeaseOrder asked = { .n_leases = n };
                PiLeaseAnswer answer, read;
                g_autoptr(GVariant) dict = make_answer(&answer, n),
                                    more = sample_with(dict, "new", "[1, 2]");
                g_autoptr(GError) error = NULL;

                pi_lease_answer_from_variant(more, &asked, &read, &error);
                g_assert_no_error(error);
                g_assert_cmpmem(&read, sizeof(read), &answer, sizeof(answer));
        }
}

static void test_answer_refused(void) {
        static const struct {
                const char *key, *value;
        } bad[] = {
                { "sums", NULL },
                { "sums", "@at []" },
                { "sums", "[uint64 1, 2, 3, 4]" },
                { "sums", "[uint64 1, 2, 3, 4, 5, 6, 7, 8, 9]" },
                { "sums", "[1, 2, 3, 4, 5, 6]" },
                { "cpu_nsec", "uint64 18446744073709551615" },
                { "elapsed_nsec", "uint32 1" },
                { "retries", "-1" },
                { "kernel", "'a name of more bytes than there are'" },
        };
        PiLeaseOrder asked = { .n_leases = 2 };
        PiLeaseAnswer answer, read;
        g_autoptr(GVariant) good = make_answer(&answer, 2);

        for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autoptr(GVariant) dict = sample_with(good, bad[i].key, bad[i].value);
                g_autoptr(GError) error = NULL;

                g_assert_false(pi_lease_answer_from_variant(dict, &asked, &read, &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
                g_assert_nonnull(strstr(error->message, bad[i].key));
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/lease-call/order", test_order);
        g_test_add_func("/lease-call/order-refused", test_order_refused);
        g_test_add_func("/lease-call/order-ends", test_order_ends);
        g_test_add_func("/lease-call/answer", test_answer);
        g_test_add_func("/lease-call/answer-refused", test_answer_refused);
        return g_test_run();
}
