/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/rules.h"

#include <string.h>

#include "ctl/firewall/blocks.h"
#include "dbus/error.h"
#include "dbus/names.h"

static const char whole[] =
        "{'applied': <true>, 'mode': <'owner'>, 'limits': <true>, 'port': <uint16 31415>,"
        " 'intended': <'table'>, 'live': <'table'>, 'restored': <uint64 2>,"
        " 'members': <[('192.0.2.7', 'gpu-1', uint64 5), ('2001:DB8::7', 'gpu-1', uint64 0)]>,"
        " 'windows': <[('192.0.2.0/24', uint64 60000000)]>,"
        " 'counters': <{'seen': uint64 23, 'delivered': uint64 5, 'rate_drop': uint64 5,"
        "               'refused': uint64 10, 'later': uint64 1}>,"
        " 'refused_sources': <[('10.0.0.9', uint64 4, uint64 120000000)]>}";

static GVariant *parse(const char *text) {
        g_autoptr(GError) error = NULL;
        GVariant *value = g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

        g_assert_no_error(error);
        return value;
}

/* The whole description, but with another value of one key, or without it for NULL. */
static GVariant *with(const char *key, const char *value) {
        g_autoptr(GVariant) all = parse(whole);
        GVariantDict dict;

        g_variant_dict_init(&dict, all);
        g_variant_dict_remove(&dict, key);
        if (value) {
                g_autoptr(GVariant) other = g_variant_parse(NULL, value, NULL, NULL, NULL);

                g_assert_nonnull(other);
                g_variant_dict_insert_value(&dict, key, other);
        }
        return g_variant_ref_sink(g_variant_dict_end(&dict));
}

static void test_whole(void) {
        g_autoptr(GVariant) description = parse(whole);
        g_autoptr(GError) error = NULL;
        g_autoptr(PiRules) rules = pi_rules_parse(description, &error);
        const PiRuleMember *member;
        const PiRuleWindow *window;
        const PiRuleRefused *refused;

        g_assert_no_error(error);
        g_assert_true(rules->applied && rules->owner && rules->limits);
        g_assert_cmpuint(rules->port, ==, 31415);
        g_assert_cmpuint(rules->restored, ==, 2);
        g_assert_cmpuint(rules->members->len, ==, 2);
        member = rules->members->pdata[1];
        g_assert_cmpstr(member->address, ==, "2001:db8::7");
        g_assert_cmpstr(member->name, ==, "gpu-1");
        window = rules->windows->pdata[0];
        g_assert_cmpstr(window->prefix, ==, "192.0.2.0/24");
        g_assert_cmpuint(window->left_usec, ==, 60000000);
        refused = rules->refused->pdata[0];
        g_assert_cmpstr(refused->address, ==, "10.0.0.9");
        g_assert_cmpuint(refused->attempts, ==, 4);
        g_assert_cmpuint(rules->counters.joining, ==, 0);
        g_assert_cmpuint(pi_rules_dropped_by_others(rules), ==, 3);
        /* Read while connections come in. */
        rules->counters.delivered = 30;
        g_assert_cmpuint(pi_rules_dropped_by_others(rules), ==, 0);
}

static char *members(guint n) {
        GString *text = g_string_new("[");

        for (guint i = 0; i < n; i++)
                g_string_append(text, i > 0 ? ",('192.0.2.7', 'a', 1)"
                                            : "('192.0.2.7', 'a', uint64 1)");
        return g_string_free(g_string_append_c(text, ']'), FALSE);
}

static void refuse_rules(const char *key, const char *value) {
        g_autoptr(GVariant) description = with(key, value);
        g_autoptr(GError) error = NULL;

        g_assert_null(pi_rules_parse(description, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, key));
        g_assert_nonnull(strstr(error->message, "systemctl restart pi-computed-firewall"));
}

static void test_refused_rules(void) {
        static const char *const keys[] = { "applied",  "mode",     "limits",  "port",
                                            "intended", "live",     "restored", "members",
                                            "windows",  "counters", "refused_sources" };
        g_autofree char *zeros = g_strnfill(1100000, 'a');
        g_autofree char *wide = g_strdup_printf("'%s'", zeros);
        g_autofree char *many = members(PI_FIREWALL_MEMBERS_MAX + 1);

        for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
                refuse_rules(keys[i], NULL);
                refuse_rules(keys[i], "[1, 2]");
        }
        refuse_rules("live", wide);
        refuse_rules("members", "[('gpu-1', 'gpu-1', uint64 5)]");
        refuse_rules("refused_sources", "[('10.0.0.9; reboot', uint64 4, uint64 1)]");
        refuse_rules("members", many);
}

