/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/history.h"

#include "daemon/jobs/job.h"
#include "dbus/error.h"

static GVariant *entry(const PiJob *job) {
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert(&d, "id", "t", job->id);
        g_variant_dict_insert(&d, "state", "s", pi_job_state_to_string(job->state));
        g_variant_dict_insert(&d, "verdict", "s", pi_verdict_to_string(job->verdict));
        g_variant_dict_insert(&d, "label", "s", job->spec.label);
        g_variant_dict_insert(&d, "owner", "u", (uint32_t) job->owner);
        g_variant_dict_insert(&d, "terms", "t", job->spec.terms);
        g_variant_dict_insert(&d, "parts", "t", job->spec.parts);
        g_variant_dict_insert(&d, "kernel", "s", job->spec.kernel->name);
        g_variant_dict_insert(&d, "created_usec", "t", job->created_usec);
        g_variant_dict_insert(&d, "started_usec", "t", job->started_usec);
        g_variant_dict_insert(&d, "finished_usec", "t", job->finished_usec);
        if (job->error) {
                g_variant_dict_insert(&d, "error_name", "s",
                                      pi_error_name((PiError) job->error->code));
                g_variant_dict_insert(&d, "error_message", "s", job->error->message);
        } else {
                g_variant_dict_insert(&d, "pi", "d", job->pi);
                g_variant_dict_insert_value(&d, "report", job->report);
        }
        return g_variant_dict_end(&d);
}

GVariant *pi_history_to_variant(const GQueue *finished, uint32_t limit) {
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE("aa{sv}"));
        for (const GList *l = finished->tail; l && limit > 0; l = l->prev, limit--)
                g_variant_builder_add_value(&b, entry(l->data));
        return g_variant_builder_end(&b);
}
