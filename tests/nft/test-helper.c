/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pi-computed-firewall alone, with the kernel it is meant for. */
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/cluster/namespaces.h"
#include "tests/nft/helper.h"

#define PORT 31415
#define MEMBER "10.31.128.7"
#define OTHER "10.31.128.8"
#define NOBODY 65534
#define MINUTE "60000000"

/* What others have, in all families: it stays as it is. */
static const char foreign[] =
        "table inet firewalld {\n"
        "  chain filter_INPUT { type filter hook input priority filter + 10; policy accept;\n"
        "    ct state established,related accept\n"
        "    tcp dport 22 accept comment \"keep me\"\n"
        "  }\n"
        "  set s { type ipv4_addr; flags interval; elements = { 192.0.2.0/24 }; }\n"
        "}\n"
        "table ip nat {\n"
        "  chain postrouting { type nat hook postrouting priority srcnat; }\n"
        "}\n"
        "table ip6 raw {\n"
        "  chain p { type filter hook prerouting priority raw; accept; }\n"
        "}\n";

typedef struct Fixture {
        TestLink *link;
        TestBus *bus;
        TestHelper *helper;
        int listener;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        f->link = test_link_new(1);
        f->bus = test_bus_new(TEST_BUS_SESSION);
        f->helper = test_helper_new(f->link, f->bus);
        f->listener = test_listen(f->link, PORT);
        test_helper_start(f->helper, data);
}

static void tear_down(Fixture *f, gconstpointer data) {
        close(f->listener);
        test_helper_free(f->helper);
        test_bus_free(f->bus);
        test_link_free(f->link);
}

static gboolean lets_in(Fixture *f, const char *from) {
        return test_can_connect(f->helper, from, f->link->address, PORT);
}

static void apply(Fixture *f, const char *members) {
        g_autofree char *arguments = g_strdup_printf(
                "(uint16 %d, @a(ss) %s, @a(st) [])", PORT, members);

        test_helper_ok(f->helper, "Apply", arguments);
}

static void members_alone(Fixture *f, gconstpointer data) {
        apply(f, "[('" MEMBER "', 'm')]");
        g_assert_true(test_helper_is_as_intended(f->helper));
        g_assert_true(lets_in(f, MEMBER));
        g_assert_false(lets_in(f, OTHER));
        g_assert_cmpuint(test_helper_packets_of(f->helper, MEMBER), >, 0);
        apply(f, "[('" MEMBER "', 'm'), ('" OTHER "', 'o')]");
        g_assert_true(lets_in(f, OTHER));
        /* Who stays keeps what was counted. */
        g_assert_cmpuint(test_helper_packets_of(f->helper, MEMBER), >, 0);
        apply(f, "[('" OTHER "', 'o')]");
        g_assert_false(lets_in(f, MEMBER));
        g_assert_true(lets_in(f, OTHER));
        test_helper_ok(f->helper, "Remove", NULL);
        {
                g_autofree char *rules = test_nft_list(f->link, "list ruleset");

                g_assert_cmpstr(rules, ==, "");
        }
}

/* More than strangers may. */
static void members_as_often_as_they_like(Fixture *f, gconstpointer data) {
        apply(f, "[('" MEMBER "', 'm')]");
        for (guint i = 0; i < 40; i++)
                g_assert_true(lets_in(f, MEMBER));
}

/* The connection of a member that is put out ends there and then. */
static void cut_off(Fixture *f, gconstpointer data) {
        struct pollfd connected = { .events = POLLOUT };

        apply(f, "[('" MEMBER "', 'm')]");
        connected.fd = test_begin_connect(MEMBER, f->link->address, PORT);
        g_assert_cmpint(poll(&connected, 1, -1), ==, 1);
        apply(f, "@a(ss) []");
        g_assert_cmpuint(test_helper_count(f->helper, "stray"), ==, 0);
        g_assert_cmpint(send(connected.fd, "x", 1, 0), ==, 1);
        while (test_helper_count(f->helper, "stray") == 0)
                ;
        close(connected.fd);
}

static void windows(Fixture *f, gconstpointer data) {
        apply(f, "@a(ss) []");
        g_assert_false(lets_in(f, OTHER));
        test_helper_ok(f->helper, "OpenWindow", "('10.31.128.0/24', uint64 " MINUTE ")");
        g_assert_true(lets_in(f, OTHER));
        g_assert_false(lets_in(f, PI_TEST_STRANGER));
        /* It is not the service's to close. */
        apply(f, "[('" MEMBER "', 'm')]");
        g_assert_true(lets_in(f, OTHER));
        test_helper_ok(f->helper, "CloseWindow", "('10.31.128.0/24',)");
        g_assert_false(lets_in(f, OTHER));
        test_helper_fails(f->helper, "CloseWindow", "('10.31.128.0/24',)", "InvalidOption",
                          "No window is open");
        g_assert_cmpuint(test_helper_count(f->helper, "joining"), ==, 2);
}

