/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/firewall.h"

#include <string.h>

#include "dbus/error.h"
#include "dbus/names.h"
#include "dbus/options.h"
#include "nft/backend.h"
#include "nft/live.h"
#include "nft/tally.h"
#include "nft/watch.h"

/* Between tries to put the rules back. */
#define AGAIN_SEC_MIN 1
#define AGAIN_SEC_MAX 60

struct PiFirewall {
        PiNft *nft;
        PiNftVariant most, variant; /* the second holds while there is an intent */
        const PiFirewallHooks *hooks;
        gpointer userdata;
        PiIntent *intent; /* NULL while there are to be no rules */
        char *expected;   /* what the kernel listed when all was right */
        PiWatch *watch;   /* NULL where nobody else can change the table */
        guint timer;      /* of the next window's end, 0 for none */
        guint again;      /* the rules could not be put back, and are tried again; 0 for none */
        guint again_sec;
        uint64_t restored;
};

static gint64 now(void) {
        return g_get_monotonic_time();
}

static gboolean on_window_over(gpointer userdata);

static void note_expected(PiFirewall *f) {
        g_free(f->expected);
        f->expected = pi_live_list(f->nft, NULL);
}

static gboolean is_as_expected(PiFirewall *f) {
        g_autofree char *live = pi_live_list(f->nft, NULL);

        return live && g_strcmp0(live, f->expected) == 0;
}

static void set_timer(PiFirewall *f) {
        gint64 next = f->intent ? pi_intent_expire_windows(f->intent, now()) : -1;

        if (f->timer > 0)
                g_source_remove(f->timer);
        f->timer = next < 0 ? 0
                            : g_timeout_add((guint) (MAX(next - now(), 0) / 1000 + 1),
                                            on_window_over, f);
}

/* Whether it says that the kernel, or libnftables, does not know something. */
static gboolean is_about_abilities(const GError *error) {
        static const char *const said[] = { "No such file", "not supported", "syntax error",
                                            "Invalid argument" };

        for (gsize i = 0; i < G_N_ELEMENTS(said); i++)
                if (strstr(error->message, said[i]))
                        return TRUE;
        return FALSE;
}

/* What the kernel can do is found out by trying: the best first. */
static gboolean load_whole(PiFirewall *f, const PiIntent *intent, GError **error) {
        const PiNftVariant variants[] = { { TRUE, TRUE }, { TRUE, FALSE }, { FALSE, TRUE },
                                          { FALSE, FALSE } };
        g_autoptr(GError) first = NULL;

        for (gsize i = 0; i < G_N_ELEMENTS(variants); i++) {
                g_autofree char *text = NULL;

                if ((variants[i].owner && !f->most.owner) ||
                    (variants[i].limits && !f->most.limits))
                        continue;
                text = pi_ruleset_whole(intent, variants[i], now());
                if (pi_nft_run(f->nft, text, first ? NULL : &first)) {
                        f->variant = variants[i];
                        return TRUE;
                }
                if (!is_about_abilities(first))
                        break;
        }
        g_propagate_error(error, g_steal_pointer(&first));
        return FALSE;
}

/* A table that an earlier process left, which owned none, cannot be made one that is owned. */
static void clear_leftover(PiFirewall *f) {
        g_autofree char *text = pi_ruleset_none((PiNftVariant) {});

        (void) pi_nft_run(f->nft, text, NULL);
}

static gboolean load(PiFirewall *f, const PiIntent *intent, GError **error) {
        g_autofree char *change = NULL;

        if (!f->intent)
                clear_leftover(f);
        if (!f->intent || f->intent->port != intent->port ||
            (!f->variant.owner && !is_as_expected(f)))
                return load_whole(f, intent, error);
        change = pi_ruleset_change(f->intent, intent, now());
        return change[0] == '\0' || pi_nft_run(f->nft, change, NULL) ||
               load_whole(f, intent, error);
}

static gboolean put_back_again(gpointer userdata);

