/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/methods.h"

#include "daemon/cluster/cluster-private.h"
#include "daemon/cluster/figures.h"
#include "daemon/cluster/gossip.h"
#include "daemon/cluster/identify.h"
#include "daemon/cluster/probe.h"
#include "daemon/cluster/serving.h"
#include "daemon/cluster/welcome.h"
#include "dbus/error.h"

static void refuse(PiLinkCall *call, const char *why) {
        g_autoptr(GError) error = g_error_new_literal(PI_ERROR, PI_ERROR_NOT_AUTHORIZED, why);

        pi_link_call_fail(call, error);
}

static gboolean is_removed(const PiContact *contact) {
        return contact->kind == PI_CONTACT_REMOVED && contact->cluster->roster;
}

/* Who was let in as a member may be none any more, or a copy of one. */
static gboolean is_member(const PiContact *contact) {
        const PiCluster *c = contact->cluster;

        return contact->kind == PI_CONTACT_MEMBER && pi_member_is_itself(contact, "") &&
               c->roster && pi_roster_find_member(c->roster, pi_link_fingerprint(contact->link));
}

static void on_identify(PiLink *link, GVariant *argument, PiLinkCall *call, gpointer userdata) {
        PiContact *contact = userdata;

        if (is_removed(contact))
                pi_gossip_tell_removed(contact, call);
        else if (contact->kind == PI_CONTACT_HOST)
                pi_link_call_return(call, pi_identify_answer(contact->cluster));
        else if (contact->kind == PI_CONTACT_MEMBER && contact->cluster->roster)
                pi_identify_serve(contact, argument, call);
        else
                refuse(call, "Only members may call Identify");
}

static void on_members(PiLink *link, GVariant *argument, PiLinkCall *call, gpointer userdata) {
        PiContact *contact = userdata;

        if (is_removed(contact))
                pi_gossip_tell_removed(contact, call);
        else if (is_member(contact))
                pi_gossip_members(contact, argument, call);
        else
                refuse(call, "Only members may call Members");
}

static void on_run_lease(PiLink *link, GVariant *argument, PiLinkCall *call, gpointer userdata) {
        if (is_member(userdata))
                pi_serving_run(userdata, argument, call);
        else
                refuse(call, "Only members may call RunLease");
}

static void on_cancel_lease(PiLink *link, GVariant *argument, PiLinkCall *call,
                            gpointer userdata) {
        if (is_member(userdata))
                pi_serving_cancel(userdata, argument, call);
        else
                refuse(call, "Only members may call CancelLease");
}

static void on_figures(PiLink *link, GVariant *argument, PiLinkCall *call, gpointer userdata) {
        PiContact *contact = userdata;

        if (is_member(contact))
                pi_link_call_return(call, pi_figures_answer(contact->cluster));
        else
                refuse(call, "Only members may call Figures");
}

static void on_probe(PiLink *link, GVariant *argument, PiLinkCall *call, gpointer userdata) {
        pi_link_call_return(call, pi_probe_answer());
}

static void on_join(PiLink *link, GVariant *argument, PiLinkCall *call, gpointer userdata) {
        PiContact *contact = userdata;

        if (contact->cluster->roster && contact->kind != PI_CONTACT_REFUSED &&
            pi_link_role(link) == PI_LINK_ACCEPTED)
                pi_welcome_begin(contact, argument, call);
        else
                refuse(call, "This node is in no cluster that could be joined");
}

const PiLinkMethod pi_methods[] = {
        { "Identify",    "a{sv}", "a{sv}", PI_LINK_MEMBER,  on_identify     },
        { "Members",     "a{sv}", "a{sv}", PI_LINK_MEMBER,  on_members      },
        { "RunLease",    "a{sv}", "a{sv}", PI_LINK_MEMBER,  on_run_lease    },
        { "CancelLease", "a{sv}", "a{sv}", PI_LINK_MEMBER,  on_cancel_lease },
        { "Figures",     "a{sv}", "a{sv}", PI_LINK_MEMBER,  on_figures      },
        { "Probe",       "a{sv}", "a{sv}", PI_LINK_JOINING, on_probe        },
        { "Join",        "a{sv}", "a{sv}", PI_LINK_JOINING, on_join         },
        { NULL },
};
