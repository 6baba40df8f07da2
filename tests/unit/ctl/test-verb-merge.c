/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pictl merge from its command line on. */
#include "ctl/verbs.h"
#include "dbus/error.h"
#include "tests/unit/engine/made.h"

typedef struct Run {
        int status; /* as pi_invoke() has it */
        char *text, *error;
} Run;

static void run_clear(Run *run) {
        g_free(run->text);
        g_free(run->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

/* FILE in the line is a file with this text. */
static Run merge(const char *line, const char *text) {
        g_autofree char *path = made_file(text, -1);
        g_auto(GStrv) argv = g_strsplit(line, " ", -1);
        g_autoptr(GError) error = NULL;
        g_autofree char **words = NULL;
        PiInvocation inv = { .verb = pi_verb_find("merge") };
        Run run;

        for (char **word = argv; *word; word++)
                if (g_str_equal(*word, "FILE")) {
                        g_free(*word);
                        *word = g_strdup(path);
                }
        g_assert_true(pi_options_parse(&inv.options, (int) g_strv_length(argv), argv, &words,
                                       &error));
        inv.args = words + 1;
        inv.n_args = g_strv_length(words + 1);
        inv.out.text = g_string_new(NULL);
        inv.out.json = inv.options.json;
        run.status = inv.verb->run(&inv, &error);
        g_unlink(path);
        if (error)
                run.status = pi_error_exit_status((PiError) error->code);
        run.error = g_strdup(error ? error->message : "");
        run.text = g_string_free(inv.out.text, FALSE);
        g_test_message("%d %s%s", run.status, run.error, run.text);
        return run;
}

#define FAULT "{\"t\":\"fault\",\"rank\":1,\"host\":\"n2\",\"from\":0,\"to\":8,\"what\":\"\"}\n"

static char *whole(void) {
        g_autofree char *a = made_chunk(8, 1000, 0), *b = made_chunk(0, 8, 0);

        return g_strconcat("a banner\n", MADE_HELLO, a, FAULT, b, b, NULL);
}

static void test_text(void) {
        g_autofree char *text = whole();
        g_auto(Run) run = merge("pictl merge FILE --terms=1e3", text);

        g_assert_cmpint(run.status, ==, 0);
        g_assert_cmpstr(run.text, ==,
                        "pi ~ 3.140592653839792925963596502869...\n"
                        "     1 000 terms summed; every digit shown is certain\n\n"
                        "  error against pi   -1.000e-03\n"
                        "  residual           4.934e-32  (against the exact sum of these terms)\n"
                        "  sum                00000000c8ff7854932f423852f291d70e2d1954b3648e61\n"
                        "  chunks             2, each verified\n"
                        "  told again         1  (chunks, by the same bits)\n"
                        "  runs               1 on 2 hosts: n1, n2\\x1b[2J\n"
                        "  faults             1  (wrong sums that a run noticed and had others "
                        "do again)\n"
                        "  passed over        1  (lines that are not of pi-computed-mpi)\n"
                        "  CPU time           2.00 ms\n");
}

/* Of 17 hosts the first 16 by name. */
static void test_many_hosts(void) {
        g_autoptr(GString) text = g_string_new("{\"t\":\"hello\",\"proto\":1,\"numerics\":1,"
                                               "\"kernel\":\"x\",\"hosts\":[\"n10\"");
        g_autoptr(GString) threads = g_string_new("1");
        g_autofree char *chunk = made_chunk(0, 8, 0);
        g_auto(Run) run = {};

        for (guint i = 26; i > 10; i--) {
                g_string_append_printf(text, ",\"n%u\"", i);
                g_string_append(threads, ",1");
        }
        g_string_append_printf(text, "],\"threads\":[%s]}\n%s", threads->str, chunk);
        run = merge("pictl merge FILE", text->str);
        g_assert_cmpint(run.status, ==, 0);
        g_assert_nonnull(strstr(run.text, " 1 on 17 hosts: n10, n11, n12"));
        g_assert_nonnull(strstr(run.text, ", n25 and 1 more\n"));
}

static void test_json(void) {
        g_autofree char *text = whole();
        g_auto(Run) run = merge("pictl merge FILE FILE --json=short", text);

        g_assert_cmpint(run.status, ==, 0);
        g_assert_true(g_str_has_prefix(run.text, "{\"pi\":3.140592653839"));
        g_assert_nonnull(strstr(run.text, ",\"report\":{\"pi_text\":\"3.14059265383979"));
        g_assert_nonnull(strstr(run.text, "\"verified\":true,\"terms\":1000,\"cpu_usec\":2000,"
                                          "\"numerics_version\":1,\"chunks\":2,\"duplicates\":4,"
                                          "\"files\":2,\"runs\":2,\"hosts\":[\"n1\",\"n2"));
        g_assert_true(g_str_has_suffix(run.text, "],\"fault_lines\":2,\"noise_lines\":2}}\n"));
}

static void assert_refused(const char *line, const char *text, int status, const char *words) {
        g_auto(Run) run = merge(line, text);

        g_assert_cmpint(run.status, ==, status);
        g_assert_cmpstr(run.text, ==, "");
        g_assert_nonnull(strstr(run.error, words));
        g_assert_null(strchr(run.error, '\033'));
}

static void test_refused(void) {
        g_autofree char *hole = made_chunk(8, 16, 0), *wrong = made_wrong_chunk(0, 8, 1);
        g_autofree char *lie = g_strconcat(MADE_HELLO, wrong, NULL);

        assert_refused("pictl merge FILE", hole, 5, "--resume");
        assert_refused("pictl merge FILE", lie, 4, "rank 1 on n2");
        assert_refused("pictl merge FILE", "{\n", 1, ":1: ");
        assert_refused("pictl merge \033[2J", "", 1, "Cannot read \\x1b[2J");
        assert_refused("pictl merge FILE --terms=0", "", 2, "'0'");
        assert_refused("pictl merge FILE --host=n1", "", 2, "--host");
}

/* A torn line is told, and does not end it. */
static void test_torn(void) {
        g_autofree char *chunk = made_chunk(0, 8, 0);
        g_autofree char *text = g_strdup_printf("%s%.20s", chunk, chunk);

        if (g_test_subprocess()) {
                g_auto(Run) run = merge("pictl merge FILE", text);

                g_assert_cmpint(run.status, ==, 0);
                return;
        }
        g_test_trap_subprocess(NULL, 0, 0);
        g_test_trap_assert_passed();
        g_test_trap_assert_stderr("*pictl: /*:2: the last line is torn and passed over\n*");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/verb-merge/text", test_text);
        g_test_add_func("/ctl/verb-merge/many-hosts", test_many_hosts);
        g_test_add_func("/ctl/verb-merge/json", test_json);
        g_test_add_func("/ctl/verb-merge/refused", test_refused);
        g_test_add_func("/ctl/verb-merge/torn", test_torn);
        return g_test_run();
}
