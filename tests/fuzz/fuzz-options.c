/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request as it may come over the bus: eight bytes of terms, then the options as GVariant stores
 * an a{sv}. What passes must keep every promise of PiJobSpec, what does not must say why. */
#include <string.h>

#include "daemon/jobs/spec.h"
#include "daemon/series/partition.h"
#include "dbus/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Longer ones only repeat shorter ones, slowly. */
#define SIZE_MAX_USEFUL 4096

static gboolean is_deadline(uint64_t usec, const PiJobOffer *offer) {
        if (usec == 0)
                return offer->deadline_max_usec == 0 && offer->deadline_default_usec == 0;
        return usec >= PI_DEADLINE_USEC_MIN && usec <= PI_DEADLINE_USEC_MAX &&
               (offer->deadline_max_usec == 0 || usec <= offer->deadline_max_usec);
}

static void check_accepted(const PiJobSpec *spec, uint64_t terms, const PiJobOffer *offer) {
        uint32_t cpus = offer->cpus_per_user > 0 ? offer->cpus_per_user : offer->cpus;

        g_assert(spec->terms == terms);
        g_assert(terms >= 1 && terms <= PI_TERMS_MAX);
        g_assert(spec->parts >= 1 && spec->parts <= pi_parts_max(terms));
        g_assert(spec->cpus >= 1 && spec->cpus <= cpus && spec->cpus <= spec->parts);
        g_assert(spec->kernel && pi_kernel_find(spec->kernel->name) == spec->kernel);
        g_assert(spec->label && strlen(spec->label) <= PI_LABEL_BYTES_MAX);
        g_assert(g_utf8_validate(spec->label, -1, NULL));
        g_assert(is_deadline(spec->deadline_usec, offer));
        g_assert(spec->priority >= -PI_PRIORITY_LIMIT && spec->priority <= offer->priority_max);
}

static void check_refused(const GError *error, uint64_t terms) {
        gboolean terms_are_good = terms >= 1 && terms <= PI_TERMS_MAX;

        g_assert(error && error->domain == PI_ERROR);
        if (terms_are_good)
                g_assert(error->code == PI_ERROR_INVALID_OPTION ||
                         error->code == PI_ERROR_QUOTA_EXCEEDED);
        else
                g_assert(error->code == PI_ERROR_INVALID_TERMS);
        g_assert(error->message[0] && strlen(error->message) < 1024);
        g_assert(g_utf8_validate(error->message, -1, NULL));
}

static void ask(uint64_t terms, GVariant *options, const PiJobOffer *offer) {
        g_autoptr(GError) error = NULL;
        g_auto(PiJobSpec) spec = {};

        if (pi_job_spec_parse(terms, options, offer, &spec, &error)) {
                g_assert(!error);
                check_accepted(&spec, terms, offer);
        } else {
                check_refused(error, terms);
                g_assert(!spec.label && !spec.kernel);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const PiJobOffer plenty = {
                .cpus = 4,
                .kernel = pi_kernel_default(),
                .priority_max = PI_PRIORITY_LIMIT,
        };
        const PiJobOffer little = {
                .cpus = 4,
                .cpus_per_user = 2,
                .kernel = pi_kernel_default(),
                .deadline_default_usec = 2000000,
                .deadline_max_usec = 5000000,
        };
        g_autoptr(GVariant) raw = NULL, options = NULL;
        g_autoptr(GBytes) bytes = NULL;
        uint64_t terms;

        if (size < sizeof(terms) || size > SIZE_MAX_USEFUL)
                return 0;
        memcpy(&terms, data, sizeof(terms));
        terms = GUINT64_FROM_LE(terms);
        bytes = g_bytes_new(data + sizeof(terms), size - sizeof(terms));
        raw = g_variant_ref_sink(g_variant_new_from_bytes(G_VARIANT_TYPE_VARDICT, bytes, FALSE));
        options = g_variant_get_normal_form(raw);

        ask(terms, options, &plenty);
        ask(terms, options, &little);
        return 0;
}
