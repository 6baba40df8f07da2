/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/log.h"

#include <glib.h>
#include <stdlib.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#define FIELDS_MAX 64

static GLogWriterOutput write_record(GLogLevelFlags level, const GLogField *fields, gsize n,
                                     gpointer userdata) {
        const PiLog *log = userdata;
        GLogField all[FIELDS_MAX];
        gsize m = 0;

        if (n > FIELDS_MAX - 2)
                return g_log_writer_default(level, fields, n, NULL);
        while (m < n) {
                all[m] = fields[m];
                m++;
        }
        all[m++] = (GLogField) { "NODE_ID", log->node_id, -1 };
        if (log->unit[0] != '\0')
                all[m++] = (GLogField) { log->unit_field, log->unit, -1 };
        return g_log_writer_default(level, all, m, NULL);
}

/* A process that a terminal or a message bus has started is in somebody else's unit. */
static gboolean is_started_by_systemd(void) {
        guint64 pid;

        return g_ascii_string_to_unsigned(g_getenv("SYSTEMD_EXEC_PID") ?: "", 10, 1, G_MAXINT32,
                                          &pid, NULL) && pid == (guint64) getpid();
}

static void find_unit(PiLog *log) {
        char *unit = NULL;

        if (!is_started_by_systemd())
                return;
        log->unit_field = "USER_UNIT";
        if (sd_pid_get_user_unit(0, &unit) < 0) {
                log->unit_field = "UNIT";
                if (sd_pid_get_unit(0, &unit) < 0)
                        return;
        }
        g_strlcpy(log->unit, unit, sizeof(log->unit));
        free(unit);
}

void pi_log_begin(PiLog *log, const char *node_id) {
        *log = (PiLog) {};
        g_strlcpy(log->node_id, node_id, sizeof(log->node_id));
        find_unit(log);
        g_log_set_writer_func(write_record, log, NULL);
}
