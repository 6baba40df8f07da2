/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/lease-list.h"

#include <string.h>

#include "daemon/series/partition.h"
#include "dbus/error.h"
#include "tests/unit/jobs/made.h"

#define TERMS UINT64_C(1000003)

static PiJob *started_job(uint64_t parts) {
        PiJob *job = made_job(1, &pi_kernel_generic, TERMS, parts, 1);

        pi_job_set_state(job, PI_JOB_RUNNING);
        job->task = pi_task_new(job->spec.kernel, TERMS, parts, 1);
        return job;
}

static GVariant *list_from(const PiJob *job, uint64_t first_part, uint32_t limit) {
        g_autoptr(GError) error = NULL;
        GVariant *list = pi_lease_list_to_variant(job, first_part, limit, &error);

        g_assert_no_error(error);
        g_assert_cmpstr(g_variant_get_type_string(list), ==, "aa{sv}");
        return g_variant_ref_sink(list);
}

static void refuse(const PiJob *job, uint64_t first_part, uint32_t limit, const char *words) {
        g_auto(GStrv) word = g_strsplit(words, "|", -1);
        g_autoptr(GError) error = NULL;

        g_assert_null(pi_lease_list_to_variant(job, first_part, limit, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        for (char **w = word; *w; w++)
                g_assert_nonnull(strstr(error->message, *w));
}

static void test_bounds(void) {
        g_autoptr(PiJob) job = started_job(5);
        g_autoptr(GVariant) least = list_from(job, 0, 1),
                            most = list_from(job, 4, PI_LEASE_LIST_MAX);

        g_assert_cmpuint(g_variant_n_children(least), ==, 1);
        g_assert_cmpuint(g_variant_n_children(most), ==, 1);
        refuse(job, 0, 0, "\"limit\"|is 0|1 to 1000");
        refuse(job, 0, PI_LEASE_LIST_MAX + 1, "\"limit\"|is 1001|1 to 1000");
        refuse(job, 0, UINT32_MAX, "\"limit\"|1 to 1000");
        refuse(job, 5, 1, "\"first_part\"|is 5|0 to 4");
        refuse(job, UINT64_MAX, 1, "\"first_part\"|is 18446744073709551615|0 to 4");
}

/* Page after page: every part and every term once. */
static void test_pages_tile(void) {
        static const uint64_t numbers[] = { 1, 5, 100000 };

        for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
                g_autoptr(PiJob) job = started_job(numbers[i]);
                uint64_t part = 0, term = 0;

                while (part < numbers[i]) {
                        g_autoptr(GVariant) list = list_from(job, part, 700);

                        g_assert_cmpuint(g_variant_n_children(list), <=, 700);
                        for (gsize e = 0; e < g_variant_n_children(list); e++) {
                                g_autoptr(GVariant) entry = g_variant_get_child_value(list, e);

                                g_assert_cmpuint(u64_of(entry, "first_part"), ==, part);
                                g_assert_cmpuint(u64_of(entry, "first_term"), ==, term);
                                part += u64_of(entry, "parts");
                                term += u64_of(entry, "terms");
                        }
                }
                g_assert_cmpuint(part, ==, numbers[i]);
                g_assert_cmpuint(term, ==, TERMS);
        }
}

/* Any part of a lease leads to that lease. */
static void test_begins_with_the_lease_of_a_part(void) {
        g_autoptr(PiJob) job = started_job(100000);

        for (uint64_t part = 0; part < 100000; part += 3331) {
                g_autoptr(GVariant) list = list_from(job, part, 1);
                g_autoptr(GVariant) entry = g_variant_get_child_value(list, 0);
                uint64_t first = u64_of(entry, "first_part");

                g_assert_cmpuint(first, <=, part);
                g_assert_cmpuint(first + u64_of(entry, "parts"), >, part);
        }
}

static void test_states(void) {
        g_autoptr(PiJob) job = started_job(_PI_LEASE_STATE_MAX);
        g_autoptr(GVariant) list = NULL;

        for (PiLeaseState state = 0; state < _PI_LEASE_STATE_MAX; state++)
                if (state != PI_LEASE_WAITING) {
                        PiLease *lease = &job->task->leases->lease[state];

                        lease->state = (uint8_t) state;
                        lease->cpu = 70 + state;
                        lease->attempts = (uint8_t) state;
                        lease->start_nsec = 1000 * (100 + state);
                        lease->elapsed_nsec = 1000 * (200 + state);
                }
        list = list_from(job, 0, 10);
        for (PiLeaseState state = 0; state < _PI_LEASE_STATE_MAX; state++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(list, state);
                gboolean started = state != PI_LEASE_WAITING && state != PI_LEASE_LENT;
                gboolean ended = state == PI_LEASE_VERIFIED || state == PI_LEASE_FAILED;

                g_assert_cmpstr(string_of(entry, "state"), ==, pi_lease_state_to_string(state));
                g_assert_cmpuint(u32_of(entry, "attempts"), ==, (unsigned) state);
                g_assert_cmpint(has_key(entry, "cpu"), ==, started);
                g_assert_cmpint(has_key(entry, "start_usec"), ==, started);
                g_assert_cmpint(has_key(entry, "elapsed_usec"), ==, ended);
                if (started) {
                        g_assert_cmpuint(u32_of(entry, "cpu"), ==, 70 + (unsigned) state);
                        g_assert_cmpuint(u64_of(entry, "start_usec"), ==, 100 + (unsigned) state);
                }
                if (ended)
                        g_assert_cmpuint(u64_of(entry, "elapsed_usec"), ==, 200 + (unsigned) state);
        }
}

/* Before the start there are none, after the end as long as they are kept. */
static void test_no_leases(void) {
        g_autoptr(PiJob) queued = made_job(1, &pi_kernel_generic, TERMS, 5, 1);
        g_autoptr(PiJob) ended = started_job(5);
        g_autoptr(GVariant) before = list_from(queued, 0, 10), kept = NULL, gone = NULL;

        g_assert_cmpuint(g_variant_n_children(before), ==, 0);
        refuse(queued, 5, 1, "\"first_part\"");

        ended->leases = g_steal_pointer(&ended->task->leases);
        g_clear_pointer(&ended->task, pi_task_free);
        kept = list_from(ended, 0, 10);
        g_assert_cmpuint(g_variant_n_children(kept), ==, 5);
        g_clear_pointer(&ended->leases, pi_lease_table_free);
        gone = list_from(ended, 0, 10);
        g_assert_cmpuint(g_variant_n_children(gone), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/lease-list/bounds", test_bounds);
        g_test_add_func("/lease-list/pages-tile", test_pages_tile);
        g_test_add_func("/lease-list/begins-with-the-lease-of-a-part",
                        test_begins_with_the_lease_of_a_part);
        g_test_add_func("/lease-list/states", test_states);
        g_test_add_func("/lease-list/no-leases", test_no_leases);
        return g_test_run();
}
