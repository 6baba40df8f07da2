/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/history.h"

#include "dbus/error.h"
#include "tests/unit/jobs/made.h"

static const PiJobState ends[] = { PI_JOB_DONE, PI_JOB_FAILED, PI_JOB_CANCELLED };

/* Jobs 1 ... n in the order they ended, each in another way than the one before. */
static void fill(GQueue *finished, unsigned n) {
        for (unsigned i = 1; i <= n; i++) {
                PiJob *job = made_job(i, &pi_kernel_generic, 1000 * i, i, 1);
                PiJobState end = ends[i % G_N_ELEMENTS(ends)];

                if (end == PI_JOB_FAILED)
                        g_set_error_literal(&job->error, PI_ERROR, PI_ERROR_DEADLINE_EXCEEDED,
                                            "late");
                else if (end == PI_JOB_CANCELLED)
                        g_set_error_literal(&job->error, PI_ERROR, PI_ERROR_CANCELLED, "no more");
                pi_job_set_state(job, PI_JOB_RUNNING);
                pi_job_set_state(job, end);
                job->pi = 3 + i;
                job->verdict = (PiVerdict) (i % _PI_VERDICT_MAX);
                g_queue_push_tail(finished, job);
        }
}

static void clear(GQueue *finished) {
        g_queue_clear_full(finished, (GDestroyNotify) pi_job_free);
}

static void test_order_and_limit(void) {
        static const uint32_t limits[] = { 0, 1, 2, 9, 10, 11, UINT32_MAX };
        GQueue finished = G_QUEUE_INIT;

        fill(&finished, 10);
        for (size_t l = 0; l < G_N_ELEMENTS(limits); l++) {
                g_autoptr(GVariant) list =
                        g_variant_ref_sink(pi_history_to_variant(&finished, limits[l]));

                g_assert_cmpstr(g_variant_get_type_string(list), ==, "aa{sv}");
                g_assert_cmpuint(g_variant_n_children(list), ==, MIN(limits[l], 10));
                for (gsize i = 0; i < g_variant_n_children(list); i++) {
                        g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);

                        g_assert_cmpuint(u64_of(entry, "id"), ==, 10 - i);
                }
        }
        clear(&finished);
}

static void test_empty(void) {
        GQueue finished = G_QUEUE_INIT;
        g_autoptr(GVariant) list = g_variant_ref_sink(pi_history_to_variant(&finished, 5));

        g_assert_cmpstr(g_variant_get_type_string(list), ==, "aa{sv}");
        g_assert_cmpuint(g_variant_n_children(list), ==, 0);
}

static void assert_entry(GVariant *entry, const PiJob *job) {
        g_assert_cmpuint(u64_of(entry, "id"), ==, job->id);
        g_assert_cmpstr(string_of(entry, "verdict"), ==, pi_verdict_to_string(job->verdict));
        g_assert_cmpuint(u64_of(entry, "terms"), ==, job->spec.terms);
        g_assert_cmpuint(u64_of(entry, "parts"), ==, job->spec.parts);
        g_assert_cmpuint(u32_of(entry, "owner"), ==, 1000);
        g_assert_cmpuint(u64_of(entry, "created_usec"), ==, job->created_usec);
        g_assert_cmpuint(u64_of(entry, "started_usec"), ==, job->started_usec);
        g_assert_cmpuint(u64_of(entry, "finished_usec"), ==, job->finished_usec);
        g_assert_cmpstr(string_of(entry, "state"), ==, pi_job_state_to_string(job->state));
        g_assert_cmpstr(string_of(entry, "label"), ==, "made");
        g_assert_cmpstr(string_of(entry, "kernel"), ==, "generic");
        if (job->state == PI_JOB_DONE) {
                g_autoptr(GVariant) report = entry_of(entry, "report", "a{sv}");

                g_assert_cmpvariant(report, job->report);
                g_assert_cmpfloat(double_of(entry, "pi"), ==, job->pi);
                g_assert_false(has_key(entry, "error_name"));
                g_assert_false(has_key(entry, "error_message"));
                return;
        }
        g_assert_cmpstr(string_of(entry, "error_name"), ==,
                        pi_error_name((PiError) job->error->code));
        g_assert_cmpstr(string_of(entry, "error_message"), ==, job->error->message);
        g_assert_false(has_key(entry, "pi"));
        g_assert_false(has_key(entry, "report"));
}

static void test_entries(void) {
        GQueue finished = G_QUEUE_INIT;
        g_autoptr(GVariant) list = NULL;

        fill(&finished, 6);
        list = g_variant_ref_sink(pi_history_to_variant(&finished, 100));
        for (guint i = 0; i < 6; i++) {
                g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);

                assert_entry(entry, g_queue_peek_nth(&finished, 5 - i));
        }
        clear(&finished);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/history/order-and-limit", test_order_and_limit);
        g_test_add_func("/history/empty", test_empty);
        g_test_add_func("/history/entries", test_entries);
        return g_test_run();
}
