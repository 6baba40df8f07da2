/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/contact.h"

#include "daemon/cluster/cluster-private.h"
#include "daemon/cluster/door.h"
#include "daemon/cluster/identify.h"
#include "daemon/cluster/methods.h"
#include "daemon/cluster/serving.h"
#include "dbus/error.h"

static PiLinkAdmission admission_of(PiContactKind kind) {
        switch (kind) {
        case PI_CONTACT_REFUSED:
                break;
        case PI_CONTACT_STRANGER:
                return PI_LINK_JOINING;
        case PI_CONTACT_REMOVED:
        case PI_CONTACT_HOST:
        case PI_CONTACT_MEMBER:
                return PI_LINK_MEMBER;
        }
        return PI_LINK_REFUSED;
}

static PiLinkAdmission admit(PiLink *link, const char *fingerprint, gpointer userdata) {
        PiContact *contact = userdata;

        if (contact->dialled[0] == '\0')
                contact->kind = pi_door_judge(contact->cluster, fingerprint);
        else if (!g_str_equal(contact->dialled, fingerprint))
                contact->kind = PI_CONTACT_REFUSED;
        return admission_of(contact->kind);
}

static void on_up(PiLink *link, gpointer userdata) {
        PiContact *contact = userdata;

        if (contact->owner)
                contact->owner->up(contact, contact->owner_data);
}

static void refuse_held(PiContact *contact, const char *why) {
        g_autoptr(GError) error = NULL;

        if (!contact->held)
                return;
        error = g_error_new_literal(PI_ERROR, PI_ERROR_NOT_AUTHORIZED, why);
        pi_link_call_fail(g_steal_pointer(&contact->held), error);
}

static void detach(PiContact *contact) {
        contact->owner = NULL;
        contact->owner_data = NULL;
        (void) pi_strangers_remove(contact->cluster->strangers, contact);
        g_clear_handle_id(&contact->deadline, g_source_remove);
        pi_serving_forget(contact);
}

static void on_down(PiLink *link, const GError *why, gpointer userdata) {
        PiContact *contact = userdata;

        if (contact->owner)
                contact->owner->down(contact, why, contact->owner_data);
        pi_contact_free(contact);
}

PiContact *pi_contact_new(PiCluster *cluster, int fd, const char *dialled, PiContactKind kind,
                          const PiContactOwner *owner, gpointer userdata) {
        PiContact *contact = g_new0(PiContact, 1);

        contact->cluster = cluster;
        contact->kind = kind;
        g_strlcpy(contact->dialled, dialled ?: "", sizeof(contact->dialled));
        contact->owner = owner;
        contact->owner_data = userdata;
        contact->hooks = (PiLinkHooks) { .admit = admit, .up = on_up, .down = on_down,
                                         .methods = pi_methods, .userdata = contact };
        g_ptr_array_add(cluster->contacts, contact);
        contact->link = pi_link_new(fd, dialled ? PI_LINK_DIALLED : PI_LINK_ACCEPTED,
                                    cluster->identity, &contact->hooks);
        return contact;
}

void pi_contact_give(PiContact *contact, const PiContactOwner *owner, gpointer userdata) {
        contact->owner = owner;
        contact->owner_data = userdata;
        pi_contact_set_deadline(contact, 0);
}

void pi_contact_drop(PiContact *contact, const char *why) {
        refuse_held(contact, why);
        detach(contact);
        contact->kind = PI_CONTACT_REFUSED;
        pi_link_close(contact->link, why);
}

static gboolean on_deadline(gpointer userdata) {
        PiContact *contact = userdata;
        g_autoptr(GError) why = g_error_new(PI_ERROR, PI_ERROR_FAILED, "%s took too long",
                                            pi_link_remote_address(contact->link));

        contact->deadline = 0;
        if (contact->owner)
                contact->owner->down(contact, why, contact->owner_data);
        pi_contact_drop(contact, "it was not needed any more");
        return G_SOURCE_REMOVE;
}

void pi_contact_set_deadline(PiContact *contact, guint64 usec) {
        g_clear_handle_id(&contact->deadline, g_source_remove);
        if (usec > 0)
                contact->deadline = g_timeout_add((guint) (usec / 1000), on_deadline, contact);
}

void pi_contact_accept(PiContact *contact) {
        contact->accepted = TRUE;
        if (contact->held)
                pi_link_call_return(g_steal_pointer(&contact->held),
                                    pi_identify_answer(contact->cluster));
}

void pi_contact_free(PiContact *contact) {
        refuse_held(contact, "The connection has ended");
        detach(contact);
        g_ptr_array_remove_fast(contact->cluster->contacts, contact);
        /* Calls that fail with it still look at the contact. */
        pi_link_free(contact->link);
        if (contact->facts) {
                pi_introduction_clear(contact->facts);
                g_free(contact->facts);
        }
        g_free(contact);
}
