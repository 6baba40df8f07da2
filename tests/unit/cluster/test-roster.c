/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/roster.h"

#include <string.h>

#include "daemon/cluster/roster-variant.h"
#include "tests/unit/cluster/sample.h"

#define NODES 12
#define ROUNDS 2000

static void assert_same(const PiRoster *a, const PiRoster *b) {
        g_autofree char *x = pi_roster_digest(a), *y = pi_roster_digest(b);

        g_assert_cmpstr(x, ==, y);
        g_assert_cmpuint(a->n_members, ==, b->n_members);
        g_assert_cmpuint(a->entries->len, ==, b->entries->len);
}

static void merge(PiRoster *into, const PiRoster *from) {
        g_autoptr(GError) error = NULL;
        g_autoptr(PiRoster) news = NULL;

        pi_roster_merge(into, from, &news, &error);
        g_assert_no_error(error);
}

/* Numbers from a small range, so that they collide. */
static PiRoster *random_roster(GRand *rand) {
        PiRoster *roster = pi_roster_new(SAMPLE_CLUSTER);

        for (guint i = 0; i < NODES; i++) {
                PiRosterEntry *e;

                if (g_rand_boolean(rand))
                        continue;
                e = sample_entry(i);
                e->admission = (uint64_t) g_rand_int_range(rand, 1, 4);
                e->version = e->admission + (uint64_t) g_rand_int_range(rand, 0, 4);
                e->removed = g_rand_boolean(rand);
                e->outbound_only = g_rand_int_range(rand, 0, 4) == 0;
                if (e->removed || g_rand_boolean(rand))
                        g_clear_pointer(&e->addresses[0], g_free);
                g_free(e->name);
                e->name = g_strdup_printf("name%d", g_rand_int_range(rand, 0, 2));
                g_assert_true(pi_roster_add(roster, e));
        }
        return roster;
}

static void test_merge_laws(void) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(1);

        for (guint i = 0; i < ROUNDS; i++) {
                g_autoptr(PiRoster) a = random_roster(rand), b = random_roster(rand),
                                    c = random_roster(rand);
                g_autoptr(PiRoster) ab = pi_roster_copy(a), ba = pi_roster_copy(b),
                                    bc = pi_roster_copy(b), left = NULL, right = pi_roster_copy(a);

                merge(ab, b);
                merge(ba, a);
                assert_same(ab, ba);
                merge(bc, c);
                left = pi_roster_copy(ab);
                merge(left, c);
                merge(right, bc);
                assert_same(left, right);
                merge(ab, b);
                merge(ab, a);
                merge(ab, ab);
                assert_same(ab, ba);
        }
}

/* What a merge passes on is enough for somebody who had the rest. */
static void test_news(void) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(2);

        for (guint i = 0; i < ROUNDS; i++) {
                g_autoptr(PiRoster) a = random_roster(rand), b = random_roster(rand),
                                    other = pi_roster_copy(a), news = NULL, none = NULL;
                g_autoptr(GError) error = NULL;

                pi_roster_merge(a, b, &news, &error);
                g_assert_no_error(error);
                merge(other, news);
                assert_same(a, other);
                pi_roster_merge(a, b, &none, &error);
                g_assert_no_error(error);
                g_assert_cmpuint(none->entries->len, ==, 0);
        }
}

static void remove_node(PiRoster *roster, guint n) {
        g_autofree char *fingerprint = sample_fingerprint(n);
        g_autoptr(GError) error = NULL;

        pi_roster_remove(roster, fingerprint, &error);
        g_assert_no_error(error);
}

static void update_node(PiRoster *roster, guint n) {
        g_autoptr(GError) error = NULL;

        pi_roster_update(roster, sample_entry(n), &error);
        g_assert_no_error(error);
}

static gboolean is_member(const PiRoster *roster, guint n) {
        g_autofree char *fingerprint = sample_fingerprint(n);

        return pi_roster_find_member(roster, fingerprint) != NULL;
}

