/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/helper.h"

#include "ctl/firewall/blocks.h"
#include "dbus/names.h"

static const PiMethod describe = { PI_INTERFACE_FIREWALL, "Describe", "(a{sv})",
                                   .destination = PI_FIREWALL_BUS_NAME };
static const PiMethod find_blocks = { PI_INTERFACE_FIREWALL, "FindBlocks", "(aa{sv})",
                                      .destination = PI_FIREWALL_BUS_NAME };
static const PiMethod open_window = { PI_INTERFACE_FIREWALL, "OpenWindow", "()",
                                      .destination = PI_FIREWALL_BUS_NAME };
static const PiMethod close_window = { PI_INTERFACE_FIREWALL, "CloseWindow", "()",
                                       .destination = PI_FIREWALL_BUS_NAME };

GVariant *pi_helper_describe(PiClient *client, GError **error) {
        g_autoptr(GVariant) reply = pi_client_call(client, PI_FIREWALL_PATH, &describe, NULL,
                                                   error);

        return reply ? g_variant_get_child_value(reply, 0) : NULL;
}

GPtrArray *pi_helper_find_blocks(PiClient *client, guint16 port, const char *const *sources,
                                 GError **error) {
        GVariant *list = g_variant_new_strv(sources, -1);
        g_autoptr(GVariant) reply = pi_client_call(client, PI_FIREWALL_PATH, &find_blocks,
                                                   g_variant_new("(q@as)", port, list), error);
        g_autoptr(GVariant) blocks = reply ? g_variant_get_child_value(reply, 0) : NULL;

        return blocks ? pi_blocks_parse(blocks, error) : NULL;
}

gboolean pi_helper_open_window(PiClient *client, const char *prefix, guint64 usec,
                               GError **error) {
        g_autoptr(GVariant) reply = pi_client_call(client, PI_FIREWALL_PATH, &open_window,
                                                   g_variant_new("(st)", prefix, usec), error);
        return reply != NULL;
}

gboolean pi_helper_close_window(PiClient *client, const char *prefix, GError **error) {
        g_autoptr(GVariant) reply = pi_client_call(client, PI_FIREWALL_PATH, &close_window,
                                                   g_variant_new("(s)", prefix), error);
        return reply != NULL;
}