static gboolean one_window_left(gpointer userdata) {
        g_autoptr(GVariant) description = test_helper_describe(userdata), left = NULL;

        g_assert_true(g_variant_lookup(description, PI_FIREWALL_WINDOWS, "@a(st)", &left));
        return g_variant_n_children(left) == 1;
}

/* One within another stays open behind it. */
static void window_within_another(Fixture *f, gconstpointer data) {
        apply(f, "@a(ss) []");
        test_helper_ok(f->helper, "OpenWindow", "('" OTHER "', uint64 " MINUTE ")");
        test_helper_ok(f->helper, "OpenWindow", "('0.0.0.0/0', uint64 1000000)");
        g_assert_true(lets_in(f, PI_TEST_STRANGER));
        test_wait_until(one_window_left, f->helper, "the wider window ends");
        g_assert_false(lets_in(f, PI_TEST_STRANGER));
        g_assert_true(lets_in(f, OTHER));
}

/* A stranger in a window is not to try all night. */
static void rate(Fixture *f, gconstpointer data) {
        guint n = 0;

        test_helper_ok(f->helper, "Apply",
                       "(uint16 31415, @a(ss) [], [('0.0.0.0/0', uint64 " MINUTE ")])");
        while (n < 100 && lets_in(f, OTHER))
                n++;
        g_assert_cmpuint(n, ==, 10);
        g_assert_true(lets_in(f, MEMBER));
        g_assert_cmpuint(test_helper_count(f->helper, "rate_drop"), >, 0);
}

static void refused_sources(Fixture *f, gconstpointer data) {
        g_autoptr(GVariant) description = NULL, refused = NULL;
        guint64 attempts, ago;
        const char *address;

        apply(f, "@a(ss) []");
        g_assert_false(lets_in(f, OTHER));
        g_assert_false(lets_in(f, OTHER));
        description = test_helper_describe(f->helper);
        g_assert_true(g_variant_lookup(description, PI_FIREWALL_REFUSED_SOURCES, "@a(stt)",
                                       &refused));
        g_assert_cmpuint(g_variant_n_children(refused), ==, 1);
        g_variant_get_child(refused, 0, "(&stt)", &address, &attempts, &ago);
        g_assert_cmpstr(address, ==, OTHER);
        g_assert_cmpuint(attempts, >=, 2);
        g_assert_cmpuint(ago, <, 60 * G_USEC_PER_SEC);
}

static guint64 dropped_by_others(Fixture *f) {
        return test_helper_count(f->helper, "seen") - test_helper_count(f->helper, "delivered") -
               test_helper_count(f->helper, "refused") -
               test_helper_count(f->helper, "rate_drop");
}

/* What others drop is what was seen and neither delivered nor dropped here. */
static void counters_tell_of_others(Fixture *f, gconstpointer data) {
        int fd;

        apply(f, "[('" MEMBER "', 'm')]");
        g_assert_true(lets_in(f, MEMBER));
        g_assert_false(lets_in(f, OTHER));
        g_assert_cmpuint(dropped_by_others(f), ==, 0);
        g_free(test_nft(f->link, "table ip f { chain i { type filter hook input priority 0;\n"
                                 "ip saddr " MEMBER " drop; }\n}\n"));
        fd = test_begin_connect(MEMBER, f->link->address, PORT);
        while (dropped_by_others(f) == 0)
                ;
        close(fd);
}

static void others_stay(Fixture *f, gconstpointer data) {
        g_autofree char *before = NULL, *after = NULL, *removed = NULL, *stopped = NULL;

        g_free(test_nft(f->link, foreign));
        before = test_nft_list(f->link, "list ruleset");
        apply(f, "[('" MEMBER "', 'm')]");
        after = test_nft_list(f->link, "list ruleset");
        g_assert_true(g_str_has_prefix(after, before));
        test_helper_ok(f->helper, "Remove", NULL);
        removed = test_nft_list(f->link, "list ruleset");
        g_assert_cmpstr(removed, ==, before);
        apply(f, "[('" MEMBER "', 'm')]");
        test_helper_stop(f->helper);
        stopped = test_nft_list(f->link, "list ruleset");
        g_assert_cmpstr(stopped, ==, before);
}

