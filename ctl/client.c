/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/client.h"

#include <errno.h>

#include "ctl/client-error.h"
#include "ctl/signals.h"
#include "dbus/bus-source.h"
#include "dbus/error.h"
#include "dbus/names.h"
#include "dbus/variant.h"

/* More than the service itself waits for a person to type a password. */
#define INTERACTIVE_USEC (330 * G_USEC_PER_SEC)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

struct PiClient {
        const PiOptions *options;
        sd_bus *bus;
        GSource *source;
        char *bus_text;
        GPtrArray *handlers; /* what callbacks of sd-bus point at, freed after the bus */
};

typedef struct Handler {
        PiClient *client;
        char *path;
        const PiMethod *method;
        const PiSignal *signal;
        PiReplyFunc on_reply;
        PiSignalFunc on_signal;
        gpointer userdata;
} Handler;

static void handler_free(gpointer p) {
        Handler *h = p;
        g_free(h->path);
        g_free(h);
}

static Handler *handler_new(PiClient *client, const char *path, gpointer userdata) {
        Handler *h = g_new0(Handler, 1);

        h->client = client;
        h->path = g_strdup(path);
        h->userdata = userdata;
        g_ptr_array_add(client->handlers, h);
        return h;
}

static int open_bus(const PiOptions *options, sd_bus **ret) {
        switch (options->bus) {
        case PI_BUS_USER:
                return sd_bus_open_user_with_description(ret, "pictl");
        case PI_BUS_REMOTE:
                return sd_bus_open_system_remote(ret, options->host);
        case PI_BUS_SYSTEM:
        default:
                return sd_bus_open_system_with_description(ret, "pictl");
        }
}

PiClient *pi_client_new(const PiOptions *options, GError **error) {
        g_autoptr(PiClient) client = g_new0(PiClient, 1);
        int r;

        client->options = options;
        client->handlers = g_ptr_array_new_with_free_func(handler_free);
        client->bus_text = options->bus == PI_BUS_REMOTE
                ? g_strdup_printf("the bus of %s", options->host)
                : g_strdup(options->bus == PI_BUS_USER ? "the user bus" : "the system bus");
        r = open_bus(options, &client->bus);
        if (r < 0) {
                pi_client_error_connection(error, r, options);
                return NULL;
        }
        return g_steal_pointer(&client);
}

void pi_client_leave(PiClient *client) {
        if (client->source) {
                g_source_destroy(client->source);
                g_clear_pointer(&client->source, g_source_unref);
        }
        if (client->bus)
                sd_bus_close(client->bus);
}

void pi_client_free(PiClient *client) {
        pi_client_leave(client);
        sd_bus_unref(client->bus);
        g_ptr_array_unref(client->handlers);
        g_free(client->bus_text);
        g_free(client);
}

const char *pi_client_unique_name(PiClient *client) {
        const char *name;
        return sd_bus_get_unique_name(client->bus, &name) < 0 ? "" : name;
}

gboolean pi_client_is_connected(const PiClient *client) {
        return sd_bus_is_open(client->bus) > 0;
}

gboolean pi_client_is_local(const PiClient *client) {
        return client->options->bus != PI_BUS_REMOTE;
}

gboolean pi_client_is_user(const PiClient *client) {
        return client->options->bus == PI_BUS_USER;
}

const char *pi_client_systemctl(const PiClient *client) {
        return pi_client_is_user(client) ? "systemctl --user" : "systemctl";
}

const char *pi_client_bus_text(const PiClient *client) {
        return client->bus_text;
}

gboolean pi_client_has_name(PiClient *client, const char *name) {
        return sd_bus_get_name_creds(client->bus, name, 0, NULL) >= 0;
}

gboolean pi_client_can_start(PiClient *client, const char *name) {
        g_auto(GStrv) names = NULL;

        if (sd_bus_list_names(client->bus, NULL, &names) < 0 || !names)
                return FALSE;
        return g_strv_contains((const char *const *) names, name);
}

gboolean pi_client_owner_of(PiClient *client, const char *name, uid_t *ret_uid, pid_t *ret_pid) {
        sd_bus_creds *creds = NULL;
        gboolean known = sd_bus_get_name_creds(client->bus, name,
                                               SD_BUS_CREDS_EUID | SD_BUS_CREDS_PID, &creds) >= 0 &&
                         sd_bus_creds_get_euid(creds, ret_uid) >= 0 &&
                         sd_bus_creds_get_pid(creds, ret_pid) >= 0;

        sd_bus_creds_unref(creds);
        return known;
}

void pi_client_set_deadline(PiClient *client, guint64 usec) {
        (void) sd_bus_set_method_call_timeout(client->bus, usec);
}

gboolean pi_client_service_runs(PiClient *client, gboolean *ret, GError **error) {
        int r = sd_bus_get_name_creds(client->bus, PI_BUS_NAME, 0, NULL);

        *ret = r >= 0;
        if (r < 0 && r != -ENXIO) {
                pi_client_error_connection(error, r, client->options);
                return FALSE;
        }
        return TRUE;
}

void pi_client_attach(PiClient *client) {
        if (client->source)
                return;
        client->source = pi_bus_source_new(client->bus);
        g_source_attach(client->source, NULL);
}

/* Every argument of a message as one tuple. */
static int read_body(sd_bus_message *m, GVariant **ret) {
        g_autoptr(GVariantBuilder) builder = g_variant_builder_new(G_VARIANT_TYPE_TUPLE);

        while (sd_bus_message_at_end(m, /* complete = */ 1) == 0) {
                g_autoptr(GVariant) value = NULL;
                int r = pi_variant_read(m, &value);
                if (r < 0)
                        return r;
                g_variant_builder_add_value(builder, value);
        }
        *ret = g_variant_ref_sink(g_variant_builder_end(builder));
        return 0;
}

