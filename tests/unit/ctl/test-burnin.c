/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/burnin.h"

#define SECOND G_USEC_PER_SEC

/* A row of cores as the service tells it. */
typedef struct Row {
        guint32 cpu;
        guint64 terms, busy_usec, verified, failed, recomputed;
        const char *state;
} Row;

static GVariant *make_cores(const Row *rows, guint n) {
        GVariantBuilder list;

        g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
        for (guint i = 0; i < n; i++) {
                const Row *r = &rows[i];
                GVariantDict d;

                g_variant_dict_init(&d, NULL);
                g_variant_dict_insert(&d, "cpu", "u", r->cpu);
                g_variant_dict_insert(&d, "terms", "t", r->terms);
                g_variant_dict_insert(&d, "busy_usec", "t", r->busy_usec);
                g_variant_dict_insert(&d, "leases_verified", "t", r->verified);
                g_variant_dict_insert(&d, "leases_failed", "t", r->failed);
                g_variant_dict_insert(&d, "leases_recomputed", "t", r->recomputed);
                g_variant_dict_insert(&d, "state", "s", r->state ? r->state : "in-service");
                g_variant_builder_add_value(&list, g_variant_dict_end(&d));
        }
        return g_variant_ref_sink(g_variant_builder_end(&list));
}

static void begin(PiBurnin *b, const Row *rows, guint n) {
        g_autoptr(GVariant) cores = make_cores(rows, n);
        pi_burnin_begin(b, cores);
}

static void update(PiBurnin *b, const Row *rows, guint n, guint64 elapsed_usec) {
        g_autoptr(GVariant) cores = make_cores(rows, n);
        pi_burnin_update(b, cores, elapsed_usec);
}

static void take_faults(PiBurnin *b, const char *text, guint64 first_job) {
        g_autoptr(GVariant) faults = g_variant_ref_sink(g_variant_new_parsed(text));
        pi_burnin_take_faults(b, faults, first_job);
}

static void expect_note(const PiBurnin *b, guint index, PiBurninResult result, const char *note) {
        const PiBurninCore *c = pi_burnin_core(b, index);
        g_autofree char *text = pi_burnin_note(c);

        g_assert_cmpstr(pi_burnin_result_text(c->result), ==, pi_burnin_result_text(result));
        g_assert_cmpstr(text, ==, note);
}

/* The service has been up for long: only what happened since counts. */
static void test_counts_from_the_beginning(void) {
        static const Row first[] = {
                { 0, 5000, 1000, 50, 7, 3, NULL },
                { 1, G_MAXUINT64 - 4000, G_MAXUINT64 - 9000000, 1, 0, 0, NULL },
        };
        static const Row later[] = {
                { 0, 9000, 1000 + SECOND, 54, 7, 3, NULL },
                { 1, G_MAXUINT64, G_MAXUINT64 - 8000000, 2, 0, 0, NULL },
        };
        g_autoptr(PiBurnin) b = pi_burnin_new(0);
        PiBurninSummary s;

        begin(b, first, 2);
        update(b, later, 2, 2 * SECOND);
        s = pi_burnin_summary(b);
        g_assert_true(s.pass);
        g_assert_cmpuint(s.terms, ==, 8000);
        g_assert_cmpuint(s.faults, ==, 0);
        g_assert_cmpfloat(s.terms_per_second, ==, 4000);
        g_assert_cmpfloat(s.median, ==, 4000);
        g_assert_cmpuint(pi_burnin_core(b, 0)->leases, ==, 4);
        g_assert_cmpfloat(pi_burnin_core(b, 0)->terms_per_second, ==, 4000);
        g_assert_cmpfloat(pi_burnin_core(b, 1)->busy, ==, 0.5);
        expect_note(b, 0, PI_BURNIN_PASS, "");
}

static void test_one_core(void) {
        static const Row first[] = { { 3, 0, 0, 0, 0, 0, NULL } };
        static const Row later[] = { { 3, 700, SECOND, 0, 0, 0, NULL } };
        g_autoptr(PiBurnin) b = pi_burnin_new(0);

        begin(b, first, 1);
        g_assert_false(pi_burnin_summary(b).pass);
        update(b, later, 1, SECOND);
        g_assert_true(pi_burnin_summary(b).pass);
        g_assert_cmpfloat(pi_burnin_core(b, 0)->of_median, ==, 1);
        g_assert_false(pi_burnin_core(b, 0)->slow);
}

