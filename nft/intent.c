/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/intent.h"

#include <string.h>

#include "dbus/error.h"
#include "dbus/options.h"

#define NAME_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-"

static int by_address(const void *a, const void *b) {
        return pi_nft_address_cmp(&((const PiFirewallMember *) a)->address,
                                  &((const PiFirewallMember *) b)->address);
}

static gboolean read_name(const char *name, char ret[PI_FIREWALL_NAME_MAX + 1], GError **error) {
        gsize n = strlen(name);

        if (n < 1 || n > PI_FIREWALL_NAME_MAX || strspn(name, NAME_CHARACTERS) != n) {
                g_autofree char *shown = pi_option_shown(name);

                return pi_option_invalid(error,
                                         "\"%s\" is no name of a member: 1 to %u of A-Z a-z 0-9 . "
                                         "_ -", shown, PI_FIREWALL_NAME_MAX);
        }
        g_strlcpy(ret, name, PI_FIREWALL_NAME_MAX + 1);
        return TRUE;
}

static gboolean read_members(PiIntent *intent, GVariant *members, GError **error) {
        gsize n = g_variant_n_children(members);

        if (n > PI_FIREWALL_MEMBERS_MAX)
                return pi_option_invalid(error,
                                         "%" G_GSIZE_FORMAT " members are too many: %u at most", n,
                                         PI_FIREWALL_MEMBERS_MAX);
        for (gsize i = 0; i < n; i++) {
                const char *address, *name;
                PiFirewallMember member;

                g_variant_get_child(members, i, "(&s&s)", &address, &name);
                if (!pi_nft_address_parse(address, &member.address, error) ||
                    !read_name(name, member.name, error)) {
                        g_prefix_error(error, "Member %" G_GSIZE_FORMAT ": ", i + 1);
                        return FALSE;
                }
                g_array_append_val(intent->members, member);
        }
        g_array_sort(intent->members, by_address);
        for (guint i = 1; i < intent->members->len;)
                if (by_address(&g_array_index(intent->members, PiFirewallMember, i - 1),
                               &g_array_index(intent->members, PiFirewallMember, i)) == 0)
                        g_array_remove_index(intent->members, i);
                else
                        i++;
        return TRUE;
}

static gboolean add_window(PiIntent *intent, const PiNftPrefix *prefix, uint64_t usec,
                           gint64 now_usec, gboolean asked, GError **error) {
        PiFirewallWindow window = { .prefix = *prefix, .asked = asked }, *there;

        if (usec < PI_WINDOW_USEC_MIN || usec > PI_WINDOW_USEC_MAX)
                return pi_option_invalid(error,
                                         "A window may be open for 1 s to 24 h, not for %"
                                         G_GUINT64_FORMAT " us", (guint64) usec);
        window.end_usec = now_usec + (gint64) usec;
        there = pi_intent_find_window(intent, prefix);
        if (there) {
                *there = window;
                return TRUE;
        }
        if (intent->windows->len >= PI_FIREWALL_WINDOWS_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_QUEUE_FULL,
                            "There are %d windows, the most there can be: close one",
                            PI_FIREWALL_WINDOWS_MAX);
                return FALSE;
        }
        g_array_append_val(intent->windows, window);
        return TRUE;
}

static gboolean read_windows(PiIntent *intent, GVariant *windows, gint64 now_usec,
                             GError **error) {
        gsize n = g_variant_n_children(windows);

        if (n > PI_FIREWALL_WINDOWS_MAX)
                return pi_option_invalid(error,
                                         "%" G_GSIZE_FORMAT " windows are too many: %u at most", n,
                                         PI_FIREWALL_WINDOWS_MAX);
        for (gsize i = 0; i < n; i++) {
                const char *text;
                guint64 usec;
                PiNftPrefix prefix;

                g_variant_get_child(windows, i, "(&st)", &text, &usec);
                if (!pi_nft_prefix_parse(text, &prefix, error) ||
                    !add_window(intent, &prefix, usec, now_usec, FALSE, error)) {
                        g_prefix_error(error, "Window %" G_GSIZE_FORMAT ": ", i + 1);
                        return FALSE;
                }
        }
        return TRUE;
}

PiIntent *pi_intent_new(uint16_t port, GVariant *members, GVariant *windows, gint64 now_usec,
                        GError **error) {
        g_autoptr(PiIntent) intent = g_new0(PiIntent, 1);

        intent->port = port;
        intent->members = g_array_new(FALSE, FALSE, sizeof(PiFirewallMember));
        intent->windows = g_array_new(FALSE, FALSE, sizeof(PiFirewallWindow));
        if (port == 0) {
                (void) pi_option_invalid(error, "0 is no port: 1 to 65535");
                return NULL;
        }
        if (!read_members(intent, members, error) ||
            !read_windows(intent, windows, now_usec, error))
                return NULL;
        return g_steal_pointer(&intent);
}

void pi_intent_free(PiIntent *intent) {
        if (!intent)
                return;
        g_array_unref(intent->members);
        g_array_unref(intent->windows);
        g_free(intent);
}

static PiFirewallWindow *window_at(const PiIntent *intent, guint i) {
        return &g_array_index(intent->windows, PiFirewallWindow, i);
}

PiFirewallWindow *pi_intent_find_window(const PiIntent *intent, const PiNftPrefix *prefix) {
        for (guint i = 0; i < intent->windows->len; i++)
                if (pi_nft_prefix_equal(&window_at(intent, i)->prefix, prefix))
                        return window_at(intent, i);
        return NULL;
}

gboolean pi_intent_open_window(PiIntent *intent, const PiNftPrefix *prefix, uint64_t usec,
                               gint64 now_usec, GError **error) {
        return add_window(intent, prefix, usec, now_usec, TRUE, error);
}

void pi_intent_keep_windows(PiIntent *intent, const PiIntent *from) {
        for (guint i = 0; i < from->windows->len; i++) {
                const PiFirewallWindow *window = window_at(from, i);
                PiFirewallWindow *there = pi_intent_find_window(intent, &window->prefix);

                if (!window->asked)
                        continue;
                if (there && there->end_usec < window->end_usec)
                        *there = *window;
                else if (!there && intent->windows->len < PI_FIREWALL_WINDOWS_MAX)
                        g_array_append_vals(intent->windows, window, 1);
        }
}

gint64 pi_intent_expire_windows(PiIntent *intent, gint64 now_usec) {
        gint64 next = -1;

        for (guint i = 0; i < intent->windows->len;) {
                gint64 end = window_at(intent, i)->end_usec;

                if (end <= now_usec) {
                        g_array_remove_index_fast(intent->windows, i);
                        continue;
                }
                if (next < 0 || end < next)
                        next = end;
                i++;
        }
        return next;
}

GArray *pi_intent_widest_windows(const PiIntent *intent) {
        GArray *widest = g_array_new(FALSE, FALSE, sizeof(PiFirewallWindow));

        for (guint i = 0; i < intent->windows->len; i++) {
                const PiFirewallWindow *window = window_at(intent, i);
                gboolean inside = FALSE;

                for (guint j = 0; j < intent->windows->len && !inside; j++)
                        inside = j != i && pi_nft_prefix_contains(&window_at(intent, j)->prefix,
                                                                  &window->prefix);
                if (!inside)
                        g_array_append_vals(widest, window, 1);
        }
        return widest;
}
