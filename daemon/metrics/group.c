/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/group.h"

#include <string.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

void pi_group_clear(PiGroup *group) {
        g_clear_pointer(&group->directory, g_free);
        g_clear_pointer(&group->path, g_free);
}

/* In a container the path may be the host's while the mount begins at our own group: then the mount
 * itself is the group. */
static void locate(const PiSource *source, const char *mount, const char *path, PiGroup *ret) {
        if (strcmp(path, "/") != 0) {
                ret->directory = g_strconcat(mount, path, NULL);
                if (pi_source_exists(source, ret->directory, NULL)) {
                        ret->path = g_strdup(path);
                        return;
                }
                g_free(ret->directory);
        }
        ret->directory = g_strdup(mount);
        ret->path = g_strdup("/");
}

/* Only in the root of a hierarchy does v2 lack cgroup.type and v1 have release_agent; the root of a
 * namespace or of a mount looks like any other group. */
static gboolean is_hierarchy_root(const PiSource *source, const PiGroup *group, gboolean v2) {
        if (strcmp(group->path, "/") != 0)
                return FALSE;
        return v2 ? !pi_source_exists(source, group->directory, "cgroup.type")
                  : pi_source_exists(source, group->directory, "release_agent");
}

static gboolean find(const PiSource *source, const char *mount, const char *path, gboolean v2,
                     PiGroup *ret) {
        if (!pi_source_exists(source, mount, NULL))
                return FALSE;
        locate(source, mount, path, ret);
        if (!is_hierarchy_root(source, ret, v2))
                return TRUE;
        pi_group_clear(ret);
        return FALSE;
}

gboolean pi_group_find_v2(const PiSource *source, const PiCgroupPlace *place, PiGroup *ret) {
        const char *mount = pi_source_exists(source, CGROUP_ROOT, "cgroup.controllers")
                ? CGROUP_ROOT : CGROUP_ROOT "/unified";

        return place->path && find(source, mount, place->path, TRUE, ret);
}

/* A hierarchy is mounted under the names of its controllers, or under one of them. */
gboolean pi_group_find_v1(const PiSource *source, const char *controller,
                          const PiCgroupPlace *place, PiGroup *ret) {
        if (!place->path)
                return FALSE;
        g_autofree char *together = g_strconcat(CGROUP_ROOT "/", place->controllers, NULL);
        g_autofree char *alone = g_strconcat(CGROUP_ROOT "/", controller, NULL);
        const char *mount = pi_source_exists(source, together, NULL) ? together : alone;
        return find(source, mount, place->path, FALSE, ret);
}
