/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/burnin-view.h"

static void add_u64(GVariantBuilder *b, const char *key, guint64 value) {
        g_variant_builder_add(b, "{sv}", key, g_variant_new_uint64(value));
}

static void add_double(GVariantBuilder *b, const char *key, double value) {
        g_variant_builder_add(b, "{sv}", key, g_variant_new_double(value));
}

static void add_string(GVariantBuilder *b, const char *key, const char *value) {
        g_variant_builder_add(b, "{sv}", key, g_variant_new_string(value));
}

static void add_boolean(GVariantBuilder *b, const char *key, gboolean value) {
        g_variant_builder_add(b, "{sv}", key, g_variant_new_boolean(value));
}

static GVariant *core_value(const PiBurninCore *c) {
        g_autofree char *note = pi_burnin_note(c);
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE_VARDICT);
        g_variant_builder_add(&b, "{sv}", "cpu", g_variant_new_uint32(c->cpu));
        add_string(&b, "result", pi_burnin_result_text(c->result));
        add_boolean(&b, "slow", c->slow);
        add_double(&b, "terms_per_second", c->terms_per_second);
        add_double(&b, "of_median", c->of_median);
        add_double(&b, "busy", c->busy);
        add_u64(&b, "busy_usec", c->busy_usec);
        add_u64(&b, "terms", c->terms);
        add_u64(&b, "leases_verified", c->leases);
        add_u64(&b, "leases_failed", c->leases_failed);
        add_u64(&b, "leases_recomputed", c->leases_recomputed);
        add_u64(&b, "faults", c->faults);
        add_string(&b, "state", c->state);
        add_boolean(&b, "was_out_of_service", c->was_out);
        add_string(&b, "note", note);
        return g_variant_builder_end(&b);
}

static GVariant *cores_value(const PiBurnin *b) {
        GVariantBuilder list;

        g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
        for (guint i = 0; i < pi_burnin_n_cores(b); i++)
                g_variant_builder_add_value(&list, core_value(pi_burnin_core(b, i)));
        return g_variant_builder_end(&list);
}

static GVariant *cpus_value(const PiBurnin *b, gboolean slow) {
        GVariantBuilder list;

        g_variant_builder_init(&list, G_VARIANT_TYPE("au"));
        for (guint i = 0; i < pi_burnin_n_cores(b); i++) {
                const PiBurninCore *c = pi_burnin_core(b, i);

                if (slow ? c->slow : c->result == PI_BURNIN_FAIL)
                        g_variant_builder_add(&list, "u", c->cpu);
        }
        return g_variant_builder_end(&list);
}

static GVariant *summary_value(const PiBurnin *b) {
        PiBurninSummary s = pi_burnin_summary(b);
        GVariantBuilder d;

        g_variant_builder_init(&d, G_VARIANT_TYPE_VARDICT);
        add_string(&d, "result", s.pass ? "pass" : "fail");
        add_u64(&d, "terms", s.terms);
        add_double(&d, "terms_per_second", s.terms_per_second);
        add_double(&d, "median_terms_per_second", s.median);
        add_u64(&d, "faults", s.faults);
        add_u64(&d, "jobs_done", s.jobs_done);
        add_u64(&d, "jobs_failed", s.jobs_failed);
        add_u64(&d, "cores_passed", s.passed);
        add_u64(&d, "cores_unused", s.unused);
        g_variant_builder_add(&d, "{sv}", "failed_cpus", cpus_value(b, FALSE));
        g_variant_builder_add(&d, "{sv}", "slow_cpus", cpus_value(b, TRUE));
        return g_variant_builder_end(&d);
}

void pi_burnin_append_json(PiOutput *out, const PiBurnin *b, const PiBurninFacts *facts) {
        g_autoptr(GVariant) value = NULL;
        GVariantBuilder d;

        g_variant_builder_init(&d, G_VARIANT_TYPE_VARDICT);
        add_string(&d, "node", facts->node);
        add_string(&d, "kernel", facts->kernel);
        add_u64(&d, "start_usec", facts->start_usec);
        add_u64(&d, "wanted_usec", facts->wanted_usec);
        add_u64(&d, "duration_usec", pi_burnin_summary(b).elapsed_usec);
        add_boolean(&d, "interrupted", facts->interrupted);
        g_variant_builder_add(&d, "{sv}", "cores", cores_value(b));
        g_variant_builder_add(&d, "{sv}", "faults", pi_burnin_faults(b));
        g_variant_builder_add(&d, "{sv}", "summary", summary_value(b));
        value = g_variant_ref_sink(g_variant_builder_end(&d));
        pi_json_append(value, out->json, out->text);
}