static gboolean is_as_intended(gpointer userdata) {
        return test_helper_is_as_intended(userdata);
}

/* As "systemctl reload nftables" does it, and somebody who edits. */
static void others_flush(Fixture *f, gconstpointer data) {
        static const char *const attacks[] = {
                "flush ruleset\n",
                "flush ruleset\ntable inet filter {\n"
                "  chain input { type filter hook input priority 0; }\n}\n",
        };

        apply(f, "[('" MEMBER "', 'm')]");
        for (gsize i = 0; i < G_N_ELEMENTS(attacks); i++) {
                g_free(test_nft(f->link, attacks[i]));
                test_wait_until(is_as_intended, f->helper, "the rules are back");
                g_assert_true(lets_in(f, MEMBER));
                g_assert_false(lets_in(f, OTHER));
        }
}

static void others_edit(Fixture *f, gconstpointer data) {
        g_autoptr(GVariant) description = NULL;
        guint64 restored;

        apply(f, "[('" MEMBER "', 'm')]");
        g_free(test_nft(f->link, "add element inet picomputed members4 { " OTHER " }\n"));
        test_wait_until(is_as_intended, f->helper, "the rules are back");
        g_assert_false(lets_in(f, OTHER));
        g_free(test_nft(f->link, "flush chain inet picomputed federation\n"));
        test_wait_until(is_as_intended, f->helper, "the rules are back");
        g_assert_false(lets_in(f, OTHER));
        description = test_helper_describe(f->helper);
        g_assert_true(g_variant_lookup(description, PI_FIREWALL_RESTORED, "t", &restored));
        g_assert_cmpuint(restored, ==, 2);
}

static const char *mode_of(TestHelper *helper) {
        g_autoptr(GVariant) description = test_helper_describe(helper);
        const char *mode;

        g_assert_true(g_variant_lookup(description, PI_FIREWALL_MODE, "&s", &mode));
        return g_intern_string(mode);
}

/* Killed, it leaves none of its own table, and all of one that others may change. */
static void killed(Fixture *f, gconstpointer data) {
        gboolean watched = g_strcmp0(data, "--watched") == 0;
        g_autofree char *rules = NULL;

        apply(f, "[('" MEMBER "', 'm')]");
        test_helper_kill(f->helper);
        rules = test_nft_list(f->link, "list ruleset");
        g_assert_true((strstr(rules, "table inet picomputed") != NULL) == watched);
        /* Whoever comes next can go on with either. */
        test_helper_start(f->helper, NULL);
        apply(f, "[('" OTHER "', 'o')]");
        g_assert_true(lets_in(f, OTHER));
        g_assert_false(lets_in(f, MEMBER));
        g_assert_cmpstr(mode_of(f->helper), ==, "owner");
}

static void refuses(Fixture *f, const char *members, const char *text) {
        g_autofree char *arguments = g_strdup_printf("(uint16 31415, @a(ss) %s, @a(st) [])",
                                                     members);

        test_helper_fails(f->helper, "Apply", arguments, "InvalidOption", text);
}

static void hostile_members(Fixture *f, gconstpointer data) {
        static const char *const addresses[] = {
                "", "localhost", "fe80::1%lo", "fe80::1%eth0 }", "10.0.0.0/8", "10.0.0.1 }",
                "1.2.3", "0x7f.1", "10.0.0.1;", "@members4", "*", "::1\\n", "10.0.0.1 - 10.0.0.9",
                "0.0.0.0", "255.255.255.255", "224.0.0.1", "::", "ff02::1", "010.1.1.1",
        };
        static const char *const names[] = {
                "", "a b", "a\\\"", "a;", "a\\n", "a}", "\xc3\xa4", "$(id)", "../..", "a/b",
                "12345678901234567890123456789012345678901234567890123456789012345",
        };
        GString *many = g_string_new("[");

        for (gsize i = 0; i < G_N_ELEMENTS(addresses); i++) {
                g_autofree char *list = g_strdup_printf("[('10.0.0.1', 'a'), (\"%s\", 'm')]",
                                                        addresses[i]);

                refuses(f, list, "Member 2: ");
        }
        for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autofree char *list = g_strdup_printf("[(\"10.0.0.1\", \"%s\")]", names[i]);

                refuses(f, list, "is no name of a member");
        }
        for (guint i = 0; i < 10000; i++)
                g_string_append_printf(many, "%s('10.1.%u.%u', 'm%u')", i > 0 ? ", " : "", i / 250,
                                       i % 250 + 1, i);
        g_string_append(many, "]");
        refuses(f, many->str, "10000 members are too many: 1280 at most");
        g_string_free(many, TRUE);
        test_helper_fails(f->helper, "Apply", "(uint16 0, @a(ss) [], @a(st) [])", "InvalidOption",
                          "no port");
        /* Nothing of all that was done. */
        {
                g_autofree char *rules = test_nft_list(f->link, "list ruleset");

                g_assert_cmpstr(rules, ==, "");
        }
}

