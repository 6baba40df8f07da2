/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/fields.h"

#include <math.h>
#include <string.h>

#include "daemon/cluster/address.h"
#include "daemon/cluster/name.h"
#include "dbus/error.h"

void pi_fields_init(PiFields *f, const char *what, GVariant *dict) {
        *f = (PiFields) { .dict = dict, .what = what };
        if (g_variant_n_children(dict) > PI_FIELDS_MAX)
                pi_fields_fail(f, "there are %" G_GSIZE_FORMAT " keys, at most %d are read",
                               g_variant_n_children(dict), PI_FIELDS_MAX);
}

gboolean pi_fields_end(PiFields *f, GError **error) {
        if (!f->error)
                return TRUE;
        g_propagate_error(error, g_steal_pointer(&f->error));
        return FALSE;
}

void pi_fields_fail(PiFields *f, const char *format, ...) {
        g_autofree char *message = NULL;
        va_list ap;

        if (f->error)
                return;
        va_start(ap, format);
        message = g_strdup_vprintf(format, ap);
        va_end(ap);
        f->error = g_error_new(PI_ERROR, PI_ERROR_INVALID_OPTION, "%s: %s", f->what, message);
}

/* Keys are mostly asked for in the order in which they were written. */
static GVariant *find(PiFields *f, const char *key) {
        gsize n = g_variant_n_children(f->dict);

        for (gsize i = 0; i < n; i++) {
                gsize at = (f->next + i) % n;
                g_autoptr(GVariant) entry = g_variant_get_child_value(f->dict, at);
                g_autoptr(GVariant) name = g_variant_get_child_value(entry, 0);
                g_autoptr(GVariant) value = NULL;

                if (!g_str_equal(g_variant_get_string(name, NULL), key))
                        continue;
                f->next = at + 1;
                value = g_variant_get_child_value(entry, 1);
                return g_variant_get_variant(value);
        }
        return NULL;
}

gboolean pi_fields_has(PiFields *f, const char *key) {
        g_autoptr(GVariant) value = f->error ? NULL : find(f, key);

        return value != NULL;
}

/* NULL after a fault. */
static GVariant *get(PiFields *f, const char *key, const char *type) {
        g_autoptr(GVariant) value = NULL;

        if (f->error)
                return NULL;
        value = find(f, key);
        if (!value) {
                pi_fields_fail(f, "\"%s\" is missing", key);
                return NULL;
        }
        if (!g_variant_is_of_type(value, G_VARIANT_TYPE(type))) {
                pi_fields_fail(f, "\"%s\" has type \"%.32s\", not \"%s\"", key,
                               g_variant_get_type_string(value), type);
                return NULL;
        }
        return g_steal_pointer(&value);
}

static uint64_t in_range(PiFields *f, const char *key, uint64_t value, uint64_t min,
                         uint64_t max) {
        if (value < min || value > max)
                pi_fields_fail(f, "\"%s\" is %" G_GUINT64_FORMAT ", out of range: %"
                                  G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                               key, value, min, max);
        return CLAMP(value, min, max);
}

uint32_t pi_fields_u32(PiFields *f, const char *key, uint32_t min, uint32_t max) {
        g_autoptr(GVariant) value = get(f, key, "u");

        return value ? (uint32_t) in_range(f, key, g_variant_get_uint32(value), min, max) : min;
}

uint64_t pi_fields_u64(PiFields *f, const char *key, uint64_t min, uint64_t max) {
        g_autoptr(GVariant) value = get(f, key, "t");

        return value ? in_range(f, key, g_variant_get_uint64(value), min, max) : min;
}

int32_t pi_fields_i32(PiFields *f, const char *key, int32_t min, int32_t max) {
        g_autoptr(GVariant) value = get(f, key, "i");
        int32_t number = value ? g_variant_get_int32(value) : min;

        if (number < min || number > max)
                pi_fields_fail(f, "\"%s\" is %d, out of range: %d to %d", key, number, min, max);
        return CLAMP(number, min, max);
}

double pi_fields_double(PiFields *f, const char *key, double min, double max) {
        g_autoptr(GVariant) value = get(f, key, "d");
        double number = value ? g_variant_get_double(value) : min;

        if (isfinite(number) && number >= min && number <= max)
                return number;
        pi_fields_fail(f, "\"%s\" is %g, out of range: %g to %g", key, number, min, max);
        return min;
}

