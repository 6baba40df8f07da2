/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/job-record.h"

#include <string.h>

#include "daemon/jobs/peers.h"
#include "daemon/series/sum.h"
#include "daemon/work/worker.h"
#include "dbus/error.h"
#include "tests/unit/jobs/made.h"
#include "tests/unit/store/sample.h"

#define TERMS UINT64_C(3000017)
#define PARTS 8
#define WORKERS 3

/* Of which every field that is kept has a value of its own. */
static PiJob *full_job(void) {
        PiJob *job = made_job(42, &pi_kernel_generic, TERMS, PARTS, 2);

        job->owner = 1234;
        job->spec.deadline_usec = 5000000;
        job->spec.priority = -7;
        job->spec.cluster = TRUE;
        job->spec.nodes = g_strsplit("0a 1b", " ", -1);
        job->spec.cpus_most = 6;
        job->created_usec = 1000;
        return job;
}

static void run_worker(PiTask *task, uint32_t index) {
        PiWorker worker = { .index = index, .cpu = 9 };

        pi_worker_run(task, &worker);
}

/* All but the first few leases, as if the worker had just taken those. */
static PiJob *half_done_job(void) {
        PiJob *job = full_job();

        pi_job_set_state(job, PI_JOB_RUNNING);
        job->started_usec = 2000;
        job->task = pi_task_new(job->spec.kernel, TERMS, PARTS, WORKERS);
        atomic_store(&job->task->cursor, 3);
        run_worker(job->task, 0);
        job->active_nsec = 3000000;
        job->verdict = PI_VERDICT_TRANSIENT;
        job->resumes = 4;
        g_assert_cmpuint(pi_task_leases_missing(job->task), ==, 3);
        return job;
}

static PiJob *back(const PiJobRecord *r, const PiCheckpoint *c, gboolean *discarded) {
        return pi_job_from_record(r, c, &pi_kernel_generic, WORKERS, discarded);
}

static void test_to_record(void) {
        g_autoptr(PiJob) job = full_job();
        g_autoptr(PiJobRecord) r = pi_job_to_record(job);

        g_assert_cmpuint(r->id, ==, 42);
        g_assert_cmpuint(r->owner, ==, 1234);
        g_assert_false(r->attached);
        g_assert_cmpstr(r->state, ==, "queued");
        g_assert_cmpstr(r->verdict, ==, "none");
        g_assert_cmpstr(r->label, ==, "made");
        g_assert_cmpuint(r->terms, ==, TERMS);
        g_assert_cmpuint(r->parts, ==, PARTS);
        g_assert_cmpuint(r->cpus, ==, 2);
        g_assert_cmpstr(r->kernel, ==, "generic");
        g_assert_cmpint(r->priority, ==, -7);
        g_assert_cmpuint(r->numerics, ==, PI_NUMERICS_VERSION);
        g_assert_cmpuint(r->deadline_usec, ==, 5000000);
        g_assert_cmpuint(r->created_usec, ==, 1000);
        g_assert_cmpuint(r->started_usec, ==, 0);
        g_assert_cmpuint(r->finished_usec, ==, 0);
        g_assert_cmpstr(r->error_name, ==, "");
        g_assert_cmpstr(r->error_message, ==, "");
        g_assert_cmpuint(g_variant_n_children(r->report), ==, 0);
        g_assert_true(r->cluster);
        g_assert_cmpstr(r->nodes, ==, "0a 1b");
        g_assert_cmpuint(r->cpus_most, ==, 6);
}

