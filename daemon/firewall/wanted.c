/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/firewall/wanted.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "daemon/cluster/address.h"
#include "dbus/names.h"

G_STATIC_ASSERT(PI_FIREWALL_MEMBERS_MAX >= PI_MEMBERS_MAX * (PI_ADDRESSES_MAX + 1));

#define OPEN_USEC_MIN UINT64_C(1000000)
#define OPEN_USEC_MAX (UINT64_C(3600) * 1000000)

/* "192.0.2.7" of "192.0.2.7:31415", "fe80::7" of "[fe80::7%eth0]:31415". */
static char *host_of(const char *address) {
        gboolean bracketed = address[0] == '[';
        const char *host = address + bracketed;

        return g_strndup(host, strcspn(host, bracketed ? "]%" : ":"));
}

/* Another member says what its addresses are, and may say what it likes: what the helper would
 * refuse, with all the rest, is left out. */
static gboolean is_of_a_host(const char *host) {
        struct in6_addr v6;
        struct in_addr v4;

        if (inet_pton(AF_INET, host, &v4) == 1)
                return v4.s_addr != INADDR_ANY && v4.s_addr != INADDR_BROADCAST &&
                       !IN_MULTICAST(ntohl(v4.s_addr));
        return inet_pton(AF_INET6, host, &v6) == 1 && !IN6_IS_ADDR_UNSPECIFIED(&v6) &&
               !IN6_IS_ADDR_MULTICAST(&v6) && !IN6_IS_ADDR_V4MAPPED(&v6);
}

static void add_address(GVariantBuilder *b, GHashTable *seen, const char *address,
                        const char *name) {
        char *host = host_of(address);

        if (is_of_a_host(host) && !g_hash_table_contains(seen, host))
                g_variant_builder_add(b, "(ss)", host, name);
        g_hash_table_add(seen, host);
}

static void add_member(GVariantBuilder *b, const PiMemberView *member) {
        g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

        for (const char *const *a = member->addresses; a && *a; a++)
                add_address(b, seen, *a, member->name);
        if (member->remote_address[0])
                add_address(b, seen, member->remote_address, member->name);
}

static uint64_t last_token_expires(const PiCluster *cluster) {
        g_autoptr(GVariant) tokens = g_variant_ref_sink(pi_cluster_list_tokens(cluster));
        uint64_t last = 0;

        for (gsize i = 0; i < g_variant_n_children(tokens); i++) {
                g_autoptr(GVariant) token = g_variant_get_child_value(tokens, i);
                guint64 expires = 0;
                guint32 uses = 0;

                if (g_variant_lookup(token, PI_TOKEN_USES, "u", &uses) && uses > 0 &&
                    g_variant_lookup(token, PI_TOKEN_EXPIRES_USEC, "t", &expires))
                        last = MAX(last, expires);
        }
        return last;
}

PiWanted *pi_wanted_new(const PiCluster *cluster, uint64_t now_usec) {
        PiWanted *wanted = g_new0(PiWanted, 1);
        gboolean away = FALSE;
        GVariantBuilder b;

        g_variant_builder_init(&b, G_VARIANT_TYPE("a(ss)"));
        for (guint i = 0; i < pi_cluster_n_members(cluster); i++) {
                PiMemberView member;

                pi_cluster_member(cluster, i, &member);
                if (member.state == PI_MEMBER_SELF) {
                        wanted->port = member.port;
                        continue;
                }
                add_member(&b, &member);
                away = away || (member.outbound_only && !member.remote_address[0]);
        }
        wanted->members = g_variant_ref_sink(g_variant_builder_end(&b));
        wanted->open_until_usec = away ? now_usec + OPEN_USEC_MAX
                                       : MIN(last_token_expires(cluster),
                                             now_usec + OPEN_USEC_MAX);
        return wanted;
}

void pi_wanted_free(PiWanted *wanted) {
        if (!wanted)
                return;
        g_variant_unref(wanted->members);
        g_free(wanted);
}

gboolean pi_wanted_is_told(const PiWanted *wanted, const PiWanted *told, uint64_t now_usec) {
        if (!told || wanted->port != told->port || !g_variant_equal(wanted->members, told->members))
                return FALSE;
        /* Open longer than wanted is no better than too short. */
        return wanted->open_until_usec == told->open_until_usec ||
               (told->open_until_usec < wanted->open_until_usec &&
                told->open_until_usec > now_usec + OPEN_USEC_MAX / 2);
}

GVariant *pi_wanted_arguments(const PiWanted *wanted, uint64_t now_usec) {
        static const char *const everywhere[] = { "0.0.0.0/0", "::/0" };
        GVariantBuilder windows;

        g_variant_builder_init(&windows, G_VARIANT_TYPE("a(st)"));
        for (gsize i = 0; i < G_N_ELEMENTS(everywhere) && wanted->open_until_usec > now_usec; i++)
                g_variant_builder_add(&windows, "(st)", everywhere[i],
                                      CLAMP(wanted->open_until_usec - now_usec, OPEN_USEC_MIN,
                                            OPEN_USEC_MAX));
        return g_variant_new("(q@a(ss)@a(st))", wanted->port, wanted->members,
                             g_variant_builder_end(&windows));
}
