/* SPDX-License-Identifier: GPL-2.0-or-later */
/* After "Marshaling (Wire Format)" of the D-Bus Specification. */
#include "daemon/cluster/marshalled-size.h"

#include <string.h>

/* These are as long as they are aligned. */
#define FIXED "ynqbiuhxtd"

static gsize alignment_of(char type) {
        switch (type) {
        case 'y':
        case 'g':
        case 'v':
                return 1;
        case 'n':
        case 'q':
                return 2;
        case 'x':
        case 't':
        case 'd':
        case '(':
        case '{':
                return 8;
        default: /* b, i, u and h, and what begins with its length: s, o and a */
                return 4;
        }
}

static gsize align(gsize offset, char type) {
        gsize alignment = alignment_of(type);

        return (offset + alignment - 1) / alignment * alignment;
}

/* Where a value ends that comes at `offset` of the body; so the following. */
static gsize end_of(gsize offset, GVariant *value);

static gsize end_of_children(gsize offset, GVariant *value) {
        for (gsize i = 0; i < g_variant_n_children(value); i++) {
                g_autoptr(GVariant) child = g_variant_get_child_value(value, i);

                offset = end_of(offset, child);
        }
        return offset;
}

static gsize end_of_array(gsize offset, GVariant *value) {
        char element = g_variant_get_type_string(value)[1];

        /* Between the length and the first element, also if there is none. */
        offset = align(offset + 4, element);
        if (strchr(FIXED, element))
                return offset + g_variant_n_children(value) * alignment_of(element);
        return end_of_children(offset, value);
}

static gsize end_of_variant(gsize offset, GVariant *value) {
        g_autoptr(GVariant) inner = g_variant_get_variant(value);

        /* A signature: its length, itself and a NUL. */
        return end_of(offset + 1 + strlen(g_variant_get_type_string(inner)) + 1, inner);
}

static gsize end_of(gsize offset, GVariant *value) {
        char type = g_variant_get_type_string(value)[0];
        gsize length;

        offset = align(offset, type);
        switch (type) {
        case 's':
        case 'o':
        case 'g':
                (void) g_variant_get_string(value, &length);
                return offset + alignment_of(type) + length + 1;
        case 'v':
                return end_of_variant(offset, value);
        case 'a':
                return end_of_array(offset, value);
        case '(':
        case '{':
                return end_of_children(offset, value);
        default:
                return offset + alignment_of(type);
        }
}

gsize pi_marshalled_size(GVariant *value) {
        return end_of(0, value);
}