static void test_to_record_of_ended(void) {
        g_autoptr(PiJob) failed = full_job(), done = full_job(), stopped = full_job();
        g_autoptr(PiJobRecord) f = NULL, d = NULL, s = NULL;

        failed->sender = (g_free(failed->sender), g_strdup(":1.9"));
        pi_job_set_state(failed, PI_JOB_RUNNING);
        pi_job_set_state(failed, PI_JOB_FAILED);
        failed->verdict = PI_VERDICT_SOFTWARE;
        failed->error = g_error_new(PI_ERROR, PI_ERROR_VERIFICATION_FAILED, "all wrong");
        f = pi_job_to_record(failed);
        g_assert_true(f->attached);
        g_assert_cmpstr(f->state, ==, "failed");
        g_assert_cmpstr(f->verdict, ==, "software");
        g_assert_cmpstr(f->error_name, ==, "org.picompute1.Error.VerificationFailed");
        g_assert_cmpstr(f->error_message, ==, "all wrong");
        g_assert_cmpuint(f->started_usec, ==, failed->started_usec);
        g_assert_cmpuint(f->finished_usec, ==, failed->finished_usec);
        g_assert_cmpuint(f->finished_usec, >, 0);

        pi_job_set_state(done, PI_JOB_RUNNING);
        pi_job_set_state(done, PI_JOB_DONE);
        done->pi = 3.25;
        g_variant_unref(done->report);
        done->report = sample_dict("residual", 0.5);
        d = pi_job_to_record(done);
        g_assert_cmpstr(d->state, ==, "done");
        g_assert_cmpfloat(d->pi, ==, 3.25);
        g_assert_cmpvariant(d->report, done->report);

        /* It waits for the next service, and the error is for those who wait for it in this one. */
        stopped->error = g_error_new(PI_ERROR, PI_ERROR_SHUTTING_DOWN, "later");
        s = pi_job_to_record(stopped);
        g_assert_cmpstr(s->state, ==, "queued");
        g_assert_cmpstr(s->error_name, ==, "");
}

static void test_round_trip(void) {
        g_autoptr(PiJob) job = full_job(), again = NULL;
        g_autoptr(PiJobRecord) r = pi_job_to_record(job), second = NULL;
        gboolean discarded = TRUE;

        again = back(r, NULL, &discarded);
        g_assert_nonnull(again);
        g_assert_false(discarded);
        g_assert_cmpint(again->state, ==, PI_JOB_QUEUED);
        g_assert_false(pi_job_is_attached(again));
        g_assert_true(again->recorded);
        g_assert_true(again->spec.kernel == &pi_kernel_generic);
        g_assert_null(again->task);
        /* It had not begun. */
        g_assert_true(again->revived);
        g_assert_cmpuint(again->resumes, ==, 0);
        g_assert_cmpuint(again->resumed_terms, ==, 0);
        second = pi_job_to_record(again);
        assert_same_job(r, second);
}

/* All members, or none, or as many as an earlier version had kept: not where it may run. */
static void test_where_it_may_run(void) {
        g_autoptr(PiJob) job = full_job(), all = NULL, local = NULL, inexact = NULL, old = NULL;
        g_autoptr(PiJobRecord) r = pi_job_to_record(job);
        gboolean discarded;

        sample_set(&r->nodes, "");
        all = back(r, NULL, &discarded);
        g_assert_true(all->spec.cluster);
        g_assert_null(all->spec.nodes);
        r->cluster = FALSE;
        local = back(r, NULL, &discarded);
        g_assert_false(local->spec.cluster);
        r->cluster = TRUE;
        r->cpus_most = 0;
        old = back(r, NULL, &discarded);
        g_assert_cmpuint(old->spec.cpus, ==, 2);
        g_assert_cmpuint(old->spec.cpus_most, ==, 2);
        /* Its sum depends on who makes it. */
        sample_set(&r->kernel, "reference");
        inexact = back(r, NULL, &discarded);
        g_assert_true(inexact->spec.kernel == &pi_kernel_reference);
        g_assert_false(inexact->spec.cluster);
}

