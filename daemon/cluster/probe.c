/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/probe.h"

#include "daemon/cluster/fields.h"
#include "dbus/error.h"

typedef struct Probe {
        PiContact *contact;
        PiProbed probed;
        gpointer userdata;
} Probe;

GVariant *pi_probe_answer(void) {
        static const guint8 padding[PI_PROBE_BYTES];
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert_value(&d, "padding",
                                    g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, padding,
                                                              sizeof(padding), 1));
        return g_variant_dict_end(&d);
}

static void on_answered(GVariant *result, const GError *error, gpointer userdata) {
        g_autofree Probe *p = userdata;
        g_autoptr(GError) why = NULL;
        PiFields f;

        if (!p->contact->owner)
                return;
        if (result) {
                pi_fields_init(&f, "Probe", result);
                (void) pi_fields_bytes(&f, "padding", PI_PROBE_BYTES);
                (void) pi_fields_end(&f, &why);
        } else
                why = g_error_new(PI_ERROR, PI_ERROR_UNREACHABLE,
                                  "Small messages get through to %s, and one of %d bytes does not "
                                  "(%s): most likely the MTU of an interface is larger than the "
                                  "path between the two nodes carries (this end takes it to be "
                                  "%u); on both nodes try \"ip link set dev INTERFACE mtu 1280\"",
                                  pi_link_remote_address(p->contact->link), PI_PROBE_BYTES,
                                  error->message, pi_link_mtu(p->contact->link));
        p->probed(p->contact, why, p->userdata);
}

void pi_probe(PiContact *contact, PiProbed probed, gpointer userdata) {
        Probe *p = g_new(Probe, 1);

        *p = (Probe) { contact, probed, userdata };
        pi_link_call(contact->link, "Probe", pi_probe_answer(), PI_PROBE_USEC, on_answered, p);
}
