/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pi-computed.conf of any contents. */
#include <string.h>

#include "daemon/settings/keys.h"
#include "daemon/settings/launcher.h"
#include "dbus/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_engine(const PiSettings *s) {
        g_auto(GStrv) words = pi_launcher_words(s->engine_launcher, NULL);

        g_assert(words && g_strv_length(words) <= PI_LAUNCHER_WORDS_MAX);
        g_assert(strlen(s->engine_helper) <= PI_SETTING_PATH_MAX);
        g_assert(s->engine_nodes >= 1 && s->engine_nodes <= 10000 && s->engine_ranks <= 10000);
        g_assert(s->engine_threads <= 65535 && s->engine_restarts <= 100 && s->engine_jobs <= 16);
        g_assert(s->engine_start_timeout_usec >= 1000000 && s->engine_min_time_usec <= 3600000000);
}

/* What was taken is in the range of its key. */
static void check_settings(const PiSettings *s) {
        g_assert(s->workers <= 1024 && strlen(s->kernel) <= PI_SETTING_NAME_MAX);
        g_assert(s->port <= G_MAXUINT16);
        g_assert(g_strv_length(s->addresses) <= PI_SETTING_ADDRESSES_MAX);
        g_assert(strlen(s->name) <= PI_SETTING_HOST_MAX);
        g_assert(s->jobs >= 1 && s->jobs <= 4096);
        g_assert(s->jobs_per_user >= 1 && s->jobs_per_user <= 4096);
        g_assert(s->terms_per_user >= 1 && s->cpus_per_user <= 1024);
        g_assert(s->deadline_max_usec == 0 || s->deadline_default_usec <= s->deadline_max_usec);
        g_assert(s->priority_max >= -100 && s->priority_max <= 100);
        g_assert(s->time_slice_usec >= 50000 && s->half_life_usec >= 1000000);
        g_assert(s->history_jobs <= 1000000 && s->sweeps <= 100000);
        g_assert(s->checkpoint_interval_usec >= 100000 && s->checkpoint_interval_usec <= 1000000);
        check_engine(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(PiSettings) settings = pi_settings_new();
        g_autoptr(GError) error = NULL;

        if (pi_settings_parse(settings, "f", (const char *) data, size, &error)) {
                check_settings(settings);
                return 0;
        }
        g_assert(g_error_matches(error, PI_ERROR, PI_ERROR_INVALID_SETTING));
        g_assert(g_str_has_prefix(error->message, "f:"));
        g_assert(g_utf8_validate(error->message, -1, NULL));
        g_assert(!strpbrk(error->message, "\n\r\033\177") && strlen(error->message) < 1024);
        return 0;
}
