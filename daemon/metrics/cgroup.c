/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/cgroup.h"

#include <limits.h>
#include <string.h>

static void place_clear(PiCgroupPlace *place) {
        g_clear_pointer(&place->controllers, g_free);
        g_clear_pointer(&place->path, g_free);
}

void pi_cgroup_places_clear(PiCgroupPlaces *places) {
        place_clear(&places->unified);
        place_clear(&places->cpu);
        place_clear(&places->cpuacct);
        place_clear(&places->memory);
}

/* A process outside of its own namespace's root is shown as "/../x": a path that would lead us out
 * of the mount. */
static gboolean leads_out(PiText path) {
        PiText component;

        pi_text_take_prefix(&path, "/");
        while (pi_text_take_until(&path, '/', &component))
                if (pi_text_equals(component, ".."))
                        return TRUE;
        return pi_text_equals(path, "..");
}

static gboolean place_set(PiCgroupPlace *place, PiText controllers, PiText path) {
        if (place->path)
                return FALSE;
        place->controllers = g_strndup(controllers.start, controllers.length);
        place->path = g_strndup(path.start, path.length);
        return TRUE;
}

static gboolean list_has(PiText list, const char *controller) {
        PiText item;

        while (pi_text_take_until(&list, ',', &item))
                if (pi_text_equals(item, controller))
                        return TRUE;
        return pi_text_equals(list, controller);
}

/* "4:memory:/a/b" is a v1 hierarchy, "0::/a/b" the v2 one (cgroups(7)). */
static gboolean parse_place(PiText line, PiCgroupPlaces *places) {
        PiText id, controllers, path;
        uint64_t number;

        if (!pi_text_take_until(&line, ':', &id) || !pi_text_to_uint64(id, &number) ||
            !pi_text_take_until(&line, ':', &controllers))
                return FALSE;
        path = line;
        if (path.length == 0 || path.length >= PATH_MAX || *path.start != '/' ||
            memchr(path.start, '\0', path.length))
                return FALSE;
        if (controllers.length > NAME_MAX || pi_text_equals(controllers, "..") ||
            (controllers.length > 0 && (memchr(controllers.start, '/', controllers.length) ||
                                        memchr(controllers.start, '\0', controllers.length))))
                return FALSE;

        if (leads_out(path))
                return TRUE;
        if (controllers.length == 0)
                return number == 0 && place_set(&places->unified, controllers, path);
        if (list_has(controllers, "cpu") && !place_set(&places->cpu, controllers, path))
                return FALSE;
        if (list_has(controllers, "cpuacct") && !place_set(&places->cpuacct, controllers, path))
                return FALSE;
        return !list_has(controllers, "memory") ||
               place_set(&places->memory, controllers, path);
}

gboolean pi_cgroup_parse_places(PiText text, PiCgroupPlaces *ret) {
        g_auto(PiCgroupPlaces) places = { 0 };
        size_t lines = 0;
        PiText line;

        *ret = places;
        if (text.length > PI_TEXT_MAX)
                return FALSE;
        while (pi_text_take_line(&text, &line))
                if (++lines > PI_CGROUP_LINES_MAX || !parse_place(line, &places))
                        return FALSE;
        *ret = places;
        places = (PiCgroupPlaces) { 0 };
        return TRUE;
}

typedef struct Wanted {
        const char *name;
        uint64_t value;
        gboolean found;
} Wanted;

/* Lines "name number"; names not wanted are passed over, a wanted one twice is an error. */
static gboolean parse_flat_keyed(PiText text, Wanted *wanted, size_t n) {
        PiText line, name, number, rest;

        if (text.length > PI_TEXT_MAX)
                return FALSE;
        while (pi_text_take_line(&text, &line)) {
                if (!pi_text_take_word(&line, &name))
                        return FALSE;
                for (size_t i = 0; i < n; i++) {
                        if (!pi_text_equals(name, wanted[i].name))
                                continue;
                        if (wanted[i].found || !pi_text_take_word(&line, &number) ||
                            !pi_text_to_uint64(number, &wanted[i].value) ||
                            pi_text_take_word(&line, &rest))
                                return FALSE;
                        wanted[i].found = TRUE;
                }
        }
        return TRUE;
}

static void set_throttling(PiCgroupCpu *ret, const Wanted *wanted, uint64_t units_per_usec) {
        ret->has_throttling = wanted[0].found && wanted[1].found && wanted[2].found;
        ret->periods = wanted[0].value;
        ret->throttled_periods = wanted[1].value;
        ret->throttled_usec = wanted[2].value / units_per_usec;
}

gboolean pi_cgroup_parse_cpu_stat_v2(PiText text, PiCgroupCpu *ret) {
        Wanted wanted[] = {
                { .name = "nr_periods" }, { .name = "nr_throttled" },
                { .name = "throttled_usec" }, { .name = "usage_usec" },
        };

        *ret = (PiCgroupCpu) { 0 };
        if (!parse_flat_keyed(text, wanted, G_N_ELEMENTS(wanted)))
                return FALSE;
        set_throttling(ret, wanted, 1);
        ret->has_usage = wanted[3].found;
        ret->usage_usec = wanted[3].value;
        return TRUE;
}

gboolean pi_cgroup_parse_cpu_stat_v1(PiText text, PiCgroupCpu *ret) {
        Wanted wanted[] = {
                { .name = "nr_periods" }, { .name = "nr_throttled" },
                { .name = "throttled_time" },
        };

        *ret = (PiCgroupCpu) { 0 };
        if (!parse_flat_keyed(text, wanted, G_N_ELEMENTS(wanted)))
                return FALSE;
        set_throttling(ret, wanted, 1000);
        return TRUE;
}

gboolean pi_cgroup_parse_number(PiText text, uint64_t *ret) {
        PiText line;

        return text.length <= PI_TEXT_MAX && pi_text_take_line(&text, &line) &&
               text.length == 0 && pi_text_to_uint64(line, ret);
}
