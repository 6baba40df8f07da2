/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/spec.h"

#include "daemon/jobs/nodes.h"
#include "daemon/jobs/peers.h"
#include "daemon/series/partition.h"
#include "daemon/series/range.h"
#include "daemon/work/lease.h"
#include "dbus/error.h"
#include "dbus/names.h"
#include "dbus/options.h"

/* When the daemon chooses: parts of a millisecond or so, but few enough to read, enough for each
 * CPU that none waits long for the last. */
#define CHOSEN_PART_TERMS (UINT64_C(1) << 24)
#define CHOSEN_PARTS_PER_CPU 32

/* Nodes are of different speed, and an order has several leases: the smaller, the less does anybody
 * wait for another at the end. */
#define CHOSEN_PARTS_PER_CPU_OF_CLUSTER 128

/* Nor is a part of a long job of the cluster longer than this, a matter of milliseconds, as long as
 * each can be a lease of its own. */
#define CHOSEN_PART_TERMS_MAX_OF_CLUSTER (UINT64_C(1) << 28)

/* For the site's engine: some ten milliseconds of a rank, in which the verification of one does not
 * count. */
#define CHOSEN_PART_TERMS_OF_ENGINE (UINT64_C(1) << 31)

static const char *const engine_names[_PI_ENGINE_KIND_MAX] = {
        [PI_ENGINE_LOCAL] = "local",
        [PI_ENGINE_MPI] = "mpi",
};

typedef struct Request {
        PiJobSpec spec;
        const PiJobOffer *offer;
        gboolean local; /* asked for; so the next */
        gboolean cluster;
        char **nodes; /* as they were named, borrowed */
} Request;

static gboolean parse_parts(gpointer request, GVariant *value, GError **error) {
        Request *r = request;
        uint64_t parts = g_variant_get_uint64(value), max = pi_parts_max(r->spec.terms);
        g_autofree char *of_what = NULL;

        if (parts > max) {
                of_what = g_strdup_printf(" for %" G_GUINT64_FORMAT
                                          " terms (a part has at least one group of "
                                          "8 terms; 0 lets the daemon choose)",
                                          r->spec.terms);
                return pi_option_out_of_range(error, PI_OPTION_PARTS, parts, 0, max, of_what);
        }
        r->spec.parts = parts;
        return TRUE;
}

static gboolean parse_cpus(gpointer request, GVariant *value, GError **error) {
        ((Request *) request)->spec.cpus = g_variant_get_uint32(value);
        return TRUE;
}

static gboolean one_of(GError **error, const char *key, const char *value, const char *choice) {
        g_autofree char *shown = pi_option_shown(value);

        return pi_option_invalid(error, "Option \"%s\" is \"%s\": give %s", key, shown, choice);
}

static gboolean parse_scope(gpointer request, GVariant *value, GError **error) {
        Request *r = request;
        const char *scope = g_variant_get_string(value, NULL);

        r->local = g_str_equal(scope, "local");
        r->cluster = g_str_equal(scope, "cluster");
        if (r->local || (r->cluster && r->offer->cluster_cpus > 0))
                return TRUE;
        return one_of(error, PI_OPTION_SCOPE, scope,
                      r->offer->cluster_cpus > 0
                                      ? "\"local\" or \"cluster\""
                                      : "\"local\", no member of a cluster is connected");
}

static gboolean parse_nodes(gpointer request, GVariant *value, GError **error) {
        Request *r = request;
        gsize n;

        g_free(r->nodes);
        r->nodes = (char **) g_variant_get_strv(value, &n);
        if (n >= 1 && n <= PI_PEERS_MAX + 1)
                return TRUE;
        return pi_option_invalid(error,
                                 "Option \"nodes\" has %" G_GSIZE_FORMAT " entries: give 1 to %d "
                                 "names or ids of members",
                                 n, PI_PEERS_MAX + 1);
}

static gboolean parse_engine(gpointer request, GVariant *value, GError **error) {
        Request *r = request;
        const char *engine = g_variant_get_string(value, NULL);

        if (pi_engine_kind_from_string(engine, &r->spec.engine) &&
            (r->spec.engine == PI_ENGINE_LOCAL || r->offer->engine_jobs > 0))
                return TRUE;
        return one_of(error, PI_OPTION_ENGINE, engine,
                      r->offer->engine_jobs > 0
                                      ? "\"local\" or \"mpi\""
                                      : "\"local\": this node has no other, Jobs= is 0 in "
                                        "[Engine] of pi-computed.conf");
}

static gboolean parse_kernel(gpointer request, GVariant *value, GError **error) {
        Request *r = request;
        const char *name = g_variant_get_string(value, NULL);
        g_autoptr(GString) names = NULL;

        r->spec.kernel = pi_kernel_find(name);
        if (r->spec.kernel)
                return TRUE;
        names = g_string_new("one of");
        for (const PiKernel *const *k = pi_kernels(); *k; k++)
                g_string_append_printf(names, "%s \"%s\"", k == pi_kernels() ? "" : ",",
                                       (*k)->name);
        return one_of(error, PI_OPTION_KERNEL, name, names->str);
}