/* Those of the largest cluster. */
static void test_full(void) {
        g_autofree char *most = members(PI_FIREWALL_MEMBERS_MAX);
        g_autoptr(GVariant) description = with("members", most);
        g_autoptr(GError) error = NULL;
        g_autoptr(PiRules) rules = pi_rules_parse(description, &error);

        g_assert_no_error(error);
        g_assert_cmpuint(rules->members->len, ==, PI_FIREWALL_MEMBERS_MAX);
}

/* Names are shown, and so must not move a cursor. */
static void test_escaped(void) {
        g_autoptr(GVariant) description = with("members",
                                               "[('192.0.2.7', '\\u001b[2J', uint64 5)]");
        g_autoptr(PiRules) rules = pi_rules_parse(description, NULL);

        g_assert_cmpstr(((PiRuleMember *) rules->members->pdata[0])->name, ==, "\\x1b[2J");
}

static GPtrArray *parse_blocks(const char *text, GError **error) {
        g_autoptr(GVariant) list = g_variant_parse(G_VARIANT_TYPE("aa{sv}"), text, NULL, NULL,
                                                   NULL);

        g_assert_nonnull(list);
        return pi_blocks_parse(list, error);
}

#define BLOCK(source, verdict, family, table)                                                \
        "{'source': <'" source "'>, 'verdict': <'" verdict "'>, 'family': <'" family "'>,"   \
        " 'table': <'" table "'>, 'chain': <'input'>, 'handle': <uint64 10>}"

static void test_blocks(void) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GPtrArray) blocks = parse_blocks(
                "[" BLOCK("192.0.2.7", "drop", "inet", "firewalld") ","
                BLOCK("192.0.2.7", "reject", "ip", "a") ","
                BLOCK("2001:db8::7", "maybe", "ip6", "\\u001bc") "]", &error);
        const PiBlock *block;

        g_assert_no_error(error);
        g_assert_cmpuint(blocks->len, ==, 3);
        block = blocks->pdata[0];
        g_assert_cmpint(block->verdict, ==, PI_BLOCK_DROP);
        g_assert_cmpstr(block->table, ==, "firewalld");
        g_assert_cmpstr(block->chain, ==, "input");
        g_assert_cmpuint(block->handle, ==, 10);
        block = blocks->pdata[2];
        g_assert_cmpint(block->verdict, ==, PI_BLOCK_MAYBE);
        g_assert_cmpstr(block->table, ==, "\\x1bc");
}

static void test_refused_blocks(void) {
        static const char *const bad[] = {
                "[" BLOCK("node1", "drop", "inet", "a") "]",
                "[" BLOCK("192.0.2.7", "accept", "inet", "a") "]",
                "[" BLOCK("192.0.2.7", "drop", "inet; reboot", "a") "]",
                "[" BLOCK("192.0.2.7", "drop", "inet", "") "]",
                "[{}]",
                "[{'source': <1>}]",
        };
        g_autoptr(GString) many = g_string_new("[" BLOCK("192.0.2.7", "drop", "ip", "a"));
        g_autoptr(GError) error = NULL;

        for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
                g_assert_null(parse_blocks(bad[i], NULL));
        for (guint i = 0; i < 256; i++)
                g_string_append(many, "," BLOCK("192.0.2.7", "drop", "ip", "a"));
        g_string_append_c(many, ']');
        g_assert_null(parse_blocks(many->str, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/firewall/rules/whole", test_whole);
        g_test_add_func("/ctl/firewall/rules/refused", test_refused_rules);
        g_test_add_func("/ctl/firewall/rules/full", test_full);
        g_test_add_func("/ctl/firewall/rules/escaped", test_escaped);
        g_test_add_func("/ctl/firewall/blocks/whole", test_blocks);
        g_test_add_func("/ctl/firewall/blocks/refused", test_refused_blocks);
        return g_test_run();
}
