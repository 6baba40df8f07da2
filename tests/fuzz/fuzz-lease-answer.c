/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The result of RunLease, of any contents: a byte says how many leases were asked for. The same as
 * its argument. */
#include "daemon/cluster/lease-call.h"
#include "daemon/series/partition.h"
#include "tests/fuzz/dictionary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_answer(GVariant *dict, uint8_t n) {
        PiLeaseOrder order = { .n_leases = 1 + n % PI_LEASE_ORDER_MAX };
        g_autoptr(GError) error = NULL;
        PiLeaseAnswer answer, again;
        g_autoptr(GVariant) printed = NULL;

        if (!pi_lease_answer_from_variant(dict, &order, &answer, &error)) {
                check_refusal(error, "RunLease: ");
                return;
        }
        g_assert(answer.n_leases == order.n_leases);
        g_assert(memchr(answer.kernel, '\0', sizeof(answer.kernel)));
        printed = g_variant_ref_sink(pi_lease_answer_to_variant(&answer));
        g_assert(pi_lease_answer_from_variant(printed, &order, &again, NULL));
        g_assert(memcmp(answer.sum, again.sum, order.n_leases * sizeof(*answer.sum)) == 0);
}

static void try_order(GVariant *dict) {
        g_autoptr(GError) error = NULL;
        PiLeaseOrder order;
        uint64_t number;

        if (!pi_lease_order_from_variant(dict, &order, &number, &error)) {
                check_refusal(error, "RunLease: ");
                return;
        }
        g_assert(order.terms >= 1 && order.terms <= PI_TERMS_MAX);
        g_assert(order.parts >= 1 && order.parts <= pi_parts_max(order.terms));
        g_assert(order.n_leases >= 1 && order.n_leases <= PI_LEASE_ORDER_MAX);
        g_assert(order.first_lease + order.n_leases <= MIN(order.parts, 4096));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(GVariant) dict = NULL;

        if (size < 1)
                return 0;
        dict = dictionary_of(data + 1, size - 1);
        try_answer(dict, data[0]);
        try_order(dict);
        return 0;
}