/* The median of two is their mean: half the speed of the other is a third under it. */
static void test_two_cores(void) {
        static const Row first[2] = { { .cpu = 0 }, { .cpu = 1 } };
        static const Row later[] = {
                { 0, 1000, SECOND, 1, 0, 0, NULL },
                { 1, 500, SECOND, 1, 0, 0, NULL },
        };
        static const Row closer[] = {
                { 0, 1000, SECOND, 1, 0, 0, NULL },
                { 1, 910, SECOND, 1, 0, 0, NULL },
        };
        g_autoptr(PiBurnin) b = pi_burnin_new(0);

        begin(b, first, 2);
        update(b, later, 2, SECOND);
        g_assert_true(pi_burnin_summary(b).pass);
        g_assert_cmpuint(pi_burnin_summary(b).slow, ==, 1);
        expect_note(b, 0, PI_BURNIN_PASS, "");
        expect_note(b, 1, PI_BURNIN_PASS, "33 % under the median");
        update(b, closer, 2, SECOND);
        g_assert_cmpuint(pi_burnin_summary(b).slow, ==, 0);
        expect_note(b, 1, PI_BURNIN_PASS, "");
}

static void test_many_cores(void) {
        enum { N = 1024 };
        g_autofree Row *rows = g_new0(Row, N);
        g_autoptr(PiBurnin) b = pi_burnin_new(0);
        g_autoptr(GPtrArray) worst = NULL;
        PiBurninSummary s;

        for (guint i = 0; i < N; i++)
                rows[i].cpu = i;
        begin(b, rows, N);
        for (guint i = 0; i < N; i++) {
                rows[i].terms = i == 900 ? 880 : i == 7 ? 930 : 1000;
                rows[i].busy_usec = SECOND;
        }
        rows[13].failed = 2;
        rows[13].terms = 10; /* a broken core must not shift the median */
        update(b, rows, N, SECOND);
        s = pi_burnin_summary(b);
        g_assert_false(s.pass);
        g_assert_cmpuint(s.passed, ==, N - 1);
        g_assert_cmpuint(s.failed, ==, 1);
        g_assert_cmpuint(s.slow, ==, 2);
        g_assert_cmpfloat(s.median, ==, 1000);
        expect_note(b, 900, PI_BURNIN_PASS, "12 % under the median");
        expect_note(b, 7, PI_BURNIN_PASS, "7.0 % under the median");
        expect_note(b, 13, PI_BURNIN_FAIL, "gave wrong sums");
        worst = pi_burnin_worst(b);
        g_assert_cmpuint(worst->len, ==, N);
        g_assert_cmpuint(((PiBurninCore *) worst->pdata[0])->cpu, ==, 13);
        g_assert_cmpuint(((PiBurninCore *) worst->pdata[1])->cpu, ==, 900);
        g_assert_cmpuint(((PiBurninCore *) worst->pdata[2])->cpu, ==, 7);
}

/* Out of service once is out of service, even if somebody puts it back meanwhile. */
static void test_out_in_the_middle(void) {
        static const Row first[2] = { { .cpu = 0 }, { .cpu = 1 } };
        static const Row middle[] = {
                { 0, 1000, SECOND, 1, 0, 0, NULL },
                { 1, 400, SECOND, 1, 1, 0, "out-of-service" },
        };
        static const Row restored[] = {
                { 0, 2000, 2 * SECOND, 1, 0, 1, NULL },
                { 1, 800, SECOND, 1, 1, 0, NULL },
        };
        g_autoptr(PiBurnin) b = pi_burnin_new(0);

        begin(b, first, 2);
        update(b, middle, 2, SECOND);
        expect_note(b, 1, PI_BURNIN_FAIL, "gave a wrong sum: out of service");
        update(b, restored, 2, 2 * SECOND);
        expect_note(b, 1, PI_BURNIN_FAIL, "gave a wrong sum: out of service");
        /* Who computed another's lease again is not to blame. */
        expect_note(b, 0, PI_BURNIN_PASS, "");
        g_assert_cmpuint(pi_burnin_core(b, 0)->leases_recomputed, ==, 1);
        g_assert_false(pi_burnin_summary(b).pass);
}