static gboolean parse_label(gpointer request, GVariant *value, GError **error) {
        Request *r = request;
        gsize length;
        const char *label = g_variant_get_string(value, &length);

        if (length > PI_LABEL_BYTES_MAX)
                return pi_option_invalid(error,
                                         "Option \"%s\" has %" G_GSIZE_FORMAT
                                         " bytes: give at most %d",
                                         PI_OPTION_LABEL, length, PI_LABEL_BYTES_MAX);
        g_free(r->spec.label);
        r->spec.label = g_strdup(label);
        return TRUE;
}

static gboolean parse_deadline(gpointer request, GVariant *value, GError **error) {
        Request *r = request;
        uint64_t usec = g_variant_get_uint64(value);

        if (usec != 0 && (usec < PI_DEADLINE_USEC_MIN || usec > PI_DEADLINE_USEC_MAX))
                return pi_option_out_of_range(error, PI_OPTION_DEADLINE_USEC, usec,
                                              PI_DEADLINE_USEC_MIN, PI_DEADLINE_USEC_MAX,
                                              " microseconds (0 is no deadline)");
        if (r->offer->deadline_max_usec > 0 && usec > r->offer->deadline_max_usec)
                return pi_option_out_of_range(error, PI_OPTION_DEADLINE_USEC, usec,
                                              PI_DEADLINE_USEC_MIN, r->offer->deadline_max_usec,
                                              " microseconds (DeadlineMax= in pi-computed.conf)");
        r->spec.deadline_usec = usec;
        return TRUE;
}

static gboolean parse_priority(gpointer request, GVariant *value, GError **error) {
        Request *r = request;
        int32_t priority = g_variant_get_int32(value);

        if (priority < -PI_PRIORITY_LIMIT || priority > PI_PRIORITY_LIMIT)
                return pi_option_invalid(error, "Option \"%s\" is %d, out of range: -%d to %d",
                                         PI_OPTION_PRIORITY, priority, PI_PRIORITY_LIMIT,
                                         PI_PRIORITY_LIMIT);
        if (priority > r->offer->priority_max) {
                g_set_error(error, PI_ERROR, PI_ERROR_QUOTA_EXCEEDED,
                            "Option \"%s\" is %d, and users other than root may ask for at most %d "
                            "(PriorityMax= in pi-computed.conf)",
                            PI_OPTION_PRIORITY, priority, r->offer->priority_max);
                return FALSE;
        }
        r->spec.priority = priority;
        return TRUE;
}

static const PiOption option_table[] = {
        { PI_OPTION_PARTS,         "t",  parse_parts    },
        { PI_OPTION_CPUS,          "u",  parse_cpus     },
        { PI_OPTION_SCOPE,         "s",  parse_scope    },
        { PI_OPTION_ENGINE,        "s",  parse_engine   },
        { PI_OPTION_KERNEL,        "s",  parse_kernel   },
        { PI_OPTION_LABEL,         "s",  parse_label    },
        { PI_OPTION_DEADLINE_USEC, "t",  parse_deadline },
        { PI_OPTION_PRIORITY,      "i",  parse_priority },
        { PI_OPTION_NODES,         "as", parse_nodes    },
        {},
};

/* The engine has its machines from elsewhere, and a launch takes longer than a short job. */
static gboolean settle_engine(Request *r, GError **error) {
        PiJobSpec *spec = &r->spec;
        double seconds = (double) spec->terms / MAX(r->offer->terms_per_second, 1);
        double least = (double) r->offer->engine_min_time_usec / 1e6;

        if (r->cluster || r->nodes)
                return one_of(error, PI_OPTION_ENGINE, "mpi",
                              "\"local\" with the scope \"cluster\" or \"nodes\"");
        if (spec->cpus > 0)
                return one_of(error, PI_OPTION_ENGINE, "mpi",
                              "\"local\" with \"cpus\": how many an engine has is said by "
                              "[Engine] of pi-computed.conf");
        if (!spec->kernel->exact)
                return one_of(error, PI_OPTION_KERNEL, spec->kernel->name,
                              "an exact kernel with engine \"mpi\"");
        if (seconds < least)
                return pi_option_invalid(error,
                                         "Option \"engine\" is \"mpi\", and %" G_GUINT64_FORMAT
                                         " terms take this node about %.2g s alone, less than %.3g "
                                         "s (MinTime= in [Engine] of pi-computed.conf): leave the "
                                         "option out, or ask for %.2g terms or more",
                                         spec->terms, seconds, least,
                                         least * r->offer->terms_per_second);
        spec->elsewhere = TRUE;
        spec->cpus = spec->cpus_most = 1;
        return TRUE;
}