static void test_checkpoint(void) {
        g_autoptr(PiJob) job = half_done_job(), idle = full_job(), again = NULL;
        g_autoptr(PiJobRecord) r = pi_job_to_record(job);
        g_autoptr(PiCheckpoint) c = pi_job_to_checkpoint(job), second = NULL;
        PiFixed sum, tolerance, wanted;
        gboolean discarded = TRUE;

        g_assert_null(pi_job_to_checkpoint(idle));
        g_assert_cmpuint(c->job, ==, 42);
        g_assert_cmpuint(c->numerics, ==, PI_NUMERICS_VERSION);
        g_assert_cmpuint(c->started_usec, ==, 2000);
        g_assert_cmpuint(c->compute_usec, >=, 3000);
        g_assert_cmpuint(c->saved_usec, >, 0);
        g_assert_cmpuint(c->resumes, ==, 4);
        g_assert_cmpstr(c->verdict, ==, "transient");

        again = back(r, c, &discarded);
        g_assert_false(discarded);
        g_assert_cmpuint(again->started_usec, ==, 2000);
        g_assert_cmpuint(again->active_nsec, ==, c->compute_usec * 1000);
        g_assert_cmpint(again->verdict, ==, PI_VERDICT_TRANSIENT);
        g_assert_cmpuint(again->resumes, ==, 5);
        g_assert_cmpuint(again->resumed_terms, ==, pi_task_terms_done(job->task));
        g_assert_cmpuint(again->resumed_terms, >, TERMS / 2);
        g_assert_cmpfloat(pi_job_progress(again), ==, pi_job_progress(job));
        g_assert_cmpuint(pi_job_cpu_nsec(again), ==, pi_job_cpu_nsec(job));
        second = pi_job_to_checkpoint(again);
        g_assert_cmpuint(second->resumes, ==, 5);
        second->resumes = c->resumes;
        second->saved_usec = c->saved_usec;
        assert_same_checkpoint(c, second);

        run_worker(again->task, 2);
        g_assert_cmpuint(pi_task_leases_missing(again->task), ==, 0);
        pi_task_sum(again->task, &sum, &tolerance);
        pi_sum_range(&pi_kernel_generic, (PiRange) { 0, TERMS }, &wanted);
        assert_same_fixed(&sum, &wanted);
}

/* A checkpoint that cannot be gone on from costs the work, and no more. */
static void assert_discarded(const PiJobRecord *r, const PiCheckpoint *c) {
        g_autoptr(PiJob) job = NULL;
        gboolean discarded = FALSE;

        job = back(r, c, &discarded);
        g_assert_nonnull(job);
        g_assert_true(discarded);
        g_assert_null(job->task);
        g_assert_cmpint(job->verdict, ==, PI_VERDICT_NONE);
        g_assert_cmpuint(job->started_usec, ==, 0);
        g_assert_cmpuint(job->active_nsec, ==, 0);
        g_assert_cmpuint(job->resumed_terms, ==, 0);
        g_assert_cmpuint(job->resumes, ==, 5);
}

static void test_discarded(void) {
        g_autoptr(PiJob) job = half_done_job();
        g_autoptr(PiJobRecord) r = pi_job_to_record(job);
        g_autoptr(PiCheckpoint) numerics = pi_job_to_checkpoint(job);
        g_autoptr(PiCheckpoint) sum = pi_job_to_checkpoint(job);
        g_autoptr(PiCheckpoint) claim = pi_job_to_checkpoint(job);
        g_autoptr(PiCheckpoint) other = pi_job_to_checkpoint(job);

        numerics->numerics++;
        assert_discarded(r, numerics);
        sum->snapshot->sum.limb[2] ^= 1;
        assert_discarded(r, sum);
        pi_snapshot_add(claim->snapshot, 0);
        assert_discarded(r, claim);
        r->parts = PARTS - 1;
        assert_discarded(r, other);
}

static void refuse(const char *what, const PiJobRecord *r) {
        gboolean discarded = TRUE;

        g_test_message("%s", what);
        g_assert_null(back(r, NULL, &discarded));
        g_assert_false(discarded);
}

static PiJobRecord *sound(void) {
        g_autoptr(PiJob) job = full_job();

        return pi_job_to_record(job);
}

