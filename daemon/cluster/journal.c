/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/journal.h"

#include "daemon/events.h"
#include "daemon/jobs/record.h"
#include "dbus/error.h"

/* Of a node's id, where a person reads it. */
#define ID_SHOWN 8

/* A member as the last record has it. */
typedef struct Known {
        PiMemberState state;
        gint64 lost_usec; /* monotonic, when it was lost */
} Known;

struct PiClusterJournal {
        PiCluster *cluster;
        char *id;          /* of the cluster, as the last record has it */
        GHashTable *known; /* id of a node -> Known, owns both */
        double left;       /* refusals that may still be recorded one by one */
        gint64 filled_usec; /* monotonic */
        guint64 suppressed; /* refusals since the last record of one */
        gboolean troubles[_PI_CLUSTER_TROUBLE_MAX]; /* as the last records have them */
};

static void know(PiClusterJournal *j, const PiMemberView *member) {
        Known *known = g_new0(Known, 1);

        known->state = member->state;
        known->lost_usec = g_get_monotonic_time();
        g_hash_table_insert(j->known, g_strdup(member->id), known);
}

static void add_node(PiRecord *r, const char *id, const char *name) {
        pi_record_add(r, "PI_NODE", "%s", id);
        pi_record_add(r, "PI_NODE_NAME", "%s", name);
}

static void begin(PiRecord *r, PiRecordLevel level, const char *event,
                  const PiMemberView *member) {
        pi_record_begin(r, level, event);
        add_node(r, member->id, member->name);
        pi_record_add(r, "PI_STATE", "%s", pi_member_state_to_string(member->state));
}

static void joined(gpointer userdata) {
        PiClusterJournal *j = userdata;
        const char *id = pi_cluster_id(j->cluster);
        guint n = pi_cluster_n_members(j->cluster);
        PiRecord r;

        if (g_str_equal(j->id, id))
                return;
        g_free(j->id);
        j->id = g_strdup(id);
        pi_record_begin(&r, PI_RECORD_NOTICE,
                        n == 1 ? PI_EVENT_CLUSTER_MADE : PI_EVENT_CLUSTER_JOINED);
        pi_record_add(&r, "PI_CLUSTER", "%s", id);
        if (n == 1)
                pi_record_add(&r, "MESSAGE", "Cluster %s was made, of this node alone", id);
        else
                pi_record_add(&r, "MESSAGE", "This node has joined cluster %s of %u members", id,
                              n);
        pi_record_write(&r);
}

static void left(gpointer userdata) {
        PiClusterJournal *j = userdata;
        PiRecord r;

        pi_record_begin(&r, PI_RECORD_NOTICE, PI_EVENT_CLUSTER_LEFT);
        pi_record_add(&r, "PI_CLUSTER", "%s", j->id);
        pi_record_add(&r, "MESSAGE", "This node is in cluster %s no more, and listens no more",
                      j->id);
        pi_record_write(&r);
        g_free(j->id);
        j->id = g_strdup("");
        g_hash_table_remove_all(j->known);
}

static void member_added(const PiMemberView *member, gpointer userdata) {
        PiClusterJournal *j = userdata;
        PiRecord r;

        if (member->state == PI_MEMBER_SELF || g_hash_table_contains(j->known, member->id))
                return;
        know(j, member);
        begin(&r, PI_RECORD_NOTICE, PI_EVENT_MEMBER_ADDED, member);
        pi_record_add(&r, "MESSAGE", "Node %s (%.*s) is a member of the cluster", member->name,
                      ID_SHOWN, member->id);
        pi_record_write(&r);
}

static void tell_up(const PiMemberView *member, const Known *before) {
        PiRecord r;

        begin(&r, PI_RECORD_NOTICE, PI_EVENT_MEMBER_UP, member);
        switch (before->state) {
        case PI_MEMBER_LOST:
                pi_record_add(&r, "MESSAGE", "Node %s is back after %.1f s", member->name,
                              (double) (g_get_monotonic_time() - before->lost_usec) / 1e6);
                break;
        case PI_MEMBER_QUARANTINED:
                pi_record_add(&r, "MESSAGE", "Node %s gets leases again", member->name);
                break;
        case PI_MEMBER_SELF:
        case PI_MEMBER_CONNECTING:
        case PI_MEMBER_UP:
        case PI_MEMBER_INCOMPATIBLE:
        case _PI_MEMBER_STATE_MAX:
        default:
                pi_record_add(&r, "MESSAGE", "Node %s is up: %u CPU slots, version %s",
                              member->name, member->cpus, member->version);
        }
        pi_record_write(&r);
}

