/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

#include "ctl/options.h"

/* A connection to the bus the service is on. Replies are GVariant tuples, errors are of the domain
 * PI_ERROR with a text that says what to do next; text of the service in them is escaped. */
typedef struct PiClient PiClient;

typedef void (*PiReplyFunc)(GVariant *reply, const GError *error, gpointer userdata);
typedef void (*PiSignalFunc)(const char *path, GVariant *body, gpointer userdata);

PiClient *pi_client_new(const PiOptions *options, GError **error);
void pi_client_free(PiClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiClient, pi_client_free)

/* Our unique name on the bus, which the property Sender of our job carries; "" if there is none. */
const char *pi_client_unique_name(PiClient *client);
/* Whether there still is a connection to the bus. */
gboolean pi_client_is_connected(const PiClient *client);
/* Whether the service is the user's own. */
gboolean pi_client_is_user(const PiClient *client);
/* How systemd is asked about the service: "systemctl" or "systemctl --user". */
const char *pi_client_systemctl(const PiClient *client);
/* Whether user ids of the service are those of this machine. */
gboolean pi_client_is_local(const PiClient *client);
/* "the system bus", "the user bus" or "the bus of HOST". */
const char *pi_client_bus_text(const PiClient *client);

/* Whether the service runs now. Unlike a call, asking does not start it. */
gboolean pi_client_service_runs(PiClient *client, gboolean *ret, GError **error);

/* Whether somebody has this name on the bus; no, also when the bus does not say. Starts nobody. */
gboolean pi_client_has_name(PiClient *client, const char *name);
/* Whether a call would start who is to have the name. */
gboolean pi_client_can_start(PiClient *client, const char *name);
/* User and process that have a name; FALSE if the bus does not say. */
gboolean pi_client_owner_of(PiClient *client, const char *name, uid_t *ret_uid, pid_t *ret_pid);

/* How long a call waits for its answer, instead of sd-bus' default time; one for which a person may
 * be asked for a password waits longer. */
void pi_client_set_deadline(PiClient *client, guint64 usec);

/* A method, and the type of the tuple it answers with: any other answer is an error. */
typedef struct PiMethod {
        const char *interface, *member, *reply_type;
        gboolean interactive; /* the service may ask the person to authorise it */
        gboolean passive; /* the bus must not start the service for it */
        const char *destination; /* whose it is; NULL: the service's */
} PiMethod;

/* Calls a method and waits for at most sd-bus' default time. `args` is a tuple, sunk if floating,
 * or NULL for none. */
GVariant *pi_client_call(PiClient *client, const char *path, const PiMethod *method, GVariant *args,
                         GError **error);

/* Calls a method whose answer may take for ever; `callback` runs from a main loop of the default
 * context with either a reply or an error. `method` must outlive the call. */
gboolean pi_client_call_async(PiClient *client, const char *path, const PiMethod *method,
                              GVariant *args, PiReplyFunc callback, gpointer userdata,
                              GError **error);

/* All properties of an object's interface, a{sv}. */
GVariant *pi_client_get_all(PiClient *client, const char *path, const char *interface,
                            GError **error);

/* A signal of the service. `changed`: the interface a PropertiesChanged must be of, else NULL. */
typedef struct PiSignal {
        const char *interface, *member, *type, *changed;
} PiSignal;

/* Has `callback` run for a signal of the object at `path`, with its arguments as a tuple of the
 * type `signal` says. The bus handles what is sent later on this connection after it knows: a call
 * made next tells of everything that no signal will. `signal` must outlive the client. */
gboolean pi_client_subscribe(PiClient *client, const char *path, const PiSignal *signal,
                             PiSignalFunc callback, gpointer userdata, GError **error);

/* Attaches the connection to the default main context; asynchronous calls need it. */
void pi_client_attach(PiClient *client);

/* Leaves the bus at once: the service cancels what hangs on this connection. */
void pi_client_leave(PiClient *client);
