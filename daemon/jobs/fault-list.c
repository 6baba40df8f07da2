/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/fault-list.h"

#include "dbus/names.h"

struct PiFaultList {
        GQueue rows; /* PiFaultRow, newest first */
        guint kept;
};

PiFaultList *pi_fault_list_new(guint kept) {
        PiFaultList *list = g_new0(PiFaultList, 1);

        list->kept = kept;
        return list;
}

void pi_fault_list_free(PiFaultList *list) {
        if (!list)
                return;
        g_queue_clear_full(&list->rows, g_free);
        g_free(list);
}

void pi_fault_list_add(PiFaultList *list, const PiFaultRow *row) {
        g_queue_push_head(&list->rows, g_memdup2(row, sizeof(*row)));
        if (list->rows.length > list->kept)
                g_free(g_queue_pop_tail(&list->rows));
}

guint pi_fault_list_length(const PiFaultList *list) {
        return list->rows.length;
}

static GVariant *row_to_variant(const PiFaultRow *row) {
        GVariantDict d;

        g_variant_dict_init(&d, NULL);
        g_variant_dict_insert(&d, PI_FAULT_KEY_TIME_USEC, "t", row->time_usec);
        g_variant_dict_insert(&d, PI_FAULT_KEY_JOB, "t", row->job);
        g_variant_dict_insert(&d, PI_FAULT_KEY_VERDICT, "s", pi_verdict_to_string(row->verdict));
        g_variant_dict_insert(&d, PI_FAULT_KEY_NODE, "s", row->node);
        g_variant_dict_insert(&d, PI_FAULT_KEY_CPU, "u", row->cpu);
        if (row->topology.has_package)
                g_variant_dict_insert(&d, PI_FAULT_KEY_PACKAGE, "u", row->topology.package);
        if (row->topology.has_core)
                g_variant_dict_insert(&d, PI_FAULT_KEY_CORE, "u", row->topology.core);
        g_variant_dict_insert(&d, PI_FAULT_KEY_KERNEL, "s", row->kernel);
        g_variant_dict_insert(&d, PI_FAULT_KEY_FIRST_PART, "t", row->first_part);
        g_variant_dict_insert(&d, PI_FAULT_KEY_PARTS, "t", row->parts);
        g_variant_dict_insert(&d, PI_FAULT_KEY_FIRST_TERM, "t", row->first_term);
        g_variant_dict_insert(&d, PI_FAULT_KEY_TERMS, "t", row->terms);
        g_variant_dict_insert(&d, PI_FAULT_KEY_RESIDUAL, "d", row->residual);
        g_variant_dict_insert(&d, PI_FAULT_KEY_ATTEMPTS, "u", row->attempts);
        return g_variant_dict_end(&d);
}

GVariant *pi_fault_list_to_variant(const PiFaultList *list, guint limit) {
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE("aa{sv}"));
        for (const GList *l = list ? list->rows.head : NULL; l && limit > 0; l = l->next, limit--)
                g_variant_builder_add_value(&b, row_to_variant(l->data));
        return g_variant_builder_end(&b);
}
