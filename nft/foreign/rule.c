/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "nft/foreign/json.h"
#include "nft/foreign/reader.h"

typedef struct Statement {
        const char *tag;
        PiForeignAct act;
} Statement;

/* What ends a rule. Also what nobody can foretell: a limit, for one, is not here. */
static const Statement verdicts[] = {
        { "accept", PI_FOREIGN_ACT_ACCEPT },     { "drop", PI_FOREIGN_ACT_DROP },
        { "reject", PI_FOREIGN_ACT_REJECT },     { "return", PI_FOREIGN_ACT_RETURN },
        { "continue", PI_FOREIGN_ACT_NONE },     { "queue", PI_FOREIGN_ACT_QUEUE },
        { "dnat", PI_FOREIGN_ACT_ELSEWHERE },    { "redirect", PI_FOREIGN_ACT_ELSEWHERE },
        { "tproxy", PI_FOREIGN_ACT_ELSEWHERE },  { "fwd", PI_FOREIGN_ACT_ELSEWHERE },
        { "snat", PI_FOREIGN_ACT_ACCEPT },       { "masquerade", PI_FOREIGN_ACT_ACCEPT },
        { "synproxy", PI_FOREIGN_ACT_UNKNOWN },
};

/* What the extensions of iptables are called that nft only passes through. */
static const Statement targets[] = {
        { "DROP", PI_FOREIGN_ACT_DROP },          { "REJECT", PI_FOREIGN_ACT_REJECT },
        { "DNAT", PI_FOREIGN_ACT_ELSEWHERE },     { "REDIRECT", PI_FOREIGN_ACT_ELSEWHERE },
        { "TPROXY", PI_FOREIGN_ACT_ELSEWHERE },   { "NETMAP", PI_FOREIGN_ACT_ELSEWHERE },
        { "NFQUEUE", PI_FOREIGN_ACT_QUEUE },      { "MASQUERADE", PI_FOREIGN_ACT_ACCEPT },
        { "SNAT", PI_FOREIGN_ACT_ACCEPT },        { "LOG", PI_FOREIGN_ACT_NONE },
        { "NFLOG", PI_FOREIGN_ACT_NONE },         { "ULOG", PI_FOREIGN_ACT_NONE },
        { "MARK", PI_FOREIGN_ACT_NONE },          { "CONNMARK", PI_FOREIGN_ACT_NONE },
        { "CONNSECMARK", PI_FOREIGN_ACT_NONE },   { "SECMARK", PI_FOREIGN_ACT_NONE },
        { "CT", PI_FOREIGN_ACT_NONE },            { "NOTRACK", PI_FOREIGN_ACT_NONE },
        { "TRACE", PI_FOREIGN_ACT_NONE },         { "AUDIT", PI_FOREIGN_ACT_NONE },
        { "CHECKSUM", PI_FOREIGN_ACT_NONE },      { "CLASSIFY", PI_FOREIGN_ACT_NONE },
        { "DSCP", PI_FOREIGN_ACT_NONE },          { "TOS", PI_FOREIGN_ACT_NONE },
        { "TTL", PI_FOREIGN_ACT_NONE },           { "HL", PI_FOREIGN_ACT_NONE },
        { "TCPMSS", PI_FOREIGN_ACT_NONE },        { "SET", PI_FOREIGN_ACT_NONE },
};

/* Neither condition nor verdict. */
static const char *const passed_over[] = { "counter", "log",       "mangle",     "notrack",
                                           "dup",     "ct helper", "ct timeout", "ct expectation",
                                           "flow",    "secmark",   "last",       NULL };

/* Of IPv6 headers that no SYN of ours has. */
static const char *const absent_matches[] = { "rt", "frag", "hbh", "dst", "mh", NULL };

static gboolean find_statement(const Statement *list, gsize n, const char *tag, PiForeignAct *ret) {
        for (gsize i = 0; i < n; i++)
                if (g_strcmp0(list[i].tag, tag) == 0) {
                        *ret = list[i].act;
                        return TRUE;
                }
        return FALSE;
}

static void read_target(PiForeignReader *r, PiForeignAct act, JsonNode *value,
                        PiForeignAction *ret) {
        const char *target = pi_foreign_member_string(pi_foreign_object(value), "target");
        g_autofree char *name = NULL;
        guint index;

        ret->act = PI_FOREIGN_ACT_UNKNOWN;
        if (!target)
                return;
        name = pi_foreign_reader_name(r->place, target);
        index = GPOINTER_TO_UINT(g_hash_table_lookup(r->chains, name));
        if (index)
                *ret = (PiForeignAction) { .act = act, .target = index - 1 };
}

gboolean pi_foreign_read_verdict(PiForeignReader *r, const char *tag, JsonNode *value,
                                 PiForeignAction *ret) {
        if (strcmp(tag, "jump") == 0)
                read_target(r, PI_FOREIGN_ACT_JUMP, value, ret);
        else if (strcmp(tag, "goto") == 0)
                read_target(r, PI_FOREIGN_ACT_GOTO, value, ret);
        else
                return find_statement(verdicts, G_N_ELEMENTS(verdicts), tag, &ret->act);
        return TRUE;
}

typedef struct Reading {
        PiForeignReader *reader;
        PiForeignRule *rule;
        gboolean never;  /* no packet of ours is matched */
        gboolean opaque; /* something in it may be a verdict */
} Reading;