gboolean pi_fields_boolean(PiFields *f, const char *key) {
        g_autoptr(GVariant) value = get(f, key, "b");

        return value && g_variant_get_boolean(value);
}

static gboolean is_printable(const char *text) {
        for (; *text; text = g_utf8_next_char(text))
                if (!g_unichar_isprint(g_utf8_get_char(text)))
                        return FALSE;
        return TRUE;
}

const char *pi_fields_string(PiFields *f, const char *key, gsize max) {
        g_autoptr(GVariant) value = get(f, key, "s");
        const char *text;
        gsize length;

        if (!value)
                return "";
        text = g_variant_get_string(value, &length);
        if (length > max)
                pi_fields_fail(f, "\"%s\" has %" G_GSIZE_FORMAT " bytes, at most %" G_GSIZE_FORMAT
                                  " are taken", key, length, max);
        else if (!is_printable(text))
                pi_fields_fail(f, "\"%s\" has characters that cannot be printed", key);
        return f->error ? "" : text;
}

const char *pi_fields_hex(PiFields *f, const char *key, gsize digits) {
        const char *text = pi_fields_string(f, key, digits);

        if (!f->error && (strlen(text) != digits || strspn(text, "0123456789abcdef") != digits))
                pi_fields_fail(f, "\"%s\" is not of %" G_GSIZE_FORMAT " lower-case hex digits",
                               key, digits);
        return f->error ? "" : text;
}

const uint8_t *pi_fields_bytes(PiFields *f, const char *key, gsize n) {
        g_autoptr(GVariant) value = get(f, key, "ay");
        const uint8_t *data;
        gsize length;

        if (!value)
                return NULL;
        data = g_variant_get_fixed_array(value, &length, 1);
        if (length == n)
                return data;
        pi_fields_fail(f, "\"%s\" has %" G_GSIZE_FORMAT " bytes, not %" G_GSIZE_FORMAT, key,
                       length, n);
        return NULL;
}

uint64_t *pi_fields_u64_array(PiFields *f, const char *key, gsize n) {
        g_autoptr(GVariant) value = get(f, key, "at");
        const guint64 *data;
        gsize length;

        if (!value)
                return NULL;
        data = g_variant_get_fixed_array(value, &length, sizeof(*data));
        if (length == n)
                return g_memdup2(data, n * sizeof(*data));
        pi_fields_fail(f, "\"%s\" has %" G_GSIZE_FORMAT " numbers, not %" G_GSIZE_FORMAT, key,
                       length, n);
        return NULL;
}

const char *pi_fields_name(PiFields *f, const char *key) {
        const char *name = pi_fields_string(f, key, PI_NODE_NAME_MAX);

        if (!f->error && !pi_node_name_is_valid(name))
                pi_fields_fail(f, "\"%s\" is \"%s\", no name of a node: letters, digits, \"-\", "
                                  "\"_\" and \".\"", key, name);
        return f->error ? "" : name;
}

char **pi_fields_addresses(PiFields *f, const char *key) {
        g_autoptr(GVariant) value = get(f, key, "as");
        gsize n = value ? g_variant_n_children(value) : 0;
        g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

        if (n > PI_ADDRESSES_MAX) {
                pi_fields_fail(f, "\"%s\" has %" G_GSIZE_FORMAT " addresses, at most %d are taken",
                               key, n, PI_ADDRESSES_MAX);
                n = 0;
        }
        for (gsize i = 0; i < n && !f->error; i++) {
                const char *text;

                g_variant_get_child(value, i, "&s", &text);
                g_ptr_array_add(list, g_strdup(text));
                if (!pi_node_address_is_valid(text))
                        pi_fields_fail(f, "\"%s\" holds what is no address", key);
        }
        if (f->error)
                g_ptr_array_set_size(list, 0);
        g_ptr_array_add(list, NULL);
        return (char **) g_ptr_array_steal(list, NULL);
}

GVariant *pi_fields_rows(PiFields *f, const char *key, gsize max) {
        GVariant *rows = get(f, key, "aa{sv}");

        if (!rows || g_variant_n_children(rows) <= max)
                return rows;
        pi_fields_fail(f, "\"%s\" has %" G_GSIZE_FORMAT " entries, at most %" G_GSIZE_FORMAT
                          " are taken", key, g_variant_n_children(rows), max);
        g_variant_unref(rows);
        return NULL;
}
