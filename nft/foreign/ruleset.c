/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/foreign/ruleset.h"

PiForeignSet *pi_foreign_set_new(guint n) {
        PiForeignSet *set = g_new0(PiForeignSet, 1);

        set->n = n;
        set->ranges = g_array_new(FALSE, FALSE, sizeof(PiForeignRange));
        return set;
}

void pi_foreign_set_free(PiForeignSet *set) {
        if (!set)
                return;
        g_array_unref(set->ranges);
        g_free(set);
}

static int by_low(gconstpointer a, gconstpointer b) {
        const PiForeignRange *x = a, *y = b;

        return (x->low > y->low) - (x->low < y->low);
}

/* Ranges that overlap or lie side by side become one. */
void pi_foreign_set_order(PiForeignSet *set) {
        PiForeignRange *r = (PiForeignRange *) set->ranges->data;
        guint kept = 0;

        if (set->n != 1 || set->ranges->len == 0)
                return;
        g_array_sort(set->ranges, by_low);
        for (guint i = 1; i < set->ranges->len; i++)
                if (r[kept].high == PI_FOREIGN_NUMBER_MAX || r[i].low <= r[kept].high + 1)
                        r[kept].high = MAX(r[kept].high, r[i].high);
                else
                        r[++kept] = r[i];
        g_array_set_size(set->ranges, kept + 1);
}

void pi_foreign_map_free(PiForeignMap *map) {
        if (!map)
                return;
        if (map->rows)
                g_array_unref(map->rows);
        g_free(map);
}

void pi_foreign_rule_free(PiForeignRule *rule) {
        if (!rule)
                return;
        g_array_unref(rule->matches);
        pi_foreign_map_free(rule->map);
        g_free(rule);
}

static void table_free(gpointer data) {
        PiForeignTable *table = data;

        g_free(table->family);
        g_free(table->name);
        g_array_unref(table->chains);
        g_array_unref(table->bases);
        g_free(table);
}

static void chain_free(gpointer data) {
        PiForeignChain *chain = data;

        g_free(chain->name);
        g_ptr_array_unref(chain->rules);
        g_free(chain);
}

PiForeign *pi_foreign_new(void) {
        PiForeign *f = g_new0(PiForeign, 1);

        f->tables = g_ptr_array_new_with_free_func(table_free);
        f->chains = g_ptr_array_new_with_free_func(chain_free);
        f->sets = g_ptr_array_new_with_free_func((GDestroyNotify) pi_foreign_set_free);
        return f;
}

void pi_foreign_free(PiForeign *f) {
        if (!f)
                return;
        g_ptr_array_unref(f->tables);
        g_ptr_array_unref(f->chains);
        g_ptr_array_unref(f->sets);
        g_free(f);
}
