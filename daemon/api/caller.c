/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/api/caller.h"

#include "daemon/api/reply.h"
#include "dbus/error.h"

#define POLKIT_ALLOW_INTERACTION 1u

/* Long enough to type a password. */
#define POLKIT_TIMEOUT_USEC (UINT64_C(5) * 60 * 1000000)

struct PiCallers {
        GHashTable *users; /* unique name -> uid + 1 */
};

PiCallers *pi_callers_new(void) {
        PiCallers *callers = g_new0(PiCallers, 1);

        callers->users = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return callers;
}

void pi_callers_free(PiCallers *callers) {
        if (!callers)
                return;
        g_hash_table_unref(callers->users);
        g_free(callers);
}

void pi_callers_forget(PiCallers *callers, const char *name) {
        g_hash_table_remove(callers->users, name);
}

static void remember(PiCallers *callers, const char *name, uid_t user) {
        /* Too many connections at once: they are asked for anew, none is refused. */
        if (g_hash_table_size(callers->users) >= PI_CALLERS_MAX)
                g_hash_table_remove_all(callers->users);
        g_hash_table_insert(callers->users, g_strdup(name), GSIZE_TO_POINTER((gsize) user + 1));
}

typedef struct Question {
        PiCallers *callers;
        sd_bus_message *call;
        const char *action;
        PiCallerKnown known;
        PiCallerAllowed allowed;
        gpointer userdata;
} Question;

static void question_free(void *p) {
        Question *q = p;

        sd_bus_message_unref(q->call);
        g_free(q);
}

static Question *question_new(sd_bus_message *call, gpointer userdata) {
        Question *q = g_new0(Question, 1);

        q->call = sd_bus_message_ref(call);
        q->userdata = userdata;
        return q;
}

/* The slot lives until the answer or the end of the bus, and the question with it. */
static int ask(sd_bus_message *request, sd_bus_message_handler_t answered, Question *q,
               uint64_t usec) {
        sd_bus_slot *slot = NULL;
        int r = sd_bus_call_async(NULL, &slot, request, answered, q, usec);

        if (r < 0) {
                question_free(q);
                return r;
        }
        sd_bus_slot_set_destroy_callback(slot, question_free);
        sd_bus_slot_set_floating(slot, 1);
        sd_bus_slot_unref(slot);
        return 1;
}

static int identified(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Question *q = userdata;
        uint32_t user;

        if (sd_bus_message_is_method_error(m, NULL) || sd_bus_message_read(m, "u", &user) < 0)
                return 1;
        remember(q->callers, sd_bus_message_get_sender(q->call), user);
        q->known(q->call, user, q->userdata);
        return 1;
}

int pi_caller_identify(PiCallers *callers, sd_bus_message *call, PiCallerKnown known,
                       gpointer userdata) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *request = NULL;
        const char *sender = sd_bus_message_get_sender(call);
        gpointer user = g_hash_table_lookup(callers->users, sender);
        Question *q;
        int r;

        if (user) {
                known(call, (uid_t) (GPOINTER_TO_SIZE(user) - 1), userdata);
                return 1;
        }
        r = sd_bus_message_new_method_call(sd_bus_message_get_bus(call), &request,
                                           "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                           "org.freedesktop.DBus", "GetConnectionUnixUser");
        if (r < 0)
                return r;
        r = sd_bus_message_append(request, "s", sender);
        if (r < 0)
                return r;
        q = question_new(call, userdata);
        q->callers = callers;
        q->known = known;
        return ask(request, identified, q, 0 /* the default, 25 s */);
}

int pi_caller_refuse(sd_bus_message *call, const char *action, const char *why) {
        g_autoptr(GError) error = g_error_new(PI_ERROR, PI_ERROR_NOT_AUTHORIZED,
                                              "Not authorised for %s: %s", action, why);

        return pi_reply_gerror(call, error);
}

static int authorised(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Question *q = userdata;
        int is_authorised, is_challenge;

        if (sd_bus_message_is_method_error(m, NULL)) {
                g_autofree char *why =
                                g_strdup_printf("polkit could not be asked (%s); ask as root",
                                                sd_bus_message_get_error(m)->message);
                return pi_caller_refuse(q->call, q->action, why);
        }
        if (sd_bus_message_enter_container(m, 'r', "bba{ss}") < 0 ||
            sd_bus_message_read(m, "bb", &is_authorised, &is_challenge) < 0)
                return pi_caller_refuse(q->call, q->action,
                                        "polkit gave an answer of another form");
        if (is_authorised)
                q->allowed(q->call, q->userdata);
        else if (is_challenge)
                return pi_caller_refuse(q->call, q->action,
                                        "a password is asked for; call interactively or as root");
        else
                return pi_caller_refuse(q->call, q->action,
                                        "the polkit rules of this machine say no");
        return 1;
}

int pi_caller_authorise(sd_bus_message *call, const char *action, PiCallerAllowed allowed,
                        gpointer userdata) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *request = NULL;
        uint32_t flags = sd_bus_message_get_allow_interactive_authorization(call) > 0
                                         ? POLKIT_ALLOW_INTERACTION
                                         : 0;
        Question *q;
        int r;

        r = sd_bus_message_new_method_call(
                        sd_bus_message_get_bus(call), &request, "org.freedesktop.PolicyKit1",
                        "/org/freedesktop/PolicyKit1/Authority",
                        "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization");
        if (r < 0)
                return r;
        r = sd_bus_message_append(request, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
                                  sd_bus_message_get_sender(call), action, 0, flags, "");
        if (r < 0)
                return r;
        q = question_new(call, userdata);
        q->action = action;
        q->allowed = allowed;
        return ask(request, authorised, q, POLKIT_TIMEOUT_USEC);
}
