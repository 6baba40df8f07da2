/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/node.h"

#include "daemon/metrics/dict.h"
#include "daemon/metrics/keys.h"

static void put_usage(PiMetricDict *d, const PiNodeUsage *usage) {
        if (usage->has_slots_in_use)
                pi_metric_dict_uint32(d, PI_METRIC_NODE_SLOTS_IN_USE, usage->slots_in_use);
        if (usage->has_cpu_usage)
                pi_metric_dict_double(d, PI_METRIC_NODE_CPU_USAGE, usage->cpu_usage);
        if (usage->has_memory)
                pi_metric_dict_uint64(d, PI_METRIC_NODE_MEMORY_BYTES, usage->memory_bytes);
}

/* What there is only between two nodes. */
static void put_relation(PiMetricDict *d, const PiMetricsNode *n) {
        pi_metric_dict_uint64(d, PI_METRIC_NODE_LEASES_LOST, n->leases_lost);
        pi_metric_dict_uint64(d, PI_METRIC_NODE_LEASES_SERVED, n->leases_served);
        if (n->round_trip_usec > 0)
                pi_metric_dict_uint64(d, PI_METRIC_NODE_ROUND_TRIP_USEC, n->round_trip_usec);
        if (n->last_seen_usec > 0)
                pi_metric_dict_uint64(d, PI_METRIC_NODE_LAST_SEEN_USEC, n->last_seen_usec);
}

static GVariant *describe(const PiMetricsNode *n) {
        PiMetricDict d;

        pi_metric_dict_begin(&d, pi_metric_node_keys());
        pi_metric_dict_string(&d, PI_METRIC_NODE_ID, n->id);
        pi_metric_dict_string(&d, PI_METRIC_NODE_NAME, n->name);
        pi_metric_dict_string(&d, PI_METRIC_NODE_STATE, n->state);
        if (n->cpus > 0)
                pi_metric_dict_uint32(&d, PI_METRIC_NODE_CPUS, n->cpus);
        if (n->terms_per_second > 0)
                pi_metric_dict_double(&d, PI_METRIC_NODE_TERMS_PER_SECOND, n->terms_per_second);
        pi_metric_dict_uint64(&d, PI_METRIC_NODE_TERMS, n->terms);
        if (n->share >= 0)
                pi_metric_dict_double(&d, PI_METRIC_NODE_SHARE, n->share);
        pi_metric_dict_uint64(&d, PI_METRIC_NODE_LEASES_VERIFIED, n->leases_verified);
        pi_metric_dict_uint64(&d, PI_METRIC_NODE_LEASES_FAILED, n->leases_failed);
        if (!n->is_self)
                put_relation(&d, n);
        put_usage(&d, &n->usage);
        return pi_metric_dict_end(&d);
}

GVariant *pi_metrics_list_nodes(const PiMetricsNode *nodes, size_t n_nodes) {
        GVariantBuilder list;

        g_variant_builder_init(&list, G_VARIANT_TYPE("aa{sv}"));
        for (size_t i = 0; i < MIN(n_nodes, PI_METRICS_NODES_MAX); i++)
                g_variant_builder_add_value(&list, describe(&nodes[i]));
        return g_variant_builder_end(&list);
}