static void note_target(PiForeign *f, const char *name) {
        static const char *const mark[] = { "MARK", "CONNMARK", NULL };
        static const char *const untrack[] = { "CT", "NOTRACK", NULL };

        f->marks = f->marks || g_strv_contains(mark, name);
        f->untracks = f->untracks || g_strv_contains(untrack, name);
}

static void doubt(PiForeignRule *rule, PiForeignHidden hidden) {
        rule->hidden = rule->uncertain ? PI_FOREIGN_HIDDEN_OTHER : hidden;
        rule->uncertain = TRUE;
}

static void read_match_extension(Reading *g, const char *name) {
        if (g_strv_contains(absent_matches, name))
                g->never = TRUE;
        else if (strcmp(name, "conntrack") == 0 || strcmp(name, "state") == 0)
                doubt(g->rule, PI_FOREIGN_HIDDEN_CT_STATE);
        else if (strcmp(name, "addrtype") == 0)
                doubt(g->rule, PI_FOREIGN_HIDDEN_FIB_TYPE);
        else if (strcmp(name, "comment") != 0)
                doubt(g->rule, PI_FOREIGN_HIDDEN_OTHER);
}

/* TRUE when it ends the rule. */
static gboolean read_extension(Reading *g, JsonObject *xt) {
        const char *type = pi_foreign_member_string(xt, "type");
        const char *name = pi_foreign_member_string(xt, "name");

        if (!type || !name) {
                doubt(g->rule, PI_FOREIGN_HIDDEN_OTHER);
                g->opaque = TRUE;
                return FALSE;
        }
        if (strcmp(type, "match") == 0) {
                read_match_extension(g, name);
                return FALSE;
        }
        note_target(g->reader->f, name);
        if (!find_statement(targets, G_N_ELEMENTS(targets), name, &g->rule->action.act))
                g->rule->action.act = PI_FOREIGN_ACT_UNKNOWN;
        return g->rule->action.act != PI_FOREIGN_ACT_NONE;
}

static void note_side_effect(PiForeign *f, const char *tag, JsonNode *value) {
        JsonObject *key = pi_foreign_member_object(pi_foreign_object(value), "key");

        if (strcmp(tag, "notrack") == 0)
                f->untracks = TRUE;
        else if (strcmp(tag, "mangle") == 0 &&
                 g_strcmp0(pi_foreign_member_string(pi_foreign_member_object(key, "meta"), "key"),
                           "mark") == 0)
                f->marks = TRUE;
}

static void add_match(Reading *g, JsonObject *json) {
        PiForeignMatch match;

        pi_foreign_read_match(g->reader, json, &match);
        for (guint i = 0; i < match.key.n; i++)
                if (match.key.fields[i] == PI_FOREIGN_FIELD_ABSENT)
                        g->never = TRUE;
        g_array_append_val(g->rule->matches, match);
}

/* TRUE when it ends the rule. */
static gboolean read_statement(Reading *g, JsonNode *node) {
        JsonNode *value;
        const char *tag = pi_foreign_tag(node, &value);
        JsonObject *object = pi_foreign_object(value);

        if (tag && strcmp(tag, "match") == 0 && object)
                add_match(g, object);
        else if (tag && strcmp(tag, "vmap") == 0 && object && !g->rule->map)
                g->rule->map = pi_foreign_read_map(g->reader, object);
        else if (tag && strcmp(tag, "xt") == 0)
                return read_extension(g, object);
        else if (tag && pi_foreign_read_verdict(g->reader, tag, value, &g->rule->action))
                return TRUE;
        else if (tag && g_strv_contains(passed_over, tag))
                note_side_effect(g->reader->f, tag, value);
        else { /* of a later version; and chains without a name, of which there is but text */
                doubt(g->rule, PI_FOREIGN_HIDDEN_OTHER);
                g->opaque = TRUE;
        }
        return FALSE;
}

static gboolean is_limit(JsonNode *node) {
        static const char *const limits[] = { "limit",  "quota", "ct count", "meter",
                                              "set",    "map",   NULL };
        JsonNode *value;
        const char *tag = pi_foreign_tag(node, &value);

        return tag && g_strv_contains(limits, tag);
}

PiForeignRule *pi_foreign_read_rule(PiForeignReader *r, guint64 handle, JsonArray *statements) {
        g_autoptr(PiForeignRule) rule = g_new0(PiForeignRule, 1);
        Reading g = { .reader = r, .rule = rule };
        gboolean ended = FALSE;

        rule->handle = handle;
        rule->matches = g_array_new(FALSE, FALSE, sizeof(PiForeignMatch));
        for (guint i = 0; i < json_array_get_length(statements) && !ended; i++) {
                JsonNode *node = json_array_get_element(statements, i);

                if (is_limit(node))
                        doubt(rule, PI_FOREIGN_HIDDEN_OTHER);
                else
                        ended = read_statement(&g, node);
        }
        if (!ended && g.opaque)
                rule->action.act = PI_FOREIGN_ACT_UNKNOWN;
        if (g.never || (!rule->map && rule->action.act == PI_FOREIGN_ACT_NONE))
                return NULL;
        return g_steal_pointer(&rule);
}
