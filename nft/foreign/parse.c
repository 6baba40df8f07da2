/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "dbus/error.h"
#include "nft/foreign/json.h"
#include "nft/foreign/reader.h"

/* Deeper than rules are; a set within a match is at 12. */
#define DEPTH_MAX 64

/* Ours. */
#define OWN_PLACE "inet\tpicomputed"

static gboolean refuse(GError **error, const char *what) {
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "The rules of nftables: %s", what);
        return FALSE;
}

static gboolean refuse_more(GError **error, const char *what, guint most) {
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "The rules of nftables: more than %u %s are not looked through", most, what);
        return FALSE;
}

/* What must be there to say where something belongs. NULL when it is ours, or no object of a table
 * but one of its own kind, such as the version. */
static char *place_of(JsonObject *object, const char *table_member) {
        const char *family = pi_foreign_member_string(object, "family");
        const char *table = pi_foreign_member_string(object, table_member);
        g_autofree char *place = NULL;

        if (!family || !table)
                return NULL;
        place = pi_foreign_reader_name(family, table);
        return strcmp(place, OWN_PLACE) == 0 ? NULL : g_steal_pointer(&place);
}

typedef enum Activity {
        ACTIVE,
        UNCERTAIN,
        DORMANT,
} Activity;

/* By the flags of a table. Version 1.0.6 prints the name of the table for any flag it has. */
static Activity activity_of(JsonNode *flags) {
        JsonArray *array = pi_foreign_array(flags);
        const char *flag = pi_foreign_string(flags);
        Activity activity = ACTIVE;

        if (array) {
                for (guint i = 0; i < json_array_get_length(array); i++) {
                        JsonNode *one = json_array_get_element(array, i);

                        Activity more = pi_foreign_string(one) ? activity_of(one) : ACTIVE;

                        activity = MAX(activity, more);
                }
                return activity;
        }
        if (!flag || strcmp(flag, "owner") == 0 || strcmp(flag, "persist") == 0)
                return ACTIVE;
        return strcmp(flag, "dormant") == 0 ? DORMANT : UNCERTAIN;
}

/* One that sleeps has no place, and so has nothing in it. */
static void read_table(PiForeignReader *r, JsonObject *object) {
        g_autofree char *place = place_of(object, "name");
        Activity activity = activity_of(pi_foreign_member(object, "flags"));
        PiForeignTable *table;

        if (!place || activity == DORMANT || g_hash_table_contains(r->tables, place))
                return;
        table = g_new0(PiForeignTable, 1);
        table->uncertain = activity == UNCERTAIN;
        table->family = g_strdup(pi_foreign_member_string(object, "family"));
        table->name = g_strdup(pi_foreign_member_string(object, "name"));
        table->chains = g_array_new(FALSE, FALSE, sizeof(guint));
        table->bases = g_array_new(FALSE, FALSE, sizeof(guint));
        g_ptr_array_add(r->f->tables, table);
        g_hash_table_insert(r->tables, g_steal_pointer(&place), table);
}

static gboolean is_loopback(JsonNode *device) {
        return g_strcmp0(pi_foreign_string(device), "lo") == 0;
}

static PiForeignHook hook_of(JsonObject *object) {
        const char *hook = pi_foreign_member_string(object, "hook");
        const char *type = pi_foreign_member_string(object, "type");

        if (!type || (strcmp(type, "filter") != 0 && strcmp(type, "nat") != 0) ||
            is_loopback(pi_foreign_member(object, "dev")))
                return PI_FOREIGN_HOOK_NONE;
        if (g_strcmp0(hook, "prerouting") == 0)
                return PI_FOREIGN_HOOK_PREROUTING;
        if (g_strcmp0(hook, "input") == 0)
                return PI_FOREIGN_HOOK_INPUT;
        return g_strcmp0(hook, "ingress") == 0 ? PI_FOREIGN_HOOK_INGRESS : PI_FOREIGN_HOOK_NONE;
}

static gboolean read_chain(PiForeignReader *r, JsonObject *object, GError **error) {
        g_autofree char *place = place_of(object, "table"), *id = NULL;
        const char *name = pi_foreign_member_string(object, "name");
        PiForeignTable *table = place ? g_hash_table_lookup(r->tables, place) : NULL;
        PiForeignChain *chain;
        guint index = r->f->chains->len;

        if (!table)
                return TRUE;
        if (!name)
                return refuse(error, "a chain has no name");
        if (index == PI_FOREIGN_CHAINS_MAX)
                return refuse_more(error, "chains", PI_FOREIGN_CHAINS_MAX);
        id = pi_foreign_reader_name(place, name);
        if (g_hash_table_contains(r->chains, id))
                return refuse(error, "a chain is there twice");
        chain = g_new0(PiForeignChain, 1);
        chain->name = g_strdup(name);
        chain->hook = hook_of(object);
        chain->nat = g_strcmp0(pi_foreign_member_string(object, "type"), "nat") == 0;
        pi_foreign_integer(pi_foreign_member(object, "prio"), &chain->priority);
        chain->policy_drop = g_strcmp0(pi_foreign_member_string(object, "policy"), "drop") == 0;
        chain->rules = g_ptr_array_new_with_free_func((GDestroyNotify) pi_foreign_rule_free);
        g_ptr_array_add(r->f->chains, chain);
        g_array_append_val(table->chains, index);
        if (chain->hook != PI_FOREIGN_HOOK_NONE)
                g_array_append_val(table->bases, index);
        g_hash_table_insert(r->chains, g_steal_pointer(&id), GUINT_TO_POINTER(index + 1));
        return TRUE;
}