#define REFUSE(field, value)                                                                      \
        G_STMT_START {                                                                            \
                g_autoptr(PiJobRecord) r_ = sound();                                              \
                                                                                                  \
                r_->field = (value);                                                              \
                refuse(#field " = " #value, r_);                                                  \
        }                                                                                         \
        G_STMT_END

static void refuse_nodes(const char *nodes) {
        g_autoptr(PiJobRecord) r = sound();

        sample_set(&r->nodes, nodes);
        refuse(nodes, r);
}

/* A file that others can write: nothing that the options would not let through. */
static void test_unsound(void) {
        REFUSE(id, 0);
        REFUSE(terms, 0);
        REFUSE(terms, PI_TERMS_MAX + 1);
        REFUSE(terms, UINT64_MAX);
        REFUSE(parts, 0);
        REFUSE(parts, TERMS / PI_GROUP_TERMS + 2);
        REFUSE(parts, UINT64_MAX);
        REFUSE(cpus, 0);
        REFUSE(deadline_usec, PI_DEADLINE_USEC_MAX + 1);
        REFUSE(priority, PI_PRIORITY_LIMIT + 1);
        REFUSE(priority, -PI_PRIORITY_LIMIT - 1);
        REFUSE(priority, INT32_MIN);
        refuse_nodes(" ");
        refuse_nodes("a  b");
        refuse_nodes("a ");
        refuse_nodes("a,b");
        refuse_nodes("A");
        refuse_nodes("0123456789abcdef0123456789abcdef0");
        refuse_nodes("g");
}

/* One more than a cluster has members. */
static void test_too_many_nodes(void) {
        g_autoptr(GString) nodes = g_string_new("0123456789abcdef0123456789abcdef");
        g_autoptr(PiJobRecord) r = sound();
        g_autoptr(PiJob) job = NULL;
        gboolean discarded;

        for (guint i = 0; i < PI_PEERS_MAX; i++)
                g_string_append(nodes, " 0123456789abcdef0123456789abcdef");
        sample_set(&r->nodes, nodes->str);
        job = back(r, NULL, &discarded);
        g_assert_nonnull(job);
        g_assert_cmpuint(g_strv_length(job->spec.nodes), ==, PI_PEERS_MAX + 1);
        g_string_append(nodes, " a");
        refuse_nodes(nodes->str);
}

static void test_sound_at_the_limits(void) {
        g_autoptr(PiJobRecord) r = sound();
        g_autoptr(PiJob) job = NULL, least = NULL;
        gboolean discarded;

        r->terms = PI_TERMS_MAX;
        r->parts = PI_TERMS_MAX / PI_GROUP_TERMS;
        r->cpus = UINT32_MAX;
        r->deadline_usec = PI_DEADLINE_USEC_MAX;
        r->priority = PI_PRIORITY_LIMIT;
        job = back(r, NULL, &discarded);
        g_assert_nonnull(job);
        g_assert_cmpuint(job->spec.parts, ==, PI_TERMS_MAX / PI_GROUP_TERMS);
        g_assert_cmpuint(job->spec.cpus_most, ==, job->spec.cpus);
        g_assert_cmpuint(job->spec.cpus, <, UINT32_MAX / 2);

        r->terms = r->parts = 1;
        r->deadline_usec = 0;
        r->priority = -PI_PRIORITY_LIMIT;
        least = back(r, NULL, &discarded);
        g_assert_nonnull(least);
        g_assert_cmpuint(least->spec.cpus, ==, 1);
}

/* The disk in another machine: fewer CPUs, and a kernel it has not. */
static void test_other_machine(void) {
        g_autoptr(PiJob) job = half_done_job(), again = NULL;
        g_autoptr(PiJobRecord) r = pi_job_to_record(job);
        g_autoptr(PiCheckpoint) c = pi_job_to_checkpoint(job);
        gboolean discarded = TRUE;

        r->cpus = 64;
        sample_set(&r->kernel, "avx4096");
        again = back(r, c, &discarded);
        g_assert_false(discarded);
        g_assert_true(again->spec.kernel == &pi_kernel_generic);
        /* What it asked for stays, for a machine that has them again; it has 8 parts. */
        g_assert_cmpuint(again->spec.cpus, ==, MIN(64, again->spec.parts));
        g_assert_cmpuint(again->resumed_terms, >, 0);
}

static void test_lose(void) {
        g_autoptr(PiJobRecord) r = sound();

        pi_job_record_lose(r);
        g_assert_true(pi_job_record_is_finished(r));
        g_assert_cmpstr(r->state, ==, "failed");
        g_assert_cmpstr(r->error_name, ==, "org.picompute1.Error.NodeLost");
        g_assert_nonnull(strstr(r->error_message, "Job 42"));
        g_assert_null(strstr(r->error_message, "SubmitJob"));
        g_assert_cmpuint(r->finished_usec, >, 0);

        r->attached = TRUE;
        pi_job_record_lose(r);
        g_assert_nonnull(strstr(r->error_message, "SubmitJob"));
}

static GVariant *entry(const PiJobRecord *r, gboolean whole) {
        GVariant *v = g_variant_ref_sink(pi_job_record_to_variant(r, whole));

        g_assert_cmpstr(g_variant_get_type_string(v), ==, "a{sv}");
        return v;
}

static void test_entries(void) {
        g_autoptr(PiJobRecord) failed = sound(), waiting = sound(), done = sample_job(7, "done");
        g_autoptr(GVariant) f = NULL, w = NULL, d = NULL, whole = NULL, report = NULL, b = NULL,
                            i = NULL;

        pi_job_record_lose(failed);
        f = entry(failed, FALSE);
        g_assert_cmpuint(u64_of(f, "id"), ==, 42);
        g_assert_cmpstr(string_of(f, "state"), ==, "failed");
        g_assert_cmpstr(string_of(f, "verdict"), ==, "none");
        g_assert_cmpstr(string_of(f, "label"), ==, "made");
        g_assert_cmpuint(u32_of(f, "owner"), ==, 1234);
        g_assert_cmpuint(u64_of(f, "terms"), ==, TERMS);
        g_assert_cmpuint(u64_of(f, "parts"), ==, PARTS);
        g_assert_cmpstr(string_of(f, "kernel"), ==, "generic");
        g_assert_cmpuint(u64_of(f, "created_usec"), ==, 1000);
        g_assert_cmpuint(u64_of(f, "started_usec"), ==, 0);
        g_assert_cmpuint(u64_of(f, "finished_usec"), ==, failed->finished_usec);
        g_assert_cmpstr(string_of(f, "error_name"), ==, failed->error_name);
        g_assert_cmpstr(string_of(f, "error_message"), ==, failed->error_message);
        g_assert_false(has_key(f, "pi"));
        g_assert_false(has_key(f, "report"));
        g_assert_false(has_key(f, "cpus"));

        d = entry(done, FALSE);
        g_assert_cmpfloat(double_of(d, "pi"), ==, 3.25);
        report = entry_of(d, "report", "a{sv}");
        g_assert_cmpvariant(report, done->report);
        g_assert_false(has_key(d, "error_name"));

        w = entry(waiting, FALSE);
        g_assert_false(has_key(w, "pi"));
        g_assert_false(has_key(w, "report"));
        g_assert_false(has_key(w, "error_name"));

        whole = entry(waiting, TRUE);
        g_assert_cmpuint(u32_of(whole, "cpus"), ==, 2);
        g_assert_cmpuint(u64_of(whole, "deadline_usec"), ==, 5000000);
        g_assert_cmpstr(string_of(whole, "engine"), ==, "local");
        i = entry_of(whole, "priority", "i");
        g_assert_cmpint(g_variant_get_int32(i), ==, -7);
        b = entry_of(whole, "attached", "b");
        g_assert_false(g_variant_get_boolean(b));
        g_assert_cmpuint(g_variant_n_children(whole), ==, g_variant_n_children(w) + 5);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/job-record/to-record", test_to_record);
        g_test_add_func("/job-record/to-record-of-ended", test_to_record_of_ended);
        g_test_add_func("/job-record/round-trip", test_round_trip);
        g_test_add_func("/job-record/where-it-may-run", test_where_it_may_run);
        g_test_add_func("/job-record/checkpoint", test_checkpoint);
        g_test_add_func("/job-record/discarded", test_discarded);
        g_test_add_func("/job-record/unsound", test_unsound);
        g_test_add_func("/job-record/too-many-nodes", test_too_many_nodes);
        g_test_add_func("/job-record/sound-at-the-limits", test_sound_at_the_limits);
        g_test_add_func("/job-record/other-machine", test_other_machine);
        g_test_add_func("/job-record/lose", test_lose);
        g_test_add_func("/job-record/entries", test_entries);
        return g_test_run();
}
