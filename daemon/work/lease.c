/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/lease.h"

uint32_t pi_leases_of(uint64_t parts) {
        return (uint32_t) MIN(parts, PI_LEASES_MAX);
}

PiLeaseTable *pi_lease_table_new(uint64_t parts) {
        return pi_lease_table_new_run(parts, 0, pi_leases_of(parts));
}

PiLeaseTable *pi_lease_table_new_run(uint64_t parts, uint32_t first, uint32_t n) {
        PiLeaseTable *table = g_malloc0(sizeof(PiLeaseTable) + n * sizeof(PiLease));

        table->parts = parts;
        table->total = pi_leases_of(parts);
        table->first = first;
        table->n = n;
        for (uint32_t i = 0; i < n; i++) {
                atomic_init(&table->lease[i].cpu, PI_LEASE_NO_CPU);
                atomic_init(&table->lease[i].worker, PI_LEASE_NO_WORKER);
        }
        return table;
}

void pi_lease_table_free(PiLeaseTable *table) {
        g_free(table);
}

uint64_t pi_lease_first_part(const PiLeaseTable *table, uint32_t index) {
        return (uint64_t) ((unsigned __int128) table->parts * (table->first + index) /
                           table->total);
}

uint32_t pi_lease_of_part(const PiLeaseTable *table, uint64_t part) {
        /* The largest i with floor(i * parts / total) <= part, that is i * parts < (part + 1) *
         * total. */
        return (uint32_t) (((unsigned __int128) (part + 1) * table->total - 1) / table->parts) -
               table->first;
}

bool pi_lease_may_retry_on(const PiLease *lease, uint32_t cpu) {
        uint8_t failures;

        if (atomic_load(&lease->state) != PI_LEASE_FAILED || atomic_load(&lease->given_up))
                return false;
        failures = atomic_load(&lease->failures);
        for (uint8_t i = 0; i < failures; i++)
                if (atomic_load(&lease->failed_on[i]) == cpu)
                        return false;
        return failures < PI_LEASE_ATTEMPTS_MAX;
}

const char *pi_lease_state_to_string(PiLeaseState state) {
        static const char *const names[_PI_LEASE_STATE_MAX] = {
                [PI_LEASE_WAITING] = "waiting",
                [PI_LEASE_LENT] = "lent",
                [PI_LEASE_RUNNING] = "running",
                [PI_LEASE_VERIFIED] = "verified",
                [PI_LEASE_FAILED] = "failed",
        };

        g_return_val_if_fail(state < _PI_LEASE_STATE_MAX, names[PI_LEASE_WAITING]);
        return names[state];
}