static void tell_lost(const PiMemberView *member) {
        gint64 seen = (gint64) member->last_seen_usec;
        g_autoptr(GDateTime) moment = g_date_time_new_from_unix_utc(seen / G_USEC_PER_SEC);
        g_autofree char *text = moment ? g_date_time_format(moment, "%F %T UTC") : NULL;
        PiRecord r;

        begin(&r, PI_RECORD_WARNING, PI_EVENT_MEMBER_LOST, member);
        pi_record_add(&r, "PI_LAST_SEEN_USEC", "%" G_GINT64_FORMAT, seen);
        pi_record_add(&r, "MESSAGE", "Node %s is lost (%s); it was last heard of at %s",
                      member->name, member->why, seen > 0 && text ? text : "no time");
        pi_record_write(&r);
}

static void tell_quarantined(const PiMemberView *member) {
        PiRecord r;

        begin(&r, PI_RECORD_CRITICAL, PI_EVENT_MEMBER_QUARANTINED, member);
        pi_record_add(&r, "MESSAGE",
                      "Node %s gets no more leases (%s) until \"pictl cluster restore %s\"",
                      member->name, member->why, member->name);
        pi_record_write(&r);
}

static void tell_incompatible(const PiMemberView *member) {
        PiRecord r;

        begin(&r, PI_RECORD_WARNING, PI_EVENT_MEMBER_INCOMPATIBLE, member);
        pi_record_add(&r, "MESSAGE",
                      "Node %s gets no leases (%s) until both nodes run versions that fit",
                      member->name, member->why);
        pi_record_write(&r);
}

static void tell_state(const PiMemberView *member, const Known *before) {
        switch (member->state) {
        case PI_MEMBER_UP:
                tell_up(member, before);
                break;
        case PI_MEMBER_LOST:
                tell_lost(member);
                break;
        case PI_MEMBER_QUARANTINED:
                tell_quarantined(member);
                break;
        case PI_MEMBER_INCOMPATIBLE:
                tell_incompatible(member);
                break;
        case PI_MEMBER_SELF:
        case PI_MEMBER_CONNECTING:
        case _PI_MEMBER_STATE_MAX:
        default:
                break;
        }
}

static void member_changed(const PiMemberView *member, gpointer userdata) {
        PiClusterJournal *j = userdata;
        Known *known = g_hash_table_lookup(j->known, member->id);

        if (!known || known->state == member->state)
                return;
        tell_state(member, known);
        known->state = member->state;
        if (member->state == PI_MEMBER_LOST)
                known->lost_usec = g_get_monotonic_time();
}

static void member_removed(const char *id, const char *name, gpointer userdata) {
        PiClusterJournal *j = userdata;
        PiRecord r;

        if (!g_hash_table_remove(j->known, id))
                return;
        pi_record_begin(&r, PI_RECORD_NOTICE, PI_EVENT_MEMBER_REMOVED);
        add_node(&r, id, name);
        pi_record_add(&r, "MESSAGE", "Node %s (%.*s) is no member of the cluster any more", name,
                      ID_SHOWN, id);
        pi_record_write(&r);
}

static void token_changed(const char *id, PiTokenNews news, uint32_t uses, gpointer userdata) {
        PiRecord r;

        /* Nothing happened, and nothing will. */
        if (news == PI_TOKEN_NEWS_EXPIRED)
                return;
        pi_record_begin(&r, PI_RECORD_NOTICE,
                        news == PI_TOKEN_NEWS_MADE   ? PI_EVENT_TOKEN_MADE
                        : news == PI_TOKEN_NEWS_USED ? PI_EVENT_TOKEN_USED
                                                     : PI_EVENT_TOKEN_REVOKED);
        pi_record_add(&r, "PI_TOKEN", "%s", id);
        if (news == PI_TOKEN_NEWS_MADE)
                pi_record_add(&r, "MESSAGE", "Token %s was made: %u node%s may join by it", id,
                              uses, uses == 1 ? "" : "s");
        else if (news == PI_TOKEN_NEWS_REVOKED)
                pi_record_add(&r, "MESSAGE", "Token %s was revoked", id);
        else if (uses > 0)
                pi_record_add(&r, "MESSAGE", "A node joined by token %s: %u more may", id, uses);
        else
                pi_record_add(&r, "MESSAGE", "A node joined by token %s, which is used up", id);
        pi_record_write(&r);
}

