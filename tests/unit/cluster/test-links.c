/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links between members: which of two stays, and who may say what on them. */
#include <glib/gstdio.h>
#include <string.h>

#include "daemon/cluster/approach.h"
#include "daemon/cluster/cluster-private.h"
#include "daemon/cluster/probe.h"
#include "daemon/cluster/roster-variant.h"
#include "tests/unit/cluster/party.h"

static gboolean have_one_link(const Node *a, const Node *b) {
        return a->cluster->contacts->len == 1 && b->cluster->contacts->len == 1;
}

static PiMember *member_at(const Node *node, const Node *other) {
        return pi_cluster_member_by_id(node->cluster, other->identity->node_id);
}

/* Both call the other in the same moment. One link is left, and it is the same one at both. */
static void test_crossed(void) {
        Node a, b, *both[] = { &a, &b };

        node_init(&a, "a", TRUE);
        node_init(&b, "b", TRUE);
        node_found(&a);
        node_join(&b, &a);
        for (guint i = 0; i < 5; i++) {
                PiMember *at_a, *at_b;

                a.losses = b.losses = 0;
                node_stop(&a);
                node_stop(&b);
                node_start(&a);
                node_start(&b);
                WAIT_FOR(nodes_are_up(both, 2) && have_one_link(&a, &b));
                g_assert_cmpuint(a.losses + b.losses, ==, 0);
                at_a = member_at(&a, &b);
                at_b = member_at(&b, &a);
                g_assert_true(at_a->current == a.cluster->contacts->pdata[0]);
                g_assert_true(at_b->current == b.cluster->contacts->pdata[0]);
                g_assert_cmpint(pi_link_role(at_a->current->link), !=,
                                pi_link_role(at_b->current->link));
        }
        node_clear(&a);
        node_clear(&b);
}

static void on_extra(PiContact *contact, const GError *error, gpointer userdata) {
        PiContact **extra = userdata;

        g_assert_no_error(error);
        *extra = contact;
}

/* Has a node connect to a member that it is connected to, and tells the link. */
static PiContact *dial_again(Node *from, Node *to) {
        const char *addresses[] = { to->address, NULL };
        PiContact *extra = NULL;

        pi_approach_new(from->cluster, to->identity->fingerprint, PI_CONTACT_MEMBER, addresses, 0,
                        on_extra, &extra);
        WAIT_FOR(extra);
        pi_member_take(member_at(from, to), extra);
        return extra;
}

/* Of two links the one stays that the node with the lower fingerprint has dialled, and of two of
 * the same direction the newer; without the member being lost in between. */
static void test_preferred(void) {
        Node a, b, *both[] = { &a, &b }, *low, *high;
        PiContact *kept;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", FALSE);
        node_found(&a);
        node_join(&b, &a);
        WAIT_FOR(nodes_are_up(both, 2) && have_one_link(&a, &b));
        low = strcmp(a.identity->fingerprint, b.identity->fingerprint) < 0 ? &a : &b;
        high = low == &a ? &b : &a;
        for (guint i = 0; i < 2; i++) {
                kept = dial_again(low, high);
                WAIT_FOR(have_one_link(&a, &b));
                g_assert_true(member_at(low, high)->current == kept);
                g_assert_cmpint(pi_link_role(member_at(high, low)->current->link), ==,
                                PI_LINK_ACCEPTED);
        }
        (void) dial_again(high, low);
        WAIT_FOR(have_one_link(&a, &b));
        g_assert_true(member_at(low, high)->current == kept);
        g_assert_cmpuint(a.losses + b.losses, ==, 0);
        node_clear(&a);
        node_clear(&b);
}

static void copy_file(const Node *from, const Node *to, const char *name) {
        g_autofree char *source = g_build_filename(from->directory, name, NULL),
                        *target = g_build_filename(to->directory, name, NULL), *text = NULL;
        g_autoptr(GError) error = NULL;
        gsize length;

        g_file_get_contents(source, &text, &length, &error);
        g_assert_no_error(error);
        g_file_set_contents_full(target, text, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0600,
                                 &error);
        g_assert_no_error(error);
}

