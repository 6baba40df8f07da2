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

GVariant *pi_lease_order_to_variant(const PiLeaseOrder *order, uint64_t number) {
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert(&d, "number", "t", number);
        g_variant_dict_insert(&d, "job", "t", order->job);
        g_variant_dict_insert(&d, "terms", "t", order->terms);
        g_variant_dict_insert(&d, "parts", "t", order->parts);
        g_variant_dict_insert(&d, "first_lease", "u", order->first_lease);
        g_variant_dict_insert(&d, "leases", "u", order->n_leases);
        g_variant_dict_insert(&d, "cpus", "u", order->cpus);
        g_variant_dict_insert(&d, "priority", "i", order->priority);
        g_variant_dict_insert(&d, "kernel", "s", order->kernel);
        return g_variant_dict_end(&d);
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
        guint64 limbs[PI_LEASE_ORDER_MAX * LIMBS];
        guint n = answer->n_leases * (guint) LIMBS;
        GVariantDict d;

        memcpy(limbs, answer->sum, n * sizeof(*limbs));
        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert_value(&d, "sums",
                                    g_variant_new_fixed_array(G_VARIANT_TYPE_UINT64, limbs, n,
                                                              sizeof(*limbs)));
        g_variant_dict_insert(&d, "cpu_nsec", "t", answer->cpu_nsec);
        g_variant_dict_insert(&d, "elapsed_nsec", "t", answer->elapsed_nsec);
        g_variant_dict_insert(&d, "retries", "t", answer->retries);
        g_variant_dict_insert(&d, "kernel", "s", answer->kernel);
        return g_variant_dict_end(&d);
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