/* Where it runs. Sums of an inexact kernel depend on who makes them, so they stay here. */
static gboolean settle_scope(Request *r, GError **error) {
        PiJobSpec *spec = &r->spec;

        if ((r->cluster || r->nodes) && !spec->kernel->exact)
                return one_of(error, PI_OPTION_KERNEL, spec->kernel->name,
                              "an exact kernel to a job of the cluster, or scope \"local\"");
        if (r->local && r->nodes)
                return one_of(error, PI_OPTION_SCOPE, "local", "\"cluster\" with \"nodes\"");
        /* Members that are named may be connected later. */
        spec->cluster = !r->local && spec->kernel->exact &&
                        (r->offer->cluster_cpus > 0 || (r->nodes && r->offer->peers));
        return !r->nodes || pi_job_nodes_find(r->offer, r->nodes, spec, error);
}

/* CPU slots that it may have, on all nodes together. */
static gboolean settle_cpus(Request *r, GError **error) {
        PiJobSpec *spec = &r->spec;
        uint32_t limit = r->offer->cpus_per_user;
        uint32_t all = spec->cluster ? pi_job_nodes_cpus(r->offer, spec) : r->offer->cpus;

        if (spec->cpus > all)
                return pi_option_out_of_range(error, PI_OPTION_CPUS, spec->cpus, 0, all,
                                              spec->cluster
                                                      ? " on the nodes it may use (0 takes all)"
                                                      : " on this node (0 takes all)");
        if (limit > 0 && spec->cpus > limit) {
                g_set_error(error, PI_ERROR, PI_ERROR_QUOTA_EXCEEDED,
                            "Option \"cpus\" is %u, and a user may have %u CPU slots at once "
                            "(CpusPerUser= in pi-computed.conf): ask for less",
                            spec->cpus, limit);
                return FALSE;
        }
        spec->cpus_most = spec->cpus;
        if (spec->cpus == 0) {
                spec->cpus_most = limit > 0 ? limit : UINT32_MAX;
                spec->cpus = MIN(all, spec->cpus_most);
        }
        return TRUE;
}

static uint64_t choose_parts(const PiJobSpec *spec) {
        uint64_t most = (uint64_t) CHOSEN_PARTS_PER_CPU * spec->cpus;

        if (spec->engine != PI_ENGINE_LOCAL)
                return CLAMP(spec->terms / CHOSEN_PART_TERMS_OF_ENGINE, 1, PI_LEASES_MAX);
        if (spec->cluster) {
                most = (uint64_t) CHOSEN_PARTS_PER_CPU_OF_CLUSTER * spec->cpus;
                most = MAX(most, MIN(spec->terms / CHOSEN_PART_TERMS_MAX_OF_CLUSTER,
                                     PI_LEASES_MAX));
        }
        return CLAMP(spec->terms / CHOSEN_PART_TERMS, 1, most);
}

static void choose_the_rest(Request *r) {
        PiJobSpec *spec = &r->spec;
        if (!spec->label)
                spec->label = g_strdup("");
        if (spec->deadline_usec == 0)
                spec->deadline_usec = r->offer->deadline_default_usec > 0
                                              ? r->offer->deadline_default_usec
                                              : r->offer->deadline_max_usec;
        if (spec->parts == 0)
                spec->parts = choose_parts(spec);
        spec->cpus = (uint32_t) MIN(spec->cpus, spec->parts);
        spec->cpus_most = (uint32_t) MIN(spec->cpus_most, spec->parts);
}

gboolean pi_job_spec_parse(uint64_t terms, GVariant *options, const PiJobOffer *offer,
                           PiJobSpec *ret, GError **error) {
        Request r = { .spec.terms = terms, .offer = offer };
        gboolean good;

        if (terms < 1 || terms > PI_TERMS_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_TERMS,
                            "%" G_GUINT64_FORMAT " terms are out of range: 1 to %" G_GUINT64_FORMAT,
                            terms, PI_TERMS_MAX);
                return FALSE;
        }
        good = pi_options_parse(options, option_table, &r, NULL, error);
        if (good && !r.spec.kernel)
                r.spec.kernel = offer->kernel;
        if (good && r.spec.engine != PI_ENGINE_LOCAL)
                good = settle_engine(&r, error);
        else
                good = good && settle_scope(&r, error) && settle_cpus(&r, error);
        g_free(r.nodes);
        if (!good) {
                pi_job_spec_clear(&r.spec);
                return FALSE;
        }
        choose_the_rest(&r);
        *ret = r.spec;
        return TRUE;
}

const char *pi_engine_kind_to_string(PiEngineKind kind) {
        return engine_names[kind];
}

gboolean pi_engine_kind_from_string(const char *text, PiEngineKind *ret) {
        for (PiEngineKind kind = 0; kind < _PI_ENGINE_KIND_MAX; kind++)
                if (g_str_equal(engine_names[kind], text)) {
                        *ret = kind;
                        return TRUE;
                }
        return FALSE;
}

void pi_job_spec_clear(PiJobSpec *spec) {
        g_clear_pointer(&spec->label, g_free);
        g_clear_pointer(&spec->nodes, g_strfreev);
}
