/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/name.h"

#include <string.h>

#include "daemon/cluster/address.h"

static gboolean may_stand(char c) {
        return g_ascii_isalnum(c) || c == '-' || c == '_' || c == '.';
}

gboolean pi_node_name_is_valid(const char *name) {
        if (!g_ascii_isalnum(name[0]) || strnlen(name, PI_NODE_NAME_MAX + 1) > PI_NODE_NAME_MAX)
                return FALSE;
        for (; *name; name++)
                if (!may_stand(*name))
                        return FALSE;
        return TRUE;
}

gboolean pi_node_address_is_valid(const char *text) {
        gsize length = strnlen(text, PI_ADDRESS_LENGTH_MAX + 1);

        if (length < 1 || length > PI_ADDRESS_LENGTH_MAX)
                return FALSE;
        for (; *text; text++)
                if (!may_stand(*text) && !strchr(":[]%", *text))
                        return FALSE;
        return TRUE;
}

char *pi_node_name_make_valid(const char *name) {
        char *valid = g_strndup(name, PI_NODE_NAME_MAX);

        for (char *p = valid; *p; p++)
                if (!may_stand(*p))
                        *p = '-';
        if (g_ascii_isalnum(valid[0]))
                return valid;
        g_free(valid);
        return g_strdup("node");
}
