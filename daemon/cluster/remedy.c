/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/remedy.h"

#include "daemon/cluster/address.h"
#include "dbus/error.h"

/* The first that can stand in a rule, without its port. */
static char *host_of(const char *const *addresses, gboolean *ret_six) {
        for (; addresses && *addresses; addresses++) {
                PiAddress address;

                if (!pi_address_parse(*addresses, PI_CLUSTER_PORT, &address, NULL))
                        continue;
                *ret_six = !pi_address_is_ipv4(&address);
                return pi_address_host(&address);
        }
        return NULL;
}

static char *commands(const char *host, gboolean six, uint16_t port) {
        if (!host)
                return g_strdup_printf("nft insert rule inet filter input tcp dport %u accept "
                                       "(with firewalld: firewall-cmd --add-port=%u/tcp; with "
                                       "ufw: ufw allow %u/tcp)", port, port, port);
        return g_strdup_printf("nft insert rule inet filter input %s saddr %s tcp dport %u accept "
                               "(with firewalld: firewall-cmd --add-rich-rule='rule family=\"%s\" "
                               "source address=\"%s\" port port=\"%u\" protocol=\"tcp\" accept'; "
                               "with ufw: ufw allow from %s to any port %u proto tcp)",
                               six ? "ip6" : "ip", host, port, six ? "ipv6" : "ipv4", host, port,
                               host, port);
}

GError *pi_remedy_unreachable(const char *from, const char *to, uint16_t port,
                              const char *const *from_addresses, const char *reasons) {
        gboolean six = FALSE;
        g_autofree char *host = host_of(from_addresses, &six);
        g_autofree char *lines = commands(host, six, port);

        return g_error_new(PI_ERROR, PI_ERROR_UNREACHABLE,
                           "%s cannot reach %s on TCP port %u: %s. On %s run: sudo pictl firewall "
                           "check%s%s, which names the rule in the way and what mends it; or by "
                           "hand: %s; if it has other addresses, set Address= of [Cluster] in its "
                           "pi-computed.conf; where nothing can reach it, as behind NAT, set "
                           "Port=0 there: it joins outbound only", from, to, port, reasons, to,
                           host ? " --from=" : "", host ? host : "", lines);
}

/* "2 h 5 min", of what is never short. */
static char *span(int64_t usec) {
        int64_t minutes = ABS(usec) / 60000000;

        if (minutes >= 2 * 1440)
                return g_strdup_printf("%" G_GINT64_FORMAT " d", minutes / 1440);
        if (minutes >= 120)
                return g_strdup_printf("%" G_GINT64_FORMAT " h %" G_GINT64_FORMAT " min",
                                       minutes / 60, minutes % 60);
        return g_strdup_printf("%" G_GINT64_FORMAT " min %" G_GINT64_FORMAT " s", minutes,
                               ABS(usec) / 1000000 % 60);
}

static guint agreeing(const int64_t *others_usec, guint n, int64_t with_usec) {
        guint agree = 0;

        for (guint i = 0; i < n; i++)
                agree += ABS(others_usec[i] - with_usec) <= PI_CLOCK_OFFSET_USEC_MAX;
        return agree;
}

GError *pi_remedy_clock(const char *a, const char *b, int64_t offset_usec,
                        const int64_t *others_usec, guint n) {
        g_autofree char *offset = span(offset_usec);
        guint with_a = agreeing(others_usec, n, 0), with_b = agreeing(others_usec, n, offset_usec);
        const char *suspect, *because;

        /* A clock that nobody has set begins in the past. */
        if (with_a == with_b) {
                suspect = offset_usec < 0 ? b : a;
                because = "it is behind";
        } else {
                suspect = with_a > with_b ? b : a;
                because = "the other members agree with the other one";
        }
        return g_error_new(PI_ERROR, PI_ERROR_FAILED,
                           "The clock of %s is %s %s that of %s, and 5 min is the most. That of %s "
                           "looks wrong, since %s: set it there with \"timedatectl set-ntp true\", "
                           "and see it with \"timedatectl\"", b, offset,
                           offset_usec < 0 ? "behind" : "ahead of", a, suspect, because);
}
