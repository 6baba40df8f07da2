/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/lease-list.h"

#include "daemon/series/partition.h"
#include "dbus/error.h"

static GVariant *entry(const PiJob *job, const PiLeaseTable *leases, uint32_t index) {
        const PiLease *lease = &leases->lease[index];
        PiLeaseState state = atomic_load(&lease->state);
        uint64_t first = pi_lease_first_part(leases, index),
                 end = pi_lease_first_part(leases, index + 1);
        uint32_t cpu = atomic_load(&lease->cpu);
        PiRange terms = pi_parts_range(job->spec.terms, job->spec.parts, first, end - first);
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert(&d, "first_part", "t", first);
        g_variant_dict_insert(&d, "parts", "t", end - first);
        g_variant_dict_insert(&d, "first_term", "t", terms.begin);
        g_variant_dict_insert(&d, "terms", "t", terms.end - terms.begin);
        g_variant_dict_insert(&d, "state", "s", pi_lease_state_to_string(state));
        g_variant_dict_insert(&d, "attempts", "u", (uint32_t) atomic_load(&lease->attempts));
        /* Of one that was verified before a restart nobody knows where and when; of one that was
         * left in between, how long. */
        if (lease->node > 0) {
                const PiMemberShare *member = job->members->pdata[lease->node - 1];

                g_variant_dict_insert(&d, "node", "s", member->id);
        } else if (state != PI_LEASE_WAITING && state != PI_LEASE_LENT && cpu != PI_LEASE_NO_CPU) {
                g_variant_dict_insert(&d, "cpu", "u", cpu);
                g_variant_dict_insert(&d, "start_usec", "t",
                                      atomic_load(&lease->start_nsec) / 1000);
        }
        if ((state == PI_LEASE_VERIFIED || state == PI_LEASE_FAILED) && !atomic_load(&lease->begun))
                g_variant_dict_insert(&d, "elapsed_usec", "t",
                                      atomic_load(&lease->elapsed_nsec) / 1000);
        return g_variant_dict_end(&d);
}

GVariant *pi_lease_list_to_variant(const PiJob *job, uint64_t first_part, uint32_t limit,
                                   GError **error) {
        const PiLeaseTable *leases = pi_job_leases(job);
        GVariantBuilder b;

        if (limit < 1 || limit > PI_LEASE_LIST_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "Argument \"limit\" is %u, out of range: 1 to %d", limit,
                            PI_LEASE_LIST_MAX);
                return NULL;
        }
        if (first_part >= job->spec.parts) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "Argument \"first_part\" is %" G_GUINT64_FORMAT
                            ", out of range: 0 to %" G_GUINT64_FORMAT,
                            first_part, job->spec.parts - 1);
                return NULL;
        }
        g_variant_builder_init(&b, G_VARIANT_TYPE("aa{sv}"));
        if (leases)
                for (uint32_t i = pi_lease_of_part(leases, first_part); i < leases->n && limit > 0;
                     i++, limit--)
                        g_variant_builder_add_value(&b, entry(job, leases, i));
        return g_variant_builder_end(&b);
}
