/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/journal.h"

#include <string.h>

#include "daemon/events.h"
#include "dbus/error.h"

/* The cluster as the journal sees it. */
struct PiCluster {
        char id[33];
        PiMemberView members[4];
        guint n;
        const PiClusterListener *listener;
        gpointer userdata;
};

static PiCluster cluster;

const char *pi_cluster_id(const PiCluster *c) {
        return c->id;
}

guint pi_cluster_n_members(const PiCluster *c) {
        return c->n;
}

void pi_cluster_member(const PiCluster *c, guint index, PiMemberView *ret) {
        *ret = c->members[index];
}

void pi_cluster_add_listener(PiCluster *c, const PiClusterListener *listener, gpointer userdata) {
        c->listener = listener;
        c->userdata = userdata;
}

const char *pi_member_state_to_string(PiMemberState state) {
        return state == PI_MEMBER_LOST ? "lost" : "another";
}

/* Written by the log writer, which GLib keeps for the life of the process: a dictionary of the
 * fields for each record. */
static GPtrArray *records;

static GLogWriterOutput capture(GLogLevelFlags level, const GLogField *fields, gsize n,
                                gpointer userdata) {
        GHashTable *record = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

        for (gsize i = 0; i < n; i++)
                g_assert_true(g_hash_table_insert(record, g_strdup(fields[i].key),
                                                  g_strdup(fields[i].value)));
        g_ptr_array_add(records, record);
        return G_LOG_WRITER_HANDLED;
}

/* The one record since the last look. */
static void expect(const char *event, const char *priority, const char *words) {
        g_auto(GStrv) word = g_strsplit(words, "|", -1);
        GHashTable *record;

        g_assert_cmpuint(records->len, ==, 1);
        record = records->pdata[0];
        g_test_message("%s", (const char *) g_hash_table_lookup(record, "MESSAGE"));
        g_assert_cmpstr(g_hash_table_lookup(record, "MESSAGE_ID"), ==, event);
        g_assert_cmpstr(g_hash_table_lookup(record, "PRIORITY"), ==, priority);
        for (char **w = word; *w; w++)
                g_assert_nonnull(strstr(g_hash_table_lookup(record, "MESSAGE"), *w));
}

static const char *field(const char *key) {
        return g_hash_table_lookup(records->pdata[0], key);
}

static void forget(void) {
        g_ptr_array_set_size(records, 0);
}

static const PiMemberView self = { .id = "a1", .name = "node1", .state = PI_MEMBER_SELF };
static const PiMemberView other = { .id = "b2b2b2b2b2b2", .name = "node2", .why = "",
                                    .version = "0.1.0", .cpus = 16,
                                    .state = PI_MEMBER_CONNECTING };

static void set_members(guint n) {
        cluster.members[0] = self;
        cluster.members[1] = other;
        cluster.n = n;
}

/* Of the test that runs. */
static PiClusterJournal *journal;

static void begin(const char *id, guint n) {
        forget();
        g_strlcpy(cluster.id, id, sizeof(cluster.id));
        set_members(n);
        pi_cluster_journal_free(journal);
        journal = pi_cluster_journal_new(&cluster);
}

static void change(PiMemberState state, const char *why) {
        PiMemberView member = other;

        forget();
        member.state = state;
        member.why = why;
        member.last_seen_usec = UINT64_C(1700000000000000);
        cluster.listener->member_changed(&member, cluster.userdata);
}

static void test_made_and_left(void) {
        begin("", 0);
        g_strlcpy(cluster.id, "c0ffee", sizeof(cluster.id));
        set_members(1);
        cluster.listener->member_added(&self, cluster.userdata);
        cluster.listener->joined(cluster.userdata);
        expect(PI_EVENT_CLUSTER_MADE, "5", "c0ffee|this node alone");
        g_assert_cmpstr(field("PI_CLUSTER"), ==, "c0ffee");
        forget();
        cluster.id[0] = '\0';
        cluster.n = 0;
        cluster.listener->left(cluster.userdata);
        expect(PI_EVENT_CLUSTER_LEFT, "5", "c0ffee");
        g_assert_cmpstr(field("PI_CLUSTER"), ==, "c0ffee");
}

