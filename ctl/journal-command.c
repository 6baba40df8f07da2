/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/journal-command.h"

#include <string.h>

#include "ctl/text.h"

#define UNIT "pi-computed.service"
#define HOST_SHOWN_MAX 256

/* Nothing in it that ssh or a shell would take for something else. */
static gboolean is_plain(const char *host) {
        return host[strspn(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                 "@._-")] == '\0';
}

/* systemd's own records of its jobs carry a JOB_ID as well: the unit tells them apart. */
char *pi_journal_command(const PiOptions *options, guint64 job, gboolean user_manager) {
        g_autofree char *command = g_strdup_printf("journalctl -x _SYSTEMD_UNIT=" UNIT
                                                   " JOB_ID=%" G_GUINT64_FORMAT, job);
        g_autofree char *host = NULL;

        switch (options->bus) {
        case PI_BUS_USER:
                if (!user_manager)
                        return NULL;
                return g_strdup_printf("journalctl --user -x _SYSTEMD_USER_UNIT=" UNIT
                                       " JOB_ID=%" G_GUINT64_FORMAT, job);
        case PI_BUS_REMOTE:
                if (is_plain(options->host))
                        return g_strdup_printf("ssh %s %s", options->host, command);
                host = pi_text_quote(options->host, HOST_SHOWN_MAX);
                return g_strdup_printf("on %s: %s", host, command);
        case PI_BUS_SYSTEM:
        default:
                return g_steal_pointer(&command);
        }
}

gboolean pi_journal_has_user_manager(void) {
        g_autofree char *path = g_build_filename(g_get_user_runtime_dir(), "systemd", "private",
                                                 NULL);

        return g_file_test(path, G_FILE_TEST_EXISTS);
}
