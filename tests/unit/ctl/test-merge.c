/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/merge.h"

#include "daemon/series/expected.h"
#include "dbus/error.h"
#include "tests/unit/engine/made.h"

/* Adds a file with these lines, whose path is the caller's. */
static char *add_text(PiMerge *m, const char *text, guint64 *ret_torn, GError **error) {
        char *path = made_file(text, -1);

        (void) pi_merge_add_file(m, path, ret_torn, error);
        g_unlink(path);
        return path;
}

static char *add_good(PiMerge *m, const char *text) {
        g_autoptr(GError) error = NULL;
        char *path = add_text(m, text, NULL, &error);

        g_assert_no_error(error);
        return path;
}

static void add_chunk(PiMerge *m, uint64_t begin, uint64_t end) {
        g_autofree char *text = made_chunk(begin, end, 0);

        g_free(add_good(m, text));
}

/* The sum of the first `terms` terms is that of one run. */
static PiMergeTotal assert_total(PiMerge *m, uint64_t asked, uint64_t terms) {
        g_autoptr(GError) error = NULL;
        PiMergeTotal total = {};
        PiFixed whole;

        pi_merge_sum(m, asked, &total, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(total.terms, ==, terms);
        pi_sum_range(&pi_kernel_generic, (PiRange) { 0, terms }, &whole);
        g_assert_cmpmem(&total.sum, sizeof(whole), &whole, sizeof(whole));
        return total;
}

static void assert_fails(PiMerge *m, uint64_t terms, PiError code, const char *message) {
        g_autoptr(GError) error = NULL;
        PiMergeTotal total;

        g_assert_false(pi_merge_sum(m, terms, &total, &error));
        g_assert_error(error, PI_ERROR, (int) code);
        if (!strstr(error->message, message))
                g_error("\"%s\" has no \"%s\"", error->message, message);
}

static void test_whole(void) {
        g_autoptr(PiMerge) m = pi_merge_new(100);
        g_autofree char *a = made_chunk(2000, 3001, 0), *b = made_chunk(0, 8, 1),
                        *c = made_chunk(8, 2000, 0);
        g_autofree char *first = g_strconcat("a banner\n", MADE_HELLO, a, MADE_HELLO, b, NULL),
                        *second = g_strconcat(
                                "{\"t\":\"fault\",\"rank\":1,\"host\":\"n2\",\"from\":0,"
                                "\"to\":8,\"what\":\"\"}\n", c,
                                "{\"t\":\"end\",\"complete\":true,\"chunks\":1,\"terms\":1992}\n",
                                NULL);
        PiMergeTotal total;

        g_free(add_good(m, first));
        g_free(add_good(m, second));
        total = assert_total(m, 0, 3001);
        assert_total(m, 3001, 3001);
        g_assert_cmpuint(total.chunks, ==, 3);
        g_assert_cmpuint(total.duplicates, ==, 0);
        g_assert_cmpuint(total.cpu_usec, ==, 3 * MADE_CPU_USEC);
        g_assert_cmpuint(m->files->len, ==, 2);
        g_assert_cmpuint(m->runs, ==, 2);
        g_assert_cmpuint(g_hash_table_size(m->hosts), ==, 2);
        g_assert_true(g_hash_table_contains(m->hosts, "n1"));
        g_assert_cmpuint(m->faults, ==, 1);
        g_assert_cmpuint(m->noise, ==, 1);
}

/* Told twice by the same bits it counts once, also its CPU time. */
static void test_duplicates(void) {
        g_autoptr(PiMerge) m = pi_merge_new(100);
        PiMergeTotal total;

        add_chunk(m, 8, 16);
        add_chunk(m, 0, 8);
        add_chunk(m, 8, 16);
        add_chunk(m, 16, 21);
        add_chunk(m, 8, 16);
        total = assert_total(m, 0, 21);
        g_assert_cmpuint(total.chunks, ==, 3);
        g_assert_cmpuint(total.duplicates, ==, 2);
        g_assert_cmpuint(total.cpu_usec, ==, 3 * MADE_CPU_USEC);
}

/* Two sums that could be right, each for itself. */
static void test_differing(void) {
        g_autoptr(PiMerge) m = pi_merge_new(100);
        g_autofree char *a = NULL, *b = NULL, *a_path = NULL, *b_path = NULL, *message = NULL;
        PiFixed sum;

        pi_sum_range(&pi_kernel_generic, (PiRange) { 0, 8 }, &sum);
        a = made_chunk_of(0, 8, 0, &sum);
        pi_fixed_add_shifted(&sum, 1, 0);
        b = made_chunk_of(0, 8, 0, &sum);
        a_path = add_good(m, a);
        b_path = add_good(m, b);
        message = g_strdup_printf("terms 0 to 7 at %s:1 is another one than at %s:1", a_path,
                                  b_path);
        assert_fails(m, 0, PI_ERROR_VERIFICATION_FAILED, message);
}

static void test_overlap(void) {
        g_autoptr(PiMerge) m = pi_merge_new(100);
        g_autofree char *a = made_chunk(0, 800, 0), *b = made_chunk(80, 800, 0);
        g_autofree char *noise = g_strconcat("x\n", b, NULL);
        g_autofree char *b_path = add_good(m, noise), *a_path = add_good(m, a);
        g_autofree char *message = g_strdup_printf(
                "terms 0 to 799 at %s:1 and terms 80 to 799 at %s:2 overlap", a_path, b_path);

        assert_fails(m, 0, PI_ERROR_FAILED, message);
}

/* One that begins as another does, and one within another, that ends before. */
static void test_overlap_ends(void) {
        g_autoptr(PiMerge) same_begin = pi_merge_new(100), within = pi_merge_new(100);

        add_chunk(same_begin, 0, 16);
        add_chunk(same_begin, 0, 8);
        assert_fails(same_begin, 0, PI_ERROR_FAILED, "overlap");
        add_chunk(within, 0, 800);
        add_chunk(within, 8, 16);
        add_chunk(within, 800, 808);
        assert_fails(within, 0, PI_ERROR_FAILED, "terms 8 to 15");
}

static void test_holes(void) {
        g_autoptr(PiMerge) m = pi_merge_new(100);

        add_chunk(m, 8, 16);
        assert_fails(m, 0, PI_ERROR_ENGINE_FAILED, "8 of 16 terms are missing: 0 to 7; run "
                                                   "pi-computed-mpi --to=16 with --resume=FILE");
        add_chunk(m, 24, 32);
        assert_fails(m, 1000, PI_ERROR_ENGINE_FAILED,
                     "984 of 1000 terms are missing: 0 to 7, 16 to 23, 32 to 999; run");
        add_chunk(m, 0, 8);
        add_chunk(m, 16, 24);
        assert_total(m, 32, 32);
}

static void test_many_holes(void) {
        g_autoptr(PiMerge) m = pi_merge_new(100);

        for (guint i = 0; i < PI_MERGE_HOLES_NAMED; i++)
                add_chunk(m, 16 * i + 8, 16 * i + 16);
        assert_fails(m, 0, PI_ERROR_ENGINE_FAILED, ", 304 to 311; run");
        add_chunk(m, 328, 336);
        add_chunk(m, 344, 352);
        assert_fails(m, 0, PI_ERROR_ENGINE_FAILED, ", 304 to 311 and 2 holes more; run");
}

static void test_none(void) {
        g_autoptr(PiMerge) m = pi_merge_new(100);

        g_free(add_good(m, "x\n" MADE_HELLO));
        assert_fails(m, 0, PI_ERROR_ENGINE_FAILED, "there is no chunk");
        assert_fails(m, 8, PI_ERROR_ENGINE_FAILED, "8 of 8 terms are missing: 0 to 7;");
}

static void test_beyond(void) {
        g_autoptr(PiMerge) m = pi_merge_new(100);

        add_chunk(m, 0, 8);
        add_chunk(m, 8, 21);
        assert_fails(m, 20, PI_ERROR_INVALID_OPTION, ":1: terms 8 to 20 reach beyond --terms=20");
}

/* Chunks whose errors are all just small enough, and too large together. */
static void test_conspiracy(void) {
        g_autoptr(PiMerge) m = pi_merge_new(100);
        g_autoptr(GString) text = g_string_new(NULL);
        g_autofree char *path = NULL;
        const uint64_t head = PI_HEAD_GROUPS * PI_GROUP_TERMS;

        add_chunk(m, 0, head);
        for (uint64_t begin = head; begin < head + 64 * PI_GROUP_TERMS; begin += PI_GROUP_TERMS) {
                PiRange range = { begin, begin + PI_GROUP_TERMS };
                g_autofree char *chunk = NULL;
                PiFixed sum, tolerance;

                pi_expected_sum(range, &sum);
                pi_tolerance(&pi_kernel_generic, range, &tolerance);
                pi_fixed_add(&sum, &tolerance);
                chunk = made_chunk_of(range.begin, range.end, 0, &sum);
                g_string_append(text, chunk);
        }
        path = add_good(m, text->str);
        assert_fails(m, 0, PI_ERROR_VERIFICATION_FAILED, "each chunk may be right");
}

static void assert_not_added(PiMerge *m, const char *text, PiError code, const char *words) {
        g_autoptr(GError) error = NULL;
        g_autofree char *path = add_text(m, text, NULL, &error);

        g_assert_error(error, PI_ERROR, (int) code);
        g_assert_true(g_str_has_prefix(error->message, path));
        if (!strstr(error->message, words))
                g_error("\"%s\" has no \"%s\"", error->message, words);
}

static void test_lines(void) {
        g_autoptr(PiMerge) m = pi_merge_new(100);
        g_autofree char *good = made_chunk(0, 8, 0), *wrong = made_wrong_chunk(8, 16, 1);
        g_autofree char *lie = g_strconcat(MADE_HELLO, wrong, NULL),
                        *torn = g_strdup_printf("%s%.30s", good, wrong),
                        *cut = g_strdup_printf("%.30s\n", good),
                        *lengthy = g_strnfill(PI_CONTRACT_LINE_MAX + 1, 'x'), *path = NULL;
        guint64 torn_line = 0;

        assert_not_added(m, lie, PI_ERROR_VERIFICATION_FAILED,
                         ":2: the sum of terms 8 to 15, by rank 1 on n2");
        assert_not_added(m, cut, PI_ERROR_FAILED, ":1: A line is not JSON");
        assert_not_added(m, lengthy, PI_ERROR_FAILED, ":1: The line has more than");
        path = add_text(m, torn, &torn_line, NULL);
        g_assert_cmpuint(torn_line, ==, 2);
        assert_total(m, 0, 8);
}

static char *hello_of_many(const char *prefix) {
        PiContractLine line = { .kind = PI_CONTRACT_HELLO,
                                .hello = { .ranks = PI_CONTRACT_RANKS_MAX, .numerics = 1 } };
        g_autofree uint32_t *threads = g_new(uint32_t, PI_CONTRACT_RANKS_MAX);
        g_auto(GStrv) hosts = g_new0(char *, PI_CONTRACT_RANKS_MAX + 1);

        for (guint i = 0; i < PI_CONTRACT_RANKS_MAX; i++) {
                threads[i] = 1;
                hosts[i] = g_strdup_printf("%s%u", prefix, i);
        }
        line.hello.hosts = hosts;
        line.hello.threads = threads;
        return pi_contract_line_format(&line);
}

static void test_caps(void) {
        g_autoptr(PiMerge) m = pi_merge_new(2), crowd = pi_merge_new(100),
                           files = pi_merge_new(100);
        g_autofree char *chunk = made_chunk(0, 8, 0), *a = hello_of_many("a"),
                        *b = hello_of_many("b");
        g_autofree char *chunks = g_strconcat(chunk, chunk, chunk, NULL),
                        *hosts = g_strconcat(a, a, b, NULL);
        g_autoptr(GError) error = NULL;

        assert_not_added(m, chunks, PI_ERROR_INVALID_OPTION,
                         ":3: there are more than 2 chunks: have pi-computed-mpi make longer ones");
        assert_not_added(crowd, hosts, PI_ERROR_INVALID_OPTION,
                         ":3: the runs were on more than 10000 hosts");
        for (guint i = 0; i < PI_MERGE_FILES_MAX; i++)
                g_assert_true(pi_merge_add_file(files, "/dev/null", NULL, NULL));
        g_assert_false(pi_merge_add_file(files, "/dev/null", NULL, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_nonnull(strstr(error->message, "more than 64 files"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/merge/whole", test_whole);
        g_test_add_func("/ctl/merge/duplicates", test_duplicates);
        g_test_add_func("/ctl/merge/differing", test_differing);
        g_test_add_func("/ctl/merge/overlap", test_overlap);
        g_test_add_func("/ctl/merge/overlap-ends", test_overlap_ends);
        g_test_add_func("/ctl/merge/holes", test_holes);
        g_test_add_func("/ctl/merge/many-holes", test_many_holes);
        g_test_add_func("/ctl/merge/none", test_none);
        g_test_add_func("/ctl/merge/beyond", test_beyond);
        g_test_add_func("/ctl/merge/conspiracy", test_conspiracy);
        g_test_add_func("/ctl/merge/lines", test_lines);
        g_test_add_func("/ctl/merge/caps", test_caps);
        return g_test_run();
}
