/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/record.h"

static GVariant *empty_dict(void) {
        return g_variant_ref_sink(g_variant_new("a{sv}", NULL));
}

/* In one piece of memory of its own. */
static GVariant *dict_copy(GVariant *dict) {
        g_autoptr(GVariant) normal = g_variant_get_normal_form(dict);
        g_autoptr(GBytes) bytes =
                g_bytes_new(g_variant_get_data(normal), g_variant_get_size(normal));

        return g_variant_ref_sink(
                g_variant_new_from_bytes(g_variant_get_type(dict), bytes, TRUE));
}

PiJobRecord *pi_job_record_new(void) {
        PiJobRecord *r = g_new0(PiJobRecord, 1);

        r->state = g_strdup("");
        r->verdict = g_strdup("");
        r->label = g_strdup("");
        r->kernel = g_strdup("");
        r->error_name = g_strdup("");
        r->error_message = g_strdup("");
        r->nodes = g_strdup("");
        r->engine = g_strdup("local");
        r->report = empty_dict();
        return r;
}

void pi_job_record_free(PiJobRecord *r) {
        if (!r)
                return;
        g_free(r->state);
        g_free(r->verdict);
        g_free(r->label);
        g_free(r->kernel);
        g_free(r->error_name);
        g_free(r->error_message);
        g_free(r->nodes);
        g_free(r->engine);
        g_clear_pointer(&r->report, g_variant_unref);
        g_free(r);
}

PiJobRecord *pi_job_record_copy(const PiJobRecord *record) {
        PiJobRecord *r = g_new(PiJobRecord, 1);

        *r = *record;
        r->state = g_strdup(record->state);
        r->verdict = g_strdup(record->verdict);
        r->label = g_strdup(record->label);
        r->kernel = g_strdup(record->kernel);
        r->error_name = g_strdup(record->error_name);
        r->error_message = g_strdup(record->error_message);
        r->nodes = g_strdup(record->nodes);
        r->engine = g_strdup(record->engine);
        r->report = dict_copy(record->report);
        return r;
}

gboolean pi_job_record_is_finished(const PiJobRecord *record) {
        static const char *const ends[] = { "done", "failed", "cancelled", NULL };

        return g_strv_contains(ends, record->state);
}

PiCheckpoint *pi_checkpoint_new(void) {
        PiCheckpoint *c = g_new0(PiCheckpoint, 1);

        c->verdict = g_strdup("");
        return c;
}

void pi_checkpoint_free(PiCheckpoint *c) {
        if (!c)
                return;
        g_free(c->verdict);
        pi_snapshot_free(c->snapshot);
        g_free(c);
}

void pi_calibration_clear(PiCalibration *calibration) {
        g_clear_pointer(&calibration->kernel, g_free);
        g_clear_pointer(&calibration->cpu_model, g_free);
}

PiSweepRecord *pi_sweep_record_new(uint32_t owner, GVariant *run) {
        PiSweepRecord *r = g_new0(PiSweepRecord, 1);

        r->owner = owner;
        r->run = dict_copy(run);
        return r;
}

void pi_sweep_record_free(PiSweepRecord *r) {
        if (!r)
                return;
        g_clear_pointer(&r->run, g_variant_unref);
        g_free(r);
}
