/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "ctl/text.h"
#include "ctl/units.h"

#define FILE_BYTES_MAX 1048576
#define TABLES_SHOWN_MAX 128

/* Files of /proc have no size to ask for. */
char *pi_host_read(const char *path, gsize bytes_max) {
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        g_autoptr(GString) text = NULL;
        char buffer[8192];
        ssize_t n = 0;

        if (fd < 0)
                return NULL;
        text = g_string_new(NULL);
        while (text->len < bytes_max &&
               ((n = read(fd, buffer, MIN(sizeof(buffer), bytes_max - text->len))) > 0 ||
                (n < 0 && errno == EINTR)))
                if (n > 0)
                        g_string_append_len(text, buffer, n);
        close(fd);
        return n < 0 ? NULL : g_string_free(g_steal_pointer(&text), FALSE);
}

gboolean pi_host_ufw_is_on(const char *text) {
        return g_regex_match_simple("^\\s*ENABLED\\s*=\\s*[\"']?yes[\"']?\\s*(#.*)?$", text,
                                    G_REGEX_MULTILINE | G_REGEX_CASELESS, 0);
}

gboolean pi_host_flushes(const char *text) {
        return g_regex_match_simple("^([^#\"\n]*;)?[ \t]*flush[ \t]+ruleset\\b", text,
                                    G_REGEX_MULTILINE, 0);
}

char *pi_host_legacy_tables(const char *text) {
        g_autofree char *line = g_strdup(text);

        g_strstrip(g_strdelimit(line, "\n", ' '));
        return pi_text_escape(line, FALSE, TABLES_SHOWN_MAX);
}

static void take_legacy(const char *path, char **tables) {
        g_autofree char *text = pi_host_read(path, FILE_BYTES_MAX);

        if (!text)
                return;
        g_free(*tables);
        *tables = pi_host_legacy_tables(text);
}

static gboolean nftables_flushes(PiClient *client) {
        g_autoptr(PiUnit) unit = pi_unit_get(client, "nftables.service");
        g_autofree char *text = NULL;

        if (!unit || (strcmp(unit->active, "active") != 0 && strcmp(unit->file, "enabled") != 0))
                return FALSE;
        text = pi_host_read("/etc/nftables.conf", FILE_BYTES_MAX);
        return text && pi_host_flushes(text);
}

void pi_host_gather(PiClient *client, PiFirewallFacts *facts) {
        g_autofree char *ufw = pi_host_read("/etc/ufw/ufw.conf", FILE_BYTES_MAX);

        facts->ufw = ufw && pi_host_ufw_is_on(ufw);
        take_legacy("/proc/net/ip_tables_names", &facts->legacy);
        take_legacy("/proc/net/ip6_tables_names", &facts->legacy6);
        facts->flushes = nftables_flushes(client);
}
