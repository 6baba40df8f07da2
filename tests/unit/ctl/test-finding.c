/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/finding.h"

static void test_exit_status(void) {
        g_autoptr(GPtrArray) findings = pi_findings_new();

        g_assert_cmpint(pi_findings_exit_status(findings), ==, 0);
        pi_findings_add(findings, PI_FINDING_OK, "bus", NULL, "%s", "fine");
        pi_findings_add(findings, PI_FINDING_NOTE, "ports", NULL, "%s", "open");
        g_assert_cmpint(pi_findings_exit_status(findings), ==, 0);
        pi_findings_add(findings, PI_FINDING_WARNING, "clock", "chronyc", "%d s", 3);
        g_assert_cmpint(pi_findings_exit_status(findings), ==, 1);
        pi_findings_add(findings, PI_FINDING_BROKEN, "port", "run this\nand that", "shut");
        g_assert_cmpint(pi_findings_exit_status(findings), ==, 2);
}

/* "what is so; what to do". */
static void test_error(void) {
        g_autoptr(GPtrArray) findings = pi_findings_new();
        const GError whole = { .message = (char *) "it is shut; open it; then try again" };
        const GError half = { .message = (char *) "it is 100% shut" };
        const PiFinding *f;

        pi_findings_add_error(findings, PI_FINDING_BROKEN, "port", &whole);
        pi_findings_add_error(findings, PI_FINDING_WARNING, "port", &half);
        f = findings->pdata[0];
        g_assert_cmpstr(f->text, ==, "it is shut");
        g_assert_cmpstr(f->remedy, ==, "open it; then try again");
        f = findings->pdata[1];
        g_assert_cmpstr(f->text, ==, "it is 100% shut");
        g_assert_null(f->remedy);
}

static void expect(PiJsonMode json, const char *wanted) {
        g_autoptr(GPtrArray) findings = pi_findings_new();
        PiOutput out = { .terminal = { .columns = 80 },
                         .text = g_string_new(NULL),
                         .json = json,
                         .legend = TRUE };

        pi_findings_add(findings, PI_FINDING_OK, "bus", NULL, "%s", "fine");
        pi_findings_add(findings, PI_FINDING_BROKEN, "port", "run this\nand that", "shut");
        pi_findings_show(findings, &out);
        g_assert_cmpstr(out.text->str, ==, wanted);
        g_string_free(out.text, TRUE);
}

static void test_text(void) {
        expect(PI_JSON_OFF, "ok       bus          fine\n"
                            "broken   port         shut\n"
                            "                      -> run this\n"
                            "                         and that\n"
                            "\n2 checked, 1 broken, 0 to be mended.\n");
}

static void test_json(void) {
        expect(PI_JSON_SHORT,
               "[{\"check\":\"bus\",\"severity\":\"ok\",\"text\":\"fine\",\"remedy\":\"\"},"
               "{\"check\":\"port\",\"severity\":\"broken\",\"text\":\"shut\","
               "\"remedy\":\"run this\\nand that\"}]\n");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/finding/exit-status", test_exit_status);
        g_test_add_func("/finding/error", test_error);
        g_test_add_func("/finding/text", test_text);
        g_test_add_func("/finding/json", test_json);
        return g_test_run();
}
