/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/settings/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/settings/lines.h"
#include "dbus/error.h"

#define SUFFIX ".conf"

static gboolean fail(GError **error, const char *path, const char *problem) {
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_SETTING, "%s: %s", path, problem);
        return FALSE;
}

static gboolean cannot_read(GError **error, const char *path, int code) {
        g_autofree char *problem = g_strdup_printf("It cannot be read: %s", g_strerror(code));

        return fail(error, path, problem);
}

static gboolean read_all(int fd, const char *path, char **ret_text, gsize *ret_length,
                         GError **error) {
        /* One byte more than is allowed shows that there are more. */
        g_autofree char *text = g_malloc(PI_LINES_FILE_MAX + 1);
        gsize length = 0;

        while (length <= PI_LINES_FILE_MAX) {
                ssize_t n = read(fd, text + length, PI_LINES_FILE_MAX + 1 - length);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return cannot_read(error, path, errno);
                if (n == 0)
                        break;
                length += (gsize) n;
        }
        if (length > PI_LINES_FILE_MAX)
                return fail(error, path, "It is longer than "
                                         G_STRINGIFY(PI_LINES_FILE_MAX) " bytes");
        *ret_text = g_steal_pointer(&text);
        *ret_length = length;
        return TRUE;
}

gboolean pi_settings_file_read(const char *path, char **ret_text, gsize *ret_length,
                               GError **error) {
        struct stat st;
        gboolean good;
        /* Nobody waits for the other end of a pipe that was put here. */
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

        if (fd < 0)
                return cannot_read(error, path, errno);
        if (fstat(fd, &st) < 0)
                good = cannot_read(error, path, errno);
        /* /dev/null, which masks a file, is one of these. */
        else if (!S_ISREG(st.st_mode) && !S_ISCHR(st.st_mode))
                good = fail(error, path, "It is no regular file");
        else
                good = read_all(fd, path, ret_text, ret_length, error);
        (void) close(fd);
        return good;
}

/* A link to nowhere is there, and will be told of. */
static gboolean is_there(const char *path, gboolean *ret, GError **error) {
        struct stat st;

        *ret = lstat(path, &st) == 0;
        if (*ret || errno == ENOENT || errno == ENOTDIR)
                return TRUE;
        return cannot_read(error, path, errno);
}

static gboolean find_main(const char *const *directories, GPtrArray *paths, GError **error) {
        gboolean found = FALSE;

        for (; *directories && !found; directories++) {
                g_autofree char *path = g_build_filename(*directories, PI_SETTINGS_FILE, NULL);

                if (!is_there(path, &found, error))
                        return FALSE;
                if (found)
                        g_ptr_array_add(paths, g_steal_pointer(&path));
        }
        return TRUE;
}

/* Adds the files of a folder whose names are not yet there: {name: path}. */
static gboolean collect(DIR *dir, const char *folder, GHashTable *drop_ins, GError **error) {
        struct dirent *entry;

        while ((errno = 0, entry = readdir(dir))) {
                if (entry->d_name[0] == '.' || !g_str_has_suffix(entry->d_name, SUFFIX) ||
                    g_hash_table_contains(drop_ins, entry->d_name))
                        continue;
                if (g_hash_table_size(drop_ins) == PI_SETTINGS_DROP_INS_MAX)
                        return fail(error, folder, "There are more than "
                                    G_STRINGIFY(PI_SETTINGS_DROP_INS_MAX)
                                    " files NAME" SUFFIX " with those of its kind");
                g_hash_table_insert(drop_ins, g_strdup(entry->d_name),
                                    g_build_filename(folder, entry->d_name, NULL));
        }
        return errno == 0 || cannot_read(error, folder, errno);
}

static gboolean find_drop_ins(const char *directory, GHashTable *drop_ins, GError **error) {
        g_autofree char *folder = g_build_filename(directory, PI_SETTINGS_FILE ".d", NULL);
        DIR *dir = opendir(folder);
        gboolean good;

        if (!dir)
                return errno == ENOENT || errno == ENOTDIR || cannot_read(error, folder, errno);
        good = collect(dir, folder, drop_ins, error);
        (void) closedir(dir);
        return good;
}

static int by_name(gconstpointer a, gconstpointer b) {
        return strcmp(a, b);
}

GPtrArray *pi_settings_files_find(const char *const *directories, GError **error) {
        g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
        g_autoptr(GHashTable) drop_ins =
                g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        GList *names;

        if (!find_main(directories, paths, error))
                return NULL;
        for (; *directories; directories++)
                if (!find_drop_ins(*directories, drop_ins, error))
                        return NULL;
        names = g_list_sort(g_hash_table_get_keys(drop_ins), by_name);
        for (GList *name = names; name; name = name->next)
                g_ptr_array_add(paths, g_strdup(g_hash_table_lookup(drop_ins, name->data)));
        g_list_free(names);
        return g_steal_pointer(&paths);
}