static void test_joined(void) {
        begin("", 0);
        g_strlcpy(cluster.id, "c0ffee", sizeof(cluster.id));
        set_members(2);
        cluster.listener->joined(cluster.userdata);
        expect(PI_EVENT_CLUSTER_JOINED, "5", "c0ffee of 2 members");
}

/* What an earlier service was in is no news. */
static void test_after_start(void) {
        begin("c0ffee", 2);
        cluster.listener->joined(cluster.userdata);
        cluster.listener->member_added(&self, cluster.userdata);
        cluster.listener->member_added(&other, cluster.userdata);
        g_assert_cmpuint(records->len, ==, 0);
        change(PI_MEMBER_UP, "");
        expect(PI_EVENT_MEMBER_UP, "5", "node2 is up: 16 CPU slots, version 0.1.0");
}

static void test_members(void) {
        begin("c0ffee", 1);
        cluster.listener->member_added(&other, cluster.userdata);
        expect(PI_EVENT_MEMBER_ADDED, "5", "node2 (b2b2b2b2)");
        g_assert_cmpstr(field("PI_NODE"), ==, "b2b2b2b2b2b2");
        g_assert_cmpstr(field("PI_NODE_NAME"), ==, "node2");
        change(PI_MEMBER_UP, "");
        expect(PI_EVENT_MEMBER_UP, "5", "is up");
        /* Another thing changed. */
        change(PI_MEMBER_UP, "");
        g_assert_cmpuint(records->len, ==, 0);
        change(PI_MEMBER_LOST, "the connection was reset");
        expect(PI_EVENT_MEMBER_LOST, "4", "the connection was reset|2023-11-14 22:13:20 UTC");
        g_assert_cmpstr(field("PI_LAST_SEEN_USEC"), ==, "1700000000000000");
        g_assert_cmpstr(field("PI_STATE"), ==, "lost");
        change(PI_MEMBER_UP, "");
        expect(PI_EVENT_MEMBER_UP, "5", "node2 is back after");
        change(PI_MEMBER_QUARANTINED, "it answered a wrong sum");
        expect(PI_EVENT_MEMBER_QUARANTINED, "2", "wrong sum|pictl cluster restore node2");
        change(PI_MEMBER_UP, "");
        expect(PI_EVENT_MEMBER_UP, "5", "gets leases again");
        change(PI_MEMBER_INCOMPATIBLE, "its numbers are of version 2");
        expect(PI_EVENT_MEMBER_INCOMPATIBLE, "4", "its numbers are of version 2");
        forget();
        cluster.listener->member_removed("b2b2b2b2b2b2", "node2", cluster.userdata);
        expect(PI_EVENT_MEMBER_REMOVED, "5", "node2");
        g_assert_cmpstr(field("PI_NODE"), ==, "b2b2b2b2b2b2");
        forget();
        cluster.listener->member_removed("b2b2b2b2b2b2", "node2", cluster.userdata);
        g_assert_cmpuint(records->len, ==, 0);
}

static void tell_token(PiTokenNews news, uint32_t uses) {
        forget();
        cluster.listener->token_changed("00ff", news, uses, cluster.userdata);
}

static void test_tokens(void) {
        begin("c0ffee", 1);
        tell_token(PI_TOKEN_NEWS_MADE, 1);
        expect(PI_EVENT_TOKEN_MADE, "5", "00ff|1 node may");
        g_assert_cmpstr(field("PI_TOKEN"), ==, "00ff");
        tell_token(PI_TOKEN_NEWS_USED, 2);
        expect(PI_EVENT_TOKEN_USED, "5", "00ff: 2 more may");
        tell_token(PI_TOKEN_NEWS_USED, 0);
        expect(PI_EVENT_TOKEN_USED, "5", "used up");
        tell_token(PI_TOKEN_NEWS_REVOKED, 0);
        expect(PI_EVENT_TOKEN_REVOKED, "5", "revoked");
        tell_token(PI_TOKEN_NEWS_EXPIRED, 1);
        g_assert_cmpuint(records->len, ==, 0);
}

