/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request as it may come over the bus: eight bytes of terms, then the options as GVariant stores
 * an a{sv}. What passes must keep every promise of PiJobSpec, what does not must say why. */
#include <string.h>

#include "daemon/jobs/spec.h"
#include "daemon/series/partition.h"
#include "dbus/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CPUS 4

/* Longer ones only repeat shorter ones, slowly. */
#define SIZE_MAX_USEFUL 4096

static void check_accepted(const PiJobSpec *spec, uint64_t terms) {
        g_assert(spec->terms == terms);
        g_assert(terms >= 1 && terms <= PI_TERMS_MAX);
        g_assert(spec->parts >= 1 && spec->parts <= pi_parts_max(terms));
        g_assert(spec->cpus >= 1 && spec->cpus <= CPUS && spec->cpus <= spec->parts);
        g_assert(spec->kernel && pi_kernel_find(spec->kernel->name) == spec->kernel);
        g_assert(spec->label && strlen(spec->label) <= PI_LABEL_BYTES_MAX);
        g_assert(g_utf8_validate(spec->label, -1, NULL));
        g_assert(spec->deadline_usec == 0 || (spec->deadline_usec >= PI_DEADLINE_USEC_MIN &&
                                              spec->deadline_usec <= PI_DEADLINE_USEC_MAX));
}

static void check_refused(const GError *error, uint64_t terms) {
        gboolean terms_are_good = terms >= 1 && terms <= PI_TERMS_MAX;

        g_assert(error && error->domain == PI_ERROR);
        g_assert(error->code ==
                 (terms_are_good ? PI_ERROR_INVALID_OPTION : PI_ERROR_INVALID_TERMS));
        g_assert(error->message[0] && strlen(error->message) < 1024);
        g_assert(g_utf8_validate(error->message, -1, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const PiJobOffer offer = { .cpus = CPUS, .kernel = pi_kernel_default() };
        g_autoptr(GVariant) raw = NULL, options = NULL;
        g_autoptr(GBytes) bytes = NULL;
        g_autoptr(GError) error = NULL;
        g_auto(PiJobSpec) spec = {};
        uint64_t terms;

        if (size < sizeof(terms) || size > SIZE_MAX_USEFUL)
                return 0;
        memcpy(&terms, data, sizeof(terms));
        terms = GUINT64_FROM_LE(terms);
        bytes = g_bytes_new(data + sizeof(terms), size - sizeof(terms));
        raw = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE_VARDICT, bytes, FALSE));
        options = g_variant_get_normal_form(raw);

        if (pi_job_spec_parse(terms, options, &offer, &spec, &error)) {
                g_assert(!error);
                check_accepted(&spec, terms);
        } else {
                check_refused(error, terms);
                g_assert(!spec.label && !spec.kernel);
        }
        return 0;
}
