/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/json.h"

#include <json-glib/json-glib.h>
#include <math.h>

/* json-glib keeps integers as gint64 and writes what it is given for a double that is not finite;
 * so the tree is walked here and only the leaves it has right are left to it. */
static void append_value(GVariant *value, PiJsonMode mode, unsigned depth, GString *out);

static void new_line(PiJsonMode mode, unsigned depth, GString *out) {
        if (mode == PI_JSON_PRETTY)
                g_string_append_printf(out, "\n%*s", (int) (8 * depth), "");
}

static void append_leaf(GVariant *value, GString *out) {
        g_autofree char *text = json_gvariant_serialize_data(value, NULL);

        /* C1 control characters are legal in JSON text, but a terminal would obey them. */
        for (const char *p = text; *p; p++)
                if (p[0] == '\302' && (guchar) p[1] >= 0x80 && (guchar) p[1] < 0xa0)
                        g_string_append_printf(out, "\\u%04x", (guchar) *++p);
                else
                        g_string_append_c(out, *p);
}

static void append_key(GVariant *key, PiJsonMode mode, GString *out) {
        if (g_variant_is_of_type(key, G_VARIANT_TYPE_STRING) ||
            g_variant_is_of_type(key, G_VARIANT_TYPE_OBJECT_PATH)) {
                append_leaf(key, out);
        } else {
                g_autofree char *text = g_variant_print(key, FALSE);
                g_autoptr(GVariant) string = g_variant_ref_sink(g_variant_new_string(text));
                append_leaf(string, out);
        }
        g_string_append(out, mode == PI_JSON_PRETTY ? " : " : ":");
}

static void append_container(GVariant *value, PiJsonMode mode, unsigned depth, GString *out) {
        gboolean object = g_variant_is_of_type(value, G_VARIANT_TYPE_DICTIONARY);
        gsize n = g_variant_n_children(value);

        g_string_append_c(out, object ? '{' : '[');
        for (gsize i = 0; i < n; i++) {
                g_autoptr(GVariant) child = g_variant_get_child_value(value, i);

                if (i > 0)
                        g_string_append_c(out, ',');
                new_line(mode, depth + 1, out);
                if (object) {
                        g_autoptr(GVariant) key = g_variant_get_child_value(child, 0);
                        g_autoptr(GVariant) item = g_variant_get_child_value(child, 1);

                        append_key(key, mode, out);
                        append_value(item, mode, depth + 1, out);
                } else
                        append_value(child, mode, depth + 1, out);
        }
        if (n > 0)
                new_line(mode, depth, out);
        g_string_append_c(out, object ? '}' : ']');
}

static void append_value(GVariant *value, PiJsonMode mode, unsigned depth, GString *out) {
        if (g_variant_is_of_type(value, G_VARIANT_TYPE_VARIANT)) {
                g_autoptr(GVariant) inner = g_variant_get_variant(value);
                append_value(inner, mode, depth, out);
        } else if (g_variant_is_container(value))
                append_container(value, mode, depth, out);
        else if (g_variant_is_of_type(value, G_VARIANT_TYPE_UINT64))
                g_string_append_printf(out, "%" G_GUINT64_FORMAT, g_variant_get_uint64(value));
        else if (g_variant_is_of_type(value, G_VARIANT_TYPE_DOUBLE) &&
                 !isfinite(g_variant_get_double(value)))
                g_string_append(out, "null");
        else
                append_leaf(value, out);
}

void pi_json_append(GVariant *value, PiJsonMode mode, GString *out) {
        append_value(value, mode, 0, out);
        g_string_append_c(out, '\n');
}
