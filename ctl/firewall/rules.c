/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/rules.h"

#include <string.h>

#include "ctl/firewall/address.h"
#include "ctl/text.h"
#include "dbus/error.h"
#include "dbus/names.h"

/* What the helper's own limits come to, with room to spare. */
#define WINDOWS_MAX 64
#define REFUSED_MAX 4096
#define COUNTERS_MAX 64
#define TEXT_BYTES_MAX 1048576
#define NAME_SHOWN_MAX 64

static void member_free(gpointer data) {
        PiRuleMember *member = data;

        g_free(member->address);
        g_free(member->name);
        g_free(member);
}

static void window_free(gpointer data) {
        g_free(((PiRuleWindow *) data)->prefix);
        g_free(data);
}

static void refused_free(gpointer data) {
        g_free(((PiRuleRefused *) data)->address);
        g_free(data);
}

PiRules *pi_rules_new(void) {
        PiRules *rules = g_new0(PiRules, 1);

        rules->intended = g_strdup("");
        rules->live = g_strdup("");
        rules->members = g_ptr_array_new_with_free_func(member_free);
        rules->windows = g_ptr_array_new_with_free_func(window_free);
        rules->refused = g_ptr_array_new_with_free_func(refused_free);
        return rules;
}

void pi_rules_free(PiRules *rules) {
        g_free(rules->intended);
        g_free(rules->live);
        g_ptr_array_unref(rules->members);
        g_ptr_array_unref(rules->windows);
        g_ptr_array_unref(rules->refused);
        g_free(rules);
}

gboolean pi_rules_has_member(const PiRules *rules, const char *address) {
        for (guint i = 0; i < rules->members->len; i++) {
                const PiRuleMember *member = rules->members->pdata[i];

                if (g_str_equal(member->address, address))
                        return TRUE;
        }
        return FALSE;
}

const PiRuleWindow *pi_rules_window_of(const PiRules *rules, const char *address) {
        for (guint i = 0; i < rules->windows->len; i++) {
                const PiRuleWindow *window = rules->windows->pdata[i];

                if (pi_address_is_within(address, window->prefix))
                        return window;
        }
        return NULL;
}

guint64 pi_rules_dropped_by_others(const PiRules *rules) {
        const PiRuleCounters *c = &rules->counters;
        guint64 known = c->delivered + c->rate_drop + c->refused;

        /* They are not read at one instant. */
        return c->seen > known ? c->seen - known : 0;
}

static gboolean strange(const char *key, const char *what, GError **error) {
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "the helper pi-computed-firewall describes \"%s\" %s; is it of another "
                    "version? systemctl restart pi-computed-firewall", key, what);
        return FALSE;
}

/* A value of the type, and of at most so many entries if it is a list. */
static GVariant *take(GVariant *dict, const char *key, const char *type, gsize max,
                      GError **error) {
        g_autoptr(GVariant) any = g_variant_lookup_value(dict, key, NULL);

        if (!any || !g_variant_is_of_type(any, G_VARIANT_TYPE(type))) {
                strange(key, any ? "in another type than expected" : "not at all", error);
                return NULL;
        }
        if (max > 0 && g_variant_n_children(any) > max) {
                strange(key, "with more entries than it can have", error);
                return NULL;
        }
        return g_steal_pointer(&any);
}

static gboolean take_flag(GVariant *dict, const char *key, gboolean *ret, GError **error) {
        g_autoptr(GVariant) value = take(dict, key, "b", 0, error);

        if (value)
                *ret = g_variant_get_boolean(value);
        return value != NULL;
}

static gboolean take_text(GVariant *dict, const char *key, char **ret, GError **error) {
        g_autoptr(GVariant) value = take(dict, key, "s", 0, error);

        if (!value)
                return FALSE;
        if (g_variant_get_size(value) > TEXT_BYTES_MAX)
                return strange(key, "in a longer text than it can be", error);
        g_free(*ret);
        *ret = g_variant_dup_string(value, NULL);
        return TRUE;
}

static gboolean take_numbers(GVariant *dict, PiRules *rules, GError **error) {
        g_autoptr(GVariant) port = take(dict, PI_FIREWALL_PORT, "q", 0, error);
        g_autoptr(GVariant) restored =
                port ? take(dict, PI_FIREWALL_RESTORED, "t", 0, error) : NULL;

        if (!restored)
                return FALSE;
        rules->port = g_variant_get_uint16(port);
        rules->restored = g_variant_get_uint64(restored);
        return TRUE;
}

