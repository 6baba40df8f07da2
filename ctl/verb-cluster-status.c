/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/node.h"
#include "ctl/report.h"
#include "ctl/text.h"
#include "ctl/verb-cluster.h"
#include "dbus/error.h"
#include "dbus/names.h"

/* What is told of a cluster. */
typedef struct Status {
        GVariant *manager; /* properties, a{sv} */
        GPtrArray *nodes;  /* of pi_nodes_fetch() */
        GVariant *tokens;  /* aa{sv}; NULL when the caller may not see them, or in no cluster */
        guint up, lost;
        guint64 cpus; /* of this node and those that are up */
} Status;

static void status_clear(Status *s) {
        g_clear_pointer(&s->manager, g_variant_unref);
        g_clear_pointer(&s->nodes, g_ptr_array_unref);
        g_clear_pointer(&s->tokens, g_variant_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Status, status_clear)

static gboolean fetch(PiClient *client, Status *s, GError **error) {
        g_autoptr(GError) problem = NULL;

        s->manager = pi_client_get_all(client, PI_OBJECT_PATH, PI_INTERFACE_MANAGER, error);
        s->nodes = s->manager ? pi_nodes_fetch(client, error) : NULL;
        if (!s->nodes)
                return FALSE;
        for (guint i = 0; i < s->nodes->len; i++) {
                GVariant *node = s->nodes->pdata[i];
                gboolean up = pi_node_is(node, "self") || pi_node_is(node, "up");

                s->up += up;
                s->lost += pi_node_is(node, "lost");
                s->cpus += up ? pi_dict_u64(node, "Cpus") : 0;
        }
        /* Nobody is asked for a password to see the rest. */
        s->tokens = pi_cluster_tokens(client, FALSE, &problem);
        if (s->tokens || g_error_matches(problem, PI_ERROR, PI_ERROR_NOT_AUTHORIZED) ||
            g_error_matches(problem, PI_ERROR, PI_ERROR_NOT_IN_CLUSTER))
                return TRUE;
        g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
}

static void append_json(PiOutput *out, const Status *s) {
        g_autoptr(GVariant) value = NULL;
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert(&d, "cluster_id", "s", pi_dict_string(s->manager, "ClusterId"));
        g_variant_dict_insert(&d, "node_id", "s", pi_dict_string(s->manager, "NodeId"));
        g_variant_dict_insert(&d, "members", "u", s->nodes->len);
        g_variant_dict_insert(&d, "up", "u", s->up);
        g_variant_dict_insert(&d, "lost", "u", s->lost);
        g_variant_dict_insert(&d, "cpus", "t", s->cpus);
        g_variant_dict_insert_value(
                &d, "nodes", g_variant_new_array(G_VARIANT_TYPE_VARDICT,
                                                 (GVariant *const *) s->nodes->pdata,
                                                 s->nodes->len));
        if (s->tokens)
                g_variant_dict_insert_value(&d, "tokens", s->tokens);
        value = g_variant_ref_sink(g_variant_dict_end(&d));
        pi_json_append(value, out->json, out->text);
}

static void append_members(PiOutput *out, const Status *s) {
        guint other = s->nodes->len - s->up - s->lost;
        g_autofree char *rest = other > 0 ? g_strdup_printf(", %u other", other) : g_strdup("");

        pi_report_row(out, "members", "%u: %u up, %u lost%s", s->nodes->len, s->up, s->lost, rest);
        pi_report_row(out, "CPU slots", "%" G_GUINT64_FORMAT "  (of those that are up)", s->cpus);
        for (guint i = 0; i < s->nodes->len; i++) {
                GVariant *node = s->nodes->pdata[i];
                gboolean utf8 = out->terminal.utf8;
                g_autofree char *name = pi_text_escape(pi_dict_string(node, "Name"), utf8, 64);
                g_autofree char *why = pi_text_escape(pi_dict_string(node, "StateReason"), utf8, 0);
                g_autofree char *state = pi_text_escape(pi_dict_string(node, "State"), FALSE, 16);

                if (pi_node_is(node, "self") || pi_node_is(node, "up"))
                        continue;
                pi_report_row(out, state, "%s%s%s", name, why[0] ? ": " : "", why);
        }
}

static void append_tokens(PiOutput *out, GVariant *tokens) {
        gsize n = tokens ? g_variant_n_children(tokens) : 0;

        if (!tokens) {
                pi_report_row(out, "tokens", "only an administrator may see them");
                return;
        }
        pi_report_row(out, "tokens", n == 0 ? "none" : "%" G_GSIZE_FORMAT, n);
        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) token = g_variant_get_child_value(tokens, i);
                g_autofree char *id = pi_text_escape(pi_dict_string(token, PI_TOKEN_ID), FALSE, 64);
                g_autofree char *left =
                        pi_cluster_time_left(pi_dict_u64(token, PI_TOKEN_EXPIRES_USEC));
                guint64 uses = pi_dict_u64(token, PI_TOKEN_USES);

                pi_report_row(out, "", "%s: %" G_GUINT64_FORMAT " use%s, %s left", id, uses,
                              uses == 1 ? "" : "s", left);
        }
}

static void append(PiOutput *out, const Status *s) {
        g_autofree char *cluster = pi_text_escape(pi_dict_string(s->manager, "ClusterId"), FALSE,
                                                  64);
        g_autofree char *id = pi_text_escape(pi_dict_string(s->manager, "NodeId"), FALSE, 64);
        g_autofree char *name = NULL;

        if (!cluster[0]) {
                pi_output_printf(out, "This node is in no cluster; pictl cluster init makes one, "
                                      "pictl cluster join TOKEN\njoins one.\n");
                return;
        }
        if (s->nodes->len > 0)
                name = pi_text_escape(pi_dict_string(s->nodes->pdata[0], "Name"),
                                      out->terminal.utf8, 64);
        pi_output_printf(out, "Cluster %s\n", cluster);
        pi_report_row(out, "this node", "%s (%s)", name ?: "-", id);
        append_members(out, s);
        append_tokens(out, s->tokens);
}

int pi_cluster_status(PiInvocation *inv, GError **error) {
        g_autoptr(PiClient) client = pi_client_new(&inv->options, error);
        g_auto(Status) status = {};

        if (!client || !fetch(client, &status, error))
                return PI_VERB_ERROR;
        if (inv->out.json != PI_JSON_OFF)
                append_json(&inv->out, &status);
        else
                append(&inv->out, &status);
        return EXIT_SUCCESS;
}