/* Whether one more refusal may have a record of its own. */
static gboolean take(PiClusterJournal *j) {
        gint64 now = g_get_monotonic_time();

        j->left += (double) (now - j->filled_usec) / PI_CLUSTER_JOURNAL_REFILL_USEC;
        j->left = MIN(j->left, PI_CLUSTER_JOURNAL_BURST);
        j->filled_usec = now;
        if (j->left < 1) {
                j->suppressed++;
                return FALSE;
        }
        j->left--;
        return TRUE;
}

static void refused(const char *address, const GError *why, gpointer userdata) {
        PiClusterJournal *j = userdata;
        g_autofree char *more = NULL;
        PiRecord r;

        if (!take(j))
                return;
        more = j->suppressed == 0 ? g_strdup("")
                                  : g_strdup_printf("; %" G_GUINT64_FORMAT
                                                    " more were refused before",
                                                    j->suppressed);
        j->suppressed = 0;
        pi_record_begin(&r, PI_RECORD_WARNING, PI_EVENT_JOIN_REFUSED);
        pi_record_add(&r, "PI_ADDRESS", "%s", address);
        pi_record_add(&r, "PI_ERROR", "%s", pi_error_name((PiError) why->code));
        pi_record_add(&r, "MESSAGE", "%s was refused: %s%s", address, why->message, more);
        pi_record_write(&r);
}

static void duplicate(const PiMemberView *member, const char *address, gpointer userdata) {
        PiRecord r;

        begin(&r, PI_RECORD_CRITICAL, PI_EVENT_MEMBER_DUPLICATE, member);
        pi_record_add(&r, "PI_ADDRESS", "%s", address);
        pi_record_add(&r, "MESSAGE",
                      "%s has the key of node %s (%.*s), which is another machine: one is a copy "
                      "of the other", address, member->name, ID_SHOWN, member->id);
        pi_record_write(&r);
}

static void trouble(PiClusterTrouble kind, const GError *what, gpointer userdata) {
        const char *thing = kind == PI_CLUSTER_TROUBLE_PORT ? "The port of the cluster"
                                                            : "The list of the cluster's members";
        PiClusterJournal *j = userdata;
        PiRecord r;

        /* It is tried again every few seconds. */
        if (j->troubles[kind] == (what != NULL))
                return;
        j->troubles[kind] = what != NULL;
        pi_record_begin(&r, what ? PI_RECORD_ERROR : PI_RECORD_NOTICE,
                        what ? PI_EVENT_CLUSTER_DEGRADED : PI_EVENT_CLUSTER_RECOVERED);
        if (what) {
                pi_record_add(&r, "PI_ERROR", "%s", pi_error_name((PiError) what->code));
                pi_record_add(&r, "MESSAGE", "%s does not work: %s", thing, what->message);
        } else
                pi_record_add(&r, "MESSAGE", "%s works again", thing);
        pi_record_write(&r);
}

void pi_cluster_journal_unavailable(const GError *why) {
        PiRecord r;

        pi_record_begin(&r, PI_RECORD_WARNING, PI_EVENT_CLUSTER_UNAVAILABLE);
        pi_record_add(&r, "PI_ERROR", "%s", pi_error_name((PiError) why->code));
        pi_record_add(&r, "MESSAGE", "This node computes alone: %s", why->message);
        pi_record_write(&r);
}

static const PiClusterListener listener = {
        .joined = joined,
        .left = left,
        .member_added = member_added,
        .member_changed = member_changed,
        .member_removed = member_removed,
        .token_changed = token_changed,
        .refused = refused,
        .duplicate = duplicate,
        .trouble = trouble,
};

PiClusterJournal *pi_cluster_journal_new(PiCluster *cluster) {
        PiClusterJournal *j = g_new0(PiClusterJournal, 1);

        j->cluster = cluster;
        j->id = g_strdup(pi_cluster_id(cluster));
        j->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        j->left = PI_CLUSTER_JOURNAL_BURST;
        j->filled_usec = g_get_monotonic_time();
        for (guint i = 0; i < pi_cluster_n_members(cluster); i++) {
                PiMemberView member;

                pi_cluster_member(cluster, i, &member);
                if (member.state != PI_MEMBER_SELF)
                        know(j, &member);
        }
        pi_cluster_add_listener(cluster, &listener, j);
        return j;
}

void pi_cluster_journal_free(PiClusterJournal *journal) {
        if (!journal)
                return;
        g_free(journal->id);
        g_hash_table_unref(journal->known);
        g_free(journal);
}