/* Turns a node into a copy of another, as of a disk that was cloned. */
static void become_copy(Node *node, const Node *of) {
        g_autoptr(GError) error = NULL;

        node_stop(node);
        pi_identity_free(node->identity);
        copy_file(of, node, "node.key");
        copy_file(of, node, "node.crt");
        copy_file(of, node, PI_ROSTER_FILE);
        node->identity = pi_identity_load(node->directory, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(node->identity->fingerprint, ==, of->identity->fingerprint);
}

static void test_copied_machine(void) {
        Node a, b, copy, *both[] = { &a, &b };
        g_autofree char *token = NULL, *roster = NULL;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", TRUE);
        node_init(&copy, "copy", TRUE);
        node_found(&a);
        node_join(&b, &a);
        WAIT_FOR(nodes_are_up(both, 2));
        become_copy(&copy, &b);
        node_start(&copy);
        WAIT_FOR(a.duplicates == 1);
        g_assert_true(nodes_are_up(both, 2));
        g_assert_cmpstr(node_sees(&copy, &a), ==, "connecting");
        /* It may try as often as it likes. */
        WAIT_FOR(member_at(&copy, &a)->attempts >= 2);
        g_assert_cmpstr(node_sees(&a, &b), ==, "up");
        g_assert_cmpuint(a.duplicates, ==, 1);
        node_stop(&copy);

        /* Nor does a token help a copy that has no roster. */
        node_remove(&a, "b");
        WAIT_FOR(b.left == 1);
        node_join(&b, &a);
        WAIT_FOR(nodes_are_up(both, 2));
        roster = g_build_filename(copy.directory, PI_ROSTER_FILE, NULL);
        g_assert_cmpint(g_unlink(roster), ==, 0);
        node_start(&copy);
        token = node_token(&a);
        node_join_fails(&copy, token, PI_ERROR_FAILED, "is a copy of its machine");
        g_assert_true(nodes_are_up(both, 2));
        node_clear(&a);
        node_clear(&b);
        node_clear(&copy);
}

/* A member that lost its roster but not its key comes in again by a token. */
static void test_lost_roster(void) {
        Node a, b, *both[] = { &a, &b };
        g_autofree char *path = NULL;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", TRUE);
        node_found(&a);
        node_join(&b, &a);
        WAIT_FOR(nodes_are_up(both, 2));
        node_stop(&b);
        path = g_build_filename(b.directory, PI_ROSTER_FILE, NULL);
        g_assert_cmpint(g_unlink(path), ==, 0);
        node_start(&b);
        g_assert_cmpstr(pi_cluster_id(b.cluster), ==, "");
        node_join(&b, &a);
        WAIT_FOR(nodes_are_up(both, 2));
        node_clear(&a);
        node_clear(&b);
}

/* What somebody says who calls by hand. */
typedef struct Call {
        PiContact *contact;
        gboolean came;
        GError *error;
} Call;

static void ignore_up(PiContact *contact, gpointer userdata) {
}

static void ignore_down(PiContact *contact, const GError *why, gpointer userdata) {
}

static const PiContactOwner nobody = { ignore_up, ignore_down };

static void on_arrived(PiContact *contact, const GError *error, gpointer userdata) {
        Call *call = userdata;

        call->came = TRUE;
        call->contact = contact;
        if (contact)
                pi_contact_give(contact, &nobody, NULL);
        if (error)
                call->error = g_error_copy(error);
}

static void on_answered(GVariant *result, const GError *error, gpointer userdata) {
        Call *call = userdata;

        call->came = TRUE;
        if (error)
                call->error = g_error_copy(error);
}

static void call_refused(PiContact *contact, const char *method, GVariant *argument,
                         PiError code) {
        Call call = { 0 };

        pi_link_call(contact->link, method, argument, 5 * G_USEC_PER_SEC, on_answered, &call);
        WAIT_FOR(call.came);
        g_assert_error(call.error, PI_ERROR, (int) code);
        g_clear_error(&call.error);
}

/* Has `from` call a method of `to` as whoever it is, and expects to be refused. */
static void stranger_refused(Node *from, Node *to, const char *method, GVariant *argument) {
        const char *addresses[] = { to->address, NULL };
        Call call = { 0 };

        pi_approach_new(from->cluster, to->identity->fingerprint, PI_CONTACT_STRANGER, addresses, 0,
                        on_arrived, &call);
        WAIT_FOR(call.came);
        g_assert_no_error(call.error);
        call_refused(call.contact, method, argument, PI_ERROR_NOT_AUTHORIZED);
        pi_contact_drop(call.contact, "it was refused");
}

/* A roster in which `node` was removed. */
static GVariant *tombstone_of(const Node *node) {
        g_autoptr(PiRoster) roster = pi_roster_new(pi_cluster_id(node->cluster));
        PiRosterEntry *entry =
                pi_roster_entry_new(node->identity->fingerprint, node->name, NULL, FALSE);
        GVariantDict d;

        entry->admission = entry->version = 1000000;
        entry->removed = TRUE;
        g_assert_true(pi_roster_add(roster, entry));
        g_variant_dict_init(&d, NULL);
        pi_roster_to_dict(roster, FALSE, &d);
        return g_variant_dict_end(&d);
}

/* Neither a stranger nor who was removed can have a node leave its cluster, or use it. */
static void test_strangers(void) {
        static const char *const methods[] = { "Identify", "Members", "RunLease", "CancelLease" };
        Node a, b, gone;
        g_autofree char *token = NULL;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", FALSE);
        node_init(&gone, "gone", FALSE);
        node_found(&a);
        node_join(&gone, &a);
        WAIT_FOR(g_str_equal(node_sees(&a, &gone), "up"));
        node_leave(&gone);
        WAIT_FOR(pi_cluster_n_members(a.cluster) == 1);
        token = node_token(&a);
        for (guint i = 0; i < G_N_ELEMENTS(methods); i++) {
                stranger_refused(&b, &a, methods[i], tombstone_of(&a));
                stranger_refused(&gone, &a, methods[i], tombstone_of(&a));
        }
        while (g_main_context_iteration(NULL, FALSE))
                ;
        g_assert_cmpuint(a.left, ==, 0);
        g_assert_cmpuint(pi_cluster_n_members(a.cluster), ==, 1);
        node_clear(&a);
        node_clear(&b);
        node_clear(&gone);
}

static void on_probed(PiContact *contact, const GError *error, gpointer userdata) {
        Call *call = userdata;

        call->came = TRUE;
        if (error)
                call->error = g_error_copy(error);
}

/* What is found out while a node joins: here the other side goes instead of the long message. */
static void test_probe(void) {
        const char *addresses[2] = { NULL };
        g_autofree char *token = NULL;
        Call call = { 0 };
        Node a, b;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", FALSE);
        node_found(&a);
        token = node_token(&a);
        addresses[0] = a.address;
        pi_approach_new(b.cluster, a.identity->fingerprint, PI_CONTACT_STRANGER, addresses, 0,
                        on_arrived, &call);
        WAIT_FOR(call.came);
        call.came = FALSE;
        pi_probe(call.contact, on_probed, &call);
        WAIT_FOR(call.came);
        g_assert_no_error(call.error);
        call.came = FALSE;
        pi_probe(call.contact, on_probed, &call);
        node_stop(&a);
        WAIT_FOR(call.came);
        g_assert_error(call.error, PI_ERROR, PI_ERROR_UNREACHABLE);
        g_assert_nonnull(strstr(call.error->message, "MTU"));
        g_clear_error(&call.error);
        node_clear(&a);
        node_clear(&b);
}

/* Without a token nobody comes in at all; and it is told who tried. */
static void test_uninvited(void) {
        const char *addresses[2] = { NULL };
        Call call = { 0 };
        Node a, b;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", FALSE);
        node_found(&a);
        addresses[0] = a.address;
        pi_approach_new(b.cluster, a.identity->fingerprint, PI_CONTACT_STRANGER, addresses, 0,
                        on_arrived, &call);
        WAIT_FOR(call.came && a.refused == 1);
        g_assert_error(call.error, PI_ERROR, PI_ERROR_NOT_AUTHORIZED);
        g_assert_nonnull(strstr(a.refusal, b.identity->node_id));
        g_clear_error(&call.error);
        node_clear(&a);
        node_clear(&b);
}

/* A member that says what no member may say is refused, and nothing comes of it. */
static void test_bad_rosters(void) {
        Node a, b, *both[] = { &a, &b };
        PiContact *contact;
        GVariantDict d;

        node_init(&a, "a", FALSE);
        node_init(&b, "b", FALSE);
        node_found(&a);
        node_join(&b, &a);
        WAIT_FOR(nodes_are_up(both, 2));
        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert(&d, "cluster", "s", "00000000000000000000000000000000");
        g_variant_dict_insert_value(&d, "members", g_variant_new("aa{sv}", NULL));
        g_variant_dict_insert_value(&d, "removed", g_variant_new("aa{sv}", NULL));
        contact = member_at(&b, &a)->current;
        call_refused(contact, "Members", g_variant_dict_end(&d), PI_ERROR_INVALID_OPTION);
        contact = member_at(&b, &a)->current;
        call_refused(contact, "Members", g_variant_new("a{sv}", NULL), PI_ERROR_INVALID_OPTION);
        g_assert_cmpuint(pi_cluster_n_members(a.cluster), ==, 2);
        node_clear(&a);
        node_clear(&b);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/links/crossed", test_crossed);
        g_test_add_func("/links/preferred", test_preferred);
        g_test_add_func("/links/copied-machine", test_copied_machine);
        g_test_add_func("/links/lost-roster", test_lost_roster);
        g_test_add_func("/links/strangers", test_strangers);
        g_test_add_func("/links/probe", test_probe);
        g_test_add_func("/links/uninvited", test_uninvited);
        g_test_add_func("/links/bad-rosters", test_bad_rosters);
        return g_test_run();
}
