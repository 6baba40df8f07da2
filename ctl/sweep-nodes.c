/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/sweep-nodes.h"

#include <string.h>

#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/node.h"
#include "ctl/quantity.h"
#include "ctl/sweep-figures.h"
#include "ctl/sweep-plan.h"
#include "dbus/error.h"

/* Longer than any list that can be right. */
#define TEXT_MAX (PI_SWEEP_POINTS_MAX * 4)

static const PiQuantityRange range = { "number of nodes", 1, PI_SWEEP_CLUSTER_MAX,
                                       "3; pictl sweep takes several, 1,2,3" };

static int compare_numbers(gconstpointer a, gconstpointer b) {
        guint64 x = *(const guint64 *) a, y = *(const guint64 *) b;
        return (x > y) - (x < y);
}

static gboolean check_sorted(const GArray *list, GError **error) {
        for (guint i = 1; i < list->len; i++)
                if (g_array_index(list, guint64, i) == g_array_index(list, guint64, i - 1)) {
                        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "--nodes: %" G_GUINT64_FORMAT " is in the list twice; give "
                                    "each number of nodes once, --repeats says how often it is "
                                    "measured", g_array_index(list, guint64, i));
                        return FALSE;
                }
        return TRUE;
}

GArray *pi_sweep_parse_nodes(const char *text, GError **error) {
        g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(guint64));
        g_auto(GStrv) items = strlen(text) <= TEXT_MAX ? g_strsplit(text, ",", -1) : NULL;
        guint64 value = 1;

        if (!items || !items[0] || g_strv_length(items) > PI_SWEEP_POINTS_MAX - 1) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "--nodes: the list is empty or too long; it may have 1 to %d numbers, "
                            "for example 1,2,3", PI_SWEEP_POINTS_MAX - 1);
                return NULL;
        }
        for (char **item = items; *item; item++) {
                if (!pi_quantity_parse(*item, &range, &value, error)) {
                        g_prefix_error(error, "--nodes: ");
                        return NULL;
                }
                g_array_append_val(list, value);
        }
        g_array_sort(list, compare_numbers);
        if (!check_sorted(list, error))
                return NULL;
        value = 1;
        if (g_array_index(list, guint64, 0) > 1)
                g_array_prepend_val(list, value);
        return g_steal_pointer(&list);
}

gboolean pi_sweep_choose_members(PiSweep *sweep, const GPtrArray *nodes, guint64 most,
                                 GError **error) {
        g_autoptr(GStrvBuilder) ids = g_strv_builder_new();
        guint n = 0;

        if (nodes->len == 0) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_NOT_IN_CLUSTER,
                                    "--nodes: this node is in no cluster; pictl cluster init makes "
                                    "one, pictl cluster join TOKEN joins one");
                return FALSE;
        }
        for (guint i = 0; i < nodes->len; i++) {
                GVariant *node = nodes->pdata[i];

                if (!pi_node_is(node, "self") && !pi_node_is(node, "up"))
                        continue;
                g_strv_builder_add(ids, pi_dict_string(node, "Id"));
                n++;
        }
        g_strfreev(sweep->members);
        sweep->members = g_strv_builder_end(ids);
        if (n >= most)
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_NODE_LOST,
                    "--nodes: %" G_GUINT64_FORMAT " nodes are asked for, and %u of %u %s up; see "
                    "pictl nodes", most, n, nodes->len, n == 1 ? "is" : "are");
        return FALSE;
}

void pi_sweep_prepare_nodes(PiSweep *sweep, const GArray *sizes, guint64 parts) {
        pi_sweep_add_baseline(sweep, sweep->kernel, MIN(sweep->terms, PI_SWEEP_REFERENCE_TERMS));
        for (guint i = 0; i < sizes->len; i++)
                pi_sweep_add_nodes_point(sweep, (guint32) g_array_index(sizes, guint64, i), parts);
}

char *pi_sweep_nodes_text(const PiSweep *sweep) {
        const PiSweepSeries *last = pi_sweep_point(sweep, sweep->points->len - 1);
        PiSweepFigures f = pi_sweep_figures(sweep, last);
        g_autofree char *speedup = pi_format_number(f.speedup);
        g_autofree char *efficiency = pi_format_percent(f.efficiency);

        if (last->nodes == 1 || f.speedup <= 0)
                return g_strdup("One number of nodes tells nothing of what more nodes bring.");
        return g_strdup_printf("%u nodes are %s times as fast as this one alone: %s of the ideal.",
                               last->nodes, speedup, efficiency);
}