static void test_out_from_the_beginning(void) {
        static const Row first[] = { { .cpu = 0 }, { .cpu = 1, .state = "out-of-service" } };
        static const Row later[] = {
                { 0, 1000, SECOND, 1, 0, 0, NULL },
                { .cpu = 1, .state = "out-of-service" },
        };
        g_autoptr(PiBurnin) b = pi_burnin_new(1);

        begin(b, first, 2);
        update(b, later, 2, SECOND);
        expect_note(b, 0, PI_BURNIN_PASS, "");
        expect_note(b, 1, PI_BURNIN_FAIL, "out of service");
}

static void test_appears_later(void) {
        static const Row first[] = { { .cpu = 0 } };
        static const Row later[] = {
                { 0, 1000, SECOND, 1, 0, 0, NULL },
                { 5, 7777, SECOND, 9, 0, 0, "out-of-service" },
        };
        g_autoptr(PiBurnin) b = pi_burnin_new(0);

        begin(b, first, 1);
        update(b, later, 2, SECOND);
        g_assert_cmpuint(pi_burnin_n_cores(b), ==, 2);
        g_assert_cmpuint(pi_burnin_core(b, 1)->terms, ==, 0);
        expect_note(b, 1, PI_BURNIN_FAIL, "out of service");
}

static void test_zero_time(void) {
        static const Row rows[] = { { 0, 10, 10, 1, 0, 0, NULL }, { 1, 10, 10, 1, 0, 0, NULL } };
        g_autoptr(PiBurnin) none = pi_burnin_new(0), b = pi_burnin_new(0);

        begin(none, NULL, 0);
        update(none, NULL, 0, 0);
        g_assert_false(pi_burnin_summary(none).pass);
        begin(b, rows, 2);
        update(b, rows, 2, 0);
        g_assert_false(pi_burnin_summary(b).pass);
        g_assert_cmpfloat(pi_burnin_summary(b).terms_per_second, ==, 0);
        g_assert_cmpfloat(pi_burnin_core(b, 0)->of_median, ==, 0);
        g_assert_cmpfloat(pi_burnin_core(b, 0)->busy, ==, 0);
        expect_note(b, 0, PI_BURNIN_FAIL, "did no work");
}

/* With fewer slots than cores as many may rest as are left over, and not one more. */
static void test_slots(void) {
        static const Row first[3] = { { .cpu = 0 }, { .cpu = 1 }, { .cpu = 2 } };
        static const Row later[] = {
                { 0, 1000, SECOND, 1, 0, 0, NULL }, { .cpu = 1 }, { .cpu = 2 },
        };
        g_autoptr(PiBurnin) two = pi_burnin_new(2), one = pi_burnin_new(1);

        begin(one, first, 3);
        update(one, later, 3, SECOND);
        g_assert_true(pi_burnin_summary(one).pass);
        g_assert_cmpuint(pi_burnin_summary(one).unused, ==, 2);
        expect_note(one, 1, PI_BURNIN_UNUSED, "not needed");
        begin(two, first, 3);
        update(two, later, 3, SECOND);
        g_assert_false(pi_burnin_summary(two).pass);
        expect_note(two, 2, PI_BURNIN_FAIL, "did no work");
}

#define FAULTS                                                                                  \
        "[{'job': <uint64 9>, 'cpu': <uint32 1>, 'verdict': <'core'>},"                         \
        " {'job': <uint64 9>, 'cpu': <uint32 0>, 'verdict': <'transient'>},"                    \
        " {'job': <uint64 8>, 'cpu': <uint32 77>, 'verdict': <'core'>},"                        \
        " {'job': <uint64 7>, 'cpu': <uint32 0>, 'verdict': <'core'>}]"

static void test_faults(void) {
        static const Row first[2] = { { .cpu = 0 }, { .cpu = 1 } };
        static const Row later[] = {
                { 0, 1000, SECOND, 1, 0, 1, NULL },
                { 1, 1000, SECOND, 1, 1, 1, NULL },
        };
        g_autoptr(PiBurnin) b = pi_burnin_new(0);

        begin(b, first, 2);
        update(b, later, 2, SECOND);
        take_faults(b, FAULTS, 8);
        g_assert_cmpuint(g_variant_n_children(pi_burnin_faults(b)), ==, 3);
        expect_note(b, 0, PI_BURNIN_FAIL, "gave a wrong sum");
        /* The lease that failed and its verdict, late as it may be, are one fault. */
        g_assert_cmpuint(pi_burnin_core(b, 1)->faults, ==, 1);
        /* Told twice, or forgotten by the service, they are the same faults. */
        take_faults(b, FAULTS, 8);
        take_faults(b, "@aa{sv} []", 8);
        g_assert_cmpuint(pi_burnin_core(b, 0)->faults, ==, 1);
        g_assert_cmpuint(pi_burnin_summary(b).faults, ==, 2);
}

