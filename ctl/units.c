/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/units.h"

#include "ctl/job.h"
#include "ctl/text.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SHOWN_MAX 32

static const PiMethod load_unit = { SYSTEMD ".Manager", "LoadUnit", "(o)", .passive = TRUE,
                                    .destination = SYSTEMD };
static const PiMethod get_all = { "org.freedesktop.DBus.Properties", "GetAll", "(a{sv})",
                                  .passive = TRUE, .destination = SYSTEMD };

void pi_unit_free(PiUnit *unit) {
        g_free(unit->load);
        g_free(unit->active);
        g_free(unit->file);
        g_free(unit->result);
        g_free(unit);
}

gboolean pi_units_there(PiClient *client) {
        return pi_client_has_name(client, SYSTEMD);
}

static GVariant *properties(PiClient *client, const char *path, const char *interface) {
        g_autoptr(GVariant) reply = pi_client_call(client, path, &get_all,
                                                   g_variant_new("(s)", interface), NULL);
        return reply ? g_variant_get_child_value(reply, 0) : NULL;
}

static char *text_of(GVariant *dict, const char *key) {
        return pi_text_escape(dict ? pi_dict_string(dict, key) : "", FALSE, SHOWN_MAX);
}

PiUnit *pi_unit_get(PiClient *client, const char *name) {
        g_autoptr(GVariant) reply = NULL, unit = NULL, service = NULL;
        const char *path;
        PiUnit *ret;

        if (!pi_units_there(client))
                return NULL;
        reply = pi_client_call(client, SYSTEMD_PATH, &load_unit, g_variant_new("(s)", name), NULL);
        if (!reply)
                return NULL;
        g_variant_get(reply, "(&o)", &path);
        unit = properties(client, path, SYSTEMD ".Unit");
        if (!unit)
                return NULL;
        service = properties(client, path, SYSTEMD ".Service");
        ret = g_new0(PiUnit, 1);
        ret->load = text_of(unit, "LoadState");
        ret->active = text_of(unit, "ActiveState");
        ret->file = text_of(unit, "UnitFileState");
        ret->result = text_of(service, "Result");
        if (service)
                (void) g_variant_lookup(service, "ExecMainStatus", "i", &ret->status);
        return ret;
}
