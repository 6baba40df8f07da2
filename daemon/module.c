/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/module.h"

#include <dlfcn.h>

#include "dbus/error.h"

static gconstpointer find(void *library, const char *symbol) {
        return library ? dlsym(library, symbol) : NULL;
}

gconstpointer pi_module_load(const char *file, const char *symbol, GError **error) {
        gconstpointer table = find(dlopen(file, RTLD_NOW | RTLD_LOCAL), symbol);

        if (!table)
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "What this needs cannot be loaded, is the installation whole? %s",
                            dlerror());
        return table;
}
