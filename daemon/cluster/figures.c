/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/figures.h"

#include "daemon/cluster/cluster-private.h"
#include "daemon/cluster/figures-call.h"
#include "dbus/error.h"

GVariant *pi_figures_answer(PiCluster *c) {
        PiNodeUsage usage;

        pi_jobs_usage(c->jobs, &usage);
        return pi_figures_to_variant(&usage);
}

static PiMember *member_with(const PiContact *contact) {
        GHashTableIter iter;
        PiMember *m;

        g_hash_table_iter_init(&iter, contact->cluster->members);
        while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &m))
                if (m->current == contact)
                        return m;
        return NULL;
}

static void on_answered(GVariant *result, const GError *error, gpointer userdata) {
        PiContact *contact = userdata;
        g_autoptr(GError) why = NULL;
        g_autofree char *text = NULL;
        PiMember *m;

        contact->figures_asked = FALSE;
        contact->usage = (PiNodeUsage) { 0 };
        if (error) {
                contact->lacks_figures = error->code == PI_ERROR_INCOMPATIBLE;
                return;
        }
        if (pi_figures_from_variant(result, &contact->usage, &why))
                return;
        contact->usage = (PiNodeUsage) { 0 };
        m = member_with(contact);
        text = g_strdup_printf("it answered with nonsense: %s", why->message);
        if (m)
                pi_member_cut(m, text);
}

void pi_figures_ask(PiContact *contact) {
        if (contact->figures_asked || contact->lacks_figures)
                return;
        contact->figures_asked = TRUE;
        pi_link_call(contact->link, "Figures", g_variant_new("a{sv}", NULL), PI_FIGURES_USEC,
                     on_answered, contact);
}

void pi_figures_looked_at(PiCluster *c) {
        c->figures_looked_usec = g_get_monotonic_time();
}

static gboolean are_wanted(const PiCluster *c) {
        return c->figures_looked_usec > 0 &&
               g_get_monotonic_time() - c->figures_looked_usec < PI_FIGURES_WANTED_USEC;
}

static gboolean on_timer(gpointer userdata) {
        PiCluster *c = userdata;
        GHashTableIter iter;
        PiMember *m;

        if (++c->figures_times % PI_FIGURES_IDLE_TIMES != 0 && !are_wanted(c))
                return G_SOURCE_CONTINUE;
        g_hash_table_iter_init(&iter, c->members);
        while (g_hash_table_iter_next(&iter, NULL, (gpointer *) &m))
                if (m->current)
                        pi_figures_ask(m->current);
        return G_SOURCE_CONTINUE;
}

void pi_figures_begin(PiCluster *c) {
        if (c->figures == 0)
                c->figures = g_timeout_add(PI_FIGURES_USEC / 1000, on_timer, c);
}

void pi_figures_end(PiCluster *c) {
        g_clear_handle_id(&c->figures, g_source_remove);
}
