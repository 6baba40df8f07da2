/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sys/socket.h>

#include "nft/foreign/judge.h"

/* Jumps within jumps: the kernel takes 16. */
#define DEPTH_MAX 32

/* Connections are tracked from here on. */
#define TRACKING_PRIORITY (-200)

typedef struct Drop {
        gboolean found;
        gboolean sure; /* not an action that may as well let the packet pass */
        PiForeignAct act;
        guint chain;
        guint64 handle;
} Drop;

/* What may become of a packet in a chain, and of what is dropped, where: `last` is where a packet
 * ends that comes so far, `first` what may drop it before. */
typedef struct Outcome {
        enum { NOT_YET, UNDER_WAY, DONE } progress;
        gboolean accepted;
        gboolean redirected; /* or it may be */
        gboolean passed;     /* through to the end, or returned */
        Drop first, last;
} Outcome;

typedef struct Walk {
        const PiForeign *f;
        PiForeignView view;
        Outcome *outcomes; /* of the chains, in this view */
        guint depth;
} Walk;

static const Outcome *walk_chain(Walk *w, guint index);

static void may_drop(Outcome *o, const Drop *drop) {
        if (!o->first.found)
                o->first = *drop;
}

/* TRUE when no packet goes on behind the jump. */
static gboolean take_jump(Walk *w, Outcome *o, const PiForeignAction *action, gboolean certain) {
        const Outcome *sub = walk_chain(w, action->target);
        gboolean ends = certain && (action->act == PI_FOREIGN_ACT_GOTO || !sub->passed);

        o->accepted = o->accepted || sub->accepted;
        o->redirected = o->redirected || sub->redirected;
        if (sub->first.found)
                may_drop(o, &sub->first);
        if (sub->last.found) {
                if (ends)
                        o->last = sub->last;
                else
                        may_drop(o, &sub->last);
        }
        if (action->act == PI_FOREIGN_ACT_GOTO && sub->passed)
                o->passed = TRUE;
        return ends;
}

static gboolean is_jump(const PiForeignAction *action) {
        return action->act == PI_FOREIGN_ACT_JUMP || action->act == PI_FOREIGN_ACT_GOTO;
}

/* In a loop, or too deep: nobody knows. The kernel has neither. */
static gboolean can_follow(const Walk *w, const PiForeignAction *action) {
        return w->depth < DEPTH_MAX && w->outcomes[action->target].progress != UNDER_WAY;
}

/* TRUE when no packet goes on behind it. */
static gboolean take(Walk *w, Outcome *o, const PiForeignAction *action, Drop where,
                     gboolean certain) {
        where.act = action->act;
        if (is_jump(action) && can_follow(w, action))
                return take_jump(w, o, action, certain);
        switch ((int) action->act) {
        case PI_FOREIGN_ACT_NONE:
                return FALSE;
        case PI_FOREIGN_ACT_ACCEPT:
                o->accepted = TRUE;
                return certain;
        case PI_FOREIGN_ACT_RETURN:
                o->passed = TRUE;
                return certain;
        case PI_FOREIGN_ACT_DROP:
        case PI_FOREIGN_ACT_REJECT:
                where.sure = TRUE;
                if (certain)
                        o->last = where;
                else
                        may_drop(o, &where);
                return certain;
        case PI_FOREIGN_ACT_ELSEWHERE:
                o->redirected = TRUE;
                G_GNUC_FALLTHROUGH;
        case PI_FOREIGN_ACT_QUEUE:
                may_drop(o, &where);
                o->accepted = TRUE;
                return certain;
        default:
                may_drop(o, &where);
                o->accepted = TRUE;
                return FALSE;
        }
}