static void put_back(gpointer userdata) {
        PiFirewall *f = userdata;
        g_autoptr(GError) error = NULL;

        g_clear_handle_id(&f->again, g_source_remove);
        if (!f->intent || is_as_expected(f)) {
                f->again_sec = 0;
                return;
        }
        if (load_whole(f, f->intent, &error)) {
                note_expected(f);
                f->restored++;
                f->again_sec = 0;
        } else {
                f->again_sec = CLAMP(2 * f->again_sec, AGAIN_SEC_MIN, AGAIN_SEC_MAX);
                f->again = g_timeout_add_seconds(f->again_sec, put_back_again, f);
        }
        f->hooks->restored(error, f->userdata);
}

static gboolean put_back_again(gpointer userdata) {
        ((PiFirewall *) userdata)->again = 0;
        put_back(userdata);
        return G_SOURCE_REMOVE;
}

/* The filter works without being watched, and is put in order at the next change. */
static void watch_if_needed(PiFirewall *f) {
        if (f->variant.owner)
                g_clear_pointer(&f->watch, pi_watch_free);
        else if (!f->watch)
                f->watch = pi_watch_new(put_back, f, NULL);
}

static gboolean change_to(PiFirewall *f, PiIntent *intent, GError **error) {
        gboolean was_applied = f->intent != NULL;

        if (!load(f, intent, error)) {
                pi_intent_free(intent);
                return FALSE;
        }
        g_clear_pointer(&f->intent, pi_intent_free);
        f->intent = intent;
        note_expected(f);
        watch_if_needed(f);
        set_timer(f);
        if (!was_applied)
                f->hooks->changed(f->userdata);
        return TRUE;
}

/* A copy to make a change to. */
static PiIntent *copy_intent(const PiIntent *from) {
        PiIntent *intent = g_new0(PiIntent, 1);

        intent->port = from->port;
        intent->members = g_array_copy(from->members);
        intent->windows = g_array_copy(from->windows);
        return intent;
}

/* The kernel has forgotten the window by itself; one within it may be open still. */
static gboolean on_window_over(gpointer userdata) {
        PiFirewall *f = userdata;
        PiIntent *after = copy_intent(f->intent);

        f->timer = 0;
        (void) pi_intent_expire_windows(after, now());
        if (!change_to(f, after, NULL))
                set_timer(f);
        return G_SOURCE_REMOVE;
}

PiFirewall *pi_firewall_new(PiNftVariant most, const PiFirewallHooks *hooks, gpointer userdata,
                            GError **error) {
        PiNft *nft = pi_nft_new(error);
        PiFirewall *f;

        if (!nft)
                return NULL;
        f = g_new0(PiFirewall, 1);
        f->nft = nft;
        f->most = most;
        f->hooks = hooks;
        f->userdata = userdata;
        return f;
}

static void forget(PiFirewall *f) {
        g_clear_pointer(&f->watch, pi_watch_free);
        g_clear_handle_id(&f->again, g_source_remove);
        g_clear_pointer(&f->intent, pi_intent_free);
        g_clear_pointer(&f->expected, g_free);
        set_timer(f);
}

void pi_firewall_free(PiFirewall *f) {
        if (!f)
                return;
        if (f->intent) {
                g_autofree char *text = pi_ruleset_none(f->variant);

                (void) pi_nft_run(f->nft, text, NULL);
        }
        forget(f);
        pi_nft_free(f->nft);
        g_free(f);
}

gboolean pi_firewall_is_applied(const PiFirewall *f) {
        return f->intent != NULL;
}

gboolean pi_firewall_apply(PiFirewall *f, PiIntent *intent, GError **error) {
        if (f->intent)
                pi_intent_keep_windows(intent, f->intent);
        return change_to(f, intent, error);
}

/* Also one that an earlier process left. */
gboolean pi_firewall_remove(PiFirewall *f, GError **error) {
        g_autofree char *text = pi_ruleset_none(f->intent ? f->variant : (PiNftVariant) {});
        gboolean was_applied = f->intent != NULL;

        g_clear_pointer(&f->watch, pi_watch_free);
        if (!pi_nft_run(f->nft, text, error)) {
                if (was_applied)
                        watch_if_needed(f);
                return FALSE;
        }
        forget(f);
        if (was_applied)
                f->hooks->changed(f->userdata);
        return TRUE;
}

