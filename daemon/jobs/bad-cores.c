/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/bad-cores.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "dbus/error.h"

#define FILE_NAME "bad-cores"
#define GROUP_PREFIX "cpu "
#define KEY_SINCE "since_usec"
#define KEY_JOB "job"

/* More than PI_BAD_CORES_MAX groups take. */
#define FILE_BYTES_MAX (256 * 1024)

struct PiBadCores {
        char *directory; /* NULL: none */
        char *path;
        GArray *list; /* PiBadCore, by number */
        gboolean told; /* that it cannot be written */
};

static gint compare(gconstpointer a, gconstpointer b) {
        uint32_t x = ((const PiBadCore *) a)->cpu, y = ((const PiBadCore *) b)->cpu;

        return (x > y) - (x < y);
}

static gboolean parse_number(GKeyFile *file, const char *group, const char *key, uint64_t *ret) {
        g_autofree char *text = g_key_file_get_value(file, group, key, NULL);

        return text && g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, ret, NULL);
}

static gboolean parse_group(GKeyFile *file, const char *group, PiBadCore *ret) {
        g_auto(GStrv) keys = g_key_file_get_keys(file, group, NULL, NULL);
        guint64 cpu;

        if (!keys || g_strv_length(keys) != 2 || !g_str_has_prefix(group, GROUP_PREFIX) ||
            !g_ascii_string_to_unsigned(group + strlen(GROUP_PREFIX), 10, 0, G_MAXUINT32, &cpu,
                                        NULL))
                return FALSE;
        ret->cpu = (uint32_t) cpu;
        return parse_number(file, group, KEY_SINCE, &ret->since_usec) &&
               parse_number(file, group, KEY_JOB, &ret->job);
}

static gboolean parse_groups(GKeyFile *file, GArray *list) {
        g_auto(GStrv) groups = g_key_file_get_groups(file, NULL);

        if (g_strv_length(groups) > PI_BAD_CORES_MAX)
                return FALSE;
        for (char **group = groups; *group; group++) {
                PiBadCore core;

                if (!parse_group(file, *group, &core))
                        return FALSE;
                g_array_append_val(list, core);
        }
        g_array_sort(list, compare);
        /* Two spellings of one number. */
        for (guint i = 1; i < list->len; i++)
                if (compare(&g_array_index(list, PiBadCore, i - 1),
                            &g_array_index(list, PiBadCore, i)) == 0)
                        return FALSE;
        return TRUE;
}

GArray *pi_bad_cores_parse(const char *text, gsize length) {
        g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(PiBadCore));
        g_autoptr(GKeyFile) file = g_key_file_new();

        if (length > 0 && (!g_key_file_load_from_data(file, text, length, G_KEY_FILE_NONE, NULL) ||
                           !parse_groups(file, list)))
                return NULL;
        return g_steal_pointer(&list);
}

static void put_aside(const PiBadCores *cores, GError **error) {
        g_autofree char *damaged = g_strconcat(cores->path, ".damaged", NULL);

        if (g_rename(cores->path, damaged) < 0)
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "The record of bad cores, %s, is damaged and cannot be renamed (%s): "
                            "all cores are in service; remove the file",
                            cores->path, g_strerror(errno));
        else
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "The record of bad cores was damaged: all cores are in service; what "
                            "was left of it is in %s",
                            damaged);
}

static gboolean is_too_long(const char *path) {
        GStatBuf st;

        return g_stat(path, &st) == 0 && st.st_size > FILE_BYTES_MAX;
}

PiBadCores *pi_bad_cores_open(const char *directory, GError **error) {
        PiBadCores *cores = g_new0(PiBadCores, 1);
        g_autoptr(GError) reading = NULL;
        g_autofree char *text = NULL;
        GArray *list = NULL;
        gsize length;

        cores->list = g_array_new(FALSE, FALSE, sizeof(PiBadCore));
        if (!directory)
                return cores;
        cores->directory = g_strdup(directory);
        cores->path = g_build_filename(directory, FILE_NAME, NULL);
        if (is_too_long(cores->path))
                put_aside(cores, error);
        else if (!g_file_get_contents(cores->path, &text, &length, &reading)) {
                if (!g_error_matches(reading, G_FILE_ERROR, G_FILE_ERROR_NOENT))
                        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                                    "The record of bad cores cannot be read (%s): all cores are "
                                    "in service",
                                    reading->message);
        } else if (!(list = pi_bad_cores_parse(text, length)))
                put_aside(cores, error);
        if (list) {
                g_array_unref(cores->list);
                cores->list = list;
        }
        return cores;
}

void pi_bad_cores_free(PiBadCores *cores) {
        if (!cores)
                return;
        g_array_unref(cores->list);
        g_free(cores->path);
        g_free(cores->directory);
        g_free(cores);
}

const PiBadCore *pi_bad_cores_list(const PiBadCores *cores, guint *ret_n) {
        *ret_n = cores->list->len;
        return (const PiBadCore *) (const void *) cores->list->data;
}

static gboolean position(const PiBadCores *cores, uint32_t cpu, guint *ret) {
        PiBadCore wanted = { .cpu = cpu };

        return g_array_binary_search(cores->list, &wanted, compare, ret);
}

const PiBadCore *pi_bad_cores_find(const PiBadCores *cores, uint32_t cpu) {
        guint i;

        return position(cores, cpu, &i) ? &g_array_index(cores->list, PiBadCore, i) : NULL;
}

static char *to_text(const PiBadCores *cores) {
        g_autoptr(GKeyFile) file = g_key_file_new();

        for (guint i = 0; i < cores->list->len; i++) {
                const PiBadCore *core = &g_array_index(cores->list, PiBadCore, i);
                g_autofree char *group = g_strdup_printf(GROUP_PREFIX "%u", core->cpu);

                g_key_file_set_uint64(file, group, KEY_SINCE, core->since_usec);
                g_key_file_set_uint64(file, group, KEY_JOB, core->job);
        }
        return g_key_file_to_data(file, NULL, NULL);
}

static gboolean save(PiBadCores *cores, GError **error) {
        g_autoptr(GError) writing = NULL;
        g_autofree char *text = NULL;

        if (!cores->directory)
                return TRUE;
        text = to_text(cores);
        /* A failure to make the directory shows when the file is written. */
        (void) g_mkdir_with_parents(cores->directory, 0700);
        if (g_file_set_contents_full(cores->path, text, -1,
                                     G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                     0600, &writing)) {
                cores->told = FALSE;
                return TRUE;
        }
        if (!cores->told)
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "The record of bad cores cannot be written (%s): until it can, what "
                            "changes is forgotten when the service stops",
                            writing->message);
        cores->told = TRUE;
        return FALSE;
}

gboolean pi_bad_cores_add(PiBadCores *cores, const PiBadCore *core, GError **error) {
        guint i;

        if (position(cores, core->cpu, &i))
                g_array_index(cores->list, PiBadCore, i) = *core;
        else if (cores->list->len < PI_BAD_CORES_MAX) {
                g_array_append_vals(cores->list, core, 1);
                g_array_sort(cores->list, compare);
        }
        return save(cores, error);
}

gboolean pi_bad_cores_remove(PiBadCores *cores, uint32_t cpu, GError **error) {
        guint i;

        if (!position(cores, cpu, &i))
                return TRUE;
        g_array_remove_index(cores->list, i);
        return save(cores, error);
}
