/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/verdict.h"

#include <string.h>

static char *sentence(const char *fault, guint32 right_cpu) {
        g_autoptr(GVariant) row = g_variant_ref_sink(g_variant_new_parsed(fault));
        return pi_fault_sentence(row, right_cpu);
}

static void expect(const char *fault, guint32 right_cpu, const char *wanted) {
        g_autofree char *text = sentence(fault, right_cpu);
        g_assert_cmpstr(text, ==, wanted);
}

#define PLACE "'cpu': <uint32 3>, 'first_part': <uint64 4>, 'parts': <uint64 6>"

static void test_sentences(void) {
        expect("{'verdict': <'core'>, " PLACE "}", 1,
               "CPU 3 gave a wrong sum twice for parts 4 to 9; CPU 1 had it right: the core is at "
               "fault");
        expect("{'verdict': <'core'>, 'cpu': <uint32 0>, 'first_part': <uint64 0>, "
               "'parts': <uint64 1>}", PI_VERDICT_NO_CPU,
               "CPU 0 gave a wrong sum twice for part 0; another CPU had it right: the core is at "
               "fault");
        expect("{'verdict': <'transient'>, " PLACE "}", PI_VERDICT_NO_CPU,
               "CPU 3 gave a wrong sum for parts 4 to 9, which did not prove lasting");
        expect("{'verdict': <'node'>, 'attempts': <uint32 3>, " PLACE "}", PI_VERDICT_NO_CPU,
               "CPU 3 gave a wrong sum for parts 4 to 9, and no CPU had it right: the node is at "
               "fault");
        expect("{'verdict': <'software'>, 'kernel': <'generic'>, " PLACE "}", PI_VERDICT_NO_CPU,
               "CPU 3 gave a wrong sum for parts 4 to 9, as others did by the same bits: the "
               "software is at fault (kernel generic)");
        expect("{'verdict': <'\033[2J'>, " PLACE "}", PI_VERDICT_NO_CPU,
               "CPU 3 gave a wrong sum for parts 4 to 9: \\x1b[2J");
}

/* The note of a report, and the exit status that goes with it. */
static void expect_note(const char *report, int status, const char *named) {
        g_autoptr(GVariant) dict = g_variant_ref_sink(g_variant_new_parsed(report));
        g_autofree char *note = pi_verdict_note(dict);

        g_test_message("%s", note ? note : "no note");
        g_assert_cmpint(pi_verdict_exit_status(dict), ==, status);
        if (named)
                g_assert_nonnull(strstr(note, named));
        else
                g_assert_null(note);
}

static void test_notes(void) {
        expect_note("@a{sv} {}", 0, NULL);
        expect_note("{'verdict': <'none'>}", 0, NULL);
        expect_note("{'verdict': <'transient'>, 'faults': <[{'verdict': <'transient'>, "
                    "'cpu': <uint32 2>}]>}", 0, "CPU 2 gave a wrong sum once");
        expect_note("{'verdict': <'core'>, 'faults': <[{'verdict': <'core'>, 'cpu': <uint32 3>}]>}",
                    4, "pictl restore 3 puts it back");
        expect_note("{'verdict': <'core'>, 'faults': <[{'verdict': <'core'>, 'cpu': <uint32 3>}, "
                    "{'verdict': <'transient'>, 'cpu': <uint32 4>}, "
                    "{'verdict': <'core'>, 'cpu': <uint32 3>}, "
                    "{'verdict': <'core'>, 'cpu': <uint32 1>}]>}", 4, "CPUs 3, 1 gave");
        expect_note("{'verdict': <'node'>}", 4, "a CPU gave");
        expect_note("{'verdict': <'software'>}", 4, "the verdict is software");
        expect_note("{'verdict': <'\033x'>}", 0, "\\x1bx");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/verdict/sentences", test_sentences);
        g_test_add_func("/ctl/verdict/notes", test_notes);
        return g_test_run();
}