/* The rows but "*" first, which is for what is in none of them. */
static gboolean take_map(Walk *w, Outcome *o, const PiForeignMap *map, Drop where,
                         gboolean certain) {
        const PiForeignMapRow *rest = NULL;
        gboolean in_one = FALSE;

        if (!map->rows) {
                PiForeignAction unknown = { .act = PI_FOREIGN_ACT_UNKNOWN };

                return take(w, o, &unknown, where, FALSE);
        }
        for (guint i = 0; i < map->rows->len && !in_one; i++) {
                const PiForeignMapRow *row = &g_array_index(map->rows, PiForeignMapRow, i);
                PiForeignTruth truth = pi_foreign_judge_row(&w->view, &map->key, row);

                if (truth == PI_FOREIGN_FALSE)
                        continue;
                if (row->rest) {
                        rest = row;
                        continue;
                }
                in_one = truth == PI_FOREIGN_TRUE;
                if (take(w, o, &row->action, where, certain && in_one))
                        return TRUE;
        }
        return !in_one && rest && take(w, o, &rest->action, where, certain);
}

static void walk_rules(Walk *w, guint index, Outcome *o) {
        const PiForeignChain *chain = g_ptr_array_index(w->f->chains, index);

        for (guint i = 0; i < chain->rules->len; i++) {
                const PiForeignRule *rule = g_ptr_array_index(chain->rules, i);
                PiForeignTruth truth = pi_foreign_judge_rule(&w->view, rule);
                Drop where = { .found = TRUE, .chain = index, .handle = rule->handle };
                gboolean certain = truth == PI_FOREIGN_TRUE;

                if (truth == PI_FOREIGN_FALSE)
                        continue;
                if (rule->map ? take_map(w, o, rule->map, where, certain) :
                                take(w, o, &rule->action, where, certain))
                        return;
        }
        o->passed = TRUE;
}

/* Once for each chain, however often it is jumped to: what becomes of a packet there does not
 * depend on the way that it came. */
static const Outcome *walk_chain(Walk *w, guint index) {
        Outcome *o = &w->outcomes[index];

        if (o->progress == DONE)
                return o;
        o->progress = UNDER_WAY;
        w->depth++;
        walk_rules(w, index, o);
        w->depth--;
        o->progress = DONE;
        return o;
}

/* Before tracking there is no state but "invalid". Bridges track by themselves, if at all. */
static guint states_at(const PiForeign *f, const PiForeignChain *chain, gboolean bridge) {
        guint tracked = PI_FOREIGN_CT_NEW | (f->untracks ? PI_FOREIGN_CT_UNTRACKED : 0);

        if (bridge)
                return tracked | PI_FOREIGN_CT_INVALID | PI_FOREIGN_CT_UNTRACKED;
        if (chain->hook == PI_FOREIGN_HOOK_INGRESS)
                return PI_FOREIGN_CT_INVALID;
        if (chain->hook == PI_FOREIGN_HOOK_INPUT || chain->priority > TRACKING_PRIORITY)
                return tracked;
        if (chain->priority == TRACKING_PRIORITY)
                return tracked | PI_FOREIGN_CT_INVALID;
        return PI_FOREIGN_CT_INVALID | (f->untracks ? PI_FOREIGN_CT_UNTRACKED : 0);
}

/* From a base chain on. The answer is good until the next call. */
static const Outcome *walk_base(Walk *w, const PiForeignTable *table, guint index) {
        const PiForeignChain *chain = g_ptr_array_index(w->f->chains, index);

        memset(w->outcomes, 0, w->f->chains->len * sizeof(Outcome));
        w->view.ct_states = states_at(w->f, chain, strcmp(table->family, "bridge") == 0);
        return walk_chain(w, index);
}

/* Which of the drops to name. `possible`: the packet may not come by this chain at all. FALSE when
 * there is none. */
static gboolean judge_base(const Walk *w, guint index, const Outcome *o, gboolean possible,
                           Drop *ret, PiForeignVerdict *ret_verdict) {
        const PiForeignChain *chain = g_ptr_array_index(w->f->chains, index);
        gboolean by_policy = o->passed && chain->policy_drop;
        gboolean accepted = o->accepted || (o->passed && !chain->policy_drop);

        if (o->last.found)
                *ret = o->last;
        else if (by_policy)
                *ret = (Drop) { .found = TRUE, .sure = TRUE, .act = PI_FOREIGN_ACT_DROP,
                                .chain = index };
        else
                *ret = o->first;
        if (accepted || possible || !ret->sure)
                *ret_verdict = PI_FOREIGN_MAYBE;
        else
                *ret_verdict = ret->act == PI_FOREIGN_ACT_REJECT ? PI_FOREIGN_REJECT :
                                                                   PI_FOREIGN_DROP;
        return ret->found;
}

