/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/intent.h"

#include "dbus/error.h"

#define S ((gint64) G_USEC_PER_SEC)

static PiIntent *make(const char *members, const char *windows, GError **error) {
        g_autoptr(GVariant) m = g_variant_parse(G_VARIANT_TYPE("a(ss)"), members, NULL, NULL, NULL);
        g_autoptr(GVariant) w = g_variant_parse(G_VARIANT_TYPE("a(st)"), windows, NULL, NULL, NULL);

        return pi_intent_new(31415, m, w, 100 * S, error);
}

static const PiFirewallMember *member(const PiIntent *intent, guint i) {
        return &g_array_index(intent->members, PiFirewallMember, i);
}

static void test_members(void) {
        g_autoptr(PiIntent) intent = make("[('::1', 'six'), ('10.0.0.2', 'b'), ('10.0.0.1', 'a'), "
                                          "('::ffff:10.0.0.2', 'c'), ('10.0.0.10', 'd')]",
                                          "[]", NULL);

        g_assert_cmpuint(intent->members->len, ==, 4);
        g_assert_cmpstr(member(intent, 0)->name, ==, "a");
        g_assert_cmpstr(member(intent, 2)->name, ==, "d");
        g_assert_cmpstr(member(intent, 3)->name, ==, "six");
}

static void refuse(const char *members, const char *windows, const char *message) {
        g_autoptr(GError) error = NULL;

        g_assert_null(make(members, windows, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_cmpstr(error->message, ==, message);
}

static void test_refused(void) {
        refuse("[('10.0.0.1', 'a'), ('host', 'b')]", "[]",
               "Member 2: \"host\" is no address: write 192.0.2.7 or 2001:db8::7");
        refuse("[('10.0.0.1', 'a b')]", "[]",
               "Member 1: \"a b\" is no name of a member: 1 to 64 of A-Z a-z 0-9 . _ -");
        refuse("[]", "[('10.0.0.0/8', 1)]",
               "Window 1: A window may be open for 1 s to 24 h, not for 1 us");
        refuse("[]", "[('10.0.0.1/8', 1000000)]",
               "Window 1: 10.0.0.1/8 has bits beyond its length: is 10.0.0.0/8 meant?");
}

static PiNftPrefix prefix(const char *text) {
        PiNftPrefix p;

        g_assert_true(pi_nft_prefix_parse(text, &p, NULL));
        return p;
}

static const PiFirewallWindow *window(const PiIntent *intent, const char *text) {
        PiNftPrefix p = prefix(text);

        return pi_intent_find_window(intent, &p);
}

static void test_windows(void) {
        g_autoptr(PiIntent) intent = make("[]", "[('10.0.0.0/8', 5000000), ('::/0', 9000000)]",
                                          NULL);
        PiNftPrefix narrow = prefix("10.1.0.0/16");
        g_autoptr(GArray) widest = NULL, later = NULL;

        g_assert_true(pi_intent_open_window(intent, &narrow, 20 * S, 100 * S, NULL));
        widest = pi_intent_widest_windows(intent);
        g_assert_cmpuint(widest->len, ==, 2);
        g_assert_cmpint(pi_intent_expire_windows(intent, 100 * S), ==, 105 * S);
        g_assert_cmpint(pi_intent_expire_windows(intent, 105 * S), ==, 109 * S);
        g_assert_null(window(intent, "10.0.0.0/8"));
        later = pi_intent_widest_windows(intent);
        g_assert_cmpuint(later->len, ==, 2);
        g_assert_nonnull(window(intent, "10.1.0.0/16"));
        g_assert_cmpint(pi_intent_expire_windows(intent, 120 * S), ==, -1);
        g_assert_cmpuint(intent->windows->len, ==, 0);
}

/* Those that somebody asked for stay; of two for a prefix the one that is open longer counts. */
static void test_keep(void) {
        g_autoptr(PiIntent) before = make("[]", "[('10.0.0.0/8', 50000000)]", NULL);
        g_autoptr(PiIntent) after = make("[]", "[('10.2.0.0/16', 5000000)]", NULL);
        PiNftPrefix a = prefix("10.1.0.0/16"), b = prefix("10.2.0.0/16");

        g_assert_true(pi_intent_open_window(before, &a, 20 * S, 100 * S, NULL));
        g_assert_true(pi_intent_open_window(before, &b, 20 * S, 100 * S, NULL));
        pi_intent_keep_windows(after, before);
        g_assert_cmpuint(after->windows->len, ==, 2);
        g_assert_null(window(after, "10.0.0.0/8"));
        g_assert_cmpint(window(after, "10.1.0.0/16")->end_usec, ==, 120 * S);
        g_assert_cmpint(window(after, "10.2.0.0/16")->end_usec, ==, 120 * S);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/intent/members", test_members);
        g_test_add_func("/intent/refused", test_refused);
        g_test_add_func("/intent/windows", test_windows);
        g_test_add_func("/intent/keep", test_keep);
        return g_test_run();
}
