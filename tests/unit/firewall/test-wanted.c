/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/firewall/wanted.h"

#include "dbus/names.h"

#define S UINT64_C(1000000)
#define HOUR (3600 * S)
#define NOW (1000 * HOUR)

/* The cluster, made up. */
static PiMemberView members[4];
static guint n_members;
static const char *tokens;

const char *pi_cluster_id(const PiCluster *cluster) {
        return "0123456789abcdef0123456789abcdef";
}

guint pi_cluster_n_members(const PiCluster *cluster) {
        return n_members;
}

void pi_cluster_member(const PiCluster *cluster, guint index, PiMemberView *ret) {
        *ret = members[index];
}

GVariant *pi_cluster_list_tokens(const PiCluster *cluster) {
        return g_variant_parse(G_VARIANT_TYPE("aa{sv}"), tokens, NULL, NULL, NULL);
}

void pi_cluster_add_listener(PiCluster *cluster, const PiClusterListener *listener,
                             gpointer userdata) {
}

static const char *const addresses_of_b[] = { "10.0.0.2:31415", "[fd00::2]:31415",
                                              "[fe80::2%eth0]:31415", "10.0.0.2:99", NULL };
static const char *const nowhere[] = { NULL };

static void set_up(void) {
        members[0] = (PiMemberView) { .name = "a", .state = PI_MEMBER_SELF, .port = 31415,
                                      .addresses = nowhere, .remote_address = "" };
        members[1] = (PiMemberView) { .name = "b", .state = PI_MEMBER_UP,
                                      .addresses = addresses_of_b,
                                      .remote_address = "192.0.2.9:40000" };
        members[2] = (PiMemberView) { .name = "c", .state = PI_MEMBER_LOST, .addresses = nowhere,
                                      .remote_address = "[fd00::3]:50000",
                                      .outbound_only = TRUE };
        n_members = 3;
        tokens = "[]";
}

static void expect(uint64_t now, const char *wanted) {
        g_autoptr(PiWanted) w = pi_wanted_new(NULL, now);
        g_autoptr(GVariant) arguments = g_variant_ref_sink(pi_wanted_arguments(w, now));
        g_autofree char *text = g_variant_print(arguments, FALSE);

        g_assert_cmpstr(text, ==, wanted);
}

static void test_members(void) {
        set_up();
        expect(NOW, "(31415, [('10.0.0.2', 'b'), ('fd00::2', 'b'), ('fe80::2', 'b'), "
                    "('192.0.2.9', 'b'), ('fd00::3', 'c')], [])");
        n_members = 1;
        expect(NOW, "(31415, [], [])");
}

/* One that says of itself what no host has must not take the rules away from all. */
static void test_odd_addresses(void) {
        static const char *const odd[] = { "0.0.0.0:1", "224.0.0.1:1", "255.255.255.255:1", "foo:1",
                                           "2001:db8::7", "[::]:1", "[ff02::1]:1", "[]:1", ":1", "",
                                           "[::ffff:0.0.0.0]:1", "10.0.0.9:1", NULL };

        set_up();
        n_members = 2;
        members[1].addresses = odd;
        members[1].remote_address = "an unknown address";
        expect(NOW, "(31415, [('10.0.0.9', 'b')], [])");
}

#define WINDOWS(usec) "(31415, [], [('0.0.0.0/0', " usec "), ('::/0', " usec ")])"

static void test_tokens(void) {
        set_up();
        n_members = 1;
        tokens = "[{'uses': <uint32 1>, 'expires_usec': <uint64 3600060000000>},"
                 " {'uses': <uint32 0>, 'expires_usec': <uint64 3600090000000>}]";
        expect(NOW, WINDOWS("60000000"));
        /* An hour at most, however long it may be used. */
        tokens = "[{'uses': <uint32 1>, 'expires_usec': <uint64 9900000000000>}]";
        expect(NOW, WINDOWS("3600000000"));
        tokens = "[{'uses': <uint32 1>, 'expires_usec': <uint64 3600000000000>}]";
        expect(NOW, "(31415, [], [])");
}

/* Where it will come from is not known while it is away. */
static void test_away(void) {
        set_up();
        members[2].remote_address = "";
        members[1] = members[2];
        n_members = 2;
        expect(NOW, WINDOWS("3600000000"));
}

static PiWanted *wanted_until(uint64_t until) {
        PiWanted *w = pi_wanted_new(NULL, NOW);

        w->open_until_usec = until;
        return w;
}

static gboolean is_told(uint64_t wanted_usec, uint64_t told_usec, uint64_t now) {
        g_autoptr(PiWanted) wanted = wanted_until(wanted_usec), told = wanted_until(told_usec);

        return pi_wanted_is_told(wanted, told, now);
}

static void test_told(void) {
        g_autoptr(PiWanted) two = NULL, one = NULL;

        set_up();
        g_assert_true(is_told(0, 0, NOW));
        g_assert_true(is_told(NOW + S, NOW + S, NOW));
        /* Open too long, or too short. */
        g_assert_false(is_told(0, NOW + HOUR, NOW));
        g_assert_false(is_told(NOW + S, NOW + HOUR, NOW));
        g_assert_false(is_told(NOW + HOUR, 0, NOW));
        g_assert_false(is_told(NOW + HOUR, NOW + S, NOW));
        /* One that slides along is told again when half of it is over. */
        g_assert_true(is_told(NOW + HOUR + S, NOW + HOUR, NOW + S));
        g_assert_false(is_told(NOW + HOUR + HOUR / 2, NOW + HOUR, NOW + HOUR / 2));

        two = pi_wanted_new(NULL, NOW);
        g_assert_false(pi_wanted_is_told(two, NULL, NOW));
        n_members = 2;
        one = pi_wanted_new(NULL, NOW);
        g_assert_false(pi_wanted_is_told(one, two, NOW));
        n_members = 3;
        members[0].port = 31416;
        g_clear_pointer(&one, pi_wanted_free);
        one = pi_wanted_new(NULL, NOW);
        g_assert_false(pi_wanted_is_told(one, two, NOW));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/wanted/members", test_members);
        g_test_add_func("/wanted/odd-addresses", test_odd_addresses);
        g_test_add_func("/wanted/tokens", test_tokens);
        g_test_add_func("/wanted/away", test_away);
        g_test_add_func("/wanted/told", test_told);
        return g_test_run();
}