static void hostile_windows(Fixture *f, gconstpointer data) {
        test_helper_fails(f->helper, "OpenWindow", "('10.0.0.0/8', uint64 " MINUTE ")",
                          "NotInCluster", "no rules");
        apply(f, "@a(ss) []");
        test_helper_fails(f->helper, "OpenWindow", "('10.0.0.1/8', uint64 " MINUTE ")",
                          "InvalidOption", "is 10.0.0.0/8 meant?");
        test_helper_fails(f->helper, "OpenWindow", "('10.0.0.0/33', uint64 " MINUTE ")",
                          "InvalidOption", "0 to 32");
        test_helper_fails(f->helper, "OpenWindow", "('10.0.0.0/', uint64 " MINUTE ")",
                          "InvalidOption", "0 to 32");
        test_helper_fails(f->helper, "OpenWindow", "('10.0.0.0/8 }', uint64 " MINUTE ")",
                          "InvalidOption", "0 to 32");
        test_helper_fails(f->helper, "OpenWindow", "('localhost', uint64 " MINUTE ")",
                          "InvalidOption", "no address");
        test_helper_fails(f->helper, "OpenWindow", "('10.0.0.0/8', uint64 999999)",
                          "InvalidOption", "1 s to 24 h");
        test_helper_fails(f->helper, "OpenWindow", "('10.0.0.0/8', uint64 86400000001)",
                          "InvalidOption", "1 s to 24 h");
        for (guint i = 0; i < 64; i++) {
                g_autofree char *arguments = g_strdup_printf("('10.0.0.%u', uint64 " MINUTE ")", i);

                test_helper_ok(f->helper, "OpenWindow", arguments);
        }
        test_helper_fails(f->helper, "OpenWindow", "('10.0.1.0', uint64 " MINUTE ")", "QueueFull",
                          "64 windows");
        g_assert_true(test_helper_is_as_intended(f->helper));
}

/* The tables of others, as the helper reads them; its own is none of them. */
static void blocks(Fixture *f, gconstpointer data) {
        g_autoptr(GVariant) reply = NULL, list = NULL, block = NULL;
        const char *verdict, *table, *chain, *source;
        guint64 handle;

        apply(f, "@a(ss) []");
        test_helper_ok(f->helper, "FindBlocks", "(uint16 31415, ['" MEMBER "'])");
        g_free(test_nft(f->link, "table inet corporate {\n chain input {\n"
                                 "type filter hook input priority 0; policy drop;\n"
                                 "ip saddr " OTHER " tcp dport 31415 accept\n"
                                 "tcp dport 31415 reject with tcp reset\n}\n}\n"));
        reply = test_helper_call(f->helper, "FindBlocks",
                                 g_variant_new_parsed("(uint16 31415, ['" MEMBER "', '" OTHER
                                                      "'])"), NULL, NULL);
        list = g_variant_get_child_value(reply, 0);
        g_assert_cmpuint(g_variant_n_children(list), ==, 1);
        block = g_variant_get_child_value(list, 0);
        g_assert_true(g_variant_lookup(block, PI_BLOCK_SOURCE, "&s", &source));
        g_assert_true(g_variant_lookup(block, PI_BLOCK_VERDICT, "&s", &verdict));
        g_assert_true(g_variant_lookup(block, PI_BLOCK_TABLE, "&s", &table));
        g_assert_true(g_variant_lookup(block, PI_BLOCK_CHAIN, "&s", &chain));
        g_assert_true(g_variant_lookup(block, PI_BLOCK_HANDLE, "t", &handle));
        g_assert_cmpstr(source, ==, MEMBER);
        g_assert_cmpstr(verdict, ==, "reject");
        g_assert_cmpstr(table, ==, "corporate");
        g_assert_cmpstr(chain, ==, "input");
        g_assert_cmpuint(handle, >, 0);
        /* A table that sleeps drops nothing. */
        g_free(test_nft(f->link, "table inet corporate { flags dormant; }\n"));
        g_variant_unref(reply);
        g_variant_unref(list);
        reply = test_helper_call(f->helper, "FindBlocks",
                                 g_variant_new_parsed("(uint16 31415, ['" MEMBER "'])"), NULL,
                                 NULL);
        list = g_variant_get_child_value(reply, 0);
        g_assert_cmpuint(g_variant_n_children(list), ==, 0);
        test_helper_fails(f->helper, "FindBlocks", "(uint16 31415, ['a'])", "InvalidOption",
                          "Source 1: \"a\" is no address");
        test_helper_fails(f->helper, "FindBlocks", "(uint16 0, ['::1'])", "InvalidOption",
                          "no port");
}

