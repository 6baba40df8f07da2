/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/owner.h"

#include <pwd.h>

#include "ctl/text.h"

struct PiOwners {
        gboolean local;
        GHashTable *names; /* uid as a pointer -> name */
};

PiOwners *pi_owners_new(gboolean local) {
        PiOwners *owners = g_new0(PiOwners, 1);

        owners->local = local;
        owners->names = g_hash_table_new_full(NULL, NULL, NULL, g_free);
        return owners;
}

void pi_owners_free(PiOwners *owners) {
        g_hash_table_unref(owners->names);
        g_free(owners);
}

const char *pi_owners_name(PiOwners *owners, guint32 uid) {
        char *name = g_hash_table_lookup(owners->names, GUINT_TO_POINTER(uid));
        const struct passwd *entry;

        if (name)
                return name;
        entry = owners->local ? getpwuid(uid) : NULL;
        name = entry ? pi_text_escape(entry->pw_name, FALSE, 32) : g_strdup_printf("%u", uid);
        g_hash_table_insert(owners->names, GUINT_TO_POINTER(uid), name);
        return name;
}
