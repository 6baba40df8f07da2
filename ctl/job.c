/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/job.h"

#include <string.h>

#include "ctl/text.h"
#include "dbus/error.h"
#include "dbus/names.h"

#define SHOWN_MAX 64

const PiMethod pi_method_describe_job = { PI_INTERFACE_MANAGER, "DescribeJob", "(a{sv})" };

guint64 pi_job_id_of_path(const char *path) {
        guint64 id;

        if (!g_str_has_prefix(path, PI_JOB_PATH_PREFIX "/"))
                return 0;
        path += sizeof(PI_JOB_PATH_PREFIX);
        /* One spelling a job: no leading zeros, which g_ascii_string_to_unsigned() would take. */
        if (path[0] == '0' || !g_ascii_string_to_unsigned(path, 10, 1, G_MAXUINT64, &id, NULL))
                return 0;
        return id;
}

char *pi_job_path_parse(const char *text, GError **error) {
        g_autofree char *quoted = NULL, *path = NULL;

        path = text[0] == '/' ? g_strdup(text) : g_strdup_printf(PI_JOB_PATH_PREFIX "/%s", text);
        if (pi_job_id_of_path(path) > 0)
                return g_steal_pointer(&path);
        quoted = pi_text_quote(text, SHOWN_MAX);
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "%s is not a job: give its number, for example 7 or " PI_JOB_PATH_PREFIX "/7; "
                    "pictl jobs lists them", quoted);
        return NULL;
}

/* "created_usec" is CreatedUsec. */
static char *property_name(const char *key) {
        GString *name = g_string_new(NULL);

        for (const char *p = key; *p; p++)
                if (*p != '_')
                        g_string_append_c(name,
                                          p == key || p[-1] == '_' ? g_ascii_toupper(*p) : *p);
        return g_string_free(name, FALSE);
}

GVariant *pi_job_properties_of_entry(GVariant *entry) {
        GVariantDict properties;

        g_variant_dict_init(&properties, NULL);
        for (gsize i = 0; i < g_variant_n_children(entry); i++) {
                g_autoptr(GVariant) pair = g_variant_get_child_value(entry, i), value = NULL;
                g_autofree char *name = NULL;
                const char *key;

                g_variant_get(pair, "{&sv}", &key, &value);
                name = property_name(key);
                g_variant_dict_insert_value(&properties, name, value);
        }
        if (strcmp(pi_dict_string(entry, "state"), "done") == 0)
                g_variant_dict_insert(&properties, "Progress", "d", 1.0);
        return g_variant_ref_sink(g_variant_dict_end(&properties));
}

GVariant *pi_job_get(PiClient *client, const char *path, GError **error) {
        g_autoptr(GError) gone = NULL;
        g_autoptr(GVariant) job = pi_client_get_all(client, path, PI_INTERFACE_JOB, &gone);
        g_autoptr(GVariant) reply = NULL, entry = NULL;

        if (job)
                return g_steal_pointer(&job);
        if (g_error_matches(gone, PI_ERROR, PI_ERROR_NO_SUCH_JOB))
                reply = pi_client_call(client, PI_OBJECT_PATH, &pi_method_describe_job,
                                       g_variant_new("(t)", pi_job_id_of_path(path)), NULL);
        if (!reply) {
                g_propagate_error(error, g_steal_pointer(&gone));
                return NULL;
        }
        entry = g_variant_get_child_value(reply, 0);
        return pi_job_properties_of_entry(entry);
}

guint64 pi_dict_u64(GVariant *dict, const char *key) {
        guint64 large = 0;
        guint32 small = 0;

        if (g_variant_lookup(dict, key, "t", &large))
                return large;
        return g_variant_lookup(dict, key, "u", &small) ? small : 0;
}

double pi_dict_double(GVariant *dict, const char *key) {
        double value = 0;
        return g_variant_lookup(dict, key, "d", &value) ? value : 0;
}

const char *pi_dict_string(GVariant *dict, const char *key) {
        const char *value = "";

        if (!g_variant_lookup(dict, key, "&s", &value) &&
            !g_variant_lookup(dict, key, "&o", &value))
                return "";
        return value;
}

gboolean pi_dict_has(GVariant *dict, const char *key) {
        g_autoptr(GVariant) value = g_variant_lookup_value(dict, key, NULL);
        return value != NULL;
}

gboolean pi_job_state_is_final(const char *state) {
        return strcmp(state, "done") == 0 || strcmp(state, "failed") == 0 ||
               strcmp(state, "cancelled") == 0;
}