static PiIntent *begin_window_change(PiFirewall *f, const char *text, PiNftPrefix *ret_prefix,
                                     GError **error) {
        if (!pi_nft_prefix_parse(text, ret_prefix, error))
                return NULL;
        if (f->intent)
                return copy_intent(f->intent);
        g_set_error_literal(error, PI_ERROR, PI_ERROR_NOT_IN_CLUSTER,
                            "There are no rules for a port, and so nothing that keeps anybody out: "
                            "this node is in no cluster, or its rules were removed");
        return NULL;
}

gboolean pi_firewall_open_window(PiFirewall *f, const char *text, uint64_t usec, GError **error) {
        PiNftPrefix prefix;
        g_autoptr(PiIntent) after = begin_window_change(f, text, &prefix, error);

        return after && pi_intent_open_window(after, &prefix, usec, now(), error) &&
               change_to(f, g_steal_pointer(&after), error);
}

gboolean pi_firewall_close_window(PiFirewall *f, const char *text, GError **error) {
        PiNftPrefix prefix;
        g_autoptr(PiIntent) after = begin_window_change(f, text, &prefix, error);
        PiFirewallWindow *window = after ? pi_intent_find_window(after, &prefix) : NULL;

        if (!after)
                return FALSE;
        if (!window)
                return pi_option_invalid(error, "No window is open for %s", text);
        window->end_usec = 0;
        (void) pi_intent_expire_windows(after, now());
        return change_to(f, g_steal_pointer(&after), error);
}

static GVariant *members_of(const PiIntent *intent, const PiTally *tally) {
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE("a(sst)"));
        for (guint i = 0; intent && i < intent->members->len; i++) {
                const PiFirewallMember *m = &g_array_index(intent->members, PiFirewallMember, i);
                char address[PI_NFT_ADDRESS_SIZE];

                pi_nft_address_print(&m->address, address);
                g_variant_builder_add(&b, "(sst)", address, m->name,
                                      pi_tally_of_member(tally, address));
        }
        return g_variant_builder_end(&b);
}

static GVariant *windows_of(const PiIntent *intent) {
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE("a(st)"));
        for (guint i = 0; intent && i < intent->windows->len; i++) {
                const PiFirewallWindow *w = &g_array_index(intent->windows, PiFirewallWindow, i);
                char prefix[PI_NFT_PREFIX_SIZE];

                g_variant_builder_add(&b, "(st)", pi_nft_prefix_print(&w->prefix, prefix),
                                      (guint64) MAX(w->end_usec - now(), 0));
        }
        return g_variant_builder_end(&b);
}

static void add(GVariantBuilder *b, const char *key, GVariant *value) {
        g_variant_builder_add(b, "{sv}", key, value);
}

/* A table that is not there is described, too: there is nothing in it. */
GVariant *pi_firewall_describe(PiFirewall *f, GError **error) {
        g_autofree char *live = pi_live_list(f->nft, NULL);
        g_autoptr(PiTally) tally = pi_tally_new();
        const char *mode = !f->intent ? "" : f->variant.owner ? "owner" : "watched";
        GVariantBuilder b;

        if (live && !pi_live_tally(f->nft, tally, error))
                return NULL;
        g_variant_builder_init(&b, G_VARIANT_TYPE_VARDICT);
        add(&b, PI_FIREWALL_APPLIED, g_variant_new_boolean(f->intent != NULL));
        add(&b, PI_FIREWALL_MODE, g_variant_new_string(mode));
        add(&b, PI_FIREWALL_LIMITS, g_variant_new_boolean(f->intent && f->variant.limits));
        add(&b, PI_FIREWALL_PORT, g_variant_new_uint16(f->intent ? f->intent->port : 0));
        add(&b, PI_FIREWALL_INTENDED, g_variant_new_string(f->expected ? f->expected : ""));
        add(&b, PI_FIREWALL_LIVE, g_variant_new_string(live ? live : ""));
        add(&b, PI_FIREWALL_RESTORED, g_variant_new_uint64(f->restored));
        add(&b, PI_FIREWALL_MEMBERS, members_of(f->intent, tally));
        add(&b, PI_FIREWALL_WINDOWS, windows_of(f->intent));
        add(&b, PI_FIREWALL_COUNTERS, pi_tally_counters(tally));
        add(&b, PI_FIREWALL_REFUSED_SOURCES, pi_tally_refused(tally));
        return g_variant_builder_end(&b);
}
