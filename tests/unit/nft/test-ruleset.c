/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/ruleset.h"

#include <string.h>

#define S ((gint64) G_USEC_PER_SEC)

static PiIntent *make(const char *members, const char *windows) {
        g_autoptr(GVariant) m = g_variant_parse(G_VARIANT_TYPE("a(ss)"), members, NULL, NULL, NULL);
        g_autoptr(GVariant) w = g_variant_parse(G_VARIANT_TYPE("a(st)"), windows, NULL, NULL, NULL);
        PiIntent *intent = pi_intent_new(1234, m, w, 0, NULL);

        g_assert_nonnull(intent);
        return intent;
}

static gboolean has(const char *text, const char *piece) {
        return strstr(text, piece) != NULL;
}

static void test_whole(void) {
        g_autoptr(PiIntent) intent = make("[('10.0.0.1', 'a'), ('fd00::1', 'b'), "
                                          "('10.0.0.2', 'c')]",
                                          "[('10.9.0.0/16', 1500000), ('::/0', 2000000)]");
        g_autofree char *text = pi_ruleset_whole(intent, (PiNftVariant) { TRUE, TRUE }, 0);

        g_assert_true(g_str_has_prefix(text, "table inet picomputed { flags owner; }\n"
                                             "delete table inet picomputed\n"
                                             "table inet picomputed {\n\tflags owner\n"));
        g_assert_true(has(text, "elements = { 10.0.0.1 comment \"a\", "
                                "10.0.0.2 comment \"c\" }; }"));
        g_assert_true(has(text, "elements = { fd00::1 comment \"b\" }; }"));
        g_assert_true(has(text, "elements = { 10.9.0.0/16 timeout 2s }; }"));
        g_assert_true(has(text, "elements = { ::/0 timeout 2s }; }"));
        g_assert_true(has(text, "tcp dport 1234 goto federation"));
        g_assert_true(has(text, "limit rate"));
        g_assert_false(has(text, "31415"));
}

static void test_variants(void) {
        g_autoptr(PiIntent) intent = make("[]", "[]");
        g_autofree char *plain = pi_ruleset_whole(intent, (PiNftVariant) { FALSE, TRUE }, 0);
        g_autofree char *bare = pi_ruleset_whole(intent, (PiNftVariant) { FALSE, FALSE }, 0);

        g_assert_true(g_str_has_prefix(plain, "add table inet picomputed\n"
                                              "delete table inet picomputed\n"));
        g_assert_false(has(plain, "owner"));
        g_assert_false(has(plain, "elements"));
        g_assert_true(has(plain, "limit rate"));
        g_assert_false(has(bare, "limit"));
        g_assert_false(has(bare, "log prefix"));
}

static void changes(const char *from, const char *to, const char *wanted) {
        g_autoptr(PiIntent) a = make(from, "[]"), b = make(to, "[]");
        g_autofree char *text = pi_ruleset_change(a, b, 0);

        g_assert_cmpstr(text, ==, wanted);
}

#define ELEMENT "element inet picomputed members"

static void test_changed_members(void) {
        changes("[('10.0.0.1', 'a')]", "[('10.0.0.1', 'a')]", "");
        changes("[]", "[('10.0.0.1', 'a')]", "add " ELEMENT "4 { 10.0.0.1 comment \"a\" }\n");
        changes("[('fd00::1', 'a')]", "[]", "delete " ELEMENT "6 { fd00::1 comment \"a\" }\n");
        changes("[('10.0.0.1', 'a'), ('10.0.0.3', 'c')]", "[('10.0.0.2', 'b'), ('10.0.0.3', 'c')]",
                "delete " ELEMENT "4 { 10.0.0.1 comment \"a\" }\n"
                "add " ELEMENT "4 { 10.0.0.2 comment \"b\" }\n");
        changes("[('10.0.0.1', 'a')]", "[('10.0.0.1', 'b')]",
                "delete " ELEMENT "4 { 10.0.0.1 comment \"a\" }\n"
                "add " ELEMENT "4 { 10.0.0.1 comment \"b\" }\n");
}

static void test_changed_windows(void) {
        g_autoptr(PiIntent) none = make("[]", "[]");
        g_autoptr(PiIntent) two = make("[]", "[('10.0.0.0/8', 9000000), ('10.1.0.0/16', 9500000)]");
        g_autofree char *open = pi_ruleset_change(none, two, 0);
        g_autofree char *same = pi_ruleset_change(two, two, 3 * S);
        g_autofree char *shut = pi_ruleset_change(two, none, 0);

        /* The narrow one is within the other: the kernel has no room for both. */
        g_assert_cmpstr(open, ==, "flush set inet picomputed join4\n"
                                  "flush set inet picomputed join6\n"
                                  "add element inet picomputed join4 { 10.0.0.0/8 timeout 9s }\n");
        g_assert_cmpstr(same, ==, "");
        g_assert_cmpstr(shut, ==, "flush set inet picomputed join4\n"
                                  "flush set inet picomputed join6\n");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ruleset/whole", test_whole);
        g_test_add_func("/ruleset/variants", test_variants);
        g_test_add_func("/ruleset/changed-members", test_changed_members);
        g_test_add_func("/ruleset/changed-windows", test_changed_windows);
        return g_test_run();
}
