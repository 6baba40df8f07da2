/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/sweep-check.h"

#include <stdint.h>
#include <string.h>

#include "daemon/series/partition.h"
#include "dbus/names.h"
#include "dbus/options.h"

#define CPUS_MAX 65536

/* A century: of moments since the epoch and of times. */
#define USEC_MAX UINT64_C(3155760000000000)

/* The clocks of threads may run ahead of that of the job by a little. */
#define UTILIZATION_MAX 2.0

typedef struct Key {
        const char *name;
        const char *type;
        uint64_t min, max; /* of t and u; of the length of a list */
        gboolean optional;
} Key;

static const Key run_keys[] = {
        { PI_SWEEP_LABEL,         "s",      0, 0                       },
        { PI_SWEEP_TERMS,         "t",      1, PI_TERMS_MAX            },
        { PI_SWEEP_KERNEL,        "s",      1, 0                       },
        { PI_SWEEP_CPUS,          "u",      1, CPUS_MAX                },
        { PI_SWEEP_SLOTS,         "u",      1, CPUS_MAX                },
        { PI_SWEEP_REPEATS,       "u",      1, PI_SWEEP_SAMPLES_MAX    },
        { PI_SWEEP_NODE,          "s",      0, 0                       },
        { PI_SWEEP_HOST,          "s",      0, 0                       },
        { PI_SWEEP_CPU_MODEL,     "s",      0, 0                       },
        { PI_SWEEP_VERSION,       "s",      0, 0                       },
        { PI_SWEEP_BEGIN_USEC,    "t",      0, USEC_MAX                },
        { PI_SWEEP_DURATION_USEC, "t",      0, USEC_MAX                },
        { PI_SWEEP_BASELINES,     "aa{sv}", 1, PI_SWEEP_BASELINES_MAX  },
        { PI_SWEEP_POINTS,        "aa{sv}", 1, PI_SWEEP_POINTS_MAX     },
};

static const Key baseline_keys[] = {
        { PI_SWEEP_KERNEL,          "s",  1, 0                    },
        { PI_SWEEP_TERMS,           "t",  1, PI_TERMS_MAX         },
        { PI_SWEEP_RESPONSE_USEC,   "at", 1, PI_SWEEP_SAMPLES_MAX },
        { PI_SWEEP_WALL_USEC,       "at", 1, PI_SWEEP_SAMPLES_MAX },
        { PI_SWEEP_CPU_UTILIZATION, "ad", 1, PI_SWEEP_SAMPLES_MAX },
};

static const Key point_keys[] = {
        { PI_SWEEP_NODES,           "u",  1, PI_SWEEP_CLUSTER_MAX, .optional = TRUE },
        { PI_SWEEP_PARTS,           "t",  1, PI_TERMS_MAX / 8     },
        { PI_SWEEP_RESPONSE_USEC,   "at", 1, PI_SWEEP_SAMPLES_MAX },
        { PI_SWEEP_WALL_USEC,       "at", 1, PI_SWEEP_SAMPLES_MAX },
        { PI_SWEEP_CPU_UTILIZATION, "ad", 1, PI_SWEEP_SAMPLES_MAX },
};

