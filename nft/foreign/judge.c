/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/foreign/judge.h"

#include <sys/socket.h>

/* A port that the system chose; what is below takes a privilege. */
#define SPORT_MIN 1024

#define SYN 2
#define TCP 6
#define RTN_LOCAL 2

#define EXACTLY(number) ((PiForeignRange) { (number), (number) })

/* FALSE: nothing that looks at this field matches, "!=" neither. */
static gboolean is_there(const PiForeignView *v, PiForeignField field) {
        switch ((int) field) {
        case PI_FOREIGN_FIELD_OTHER4:
        case PI_FOREIGN_FIELD_SADDR4:
        case PI_FOREIGN_FIELD_PROTOCOL4:
                return v->family == AF_INET;
        case PI_FOREIGN_FIELD_OTHER6:
        case PI_FOREIGN_FIELD_SADDR6:
        case PI_FOREIGN_FIELD_PROTOCOL6:
        case PI_FOREIGN_FIELD_EXTENSION6:
                return v->family == AF_INET6;
        case PI_FOREIGN_FIELD_ABSENT:
                return FALSE;
        default:
                return TRUE;
        }
}

/* Between which numbers a field's is, where `state` is one of those it may have in connection
 * tracking. */
static PiForeignRange value_of(const PiForeignView *v, PiForeignField field, guint state) {
        gboolean v4 = v->family == AF_INET;

        switch ((int) field) {
        case PI_FOREIGN_FIELD_SADDR4:
        case PI_FOREIGN_FIELD_SADDR6:
                return EXACTLY(v->source);
        case PI_FOREIGN_FIELD_PROTOCOL:
        case PI_FOREIGN_FIELD_PROTOCOL4:
        case PI_FOREIGN_FIELD_PROTOCOL6:
                return EXACTLY(TCP);
        case PI_FOREIGN_FIELD_NFPROTO:
                return EXACTLY(v4 ? 2 : 10);
        case PI_FOREIGN_FIELD_ETHERTYPE:
                return EXACTLY(v4 ? 0x0800 : 0x86dd);
        case PI_FOREIGN_FIELD_SPORT:
                return (PiForeignRange) { SPORT_MIN, G_MAXUINT16 };
        case PI_FOREIGN_FIELD_DPORT:
                return EXACTLY(v->dport);
        case PI_FOREIGN_FIELD_TCP_FLAGS: /* Linux asks for ECN only where it is told to */
                return EXACTLY(SYN);
        case PI_FOREIGN_FIELD_INTERFACE:
        case PI_FOREIGN_FIELD_INTERFACE_TYPE: /* not the loopback; wider than what a name means */
                return (PiForeignRange) { PI_FOREIGN_OTHER_INTERFACE,
                                          PI_FOREIGN_OTHER_INTERFACE + 1 };
        case PI_FOREIGN_FIELD_PKTTYPE:
        case PI_FOREIGN_FIELD_EXTENSION6:
                return EXACTLY(0);
        case PI_FOREIGN_FIELD_MARK:
                return (PiForeignRange) { 0, v->marked ? G_MAXUINT32 : 0 };
        case PI_FOREIGN_FIELD_CT_STATE:
                return EXACTLY(state);
        case PI_FOREIGN_FIELD_CT_STATUS:
                return v->redirected ? PI_FOREIGN_ANY : EXACTLY(0);
        case PI_FOREIGN_FIELD_FIB_TYPE:
                return EXACTLY(RTN_LOCAL);
        case PI_FOREIGN_FIELD_FIB_RETURN: /* or the answer would not get back in any case */
                return EXACTLY(1);
        default:
                return PI_FOREIGN_ANY;
        }
}

/* Not MIN() and MAX(), which would ask twice. */
static PiForeignTruth lesser(PiForeignTruth a, PiForeignTruth b) {
        return a < b ? a : b;
}

static PiForeignTruth greater(PiForeignTruth a, PiForeignTruth b) {
        return a > b ? a : b;
}

static PiForeignTruth is_within(PiForeignRange value, PiForeignRange range) {
        if (range.low <= value.low && value.high <= range.high)
                return PI_FOREIGN_TRUE;
        return value.high < range.low || range.high < value.low ? PI_FOREIGN_FALSE :
                                                                  PI_FOREIGN_UNKNOWN;
}

/* The first range of an ordered set that does not end before the value, by halving. */
static PiForeignTruth search(const PiForeignSet *set, PiForeignRange value) {
        const PiForeignRange *ranges = (const PiForeignRange *) set->ranges->data;
        guint from = 0, to = set->ranges->len;

        while (from < to) {
                guint middle = from + (to - from) / 2;

                if (ranges[middle].high < value.low)
                        from = middle + 1;
                else
                        to = middle;
        }
        return from < set->ranges->len ? is_within(value, ranges[from]) : PI_FOREIGN_FALSE;
}