/* A node that was put out while it changed what it says of itself, again and again, stays out. */
static void test_removed_stays_out(void) {
        g_autoptr(PiRoster) here = sample_roster(3), there = pi_roster_copy(here);

        remove_node(here, 1);
        for (guint i = 0; i < 9; i++)
                update_node(there, 1);
        merge(here, there);
        merge(there, here);
        g_assert_false(is_member(here, 1));
        assert_same(here, there);
}

static void test_admitted_again(void) {
        g_autoptr(PiRoster) here = sample_roster(3), there = pi_roster_copy(here);
        g_autoptr(GError) error = NULL;

        remove_node(here, 1);
        merge(there, here);
        g_assert_true(pi_roster_admit(there, sample_entry(1), &error));
        merge(here, there);
        g_assert_true(is_member(here, 1));
        /* An older roster does not put it out again. */
        merge(here, there);
        g_assert_true(is_member(here, 1));
        g_assert_cmpuint(here->n_members, ==, 3);
}

static void test_quarantine_is_private(void) {
        g_autoptr(PiRoster) here = sample_roster(2), there = pi_roster_copy(here);
        g_autofree char *fingerprint = sample_fingerprint(1);
        g_autoptr(GError) error = NULL;

        pi_roster_find(here, fingerprint)->quarantine = g_strdup("wrong sums");
        merge(there, here);
        g_assert_null(pi_roster_find(there, fingerprint)->quarantine);
        /* News of the node leave it, joining anew ends it. */
        update_node(there, 1);
        merge(here, there);
        g_assert_cmpstr(pi_roster_find(here, fingerprint)->quarantine, ==, "wrong sums");
        g_assert_true(pi_roster_admit(here, sample_entry(1), &error));
        g_assert_null(pi_roster_find(here, fingerprint)->quarantine);
}