/* Anybody can try as often as he likes, and must not fill the journal. */
static void test_refused(void) {
        g_autoptr(GError) why = g_error_new(PI_ERROR, PI_ERROR_INVALID_TOKEN, "The token is old");

        begin("c0ffee", 1);
        cluster.listener->refused("192.0.2.7:5", why, cluster.userdata);
        expect(PI_EVENT_JOIN_REFUSED, "4", "192.0.2.7:5 was refused: The token is old");
        g_assert_cmpstr(field("PI_ADDRESS"), ==, "192.0.2.7:5");
        g_assert_cmpstr(field("PI_ERROR"), ==, "org.picompute1.Error.InvalidToken");
        for (guint i = 0; i < 1000; i++)
                cluster.listener->refused("192.0.2.7:5", why, cluster.userdata);
        g_assert_cmpuint(records->len, >=, PI_CLUSTER_JOURNAL_BURST);
        g_assert_cmpuint(records->len, <, PI_CLUSTER_JOURNAL_BURST + 100);
}

static void test_duplicate(void) {
        begin("c0ffee", 2);
        cluster.listener->duplicate(&other, "192.0.2.9:31415", cluster.userdata);
        expect(PI_EVENT_MEMBER_DUPLICATE, "2", "192.0.2.9:31415|node2|copy");
        g_assert_cmpstr(field("PI_NODE"), ==, "b2b2b2b2b2b2");
}

static void test_trouble(void) {
        g_autoptr(GError) why = g_error_new(PI_ERROR, PI_ERROR_FAILED, "the disk is full");

        begin("c0ffee", 2);
        cluster.listener->trouble(PI_CLUSTER_TROUBLE_ROSTER, why, cluster.userdata);
        expect(PI_EVENT_CLUSTER_DEGRADED, "3", "list of the cluster's members|the disk is full");
        cluster.listener->trouble(PI_CLUSTER_TROUBLE_ROSTER, why, cluster.userdata);
        g_assert_cmpuint(records->len, ==, 1);
        forget();
        cluster.listener->trouble(PI_CLUSTER_TROUBLE_ROSTER, NULL, cluster.userdata);
        expect(PI_EVENT_CLUSTER_RECOVERED, "5", "works again");
}

static void test_unavailable(void) {
        g_autoptr(GError) why = g_error_new(PI_ERROR, PI_ERROR_FAILED, "node.key is damaged");

        forget();
        pi_cluster_journal_unavailable(why);
        expect(PI_EVENT_CLUSTER_UNAVAILABLE, "4", "computes alone: node.key is damaged");
}

int main(int argc, char *argv[]) {
        int result;

        g_test_init(&argc, &argv, NULL);
        records = g_ptr_array_new_with_free_func((GDestroyNotify) g_hash_table_unref);
        g_log_set_writer_func(capture, NULL, NULL);
        g_test_add_func("/cluster/journal/made-and-left", test_made_and_left);
        g_test_add_func("/cluster/journal/joined", test_joined);
        g_test_add_func("/cluster/journal/after-start", test_after_start);
        g_test_add_func("/cluster/journal/members", test_members);
        g_test_add_func("/cluster/journal/tokens", test_tokens);
        g_test_add_func("/cluster/journal/refused", test_refused);
        g_test_add_func("/cluster/journal/duplicate", test_duplicate);
        g_test_add_func("/cluster/journal/trouble", test_trouble);
        g_test_add_func("/cluster/journal/unavailable", test_unavailable);
        result = g_test_run();
        pi_cluster_journal_free(journal);
        g_ptr_array_unref(records);
        return result;
}
