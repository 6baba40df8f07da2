/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/job.h"

/* A queued job made without a PiJobs. */
static inline PiJob *made_job(uint64_t id, const PiKernel *kernel, uint64_t terms, uint64_t parts,
                              uint32_t cpus) {
        PiJobSpec spec = {
                .terms = terms,
                .parts = parts,
                .cpus = cpus,
                .kernel = kernel,
                .label = g_strdup("made"),
        };
        PiJob *job;

        job = pi_job_new(id, 1000, "", &spec);
        job->slots = cpus;
        return job;
}

/* The entry of a dictionary, which must be there and of this type. */
static inline GVariant *entry_of(GVariant *dict, const char *key, const char *type) {
        GVariant *value = g_variant_lookup_value(dict, key, NULL);

        if (!value)
                g_error("no key \"%s\"", key);
        g_assert_cmpstr(g_variant_get_type_string(value), ==, type);
        return value;
}

static inline uint64_t u64_of(GVariant *dict, const char *key) {
        g_autoptr(GVariant) value = entry_of(dict, key, "t");

        return g_variant_get_uint64(value);
}

static inline uint32_t u32_of(GVariant *dict, const char *key) {
        g_autoptr(GVariant) value = entry_of(dict, key, "u");

        return g_variant_get_uint32(value);
}

static inline double double_of(GVariant *dict, const char *key) {
        g_autoptr(GVariant) value = entry_of(dict, key, "d");

        return g_variant_get_double(value);
}

/* As long as the dictionary lives. */
static inline const char *string_of(GVariant *dict, const char *key) {
        g_autoptr(GVariant) value = entry_of(dict, key, "s");

        return g_variant_get_string(value, NULL);
}

static inline gboolean has_key(GVariant *dict, const char *key) {
        g_autoptr(GVariant) value = g_variant_lookup_value(dict, key, NULL);

        return value != NULL;
}
