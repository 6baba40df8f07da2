/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What the helper says of the table of the cluster's port; read with suspicion. */

typedef struct PiRuleMember {
        char *address; /* as inet_ntop(3) prints it */
        char *name;    /* safe to print */
        guint64 packets;
} PiRuleMember;

typedef struct PiRuleWindow {
        char *prefix; /* safe to print */
        guint64 left_usec;
} PiRuleWindow;

typedef struct PiRuleRefused {
        char *address;
        guint64 attempts, ago_usec;
} PiRuleRefused;

/* SYN packets; `stray` counts others. */
typedef struct PiRuleCounters {
        guint64 seen, delivered, rate_drop, refused, joining, stray;
} PiRuleCounters;

typedef struct PiRules {
        gboolean applied, limits, owner; /* owner: nobody else can change the table */
        guint16 port;
        guint64 restored;
        char *intended, *live; /* text of nft, as it came: to be escaped, line by line */
        GPtrArray *members;    /* of PiRuleMember */
        GPtrArray *windows;    /* of PiRuleWindow */
        GPtrArray *refused;    /* of PiRuleRefused */
        PiRuleCounters counters;
} PiRules;

PiRules *pi_rules_new(void); /* of no table */

/* From what Describe answers, a{sv}. A key that is missing, of another type or out of bounds is
 * PI_ERROR_FAILED: it is then another helper than pictl knows. */
PiRules *pi_rules_parse(GVariant *description, GError **error);

void pi_rules_free(PiRules *rules);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiRules, pi_rules_free)

/* Whether the table lets an address in as that of a member. */
gboolean pi_rules_has_member(const PiRules *rules, const char *address);

/* The window that an address lies in, or NULL. */
const PiRuleWindow *pi_rules_window_of(const PiRules *rules, const char *address);

/* SYN packets that came in, were not dropped by this table, and never arrived. */
guint64 pi_rules_dropped_by_others(const PiRules *rules);
