/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/sbatch.h"

#include <gio/gio.h>
#include <string.h>

#include "config.h"
#include "ctl/text.h"
#include "dbus/error.h"

#define NAME_LENGTH_MAX 255
#define JOB_LENGTH_MAX 20
#define ANSWER_SHOWN_MAX 100

gboolean pi_sbatch_name_is_valid(const char *name) {
        gsize length = strlen(name);

        if (length == 0 || length > NAME_LENGTH_MAX || name[0] == '-')
                return FALSE;
        for (const char *p = name; *p; p++)
                if (!g_ascii_isalnum(*p) && !strchr("_.,:@+-", *p))
                        return FALSE;
        return TRUE;
}

/* As Slurm writes it: days-hours:minutes:seconds. */
static void append_time(GString *out, guint64 usec) {
        guint64 s = (usec + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC;

        g_string_append_printf(out,
                               "#SBATCH --time=%" G_GUINT64_FORMAT "-%02d:%02d:%02d\n", s / 86400,
                               (int) (s / 3600 % 24), (int) (s / 60 % 60), (int) (s % 60));
}

char *pi_sbatch_script(const PiSbatch *s) {
        GString *out = g_string_new("#!/bin/sh\n"
                                    "#SBATCH --job-name=pi-computed-member\n");
        g_autofree char *member = g_shell_quote(PI_MEMBER), *token = g_shell_quote(s->token);

        g_string_append_printf(out, "#SBATCH --array=1-%u\n#SBATCH --nodes=1\n"
                                    "#SBATCH --ntasks=1\n", s->nodes);
        if (s->cpus > 0)
                g_string_append_printf(out, "#SBATCH --cpus-per-task=%" G_GUINT64_FORMAT "\n",
                                       s->cpus);
        else
                g_string_append(out, "#SBATCH --exclusive\n");
        if (s->time_usec > 0)
                append_time(out, s->time_usec);
        if (s->partition)
                g_string_append_printf(out, "#SBATCH --partition=%s\n", s->partition);
        if (s->account)
                g_string_append_printf(out, "#SBATCH --account=%s\n", s->account);
        g_string_append_printf(out, "#SBATCH --signal=B:TERM@60\n"
                                    "#SBATCH --no-requeue\n"
                                    "# Made by \"pictl cluster sbatch\": each job is a member of "
                                    "its cluster, until the time is up,\n"
                                    "# scancel, or the end of the cluster. They join by one "
                                    "token, each of them once.\n"
                                    "exec %s %s\n", member, token);
        return g_string_free(out, FALSE);
}

char *pi_sbatch_job(const char *answer) {
        gsize length = strspn(answer, "0123456789");

        if (length == 0 || length > JOB_LENGTH_MAX || !strchr(";\n", answer[length]))
                return NULL;
        return g_strndup(answer, length);
}

char *pi_sbatch_submit(const char *script, GError **error) {
        g_autoptr(GError) local = NULL;
        g_autoptr(GSubprocess) sbatch =
                g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
                                 &local, "sbatch", "--parsable", NULL);
        g_autofree char *answer = NULL, *quoted = NULL;
        char *job = NULL;

        if (!sbatch) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "sbatch could not be started: %s; without --submit the script is "
                            "printed, for a machine that has Slurm", local->message);
                return NULL;
        }
        if (!g_subprocess_communicate_utf8(sbatch, script, NULL, &answer, NULL, &local))
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "sbatch could not be spoken to: %s",
                            local->message);
        else if (!g_subprocess_get_successful(sbatch))
                g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                                    "sbatch did not take the script; what it says is above");
        else if (!(job = pi_sbatch_job(answer))) {
                quoted = pi_text_quote(answer, ANSWER_SHOWN_MAX);
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "sbatch answered with %s instead of the number of a job; squeue tells "
                            "whether there is one", quoted);
        }
        return job;
}
