/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/approach.h"

#include "daemon/cluster/dial.h"
#include "dbus/error.h"

struct PiApproach {
        PiCluster *cluster;
        char fingerprint[PI_FINGERPRINT_LENGTH + 1];
        PiContactKind kind;
        char **addresses;
        guint next; /* of them */
        PiDial *dial;
        PiContact *contact;
        guint deadline, idle; /* source ids */
        GString *why;         /* of each address so far */
        PiError code;         /* the most telling so far */
        PiArrived arrived;
        gpointer userdata;
};

static void try_next(PiApproach *a);

void pi_approach_cancel(PiApproach *a) {
        if (!a)
                return;
        if (a->dial)
                pi_dial_cancel(a->dial);
        if (a->contact)
                pi_contact_drop(a->contact, "it is not needed any more");
        g_clear_handle_id(&a->deadline, g_source_remove);
        g_clear_handle_id(&a->idle, g_source_remove);
        g_string_free(a->why, TRUE);
        g_strfreev(a->addresses);
        g_free(a);
}

static void finish(PiApproach *a, PiContact *contact) {
        g_autoptr(GError) error = NULL;
        PiArrived arrived = a->arrived;
        gpointer userdata = a->userdata;

        if (!contact)
                error = g_error_new_literal(PI_ERROR, (gint) a->code,
                                            a->why->len > 0 ? a->why->str : "it has no address");
        a->contact = NULL;
        pi_approach_cancel(a);
        arrived(contact, error, userdata);
}

static void note(PiApproach *a, const char *why) {
        g_string_append_printf(a->why, "%s%s", a->why->len > 0 ? "; " : "", why);
}

static void on_up(PiContact *contact, gpointer userdata) {
        finish(userdata, contact);
}

static void on_down(PiContact *contact, const GError *why, gpointer userdata) {
        PiApproach *a = userdata;
        g_autofree char *other = NULL;

        a->contact = NULL;
        if (contact->kind == PI_CONTACT_REFUSED) {
                other = g_strdup_printf("%s: another node answers there",
                                        pi_link_remote_address(contact->link));
                note(a, other);
                if (a->code == PI_ERROR_UNREACHABLE)
                        a->code = PI_ERROR_NO_SUCH_NODE;
        } else {
                note(a, why->message);
                if (why->code == PI_ERROR_NOT_AUTHORIZED)
                        a->code = PI_ERROR_NOT_AUTHORIZED;
        }
        try_next(a);
}

static const PiContactOwner owner = { on_up, on_down };

static void on_dialled(int fd, const GError *error, gpointer userdata) {
        PiApproach *a = userdata;

        a->dial = NULL;
        if (error) {
                note(a, error->message);
                try_next(a);
                return;
        }
        a->contact = pi_contact_new(a->cluster, fd, a->fingerprint, a->kind, &owner, a);
}

static void try_next(PiApproach *a) {
        const char *one[] = { a->addresses[a->next], NULL };

        if (!one[0]) {
                finish(a, NULL);
                return;
        }
        a->next++;
        a->dial = pi_dial_new(one, on_dialled, a);
}

static gboolean begin(gpointer userdata) {
        PiApproach *a = userdata;

        a->idle = 0;
        try_next(a);
        return G_SOURCE_REMOVE;
}

static gboolean on_deadline(gpointer userdata) {
        PiApproach *a = userdata;
        g_autofree char *late = NULL;

        a->deadline = 0;
        if (a->next > 0) {
                late = g_strdup_printf("%s did not answer in time", a->addresses[a->next - 1]);
                note(a, late);
        }
        if (a->contact) {
                pi_contact_drop(a->contact, "it took too long");
                a->contact = NULL;
        }
        finish(a, NULL);
        return G_SOURCE_REMOVE;
}

PiApproach *pi_approach_new(PiCluster *cluster, const char *fingerprint, PiContactKind kind,
                            const char *const *addresses, guint64 usec, PiArrived arrived,
                            gpointer userdata) {
        PiApproach *a = g_new0(PiApproach, 1);

        a->cluster = cluster;
        g_strlcpy(a->fingerprint, fingerprint, sizeof(a->fingerprint));
        a->kind = kind;
        a->addresses = g_strdupv((char **) addresses);
        a->why = g_string_new(NULL);
        a->code = PI_ERROR_UNREACHABLE;
        a->arrived = arrived;
        a->userdata = userdata;
        a->idle = g_idle_add_full(G_PRIORITY_DEFAULT, begin, a, NULL);
        if (usec > 0)
                a->deadline = g_timeout_add((guint) (usec / 1000), on_deadline, a);
        return a;
}
