/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "nft/intent.h"
#include "nft/ruleset.h"

/* The table in the kernel, and what it is meant to be. For the main thread. */
typedef struct PiFirewall PiFirewall;

typedef struct PiFirewallHooks {
        void (*changed)(gpointer userdata); /* there are rules now, or none any more */
        /* The table was gone or other than it should be, and is as it was again; or, with an error,
         * that did not go: it is tried again after a second, and less often then. */
        void (*restored)(const GError *error, gpointer userdata);
} PiFirewallHooks;

/* What the kernel may be asked for; both but in tests. Errors: PI_ERROR_FAILED. */
PiFirewall *pi_firewall_new(PiNftVariant most, const PiFirewallHooks *hooks, gpointer userdata,
                            GError **error);
/* Takes the table away. */
void pi_firewall_free(PiFirewall *firewall);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiFirewall, pi_firewall_free)

gboolean pi_firewall_is_applied(const PiFirewall *firewall);

/* Has the kernel do what `intent` says, which is taken over; windows that were asked for stay. On
 * an error everything is as it was. */
gboolean pi_firewall_apply(PiFirewall *firewall, PiIntent *intent, GError **error);
gboolean pi_firewall_remove(PiFirewall *firewall, GError **error);

/* Errors, beside those of intent.h: PI_ERROR_NOT_IN_CLUSTER without rules; closing one that is not
 * there PI_ERROR_INVALID_OPTION. */
gboolean pi_firewall_open_window(PiFirewall *firewall, const char *prefix, uint64_t usec,
                                 GError **error);
gboolean pi_firewall_close_window(PiFirewall *firewall, const char *prefix, GError **error);

/* As the interface documents it, a floating a{sv}. */
GVariant *pi_firewall_describe(PiFirewall *firewall, GError **error);