static gboolean check_number(const char *where, const Key *key, uint64_t value, GError **error) {
        if (value >= key->min && value <= key->max)
                return TRUE;
        return pi_option_invalid(error,
                                 "%s: \"%s\" is %" G_GUINT64_FORMAT
                                 ", out of range: %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                                 where, key->name, value, key->min, key->max);
}

static gboolean check_text(const char *where, const Key *key, GVariant *value, GError **error) {
        gsize length;

        g_variant_get_string(value, &length);
        if (length >= key->min && length <= PI_SWEEP_TEXT_BYTES_MAX)
                return TRUE;
        return pi_option_invalid(error,
                                 "%s: \"%s\" has %zu bytes, out of range: %" G_GUINT64_FORMAT
                                 " to %d",
                                 where, key->name, length, key->min, PI_SWEEP_TEXT_BYTES_MAX);
}

static gboolean check_list(const char *where, const Key *key, GVariant *value, GError **error) {
        gsize n = g_variant_n_children(value);

        if (n < key->min || n > key->max)
                return pi_option_invalid(error,
                                         "%s: \"%s\" has %zu entries, out of range: "
                                         "%" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                                         where, key->name, n, key->min, key->max);
        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) item = g_variant_get_child_value(value, i);

                if (g_variant_is_of_type(item, G_VARIANT_TYPE_UINT64)) {
                        if (g_variant_get_uint64(item) > USEC_MAX)
                                return pi_option_invalid(error,
                                                         "%s: entry %zu of \"%s\" is out of "
                                                         "range: 0 to %" G_GUINT64_FORMAT,
                                                         where, i, key->name, USEC_MAX);
                } else if (g_variant_is_of_type(item, G_VARIANT_TYPE_DOUBLE)) {
                        double d = g_variant_get_double(item);

                        if (!(d >= 0 && d <= UTILIZATION_MAX))
                                return pi_option_invalid(error,
                                                         "%s: entry %zu of \"%s\" is out of "
                                                         "range: 0 to %g",
                                                         where, i, key->name, UTILIZATION_MAX);
                }
        }
        return TRUE;
}

static gboolean check_value(const char *where, const Key *key, GVariant *value, GError **error) {
        if (!g_variant_is_of_type(value, G_VARIANT_TYPE(key->type)))
                return pi_option_invalid(error,
                                         "%s: \"%s\" has type \"%s\": give type \"%s\"",
                                         where, key->name, g_variant_get_type_string(value),
                                         key->type);
        switch (key->type[0]) {
        case 's':
                return check_text(where, key, value, error);
        case 't':
                return check_number(where, key, g_variant_get_uint64(value), error);
        case 'u':
                return check_number(where, key, g_variant_get_uint32(value), error);
        default:
                return check_list(where, key, value, error);
        }
}

/* Every key once, but for those that may be left out, and no other; `n_keys` at most 32. */
static gboolean check_keys(const char *where, GVariant *dict, const Key *keys, gsize n_keys,
                           GError **error) {
        gsize n = g_variant_n_children(dict);
        uint32_t seen = 0;

        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) value = NULL;
                g_autofree char *shown = NULL;
                const char *name;
                gsize k = 0;

                g_variant_get_child(dict, i, "{&sv}", &name, &value);
                while (k < n_keys && strcmp(keys[k].name, name) != 0)
                        k++;
                if (k == n_keys) {
                        shown = pi_option_shown(name);
                        return pi_option_invalid(error, "%s: unknown key \"%s\": leave it out",
                                                 where, shown);
                }
                if (seen & (UINT32_C(1) << k))
                        return pi_option_invalid(error, "%s: \"%s\" is given twice: give it once",
                                                 where, name);
                seen |= UINT32_C(1) << k;
                if (!check_value(where, &keys[k], value, error))
                        return FALSE;
        }
        for (gsize k = 0; k < n_keys; k++)
                if (!keys[k].optional && !(seen & (UINT32_C(1) << k)))
                        return pi_option_invalid(error, "%s: \"%s\" (%s) is missing", where,
                                                 keys[k].name, keys[k].type);
        return TRUE;
}

/* The lists of an entry tell of the same samples. */
static gboolean check_lengths(const char *where, GVariant *entry, GError **error) {
        static const char *const names[] = { PI_SWEEP_WALL_USEC, PI_SWEEP_CPU_UTILIZATION };
        g_autoptr(GVariant) first = g_variant_lookup_value(entry, PI_SWEEP_RESPONSE_USEC, NULL);

        for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autoptr(GVariant) list = g_variant_lookup_value(entry, names[i], NULL);

                if (g_variant_n_children(list) != g_variant_n_children(first))
                        return pi_option_invalid(error,
                                                 "%s: \"%s\" has %zu entries, \"%s\" has "
                                                 "%zu: give one for each sample",
                                                 where, names[i], g_variant_n_children(list),
                                                 PI_SWEEP_RESPONSE_USEC,
                                                 g_variant_n_children(first));
        }
        return TRUE;
}