static gboolean applies(const PiForeignTable *table, int family, gboolean *ret_possible) {
        /* An interface, or a bridge, that the packet may not come by. */
        gboolean link = strcmp(table->family, "netdev") == 0 ||
                        strcmp(table->family, "bridge") == 0;

        *ret_possible = link || table->uncertain;
        return link || strcmp(table->family, "inet") == 0 ||
               strcmp(table->family, family == AF_INET ? "ip" : "ip6") == 0;
}

static void find_in_table(Walk *w, const PiForeignTable *table, GArray *blocks) {
        PiForeignBlock block = { .family = table->family, .table = table->name };
        gboolean found = FALSE, possible;

        if (!applies(table, w->view.family, &possible))
                return;
        for (guint i = 0; i < table->bases->len; i++) {
                guint index = g_array_index(table->bases, guint, i);
                const PiForeignChain *chain = g_ptr_array_index(w->f->chains, index);
                /* NAT does nothing until something else has connections tracked. */
                gboolean passed_by = possible || chain->nat ||
                                     chain->hook == PI_FOREIGN_HOOK_INGRESS;
                PiForeignVerdict verdict;
                Drop drop;

                if (!judge_base(w, index, walk_base(w, table, index), passed_by, &drop,
                                &verdict) ||
                    (found && verdict == PI_FOREIGN_MAYBE))
                        continue;
                found = TRUE;
                block.verdict = verdict;
                block.chain = ((PiForeignChain *) g_ptr_array_index(w->f->chains,
                                                                    drop.chain))->name;
                block.handle = drop.handle;
                if (verdict != PI_FOREIGN_MAYBE)
                        break;
        }
        if (found)
                g_array_append_val(blocks, block);
}

/* Whether a chain of NAT, of any table, may send the packet elsewhere: then others see that. */
static void look_for_nat(Walk *w) {
        gboolean redirected = FALSE, possible;

        w->view.redirected = TRUE;
        for (guint i = 0; i < w->f->tables->len; i++) {
                const PiForeignTable *table = g_ptr_array_index(w->f->tables, i);

                for (guint j = 0; j < table->bases->len; j++) {
                        guint index = g_array_index(table->bases, guint, j);
                        const PiForeignChain *chain = g_ptr_array_index(w->f->chains, index);

                        if (chain->nat && applies(table, w->view.family, &possible))
                                redirected = redirected ||
                                             walk_base(w, table, index)->redirected;
                }
        }
        w->view.redirected = redirected;
}

static void view_init(PiForeignView *view, const PiForeign *f, const PiForeignPacket *packet) {
        const PiNftAddress *source = &packet->source;
        const guint8 *bytes = source->family == AF_INET ? (const guint8 *) &source->v4 :
                                                          source->v6.s6_addr;

        *view = (PiForeignView) { .family = source->family, .dport = packet->dport,
                                  .marked = f->marks };
        for (guint i = 0; i < (source->family == AF_INET ? 4 : 16); i++)
                view->source = view->source << 8 | bytes[i];
}

void pi_foreign_find_blocks(const PiForeign *f, const PiForeignPacket *packet, GArray *blocks) {
        g_autofree Outcome *outcomes = g_new0(Outcome, f->chains->len);
        Walk w = { .f = f, .outcomes = outcomes };

        g_return_if_fail(packet->source.family == AF_INET || packet->source.family == AF_INET6);
        view_init(&w.view, f, packet);
        look_for_nat(&w);
        for (guint i = 0; i < f->tables->len; i++)
                find_in_table(&w, g_ptr_array_index(f->tables, i), blocks);
}

const char *pi_foreign_verdict_name(PiForeignVerdict verdict) {
        static const char *const names[] = { "drop", "reject", "maybe" };

        return names[verdict];
}