static void become_nobody(gpointer userdata) {
        if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
                _exit(99);
}

/* Even where the policy of the bus lets him. */
static void another_user(Fixture *f, gconstpointer data) {
        static const char *const calls[][3] = {
                { "Remove", NULL }, { "Describe", NULL }, { "CloseWindow", "s", "::/0" },
        };

        if (getuid() != 0) {
                g_test_skip("only root can be somebody else");
                return;
        }
        apply(f, "[('" MEMBER "', 'm')]");
        for (gsize i = 0; i < G_N_ELEMENTS(calls); i++) {
                g_autoptr(GSubprocessLauncher) launcher = test_launcher(
                        f->bus, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE);
                g_autofree char *said = NULL;
                g_autoptr(GSubprocess) process = NULL;
                g_autoptr(GError) error = NULL;

                g_subprocess_launcher_set_child_setup(launcher, become_nobody, NULL, NULL);
                process = g_subprocess_launcher_spawn(launcher, &error, "busctl", "--user", "call",
                                                      PI_FIREWALL_BUS_NAME, PI_FIREWALL_PATH,
                                                      PI_INTERFACE_FIREWALL, calls[i][0],
                                                      calls[i][1], calls[i][2], NULL);
                g_assert_no_error(error);
                g_assert_true(g_subprocess_communicate_utf8(process, NULL, NULL, &said, NULL,
                                                            &error));
                g_test_message("%s: %s", calls[i][0], said);
                g_assert_nonnull(strstr(said, "User 65534 may not use the firewall: only root"));
        }
        g_assert_true(test_helper_is_as_intended(f->helper));
}

/* The most there can be, both families. */
static void many_members(Fixture *f, gconstpointer data) {
        GString *list = g_string_new("[");

        for (guint i = 0; i < 512; i++)
                g_string_append_printf(list, "%s('10.1.%u.%u', 'm%u'), ('fd00::%x', 'm%u')",
                                       i > 0 ? ", " : "", i / 250, i % 250 + 1, i, i + 1, i);
        g_string_append(list, "]");
        apply(f, list->str);
        g_assert_true(test_helper_is_as_intended(f->helper));
        apply(f, "[('" MEMBER "', 'm')]");
        g_assert_true(lets_in(f, MEMBER));
        g_string_free(list, TRUE);
}

#define ADD(path, argument, function)                                                           \
        g_test_add(path, Fixture, argument, set_up, function, tear_down)

/* `mode`: the argument of the helper. */
static void add_common(const char *name, const char *mode) {
        static const struct {
                const char *name;
                void (*function)(Fixture *f, gconstpointer data);
        } tests[] = {
                { "members-alone", members_alone }, { "windows", windows },
                { "window-within-another", window_within_another }, { "others-stay", others_stay },
                { "others-flush", others_flush },   { "killed", killed },
        };

        for (gsize i = 0; i < G_N_ELEMENTS(tests); i++) {
                g_autofree char *path = g_strdup_printf("/helper/%s/%s", name, tests[i].name);

                g_test_add(path, Fixture, mode, set_up, tests[i].function, tear_down);
        }
}

int main(int argc, char **argv) {
        test_enter_namespaces();
        test_require_filter();
        g_test_init(&argc, &argv, NULL);
        add_common("owner", NULL);
        add_common("watched", "--watched");
        add_common("no-limits", "--no-limits");
        ADD("/helper/members-as-often-as-they-like", NULL, members_as_often_as_they_like);
        ADD("/helper/cut-off", NULL, cut_off);
        ADD("/helper/rate", NULL, rate);
        ADD("/helper/refused-sources", NULL, refused_sources);
        ADD("/helper/counters-tell-of-others", NULL, counters_tell_of_others);
        ADD("/helper/others-edit", "--watched", others_edit);
        ADD("/helper/hostile-members", NULL, hostile_members);
        ADD("/helper/blocks", NULL, blocks);
        ADD("/helper/another-user", NULL, another_user);
        ADD("/helper/hostile-windows", NULL, hostile_windows);
        ADD("/helper/many-members", NULL, many_members);
        return g_test_run();
}
