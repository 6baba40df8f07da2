/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/doctor/judge.h"

#include <string.h>

#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/node.h"
#include "ctl/text.h"

#define NAME_SHOWN_MAX 64
#define REASON_SHOWN_MAX 500
/* TLS and deadlines of jobs bear the first; certificates and tokens not the second. */
#define CLOCK_WARNING_USEC (2 * G_USEC_PER_SEC)
#define CLOCK_BROKEN_USEC (300 * G_USEC_PER_SEC)

static char *name_of(GVariant *node) {
        return pi_text_escape(pi_dict_string(node, "Name"), FALSE, NAME_SHOWN_MAX);
}

/* What is said of a member in a state, and where it is to be mended: @ stands for its name, and
 * ~ for what a service of the user takes. */
static const struct {
        const char *state;
        PiSeverity severity;
        const char *text, *remedy;
} states[] = {
        { "connecting", PI_FINDING_NOTE, "is being connected to", "pictl nodes" },
        { "lost", PI_FINDING_WARNING, "cannot be reached",
          "on @: pictl doctor\nif it is gone for good: pictl cluster remove @" },
        { "quarantined", PI_FINDING_WARNING, "gets no leases, as it answered wrong sums",
          "on @: pictl burnin\nthen here: pictl cluster restore @" },
        { "incompatible", PI_FINDING_WARNING, "is of a version that this node cannot work with",
          "install the same version on both, then: systemctl ~restart pi-computed" },
};

static char *replace(const char *text, const char *what, const char *by) {
        g_auto(GStrv) pieces = g_strsplit(text, what, -1);

        return g_strjoinv(by, pieces);
}

static gboolean judge_one(GVariant *node, gboolean user, PiFindings *findings) {
        g_autofree char *name = name_of(node);
        g_autofree char *why = pi_text_escape(pi_dict_string(node, "StateReason"), FALSE,
                                              REASON_SHOWN_MAX);
        g_autofree char *form = NULL, *remedy = NULL;

        for (gsize i = 0; i < G_N_ELEMENTS(states); i++) {
                if (!pi_node_is(node, states[i].state))
                        continue;
                form = replace(states[i].remedy, "~", user ? "--user " : "");
                remedy = replace(form, "@", name);
                pi_findings_add(findings, states[i].severity, "members", remedy, "%s %s%s%s", name,
                                states[i].text, why[0] ? ": " : "", why);
                return FALSE;
        }
        return TRUE;
}

/* One that is up works, but it cannot be called back when the link breaks. It is so by its
 * settings, not by a firewall. */
static void judge_direction(GVariant *node, PiFindings *findings) {
        g_autofree char *name = name_of(node);
        g_autofree char *remedy = NULL;
        gboolean outbound = FALSE, self = pi_node_is(node, "self");

        if (!g_variant_lookup(node, "OutboundOnly", "b", &outbound) || !outbound)
                return;
        remedy = g_strdup_printf("unless that is meant, another Port= in pi-computed.conf%s%s",
                                 self ? "" : " of ", self ? "" : name);
        pi_findings_add(findings, PI_FINDING_NOTE, "members", remedy,
                        "nobody can connect to %s: it works by the links that it makes itself",
                        self ? "this node" : name);
}

static void judge_none(const char *cluster_error, gboolean user, PiFindings *findings) {
        g_autofree char *why = pi_text_escape(cluster_error, FALSE, REASON_SHOWN_MAX);

        if (why[0])
                pi_findings_add(findings, PI_FINDING_BROKEN, "members", pi_doctor_restart(user),
                                "this node can be in no cluster: %s", why);
        else
                pi_findings_add(findings, PI_FINDING_NOTE, "members", NULL,
                                "this node is in no cluster");
}

void pi_doctor_judge_members(const GPtrArray *nodes, const char *cluster_error, gboolean user,
                             PiFindings *findings) {
        guint good = 0;

        for (guint i = 0; i < nodes->len; i++) {
                good += judge_one(nodes->pdata[i], user, findings);
                judge_direction(nodes->pdata[i], findings);
        }
        if (nodes->len == 0)
                judge_none(cluster_error, user, findings);
        else if (nodes->len == 1)
                pi_findings_add(findings, PI_FINDING_NOTE, "members", "pictl cluster token",
                                "this node is the only one of its cluster");
        else if (good == nodes->len)
                pi_findings_add(findings, PI_FINDING_OK, "members", NULL, "all of %u are up",
                                nodes->len);
}

static void judge_clock(GVariant *node, gint64 offset, PiFindings *findings) {
        guint64 size = offset < 0 ? -(guint64) offset : (guint64) offset;
        g_autofree char *name = name_of(node), *by = pi_format_usec(size);
        g_autofree char *remedy = g_strdup_printf(
                "on the one that is wrong, this node or %s: timedatectl set-ntp true", name);

        pi_findings_add(findings,
                        size > CLOCK_BROKEN_USEC ? PI_FINDING_BROKEN : PI_FINDING_WARNING, "clocks",
                        remedy, "the clock of %s is %s %s that of this node%s", name, by,
                        offset < 0 ? "behind" : "ahead of",
                        size > CLOCK_BROKEN_USEC
                                ? ": it would be refused if it joined now"
                                : "");
}

void pi_doctor_judge_clocks(const GPtrArray *nodes, PiFindings *findings) {
        guint known = 0, wrong = 0;

        for (guint i = 0; i < nodes->len; i++) {
                gint64 offset;

                if (!pi_node_is(nodes->pdata[i], "up") ||
                    !g_variant_lookup(nodes->pdata[i], "ClockOffsetUsec", "x", &offset))
                        continue;
                known++;
                if (offset > (gint64) CLOCK_WARNING_USEC || offset < -(gint64) CLOCK_WARNING_USEC) {
                        wrong++;
                        judge_clock(nodes->pdata[i], offset, findings);
                }
        }
        if (known > 0 && wrong == 0)
                pi_findings_add(findings, PI_FINDING_OK, "clocks", NULL,
                                "those of all members that are up agree");
}