static void read_set(PiForeignReader *r, JsonObject *object) {
        g_autofree char *place = place_of(object, "table");
        const char *name = pi_foreign_member_string(object, "name");
        JsonArray *elements = pi_foreign_member_array(object, "elem");

        if (place && name) /* an empty set has no elements to show */
                g_hash_table_insert(r->named, pi_foreign_reader_name(place, name),
                                    elements ? json_array_ref(elements) : json_array_new());
}

static gboolean read_rule(PiForeignReader *r, JsonObject *object, GError **error) {
        g_autofree char *place = place_of(object, "table"), *id = NULL;
        const char *name = pi_foreign_member_string(object, "chain");
        JsonArray *statements = pi_foreign_member_array(object, "expr");
        PiForeignChain *chain;
        PiForeignRule *rule;
        gint64 handle = 0;
        guint index;

        if (!place || !g_hash_table_contains(r->tables, place))
                return TRUE;
        id = name ? pi_foreign_reader_name(place, name) : NULL;
        index = id ? GPOINTER_TO_UINT(g_hash_table_lookup(r->chains, id)) : 0;
        if (!index || !statements ||
            !pi_foreign_integer(pi_foreign_member(object, "handle"), &handle))
                return refuse(error, "a rule lacks its chain, its handle or what it does");
        if (++r->rules > PI_FOREIGN_RULES_MAX)
                return refuse_more(error, "rules", PI_FOREIGN_RULES_MAX);
        chain = g_ptr_array_index(r->f->chains, index - 1);
        r->place = place;
        rule = pi_foreign_read_rule(r, (guint64) handle, statements);
        if (rule)
                g_ptr_array_add(chain->rules, rule);
        return r->elements <= PI_FOREIGN_ELEMENTS_MAX ||
               refuse_more(error, "elements of sets", PI_FOREIGN_ELEMENTS_MAX);
}

/* Rules name chains and sets, so these come first, in whichever order they are. */
static gboolean read_objects(PiForeignReader *r, JsonArray *list, gboolean rules, GError **error) {
        for (guint i = 0; i < json_array_get_length(list); i++) {
                JsonNode *value;
                const char *tag = pi_foreign_tag(json_array_get_element(list, i), &value);
                JsonObject *object = pi_foreign_object(value);

                if (!tag || !object)
                        return refuse(error, "something that is no object of nftables");
                if (rules) {
                        if (strcmp(tag, "rule") == 0 && !read_rule(r, object, error))
                                return FALSE;
                } else if (strcmp(tag, "table") == 0)
                        read_table(r, object);
                else if (strcmp(tag, "chain") == 0) {
                        if (!read_chain(r, object, error))
                                return FALSE;
                } else if (strcmp(tag, "set") == 0 || strcmp(tag, "map") == 0)
                        read_set(r, object);
        }
        return TRUE;
}

static int by_place(gconstpointer a, gconstpointer b, gpointer chains) {
        const guint *i = a, *j = b;
        const PiForeignChain *x = g_ptr_array_index((GPtrArray *) chains, *i);
        const PiForeignChain *y = g_ptr_array_index((GPtrArray *) chains, *j);

        if (x->hook != y->hook)
                return (x->hook > y->hook) - (x->hook < y->hook);
        return (x->priority > y->priority) - (x->priority < y->priority);
}

static void reader_init(PiForeignReader *r, PiForeign *f) {
        *r = (PiForeignReader) { .f = f };
        r->tables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        r->chains = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        r->named = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                         (GDestroyNotify) json_array_unref);
        r->sets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

static void reader_clear(PiForeignReader *r) {
        g_hash_table_unref(r->tables);
        g_hash_table_unref(r->chains);
        g_hash_table_unref(r->named);
        g_hash_table_unref(r->sets);
}

static PiForeign *read_all(JsonArray *list, GError **error) {
        g_autoptr(PiForeign) f = pi_foreign_new();
        PiForeignReader r;
        gboolean read;

        reader_init(&r, f);
        read = read_objects(&r, list, FALSE, error) && read_objects(&r, list, TRUE, error);
        reader_clear(&r);
        for (guint i = 0; i < f->tables->len; i++) {
                PiForeignTable *table = g_ptr_array_index(f->tables, i);

                g_array_sort_with_data(table->bases, by_place, f->chains);
        }
        return read ? g_steal_pointer(&f) : NULL;
}

PiForeign *pi_foreign_parse(const char *json, gsize length, GError **error) {
        g_autoptr(JsonParser) parser = NULL;
        JsonArray *list;

        if (length > PI_FOREIGN_BYTES_MAX) {
                refuse_more(error, "bytes", (guint) PI_FOREIGN_BYTES_MAX);
                return NULL;
        }
        if (!pi_foreign_is_flat(json, length, DEPTH_MAX)) {
                refuse(error, "nested too deep, or with something that is not JSON");
                return NULL;
        }
        parser = json_parser_new_immutable();
        if (!json_parser_load_from_data(parser, json, (gssize) length, NULL)) {
                refuse(error, "not JSON");
                return NULL;
        }
        list = pi_foreign_member_array(pi_foreign_object(json_parser_get_root(parser)), "nftables");
        if (!list) {
                refuse(error, "no list \"nftables\"");
                return NULL;
        }
        return read_all(list, error);
}
