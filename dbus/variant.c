/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/variant.h"

#include <errno.h>
#include <string.h>

static int append_value(sd_bus_message *m, GVariant *value, unsigned depth);
static int read_value(sd_bus_message *m, GVariant **ret, unsigned depth);

static int append_children(sd_bus_message *m, GVariant *value, unsigned depth) {
        for (gsize i = 0; i < g_variant_n_children(value); i++) {
                g_autoptr(GVariant) child = g_variant_get_child_value(value, i);
                int r = append_value(m, child, depth + 1);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Of elements whose bytes lie one after the other, the same in a GVariant and in a message. */
static gboolean is_flat_array(char container, const char *contents) {
        return container == SD_BUS_TYPE_ARRAY && contents[0] != '\0' && contents[1] == '\0' &&
               strchr("ynqiuxtd", contents[0]);
}

static int append_container(sd_bus_message *m, GVariant *value, unsigned depth) {
        const char *type = g_variant_get_type_string(value);
        g_autofree char *contents = NULL;
        char container = type[0];
        int r;

        if (depth >= PI_VARIANT_DEPTH_MAX)
                return -ELOOP;
        switch (container) {
        case 'a':
                if (is_flat_array(container, type + 1))
                        return sd_bus_message_append_array(m, type[1], g_variant_get_data(value),
                                                           g_variant_get_size(value));
                contents = g_strdup(type + 1);
                break;
        case 'v': {
                g_autoptr(GVariant) inner = g_variant_get_variant(value);
                contents = g_strdup(g_variant_get_type_string(inner));
                break;
        }
        case '(':
                container = SD_BUS_TYPE_STRUCT;
                contents = g_strndup(type + 1, strlen(type) - 2);
                break;
        default: /* '{', the only container left: a valid GVariant of D-Bus has no maybe */
                container = SD_BUS_TYPE_DICT_ENTRY;
                contents = g_strndup(type + 1, strlen(type) - 2);
        }
        r = sd_bus_message_open_container(m, container, contents);
        if (r < 0)
                return r;
        r = append_children(m, value, depth);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(m);
}

static int append_value(sd_bus_message *m, GVariant *value, unsigned depth) {
        const char *type = g_variant_get_type_string(value);

        switch (g_variant_classify(value)) {
        case G_VARIANT_CLASS_BOOLEAN: {
                int b = g_variant_get_boolean(value);
                return sd_bus_message_append_basic(m, 'b', &b);
        }
        case G_VARIANT_CLASS_STRING:
        case G_VARIANT_CLASS_OBJECT_PATH:
        case G_VARIANT_CLASS_SIGNATURE:
                return sd_bus_message_append_basic(m, type[0], g_variant_get_string(value, NULL));
        case G_VARIANT_CLASS_BYTE:
        case G_VARIANT_CLASS_INT16:
        case G_VARIANT_CLASS_UINT16:
        case G_VARIANT_CLASS_INT32:
        case G_VARIANT_CLASS_UINT32:
        case G_VARIANT_CLASS_INT64:
        case G_VARIANT_CLASS_UINT64:
        case G_VARIANT_CLASS_DOUBLE:
                return sd_bus_message_append_basic(m, type[0], g_variant_get_data(value));
        case G_VARIANT_CLASS_VARIANT:
        case G_VARIANT_CLASS_ARRAY:
        case G_VARIANT_CLASS_TUPLE:
        case G_VARIANT_CLASS_DICT_ENTRY:
                return append_container(m, value, depth);
        case G_VARIANT_CLASS_HANDLE:
        case G_VARIANT_CLASS_MAYBE:
        default:
                return -EOPNOTSUPP;
        }
}

int pi_variant_append(sd_bus_message *m, GVariant *value) {
        g_autoptr(GVariant) v = g_variant_ref_sink(value);
        return append_value(m, v, 0);
}

static int read_children(sd_bus_message *m, GPtrArray *children, unsigned depth) {
        for (;;) {
                GVariant *child;
                int r = sd_bus_message_at_end(m, /* complete = */ 0);
                if (r < 0)
                        return r;
                if (r > 0)
                        return 0;
                r = read_value(m, &child, depth + 1);
                if (r < 0)
                        return r;
                g_ptr_array_add(children, child);
        }
}

static int read_flat_array(sd_bus_message *m, const char *contents, GVariant **ret) {
        g_autofree char *signature = g_strdup_printf("a%s", contents);
        g_autoptr(GBytes) bytes = NULL;
        const void *data;
        size_t size;
        int r = sd_bus_message_read_array(m, contents[0], &data, &size);

        if (r < 0)
                return r;
        bytes = g_bytes_new(data, size);
        *ret = g_variant_ref_sink(
                g_variant_new_from_bytes(G_VARIANT_TYPE(signature), bytes, /* trusted = */ TRUE));
        return 0;
}

/* Of children as sd-bus found them: as many and of the types that there have to be. */
static GVariant *container_of(char type, const char *contents, const GPtrArray *children) {
        GVariant *const *child = (GVariant *const *) children->pdata;

        switch (type) {
        case SD_BUS_TYPE_ARRAY:
                return g_variant_new_array(G_VARIANT_TYPE(contents), child, children->len);
        case SD_BUS_TYPE_VARIANT:
                return g_variant_new_variant(child[0]);
        case SD_BUS_TYPE_STRUCT:
                return g_variant_new_tuple(child, children->len);
        default:
                return g_variant_new_dict_entry(child[0], child[1]);
        }
}

static int read_container(sd_bus_message *m, char type, const char *contents, GVariant **ret,
                          unsigned depth) {
        g_autoptr(GPtrArray) children = NULL;
        int r;

        if (depth >= PI_VARIANT_DEPTH_MAX)
                return -ELOOP;
        if (is_flat_array(type, contents)) {
                r = read_flat_array(m, contents, ret);
                /* From a machine of the other byte order: one by one. */
                if (r != -EOPNOTSUPP)
                        return r;
        }
        r = sd_bus_message_enter_container(m, type, contents);
        if (r < 0)
                return r;
        children = g_ptr_array_new_with_free_func((GDestroyNotify) g_variant_unref);
        r = read_children(m, children, depth);
        if (r < 0)
                return r;
        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        *ret = g_variant_ref_sink(container_of(type, contents, children));
        return 0;
}

static GVariant *basic_to_variant(char type, const void *p) {
        switch (type) {
        case 'b': return g_variant_new_boolean(*(const int *) p);
        case 'y': return g_variant_new_byte(*(const uint8_t *) p);
        case 'n': return g_variant_new_int16(*(const int16_t *) p);
        case 'q': return g_variant_new_uint16(*(const uint16_t *) p);
        case 'i': return g_variant_new_int32(*(const int32_t *) p);
        case 'u': return g_variant_new_uint32(*(const uint32_t *) p);
        case 'x': return g_variant_new_int64(*(const int64_t *) p);
        case 't': return g_variant_new_uint64(*(const uint64_t *) p);
        case 'd': return g_variant_new_double(*(const double *) p);
        case 's': return g_variant_new_string(*(const char *const *) p);
        case 'o': return g_variant_new_object_path(*(const char *const *) p);
        case 'g': return g_variant_new_signature(*(const char *const *) p);
        default: return NULL;
        }
}

static int read_value(sd_bus_message *m, GVariant **ret, unsigned depth) {
        union { uint64_t number; double real; const char *string; int flag; } value = {};
        const char *contents;
        GVariant *v;
        char type;
        int r;

        r = sd_bus_message_peek_type(m, &type, &contents);
        if (r < 0)
                return r;
        if (r == 0)
                return -ENXIO;
        if (strchr("arve", type))
                return read_container(m, type, contents, ret, depth);
        if (type == SD_BUS_TYPE_UNIX_FD)
                return -EOPNOTSUPP;
        r = sd_bus_message_read_basic(m, type, &value);
        if (r < 0)
                return r;
        v = basic_to_variant(type, &value);
        if (!v)
                return -EOPNOTSUPP;
        *ret = g_variant_ref_sink(v);
        return 0;
}

int pi_variant_read(sd_bus_message *m, GVariant **ret) {
        return read_value(m, ret, 0);
}