static void test_another_cluster(void) {
        g_autoptr(PiRoster) here = sample_roster(2), before = pi_roster_copy(here),
                            other = sample_roster(5), news = NULL;
        g_autoptr(GError) error = NULL;

        other->id[0] = 'f';
        g_assert_false(pi_roster_merge(here, other, &news, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_nonnull(strstr(error->message, "never merged"));
        assert_same(here, before);
}

static void test_too_many_members(void) {
        g_autoptr(PiRoster) full = sample_roster(PI_MEMBERS_MAX), before = pi_roster_copy(full),
                            one = pi_roster_new(SAMPLE_CLUSTER), news = NULL;
        g_autoptr(GError) error = NULL;

        g_assert_false(pi_roster_admit(full, sample_entry(PI_MEMBERS_MAX), &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_QUEUE_FULL);
        g_clear_error(&error);
        g_assert_true(pi_roster_admit(one, sample_entry(PI_MEMBERS_MAX), &error));
        g_assert_false(pi_roster_merge(full, one, &news, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_QUEUE_FULL);
        assert_same(full, before);
        /* Who is in it may join anew, and there is room for who comes after one that has gone. */
        g_clear_error(&error);
        g_assert_true(pi_roster_admit(full, sample_entry(3), &error));
        remove_node(full, 0);
        g_assert_true(pi_roster_admit(full, sample_entry(PI_MEMBERS_MAX), &error));
        g_assert_cmpuint(full->n_members, ==, PI_MEMBERS_MAX);
}

static void test_too_many_tombstones(void) {
        g_autoptr(PiRoster) roster = sample_roster(1), old = NULL;
        g_autofree char *first = sample_fingerprint(1), *second = sample_fingerprint(2);
        g_autoptr(GError) error = NULL;

        for (guint i = 1; i <= PI_ROSTER_REMOVED_MAX + 1; i++) {
                g_assert_true(pi_roster_admit(roster, sample_entry(i), &error));
                remove_node(roster, i);
                if (i == PI_ROSTER_REMOVED_MAX)
                        old = pi_roster_copy(roster);
        }
        g_assert_cmpuint(roster->entries->len, ==, PI_ROSTER_REMOVED_MAX + 1);
        g_assert_null(pi_roster_find(roster, first));
        g_assert_nonnull(pi_roster_find(roster, second));
        /* The one that was forgotten is not news when it comes again. */
        merge(roster, old);
        g_assert_null(pi_roster_find(roster, first));
        merge(old, roster);
        assert_same(old, roster);
}

static void test_no_numbers_left(void) {
        g_autoptr(PiRoster) roster = sample_roster(2);
        g_autofree char *fingerprint = sample_fingerprint(1);
        g_autoptr(GError) error = NULL;

        pi_roster_find(roster, fingerprint)->version = PI_ROSTER_NUMBER_MAX;
        g_assert_false(pi_roster_admit(roster, sample_entry(5), &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_QUEUE_FULL);
}

static GVariant *to_variant(const PiRoster *roster, gboolean private) {
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        pi_roster_to_dict(roster, private, &d);
        return g_variant_ref_sink(g_variant_dict_end(&d));
}

static PiRoster *from_variant(GVariant *dict, gboolean private, GError **error) {
        g_autoptr(PiRoster) roster = NULL;
        PiFields f;

        pi_fields_init(&f, "Members", dict);
        roster = pi_roster_from_fields(&f, private);
        return pi_fields_end(&f, error) ? g_steal_pointer(&roster) : NULL;
}

static void test_variant(void) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(3);

        for (guint i = 0; i < 200; i++) {
                g_autoptr(PiRoster) roster = random_roster(rand), read = NULL;
                g_autoptr(GVariant) dict = to_variant(roster, FALSE);
                g_autoptr(GError) error = NULL;

                /* A tombstone is never outbound only: that would be lost. */
                for (guint j = 0; j < roster->entries->len; j++) {
                        PiRosterEntry *e = roster->entries->pdata[j];

                        e->outbound_only &= !e->removed;
                }
                read = from_variant(dict, FALSE, &error);
                g_assert_no_error(error);
                assert_same(roster, read);
        }
}

static void test_variant_private(void) {
        g_autoptr(PiRoster) roster = sample_roster(2), kept = NULL, sent = NULL;
        g_autofree char *fingerprint = sample_fingerprint(1);
        g_autoptr(GVariant) private = NULL, public = NULL;
        g_autoptr(GError) error = NULL;

        pi_roster_find(roster, fingerprint)->quarantine = g_strdup("wrong sums");
        private = to_variant(roster, TRUE);
        public = to_variant(roster, FALSE);
        kept = from_variant(private, TRUE, &error);
        g_assert_cmpstr(pi_roster_find(kept, fingerprint)->quarantine, ==, "wrong sums");
        /* Nobody can have another node quarantine a third. */
        sent = from_variant(private, FALSE, &error);
        g_assert_null(pi_roster_find(sent, fingerprint)->quarantine);
        g_assert_false(g_variant_equal(private, public));
}

#define ROW_OF(fingerprint, rest) "{'fingerprint': <'" fingerprint "'>, " rest "}"
#define HEX64 "00000000000000000000000000000000ffffffffffffffffffffffffffffffff"
#define GOOD "'name': <'a'>, 'admission': <uint64 2>, 'version': <uint64 2>, 'addresses': " \
             "<['192.0.2.1:1']>, 'outbound_only': <false>"
#define MEMBERS(rows) "{'cluster': <'" SAMPLE_CLUSTER "'>, 'members': <[" rows "]>, " \
                      "'removed': <@aa{sv} []>}"

static void test_variant_refused(void) {
        static const struct {
                const char *text, *word;
        } bad[] = {
                { "{}", "\"cluster\" is missing" },
                { "{'cluster': <'12'>, 'members': <@aa{sv} []>, 'removed': <@aa{sv} []>}", "hex" },
                { "{'cluster': <'" SAMPLE_CLUSTER "'>, 'removed': <@aa{sv} []>}", "\"members\"" },
                { MEMBERS(ROW_OF("00FF", GOOD)), "fingerprint" },
                { MEMBERS(ROW_OF(HEX64, GOOD) ", " ROW_OF(HEX64, GOOD)), "twice" },
                { MEMBERS(ROW_OF(HEX64, "'name': <'a b'>, 'admission': <uint64 2>, 'version': "
                                        "<uint64 2>, 'addresses': <['192.0.2.1:1']>, "
                                        "'outbound_only': <false>")), "name" },
                { MEMBERS(ROW_OF(HEX64, "'name': <'a'>, 'admission': <uint64 2>, 'version': "
                                        "<uint64 1>, 'addresses': <['192.0.2.1:1']>, "
                                        "'outbound_only': <false>")), "version" },
                { MEMBERS(ROW_OF(HEX64, "'name': <'a'>, 'admission': <uint64 2>, 'version': "
                                        "<uint64 9007199254740993>, 'addresses': <@as []>, "
                                        "'outbound_only': <false>")), "version" },
                { MEMBERS(ROW_OF(HEX64, "'name': <'a'>, 'admission': <uint64 2>, 'version': "
                                        "<uint64 2>, 'addresses': <['a\\nb']>, 'outbound_only': "
                                        "<false>")), "addresses" },
                { MEMBERS(ROW_OF(HEX64, "'name': <'a'>, 'admission': <2>, 'version': "
                                        "<uint64 2>, 'addresses': <@as []>, 'outbound_only': "
                                        "<false>")), "type \"i\"" },
        };
        g_autoptr(GError) good_error = NULL;
        g_autoptr(GVariant) good = sample_dict(MEMBERS(ROW_OF(HEX64, GOOD ", 'new': <1>")));
        g_autoptr(PiRoster) roster = from_variant(good, FALSE, &good_error);

        /* A key that a later version adds is let pass. */
        g_assert_no_error(good_error);
        g_assert_cmpuint(roster->n_members, ==, 1);
        for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autoptr(GVariant) dict = sample_dict(bad[i].text);
                g_autoptr(GError) error = NULL;

                g_assert_null(from_variant(dict, FALSE, &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
                g_assert_true(g_str_has_prefix(error->message, "Members: "));
                g_assert_nonnull(strstr(error->message, bad[i].word));
        }
}

static void test_variant_too_many(void) {
        g_autoptr(PiRoster) roster = sample_roster(PI_MEMBERS_MAX);
        g_autoptr(GVariant) dict = NULL;
        g_autoptr(GError) error = NULL;

        pi_roster_add(roster, sample_entry(PI_MEMBERS_MAX));
        dict = to_variant(roster, FALSE);
        g_assert_null(from_variant(dict, FALSE, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_nonnull(strstr(error->message, "128"));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/roster/merge-laws", test_merge_laws);
        g_test_add_func("/roster/news", test_news);
        g_test_add_func("/roster/removed-stays-out", test_removed_stays_out);
        g_test_add_func("/roster/admitted-again", test_admitted_again);
        g_test_add_func("/roster/quarantine-is-private", test_quarantine_is_private);
        g_test_add_func("/roster/another-cluster", test_another_cluster);
        g_test_add_func("/roster/too-many-members", test_too_many_members);
        g_test_add_func("/roster/too-many-tombstones", test_too_many_tombstones);
        g_test_add_func("/roster/no-numbers-left", test_no_numbers_left);
        g_test_add_func("/roster/variant", test_variant);
        g_test_add_func("/roster/variant-private", test_variant_private);
        g_test_add_func("/roster/variant-refused", test_variant_refused);
        g_test_add_func("/roster/variant-too-many", test_variant_too_many);
        return g_test_run();
}