static int new_call(PiClient *client, const char *path, const PiMethod *method, GVariant *args,
                    sd_bus_message **ret) {
        g_autoptr(sd_bus_message) m = NULL;
        g_autoptr(GVariant) tuple = args ? g_variant_ref_sink(args) : NULL;
        int r;

        r = sd_bus_message_new_method_call(client->bus, &m, method->destination ?: PI_BUS_NAME,
                                           path, method->interface, method->member);
        if (r < 0)
                return r;
        if (method->interactive) {
                r = sd_bus_message_set_allow_interactive_authorization(m, 1);
                if (r < 0)
                        return r;
        }
        if (method->passive) {
                r = sd_bus_message_set_auto_start(m, 0);
                if (r < 0)
                        return r;
        }
        for (gsize i = 0; tuple && i < g_variant_n_children(tuple); i++) {
                g_autoptr(GVariant) arg = g_variant_get_child_value(tuple, i);

                r = pi_variant_append(m, arg);
                if (r < 0)
                        return r;
        }
        *ret = g_steal_pointer(&m);
        return 0;
}

static GVariant *read_reply(sd_bus_message *m, const PiMethod *method, GError **error) {
        g_autoptr(GVariant) body = NULL;
        int r = read_body(m, &body);

        if (r < 0) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "the answer to %s could not be read: %s", method->member,
                            g_strerror(-r));
                return NULL;
        }
        if (!g_variant_is_of_type(body, G_VARIANT_TYPE(method->reply_type))) {
                g_set_error(
                        error, PI_ERROR, PI_ERROR_FAILED,
                        "%s answered %s with other types than expected; is it of another "
                        "version? pictl version tells",
                        method->destination ?: "the service", method->member);
                return NULL;
        }
        return g_steal_pointer(&body);
}

static void set_bus_error(GError **error, const sd_bus_error *bus_error, const PiOptions *options,
                          const char *path, const PiMethod *method) {
        if (method->destination)
                pi_client_error_from_other(error, bus_error, options, method->destination);
        else
                pi_client_error_from_bus(error, bus_error, options, path);
}

GVariant *pi_client_call(PiClient *client, const char *path, const PiMethod *method, GVariant *args,
                         GError **error) {
        g_autoptr(sd_bus_message) m = NULL, reply = NULL;
        sd_bus_error bus_error = SD_BUS_ERROR_NULL;
        int r = new_call(client, path, method, args, &m);

        if (r >= 0)
                r = sd_bus_call(client->bus, m, method->interactive ? INTERACTIVE_USEC : 0,
                                &bus_error, &reply);
        if (r >= 0)
                return read_reply(reply, method, error);
        /* Once the connection has failed, what sd-bus says about the call is only a consequence. */
        if (sd_bus_is_ready(client->bus) <= 0)
                pi_client_error_connection(error, r, client->options);
        else
                set_bus_error(error, &bus_error, client->options, path, method);
        sd_bus_error_free(&bus_error);
        return NULL;
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Handler *h = userdata;
        g_autoptr(GVariant) body = NULL;
        g_autoptr(GError) error = NULL;

        if (sd_bus_is_open(h->client->bus) <= 0)
                pi_client_error_connection(&error, -ECONNRESET, h->client->options);
        else if (sd_bus_message_is_method_error(m, NULL))
                set_bus_error(&error, sd_bus_message_get_error(m), h->client->options, h->path,
                              h->method);
        else
                body = read_reply(m, h->method, &error);
        h->on_reply(body, error, h->userdata);
        /* A call has one answer: of thousands of calls nothing may be left. */
        g_ptr_array_remove_fast(h->client->handlers, h);
        return 1;
}

gboolean pi_client_call_async(PiClient *client, const char *path, const PiMethod *method,
                              GVariant *args, PiReplyFunc callback, gpointer userdata,
                              GError **error) {
        g_autoptr(sd_bus_message) m = NULL;
        Handler *h = handler_new(client, path, userdata);
        int r = new_call(client, path, method, args, &m);

        h->method = method;
        h->on_reply = callback;
        if (r >= 0)
                r = sd_bus_call_async(client->bus, NULL, m, on_reply, h, UINT64_MAX);
        if (r < 0)
                pi_client_error_connection(error, r, client->options);
        return r >= 0;
}

GVariant *pi_client_get_all(PiClient *client, const char *path, const char *interface,
                            GError **error) {
        g_autoptr(GVariant) reply = pi_client_call(client, path, &pi_method_get_all,
                                                   g_variant_new("(s)", interface), error);

        return reply ? g_variant_get_child_value(reply, 0) : NULL;
}

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Handler *h = userdata;
        g_autoptr(GVariant) body = NULL;

        if (read_body(m, &body) >= 0 && g_variant_is_of_type(body, G_VARIANT_TYPE(h->signal->type)))
                h->on_signal(sd_bus_message_get_path(m), body, h->userdata);
        return 0;
}

gboolean pi_client_subscribe(PiClient *client, const char *path, const PiSignal *signal,
                             PiSignalFunc callback, gpointer userdata, GError **error) {
        g_autoptr(GString) rule = g_string_new(NULL);
        Handler *h = handler_new(client, path, userdata);
        int r;

        g_string_printf(
                rule, "type='signal',sender='" PI_BUS_NAME "',path='%s',interface='%s',member='%s'",
                path, signal->interface, signal->member);
        if (signal->changed)
                g_string_append_printf(rule, ",arg0='%s'", signal->changed);
        h->signal = signal;
        h->on_signal = callback;
        r = sd_bus_add_match_async(client->bus, NULL, rule->str, on_signal, NULL, h);
        if (r < 0)
                pi_client_error_connection(error, r, client->options);
        return r >= 0;
}
