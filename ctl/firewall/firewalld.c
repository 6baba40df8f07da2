/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/firewalld.h"

#include <string.h>

#include "dbus/error.h"

#define FIREWALLD "org.fedoraproject.FirewallD1"
#define FIREWALLD_PATH "/org/fedoraproject/FirewallD1"
/* Of nft/firewalld.xml, by the name of its file. */
#define SERVICE "pi-computed"

/* A call starts nobody: a firewall that is off is meant to be. */
static const PiMethod query_service = { FIREWALLD ".zone", "queryService", "(b)", .passive = TRUE,
                                        .destination = FIREWALLD };
static const PiMethod add_service = { FIREWALLD ".zone", "addService", "(s)", .passive = TRUE,
                                      .interactive = TRUE, .destination = FIREWALLD };
static const PiMethod default_zone = { FIREWALLD, "getDefaultZone", "(s)", .passive = TRUE,
                                       .destination = FIREWALLD };
static const PiMethod zone_by_name = { FIREWALLD ".config", "getZoneByName", "(o)",
                                       .passive = TRUE, .destination = FIREWALLD };
static const PiMethod add_for_good = { FIREWALLD ".config.zone", "addService", "()",
                                       .passive = TRUE, .interactive = TRUE,
                                       .destination = FIREWALLD };

PiFirewalld pi_firewalld_ask(PiClient *client) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = NULL;
        gboolean open;

        if (!pi_client_has_name(client, FIREWALLD))
                return PI_FIREWALLD_ABSENT;
        reply = pi_client_call(client, FIREWALLD_PATH, &query_service,
                               g_variant_new("(ss)", "", SERVICE), &error);
        if (!reply)
                return strstr(error->message, "INVALID_SERVICE") ? PI_FIREWALLD_UNTAUGHT
                                                                 : PI_FIREWALLD_UNKNOWN;
        g_variant_get(reply, "(b)", &open);
        return open ? PI_FIREWALLD_OPEN : PI_FIREWALLD_SHUT;
}

/* What was there before is as good as what was added. */
static gboolean add(PiClient *client, const char *path, const PiMethod *method, GVariant *args,
                    GError **error) {
        g_autoptr(GError) problem = NULL;
        g_autoptr(GVariant) reply = pi_client_call(client, path, method, args, &problem);

        if (reply || strstr(problem->message, "ALREADY_ENABLED"))
                return TRUE;
        if (strstr(problem->message, "INVALID_SERVICE"))
                g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                                    "firewalld does not know the service " SERVICE " yet; run: "
                                    "firewall-cmd --reload, then try again");
        else
                g_propagate_error(error, g_steal_pointer(&problem));
        return FALSE;
}

static gboolean add_permanently(PiClient *client, GError **error) {
        g_autoptr(GVariant) zone = pi_client_call(client, FIREWALLD_PATH, &default_zone, NULL,
                                                  error);
        g_autoptr(GVariant) reply = NULL;
        const char *path;

        if (zone)
                reply = pi_client_call(client, FIREWALLD_PATH "/config", &zone_by_name, zone,
                                       error);
        if (!reply)
                return FALSE;
        g_variant_get(reply, "(&o)", &path);
        return add(client, path, &add_for_good, g_variant_new("(s)", SERVICE), error);
}

gboolean pi_firewalld_open(PiClient *client, GError **error) {
        if (!pi_client_has_name(client, FIREWALLD)) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_UNREACHABLE,
                                    "firewalld is not on the bus; leave out --firewalld, or start "
                                    "it with: systemctl start firewalld");
                return FALSE;
        }
        return add(client, FIREWALLD_PATH, &add_service,
                   g_variant_new("(ssi)", "", SERVICE, 0), error) &&
               add_permanently(client, error);
}