static PiForeignRange masked(PiForeignRange value, PiForeignNumber mask) {
        if (mask == PI_FOREIGN_NUMBER_MAX)
                return value;
        return value.low == value.high ? EXACTLY(value.low & mask) : PI_FOREIGN_ANY;
}

static PiForeignTruth is_element(const PiForeignView *v, const PiForeignKey *key,
                                 const PiForeignRange *ranges, guint state) {
        PiForeignTruth truth = PI_FOREIGN_TRUE;

        for (guint i = 0; i < key->n && truth != PI_FOREIGN_FALSE; i++) {
                PiForeignRange value = value_of(v, key->fields[i], state);

                truth = lesser(truth, is_within(masked(value, key->mask), ranges[i]));
        }
        return truth;
}

static PiForeignTruth is_in_set(const PiForeignView *v, const PiForeignKey *key,
                                const PiForeignSet *set, guint state) {
        PiForeignTruth truth = set->opaque ? PI_FOREIGN_UNKNOWN : PI_FOREIGN_FALSE;
        const PiForeignRange *ranges = (const PiForeignRange *) set->ranges->data;

        if (key->n == 1) {
                PiForeignRange value = masked(value_of(v, key->fields[0], state), key->mask);

                return greater(truth, search(set, value));
        }
        for (guint i = 0; i < set->ranges->len && truth != PI_FOREIGN_TRUE; i += key->n)
                truth = greater(truth, is_element(v, key, ranges + i, state));
        return truth;
}

static PiForeignTruth has_bits(const PiForeignView *v, const PiForeignMatch *match, guint state) {
        PiForeignRange value = value_of(v, match->key.fields[0], state);

        if (value.low != value.high)
                return PI_FOREIGN_UNKNOWN;
        return (value.low & match->key.mask & match->bits) ? PI_FOREIGN_TRUE : PI_FOREIGN_FALSE;
}

static PiForeignTruth judge_in_state(const PiForeignView *v, const PiForeignMatch *match,
                                     guint state) {
        PiForeignTruth truth = PI_FOREIGN_UNKNOWN;

        if (match->test == PI_FOREIGN_TEST_COMMON_BITS)
                truth = has_bits(v, match, state);
        else if (match->set)
                truth = is_in_set(v, &match->key, match->set, state);
        return match->negated ? PI_FOREIGN_TRUE - truth : truth;
}

static guint lowest_bit(guint bits) {
        return bits & -bits;
}

static gboolean key_is_there(const PiForeignView *v, const PiForeignKey *key) {
        for (guint i = 0; i < key->n; i++)
                if (!is_there(v, key->fields[i]))
                        return FALSE;
        return TRUE;
}

static PiForeignTruth judge_match(const PiForeignView *v, const PiForeignMatch *match) {
        PiForeignTruth least = PI_FOREIGN_TRUE, most = PI_FOREIGN_FALSE;

        if (!key_is_there(v, &match->key))
                return PI_FOREIGN_FALSE;
        for (guint left = v->ct_states; left; left &= left - 1) {
                PiForeignTruth truth = judge_in_state(v, match, lowest_bit(left));

                least = lesser(least, truth);
                most = greater(most, truth);
        }
        return least == most ? least : PI_FOREIGN_UNKNOWN;
}

PiForeignTruth pi_foreign_judge_rule(const PiForeignView *view, const PiForeignRule *rule) {
        PiForeignTruth truth = rule->uncertain ? PI_FOREIGN_UNKNOWN : PI_FOREIGN_TRUE;

        for (guint i = 0; i < rule->matches->len && truth != PI_FOREIGN_FALSE; i++)
                truth = lesser(truth, judge_match(view, &g_array_index(rule->matches,
                                                                       PiForeignMatch, i)));
        return truth;
}

PiForeignTruth pi_foreign_judge_row(const PiForeignView *view, const PiForeignKey *key,
                                    const PiForeignMapRow *row) {
        PiForeignTruth least = PI_FOREIGN_TRUE, most = PI_FOREIGN_FALSE;

        if (!key_is_there(view, key))
                return PI_FOREIGN_FALSE;
        if (row->opaque)
                return PI_FOREIGN_UNKNOWN;
        for (guint left = view->ct_states; left; left &= left - 1) {
                PiForeignTruth truth = is_element(view, key, row->ranges, lowest_bit(left));

                least = lesser(least, truth);
                most = greater(most, truth);
        }
        return least == most ? least : PI_FOREIGN_UNKNOWN;
}
