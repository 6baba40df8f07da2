/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/sockets.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/firewall/host.h"
#include "ctl/text.h"

/* TCP_LISTEN of the kernel, as /proc prints it. */
#define STATE_LISTEN 0x0A
#define LISTENING_MAX 64
#define LINE_BYTES_MAX 256
/* 100 000 sockets. */
#define TABLE_BYTES_MAX (100000 * 160)
#define PROCESSES_MAX 100000
#define DESCRIPTORS_MAX 100000
#define COMM_BYTES_MAX 64

/* sl: address:port peer:port state queues timer retransmits uid timeout inode */
static gboolean parse_line(const char *line, guint16 port, PiListening *ret) {
        unsigned local, state;

        return sscanf(line, " %*u: %*32[0-9A-F]:%4x %*32[0-9A-F]:%*x %2x %*x:%*x %*x:%*x %*x "
                            "%" G_GUINT32_FORMAT " %*d %" G_GUINT64_FORMAT,
                      &local, &state, &ret->uid, &ret->inode) == 4 &&
               state == STATE_LISTEN && local == port;
}

void pi_listening_parse(const char *text, guint16 port, GArray *ret) {
        while (*text && ret->len < LISTENING_MAX) {
                gsize length = strcspn(text, "\n");
                char line[LINE_BYTES_MAX];
                PiListening socket = {};

                /* A copy, as sscanf() measures all that is behind it. */
                g_strlcpy(line, text, MIN(length + 1, sizeof(line)));
                if (parse_line(line, port, &socket))
                        g_array_append_val(ret, socket);
                text += length + (text[length] == '\n');
        }
}

static gboolean holds(const char *directory, const GArray *sockets) {
        g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
        const char *name;

        for (guint n = 0; dir && n < DESCRIPTORS_MAX && (name = g_dir_read_name(dir)); n++) {
                g_autofree char *path = g_build_filename(directory, name, NULL);
                char target[64];
                ssize_t length = readlink(path, target, sizeof(target) - 1);
                guint64 inode;

                if (length <= 0)
                        continue;
                target[length] = '\0';
                if (sscanf(target, "socket:[%" G_GUINT64_FORMAT "]", &inode) != 1)
                        continue;
                for (guint i = 0; i < sockets->len; i++)
                        if (g_array_index(sockets, PiListening, i).inode == inode)
                                return TRUE;
        }
        return FALSE;
}

/* Processes that have one of the sockets, as far as their descriptors may be looked at. */
static GArray *holders(const GArray *sockets) {
        g_autoptr(GDir) proc = g_dir_open("/proc", 0, NULL);
        GArray *pids = g_array_new(FALSE, FALSE, sizeof(gint64));
        const char *name;

        for (guint n = 0; proc && n < PROCESSES_MAX && (name = g_dir_read_name(proc)); n++) {
                g_autofree char *directory = g_build_filename("/proc", name, "fd", NULL);
                gint64 pid;

                if (g_ascii_string_to_signed(name, 10, 1, G_MAXINT32, &pid, NULL) &&
                    holds(directory, sockets))
                        g_array_append_val(pids, pid);
        }
        return pids;
}

static char *program_of(gint64 pid) {
        g_autofree char *path = g_strdup_printf("/proc/%" G_GINT64_FORMAT "/comm", pid);
        g_autofree char *comm = pi_host_read(path, COMM_BYTES_MAX);

        return comm ? pi_text_escape(g_strchomp(comm), FALSE, COMM_BYTES_MAX) : g_strdup("");
}

static PiListener judge(const GArray *pids, gint64 service, char **ret_program) {
        PiListener listener = PI_LISTENER_OTHER;

        for (guint i = 0; i < pids->len; i++) {
                gint64 pid = g_array_index(pids, gint64, i);

                if (pid == service)
                        return PI_LISTENER_SERVICE;
                if (pid == 1)
                        listener = PI_LISTENER_SYSTEMD;
                else if (listener == PI_LISTENER_OTHER) {
                        g_free(*ret_program);
                        *ret_program = program_of(pid);
                }
        }
        return listener;
}

static gboolean all_of_user(const GArray *sockets, gint64 uid) {
        for (guint i = 0; i < sockets->len; i++)
                if (g_array_index(sockets, PiListening, i).uid != uid)
                        return FALSE;
        return TRUE;
}

void pi_listener_find(guint16 port, gint64 uid, gint64 pid, PiListener *ret, char **ret_program) {
        g_autofree char *tcp = pi_host_read("/proc/net/tcp", TABLE_BYTES_MAX);
        g_autofree char *tcp6 = pi_host_read("/proc/net/tcp6", TABLE_BYTES_MAX);
        g_autoptr(GArray) sockets = g_array_new(FALSE, FALSE, sizeof(PiListening)), pids = NULL;

        *ret = PI_LISTENER_UNKNOWN;
        if (!tcp && !tcp6)
                return;
        pi_listening_parse(tcp ?: "", port, sockets);
        pi_listening_parse(tcp6 ?: "", port, sockets);
        if (sockets->len == 0) {
                *ret = PI_LISTENER_NONE;
                return;
        }
        pids = holders(sockets);
        if (pids->len > 0)
                *ret = judge(pids, pid, ret_program);
        else if (uid >= 0)
                /* Who may not look at processes of others sees at least whose socket it is. */
                *ret = all_of_user(sockets, uid) ? PI_LISTENER_SERVICE
                       : all_of_user(sockets, 0) ? PI_LISTENER_UNKNOWN : PI_LISTENER_OTHER;
}
