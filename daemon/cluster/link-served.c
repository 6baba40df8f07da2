/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "daemon/cluster/link-private.h"
#include "dbus/error.h"
#include "dbus/names.h"
#include "dbus/variant.h"

struct PiLinkCall {
        PiLink *link; /* NULL once it is gone */
        sd_bus_message *m;
        const PiLinkMethod *method;
        GList node; /* of PiLink.served */
};

const PiLinkMethod *pi_link_find_method(const PiLink *link, const char *name) {
        static const PiLinkMethod ping = { PI_LINK_PING, "t", "t", PI_LINK_JOINING, NULL };

        if (g_str_equal(name, PI_LINK_PING))
                return &ping;
        for (const PiLinkMethod *method = link->hooks->methods; method && method->name; method++)
                if (g_str_equal(name, method->name))
                        return method;
        return NULL;
}

static void send(PiLink *link, sd_bus_message *reply, gsize bytes) {
        int r = sd_bus_send(link->bus, reply, NULL);

        if (r < 0)
                pi_link_cut(link, g_error_new(PI_ERROR, PI_ERROR_FAILED,
                                              "An answer to %s could not be sent: %s", link->remote,
                                              g_strerror(-r)));
        else
                pi_link_count_sent(link, reply, bytes);
}

static void send_error(PiLink *link, sd_bus_message *m, PiError code, const char *text) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
        sd_bus_error error = SD_BUS_ERROR_MAKE_CONST(pi_error_name(code), text);

        if (sd_bus_message_get_expect_reply(m) <= 0)
                return;
        if (sd_bus_message_new_method_error(m, &reply, &error) >= 0)
                send(link, reply, strlen(text) + 512);
}

static void send_result(PiLink *link, sd_bus_message *m, GVariant *result) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
        g_autofree char *text = NULL;
        gsize bytes;

        if (sd_bus_message_get_expect_reply(m) <= 0)
                return;
        if (!pi_link_measure(result, &bytes)) {
                text = g_strdup_printf("The answer to %s has %" G_GSIZE_FORMAT
                                       " bytes, a message may have %d",
                                       sd_bus_message_get_member(m), bytes,
                                       PI_LINK_MESSAGE_BYTES_MAX);
                send_error(link, m, PI_ERROR_FAILED, text);
                return;
        }
        if (sd_bus_message_new_method_return(m, &reply) >= 0 &&
            pi_variant_append(reply, result) >= 0)
                send(link, reply, bytes);
        else
                send_error(link, m, PI_ERROR_FAILED, "The answer cannot be put into a message");
}

/* A stranger has few tries. */
static gboolean refuse(PiLink *link, sd_bus_message *m, PiError code, const char *text) {
        send_error(link, m, code, text);
        return FALSE;
}

static gboolean may_call(PiLink *link, sd_bus_message *m, const PiLinkMethod *method) {
        const char *member = sd_bus_message_get_member(m);
        const char *interface = sd_bus_message_get_interface(m);
        g_autofree char *text = NULL;
        gboolean ours = sd_bus_message_is_method_call(m, PI_INTERFACE_PEER, NULL) > 0 &&
                        g_strcmp0(sd_bus_message_get_path(m), PI_PEER_PATH) == 0;

        if (link->admission == PI_LINK_JOINING &&
            (!ours || !method || method->who != PI_LINK_JOINING))
                return refuse(link, m, PI_ERROR_NOT_AUTHORIZED,
                              "Only members may call this: join the cluster first");
        if (!ours || !method) {
                text = g_strdup_printf("This node has no method \"%s\" of \"%s\" at \"%s\": it may "
                                       "be of another version",
                                       member, interface ? interface : "",
                                       sd_bus_message_get_path(m));
                return refuse(link, m, PI_ERROR_INCOMPATIBLE, text);
        }
        if (!sd_bus_message_has_signature(m, method->in)) {
                text = g_strdup_printf("%s takes \"%s\", not \"%s\": the nodes may be of different "
                                       "versions",
                                       member, method->in,
                                       sd_bus_message_get_signature(m, /* complete = */ 1));
                return refuse(link, m, PI_ERROR_INCOMPATIBLE, text);
        }
        if (!method->called)
                return TRUE;
        if (link->state != PI_LINK_UP)
                return refuse(link, m, PI_ERROR_FAILED,
                              "This node has not yet had the answer to its ping");
        if (g_queue_get_length(&link->served) >= PI_LINK_CALLS_MAX) {
                text = g_strdup_printf("%d calls of this node are not answered yet, no more are "
                                       "taken",
                                       PI_LINK_CALLS_MAX);
                return refuse(link, m, PI_ERROR_QUEUE_FULL, text);
        }
        return TRUE;
}

static void answer_ping(PiLink *link, sd_bus_message *m, GVariant *number) {
        if (link->liveness)
                pi_liveness_heard(link->liveness);
        send_result(link, m, number);
}

static void hand_over(PiLink *link, sd_bus_message *m, const PiLinkMethod *method,
                      GVariant *argument) {
        PiLinkCall *call = g_new0(PiLinkCall, 1);

        call->link = link;
        call->m = sd_bus_message_ref(m);
        call->method = method;
        call->node.data = call;
        g_queue_push_tail_link(&link->served, &call->node);
        method->called(link, argument, call, link->hooks->userdata);
}

void pi_link_serve(PiLink *link, sd_bus_message *m) {
        const PiLinkMethod *method = pi_link_find_method(link, sd_bus_message_get_member(m));
        g_autoptr(GVariant) argument = NULL;

        if (link->state >= PI_LINK_CLOSING)
                return;
        if (link->admission == PI_LINK_JOINING && (!method || method->called) &&
            ++link->stranger_calls > PI_LINK_STRANGER_CALLS_MAX) {
                pi_link_cut(link, g_error_new(PI_ERROR, PI_ERROR_NOT_AUTHORIZED,
                                              "This node refused %s: it is no member, and called "
                                              "%d times",
                                              link->remote, PI_LINK_STRANGER_CALLS_MAX));
                return;
        }
        if (!may_call(link, m, method))
                return;
        if (pi_variant_read(m, &argument) < 0)
                send_error(link, m, PI_ERROR_INCOMPATIBLE, "The argument cannot be read");
        else if (!method->called)
                answer_ping(link, m, argument);
        else
                hand_over(link, m, method, argument);
}

static void forget(PiLinkCall *call) {
        if (call->link)
                g_queue_unlink(&call->link->served, &call->node);
        call->link = NULL;
        call->m = sd_bus_message_unref(call->m);
}

void pi_link_forget_served(PiLink *link) {
        while (!g_queue_is_empty(&link->served))
                forget(g_queue_peek_head(&link->served));
}

void pi_link_call_return(PiLinkCall *call, GVariant *result) {
        g_autoptr(GVariant) r = g_variant_ref_sink(result);

        g_return_if_fail(g_str_equal(g_variant_get_type_string(r), call->method->out));
        if (call->link && call->link->bus && call->link->state < PI_LINK_CLOSING)
                send_result(call->link, call->m, r);
        forget(call);
        g_free(call);
}

void pi_link_call_fail(PiLinkCall *call, const GError *error) {
        PiError code = error->domain == PI_ERROR ? (PiError) error->code : PI_ERROR_FAILED;

        if (call->link && call->link->bus && call->link->state < PI_LINK_CLOSING)
                send_error(call->link, call->m, code, error->message);
        forget(call);
        g_free(call);
}

PiLink *pi_link_call_link(const PiLinkCall *call) {
        return call->link;
}