static gboolean check_entries(GVariant *run, const char *name, const Key *keys, gsize n_keys,
                              GError **error) {
        g_autoptr(GVariant) list = g_variant_lookup_value(run, name, NULL);

        for (gsize i = 0; i < g_variant_n_children(list); i++) {
                g_autofree char *where = g_strdup_printf("Entry %zu of \"%s\"", i, name);
                g_autoptr(GVariant) entry = g_variant_get_child_value(list, i);

                if (!check_keys(where, entry, keys, n_keys, error) ||
                    !check_lengths(where, entry, error))
                        return FALSE;
        }
        return TRUE;
}

static gboolean check_point(gsize i, const char *name, uint64_t value, uint64_t min, uint64_t max,
                            GError **error) {
        if (value >= min && value <= max)
                return TRUE;
        return pi_option_invalid(error,
                                 "Entry %zu of \"%s\": \"%s\" is %" G_GUINT64_FORMAT
                                 ", out of range: %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                                 ", the entries in growing order",
                                 i, PI_SWEEP_POINTS, name, value, min, max);
}

/* From point to point grow the nodes, where the first has them, else the parts. Each part has a
 * group of terms. */
static gboolean check_order(GVariant *run, GError **error) {
        g_autoptr(GVariant) points = g_variant_lookup_value(run, PI_SWEEP_POINTS, NULL);
        uint64_t terms, max, least_parts = 1;
        uint32_t least_nodes = 0;

        g_variant_lookup(run, PI_SWEEP_TERMS, "t", &terms);
        max = pi_parts_max(terms);
        for (gsize i = 0; i < g_variant_n_children(points); i++) {
                g_autoptr(GVariant) point = g_variant_get_child_value(points, i);
                gboolean over_nodes = least_nodes > 0;
                uint32_t nodes = 0;
                uint64_t parts;

                g_variant_lookup(point, PI_SWEEP_PARTS, "t", &parts);
                if (g_variant_lookup(point, PI_SWEEP_NODES, "u", &nodes) != over_nodes && i > 0)
                        return pi_option_invalid(error,
                                                 "Entry %zu of \"%s\": \"%s\" is in some "
                                                 "entries and not in others: give it in all or "
                                                 "in none",
                                                 i, PI_SWEEP_POINTS, PI_SWEEP_NODES);
                if (!check_point(i, PI_SWEEP_PARTS, parts, least_parts, max, error) ||
                    (nodes > 0 && !check_point(i, PI_SWEEP_NODES, nodes, least_nodes,
                                               PI_SWEEP_CLUSTER_MAX, error)))
                        return FALSE;
                if (nodes > 0)
                        least_nodes = nodes + 1;
                else
                        least_parts = parts + 1;
        }
        return TRUE;
}

gboolean pi_sweep_check(GVariant *run, GError **error) {
        uint32_t cpus, slots;

        if (g_variant_get_size(run) > PI_SWEEP_BYTES_MAX)
                return pi_option_invalid(error,
                                         "The run has %zu bytes, out of range: at most %d; "
                                         "measure fewer points or repeats",
                                         g_variant_get_size(run), PI_SWEEP_BYTES_MAX);
        if (!check_keys("The run", run, run_keys, G_N_ELEMENTS(run_keys), error) ||
            !check_entries(run, PI_SWEEP_BASELINES, baseline_keys, G_N_ELEMENTS(baseline_keys),
                           error) ||
            !check_entries(run, PI_SWEEP_POINTS, point_keys, G_N_ELEMENTS(point_keys), error) ||
            !check_order(run, error))
                return FALSE;
        g_variant_lookup(run, PI_SWEEP_CPUS, "u", &cpus);
        g_variant_lookup(run, PI_SWEEP_SLOTS, "u", &slots);
        if (cpus > slots)
                return pi_option_invalid(error,
                                         "The run: \"%s\" is %u, out of range: 1 to \"%s\", %u",
                                         PI_SWEEP_CPUS, cpus, PI_SWEEP_SLOTS, slots);
        return TRUE;
}
