/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "dbus/names.h"
#include "nft/address.h"

#define PI_FIREWALL_WINDOWS_MAX 64
#define PI_FIREWALL_NAME_MAX 64
#define PI_WINDOW_USEC_MIN G_USEC_PER_SEC
#define PI_WINDOW_USEC_MAX (24 * G_TIME_SPAN_HOUR)

typedef struct PiFirewallMember {
        PiNftAddress address;
        char name[PI_FIREWALL_NAME_MAX + 1];
} PiFirewallMember;

/* From where strangers may connect, for a while. */
typedef struct PiFirewallWindow {
        PiNftPrefix prefix;
        gint64 end_usec; /* CLOCK_MONOTONIC */
        gboolean asked;  /* by OpenWindow: Apply leaves it alone */
} PiFirewallWindow;

/* Who is to come through to which port. */
typedef struct PiIntent {
        uint16_t port;
        GArray *members; /* PiFirewallMember, by address, each address once */
        GArray *windows; /* PiFirewallWindow */
} PiIntent;

/* From what a caller says: members a(ss) of address and name, windows a(st) of prefix and time from
 * `now_usec` on. Errors: PI_ERROR_INVALID_OPTION naming the entry and what is wrong with it. */
PiIntent *pi_intent_new(uint16_t port, GVariant *members, GVariant *windows, gint64 now_usec,
                        GError **error);
void pi_intent_free(PiIntent *intent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiIntent, pi_intent_free)

/* NULL when it is none. */
PiFirewallWindow *pi_intent_find_window(const PiIntent *intent, const PiNftPrefix *prefix);

/* Opens a window that was asked for, or gives the one there is for this prefix a new end. Errors:
 * PI_ERROR_INVALID_OPTION, PI_ERROR_QUEUE_FULL. */
gboolean pi_intent_open_window(PiIntent *intent, const PiNftPrefix *prefix, uint64_t usec,
                               gint64 now_usec, GError **error);

/* Takes over the windows of `from` that were asked for and are not there yet, as far as there is
 * room. */
void pi_intent_keep_windows(PiIntent *intent, const PiIntent *from);

/* Closes those that are over. Returns when the next one ends, or -1 with none. */
gint64 pi_intent_expire_windows(PiIntent *intent, gint64 now_usec);

/* Those in no wider one that is open, PiFirewallWindow: a set of the kernel has no overlaps. */
GArray *pi_intent_widest_windows(const PiIntent *intent);
