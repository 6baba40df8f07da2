/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/lease-call.h"

#include <string.h>

#include "daemon/cluster/fields.h"
#include "daemon/cluster/introduction.h"
#include "daemon/jobs/spec.h"
#include "daemon/series/partition.h"
#include "daemon/work/lease.h"

#define LIMBS G_N_ELEMENTS(((PiFixed *) NULL)->limb)

G_STATIC_ASSERT(sizeof(PiFixed) == LIMBS * sizeof(guint64));

static GVariant *entry(const char *key, GVariant *value) {
        return g_variant_new_dict_entry(g_variant_new_string(key), g_variant_new_variant(value));
}

GVariant *pi_lease_order_to_variant(const PiLeaseOrder *order, uint64_t number) {
        GVariant *const entries[] = {
                entry("number", g_variant_new_uint64(number)),
                entry("job", g_variant_new_uint64(order->job)),
                entry("terms", g_variant_new_uint64(order->terms)),
                entry("parts", g_variant_new_uint64(order->parts)),
                entry("first_lease", g_variant_new_uint32(order->first_lease)),
                entry("leases", g_variant_new_uint32(order->n_leases)),
                entry("cpus", g_variant_new_uint32(order->cpus)),
                entry("priority", g_variant_new_int32(order->priority)),
                entry("kernel", g_variant_new_string(order->kernel)),
        };

        return g_variant_new_array(NULL, entries, G_N_ELEMENTS(entries));
}

gboolean pi_lease_order_from_variant(GVariant *dict, PiLeaseOrder *ret, uint64_t *ret_number,
                                     GError **error) {
        uint32_t all;
        PiFields f;

        *ret = (PiLeaseOrder) { .kernel = "" };
        pi_fields_init(&f, "RunLease", dict);
        *ret_number = pi_fields_u64(&f, "number", 0, UINT64_MAX);
        ret->job = pi_fields_u64(&f, "job", 0, UINT64_MAX);
        ret->terms = pi_fields_u64(&f, "terms", 1, PI_TERMS_MAX);
        ret->parts = pi_fields_u64(&f, "parts", 1, pi_parts_max(ret->terms));
        all = (uint32_t) MIN(ret->parts, PI_LEASES_MAX);
        ret->first_lease = pi_fields_u32(&f, "first_lease", 0, all - 1);
        ret->n_leases = pi_fields_u32(&f, "leases", 1,
                                      MIN(all - ret->first_lease, PI_LEASE_ORDER_MAX));
        ret->cpus = pi_fields_u32(&f, "cpus", 0, PI_CPUS_MAX);
        ret->priority = pi_fields_i32(&f, "priority", -PI_PRIORITY_LIMIT,
                                  PI_PRIORITY_LIMIT);
        g_strlcpy(ret->kernel, pi_fields_string(&f, "kernel", sizeof(ret->kernel) - 1),
                  sizeof(ret->kernel));
        return pi_fields_end(&f, error);
}

GVariant *pi_lease_answer_to_variant(const PiLeaseAnswer *answer) {
        GVariant *sums = g_variant_new_fixed_array(G_VARIANT_TYPE_UINT64, answer->sum,
                                                   answer->n_leases * LIMBS, sizeof(guint64));
        GVariant *const entries[] = {
                entry("sums", sums),
                entry("cpu_nsec", g_variant_new_uint64(answer->cpu_nsec)),
                entry("elapsed_nsec", g_variant_new_uint64(answer->elapsed_nsec)),
                entry("retries", g_variant_new_uint64(answer->retries)),
                entry("kernel", g_variant_new_string(answer->kernel)),
        };

        return g_variant_new_array(NULL, entries, G_N_ELEMENTS(entries));
}

gboolean pi_lease_answer_from_variant(GVariant *dict, const PiLeaseOrder *order,
                                      PiLeaseAnswer *ret, GError **error) {
        g_autofree guint64 *limbs = NULL;
        PiFields f;

        *ret = (PiLeaseAnswer) { .n_leases = order->n_leases };
        pi_fields_init(&f, "RunLease", dict);
        limbs = pi_fields_u64_array(&f, "sums", order->n_leases * LIMBS);
        if (limbs)
                memcpy(ret->sum, limbs, order->n_leases * sizeof(*ret->sum));
        ret->cpu_nsec = pi_fields_u64(&f, "cpu_nsec", 0, G_MAXINT64);
        ret->elapsed_nsec = pi_fields_u64(&f, "elapsed_nsec", 0, G_MAXINT64);
        ret->retries = pi_fields_u64(&f, "retries", 0, G_MAXINT64);
        g_strlcpy(ret->kernel, pi_fields_string(&f, "kernel", sizeof(ret->kernel) - 1),
                  sizeof(ret->kernel));
        return pi_fields_end(&f, error);
}