static gboolean take_members(GVariant *dict, PiRules *rules, GError **error) {
        g_autoptr(GVariant) list = take(dict, PI_FIREWALL_MEMBERS, "a(sst)",
                                        PI_FIREWALL_MEMBERS_MAX, error);
        const char *address, *name;
        GVariantIter iter;
        guint64 packets;

        if (!list)
                return FALSE;
        g_variant_iter_init(&iter, list);
        while (g_variant_iter_next(&iter, "(&s&st)", &address, &name, &packets)) {
                g_autofree char *canonical = pi_address_canonical(address);
                PiRuleMember *member;

                if (!canonical)
                        return strange(PI_FIREWALL_MEMBERS, "with what is no address", error);
                member = g_new0(PiRuleMember, 1);
                member->address = g_steal_pointer(&canonical);
                member->name = pi_text_escape(name, FALSE, NAME_SHOWN_MAX);
                member->packets = packets;
                g_ptr_array_add(rules->members, member);
        }
        return TRUE;
}

static gboolean take_windows(GVariant *dict, PiRules *rules, GError **error) {
        g_autoptr(GVariant) list = take(dict, PI_FIREWALL_WINDOWS, "a(st)", WINDOWS_MAX, error);
        GVariantIter iter;
        const char *prefix;
        guint64 left;

        if (!list)
                return FALSE;
        g_variant_iter_init(&iter, list);
        while (g_variant_iter_next(&iter, "(&st)", &prefix, &left)) {
                PiRuleWindow *window = g_new0(PiRuleWindow, 1);

                window->prefix = pi_text_escape(prefix, FALSE, NAME_SHOWN_MAX);
                window->left_usec = left;
                g_ptr_array_add(rules->windows, window);
        }
        return TRUE;
}

static gboolean take_refused(GVariant *dict, PiRules *rules, GError **error) {
        g_autoptr(GVariant) list = take(dict, PI_FIREWALL_REFUSED_SOURCES, "a(stt)", REFUSED_MAX,
                                        error);
        GVariantIter iter;
        const char *address;
        guint64 attempts, ago;

        if (!list)
                return FALSE;
        g_variant_iter_init(&iter, list);
        while (g_variant_iter_next(&iter, "(&stt)", &address, &attempts, &ago)) {
                g_autofree char *canonical = pi_address_canonical(address);
                PiRuleRefused *refused;

                if (!canonical)
                        return strange(PI_FIREWALL_REFUSED_SOURCES, "with what is no address",
                                       error);
                refused = g_new0(PiRuleRefused, 1);
                refused->address = g_steal_pointer(&canonical);
                refused->attempts = attempts;
                refused->ago_usec = ago;
                g_ptr_array_add(rules->refused, refused);
        }
        return TRUE;
}

/* Those of a later helper are nobody's business here. */
static gboolean take_counters(GVariant *dict, PiRules *rules, GError **error) {
        PiRuleCounters *c = &rules->counters;
        const struct {
                const char *name;
                guint64 *value;
        } known[] = {
                { "seen", &c->seen },       { "delivered", &c->delivered },
                { "refused", &c->refused }, { "rate_drop", &c->rate_drop },
                { "joining", &c->joining }, { "stray", &c->stray },
        };
        g_autoptr(GVariant) list = take(dict, PI_FIREWALL_COUNTERS, "a{st}", COUNTERS_MAX, error);

        for (gsize i = 0; list && i < G_N_ELEMENTS(known); i++)
                g_variant_lookup(list, known[i].name, "t", known[i].value);
        return list != NULL;
}

PiRules *pi_rules_parse(GVariant *description, GError **error) {
        g_autoptr(PiRules) rules = pi_rules_new();
        g_autofree char *mode = NULL;

        if (!take_flag(description, PI_FIREWALL_APPLIED, &rules->applied, error) ||
            !take_flag(description, PI_FIREWALL_LIMITS, &rules->limits, error) ||
            !take_text(description, PI_FIREWALL_MODE, &mode, error) ||
            !take_text(description, PI_FIREWALL_INTENDED, &rules->intended, error) ||
            !take_text(description, PI_FIREWALL_LIVE, &rules->live, error) ||
            !take_numbers(description, rules, error) || !take_members(description, rules, error) ||
            !take_windows(description, rules, error) || !take_refused(description, rules, error) ||
            !take_counters(description, rules, error))
                return NULL;
        rules->owner = strcmp(mode, "owner") == 0;
        return g_steal_pointer(&rules);
}