static void test_job_failed(void) {
        static const Row first[] = { { .cpu = 0 } };
        static const Row later[] = { { 0, 1000, SECOND, 1, 0, 0, NULL } };
        g_autoptr(PiBurnin) b = pi_burnin_new(0);

        begin(b, first, 1);
        update(b, later, 1, SECOND);
        pi_burnin_job_ended(b, TRUE);
        g_assert_true(pi_burnin_summary(b).pass);
        pi_burnin_job_ended(b, FALSE);
        g_assert_false(pi_burnin_summary(b).pass);
        g_assert_cmpuint(pi_burnin_summary(b).jobs_done, ==, 1);
        g_assert_cmpuint(pi_burnin_summary(b).jobs_failed, ==, 1);
}

static void test_job_terms(void) {
        const guint64 most = G_GUINT64_CONSTANT(10000000000000000);

        /* A second for each lease of a minute. */
        g_assert_cmpuint(pi_burnin_job_terms(1e10, 60 * SECOND, most), ==,
                         G_GUINT64_CONSTANT(40000000000000));
        g_assert_cmpuint(pi_burnin_job_terms(1e10, (guint64) 86400 * SECOND, most), ==, most);
        g_assert_cmpuint(pi_burnin_job_terms(0, SECOND, most), ==, 8 * PI_BURNIN_PARTS);
        g_assert_cmpuint(pi_burnin_job_terms(-1e300, SECOND, 1000), ==, 1000);
        g_assert_cmpuint(pi_burnin_job_terms(1e300, SECOND, most), ==, most);
}

/* What is no row, runs backwards or names a CPU twice. */
static void test_nonsense(void) {
        static const Row first[] = { { 0, 1000, 1000, 5, 5, 5, NULL }, { .cpu = 0 } };
        static const Row back[] = { { 0, 10, 10, 1, 1, 1, NULL }, { 0, 8, 4, 0, 0, 0, NULL } };
        g_autoptr(GVariant) odd = g_variant_ref_sink(g_variant_new_parsed(
                "[{'cpu': <'x'>, 'terms': <-1>, 'state': <7>}, @a{sv} {}]"));
        g_autoptr(PiBurnin) b = pi_burnin_new(0);

        begin(b, first, 2);
        update(b, back, 2, SECOND);
        g_assert_cmpuint(pi_burnin_n_cores(b), ==, 2);
        g_assert_cmpuint(pi_burnin_core(b, 0)->terms, ==, 0);
        g_assert_cmpuint(pi_burnin_core(b, 0)->faults, ==, 0);
        g_assert_cmpuint(pi_burnin_core(b, 1)->terms, ==, 8);
        pi_burnin_update(b, odd, SECOND);
        g_assert_cmpuint(pi_burnin_n_cores(b), ==, 2);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/burnin/counts-from-the-beginning", test_counts_from_the_beginning);
        g_test_add_func("/ctl/burnin/one-core", test_one_core);
        g_test_add_func("/ctl/burnin/two-cores", test_two_cores);
        g_test_add_func("/ctl/burnin/many-cores", test_many_cores);
        g_test_add_func("/ctl/burnin/out-in-the-middle", test_out_in_the_middle);
        g_test_add_func("/ctl/burnin/out-from-the-beginning", test_out_from_the_beginning);
        g_test_add_func("/ctl/burnin/appears-later", test_appears_later);
        g_test_add_func("/ctl/burnin/zero-time", test_zero_time);
        g_test_add_func("/ctl/burnin/slots", test_slots);
        g_test_add_func("/ctl/burnin/faults", test_faults);
        g_test_add_func("/ctl/burnin/job-failed", test_job_failed);
        g_test_add_func("/ctl/burnin/job-terms", test_job_terms);
        g_test_add_func("/ctl/burnin/nonsense", test_nonsense);
        return g_test_run();
}
