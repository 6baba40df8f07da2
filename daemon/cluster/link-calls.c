/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "daemon/cluster/link-private.h"
#include "dbus/error.h"
#include "dbus/names.h"
#include "dbus/variant.h"

typedef struct PiLinkPending {
        PiLink *link;
        const char *out; /* signature of the result, NULL if not known */
        char *method;
        sd_bus_slot *slot;
        guint idle;    /* it failed already, and is told so when the main loop goes on */
        GError *error; /* with that */
        gint64 deadline_usec; /* CLOCK_MONOTONIC, G_MAXINT64 none */
        PiLinkAnswered answered;
        gpointer userdata;
        GList node; /* of PiLink.calls */
} PiLinkPending;

/* Tells the caller, who may free the link. */
static void finish(PiLinkPending *p, GVariant *result, const GError *error) {
        g_queue_unlink(&p->link->calls, &p->node);
        g_clear_handle_id(&p->idle, g_source_remove);
        p->slot = sd_bus_slot_unref(p->slot);
        p->answered(result, error, p->userdata);
        g_clear_error(&p->error);
        g_free(p->method);
        g_free(p);
}

void pi_link_fail_calls(PiLink *link, guint n) {
        for (; n > 0 && !g_queue_is_empty(&link->calls); n--) {
                PiLinkPending *p = g_queue_peek_head(&link->calls);
                g_autoptr(GError) error =
                        g_error_new(PI_ERROR, PI_ERROR_NODE_LOST, "No answer to %s: %s", p->method,
                                    link->why->message);

                finish(p, NULL, p->error ? p->error : error);
        }
}

static gboolean finish_failed(gpointer userdata) {
        PiLinkPending *p = userdata;
        PiLink *link = pi_link_hold(p->link);

        p->idle = 0;
        finish(p, NULL, p->error);
        pi_link_release(link);
        return G_SOURCE_REMOVE;
}

static void fail_later(PiLinkPending *p, GError *error) {
        p->error = error;
        p->idle = g_idle_add_full(G_PRIORITY_DEFAULT, finish_failed, p, NULL);
}

/* What the other side says goes to the journal and to terminals. */
static char *clean(const char *text) {
        const char *end = text + MIN(strlen(text), PI_LINK_TEXT_BYTES_MAX);
        GString *clean = g_string_new(NULL);

        for (; text < end; text = g_utf8_next_char(text)) {
                gunichar c = g_utf8_get_char(text);

                g_string_append_unichar(clean, g_unichar_isprint(c) ? c : ' ');
        }
        return g_string_free(clean, FALSE);
}

static GError *error_of(const PiLinkPending *p, const sd_bus_error *error) {
        g_autofree char *text = clean(error->message ? error->message : "");
        PiError code = PI_ERROR_FAILED;

        if (pi_error_from_name(error->name, &code) && *text)
                return g_error_new_literal(PI_ERROR, code, text);
        return g_error_new(PI_ERROR, code, "%s answered %s with %s: %s", p->link->remote,
                           p->method, error->name, text);
}

static void finish_with_error(PiLinkPending *p, const sd_bus_error *error) {
        /* sd-bus makes such an answer itself, and the other side might, too. */
        gboolean none = sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) > 0;
        g_autoptr(GError) gerror = NULL;

        if (none && sd_bus_is_open(p->link->bus) <= 0) {
                /* The link is about to end, and knows why. */
                p->slot = sd_bus_slot_unref(p->slot);
                return;
        }
        if (none && g_get_monotonic_time() >= p->deadline_usec)
                gerror = g_error_new(PI_ERROR, PI_ERROR_DEADLINE_EXCEEDED,
                                     "%s did not answer %s in time", p->link->remote, p->method);
        else
                gerror = error_of(p, error);
        finish(p, NULL, gerror);
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        PiLinkPending *p = userdata;
        PiLink *link = pi_link_hold(p->link);
        g_autoptr(GVariant) result = NULL;
        g_autoptr(GError) error = NULL;

        if (sd_bus_message_get_error(m)) {
                finish_with_error(p, sd_bus_message_get_error(m));
                pi_link_release(link);
                return 1;
        }
        if ((p->out && !sd_bus_message_has_signature(m, p->out)) ||
            pi_variant_read(m, &result) < 0)
                error = g_error_new(PI_ERROR, PI_ERROR_INCOMPATIBLE,
                                    "%s answered %s with \"%s\", not \"%s\": it may be of another "
                                    "version",
                                    link->remote, p->method,
                                    sd_bus_message_get_signature(m, /* complete = */ 1),
                                    p->out ? p->out : "one value");
        finish(p, error ? NULL : result, error);
        pi_link_release(link);
        return 1;
}

static GError *send(PiLinkPending *p, GVariant *argument, uint64_t usec) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL;
        PiLink *link = p->link;
        gsize bytes;
        int r;

        if (!pi_link_measure(argument, &bytes))
                return g_error_new(PI_ERROR, PI_ERROR_FAILED,
                                   "The argument of %s has %" G_GSIZE_FORMAT
                                   " bytes, a message may have %d",
                                   p->method, bytes, PI_LINK_MESSAGE_BYTES_MAX);
        r = sd_bus_message_new_method_call(link->bus, &m, NULL, PI_PEER_PATH, PI_INTERFACE_PEER,
                                           p->method);
        if (r >= 0)
                r = pi_variant_append(m, argument);
        if (r >= 0)
                r = sd_bus_call_async(link->bus, &p->slot, m, on_reply, p, usec);
        if (r < 0)
                return g_error_new(PI_ERROR, PI_ERROR_FAILED, "%s cannot be called at %s: %s",
                                   p->method, link->remote, g_strerror(-r));
        pi_link_count_sent(link, m, bytes);
        return NULL;
}

static PiLinkPending *pending_new(PiLink *link, const char *method, uint64_t deadline_usec,
                                  PiLinkAnswered answered, gpointer userdata) {
        const PiLinkMethod *known = pi_link_find_method(link, method);
        PiLinkPending *p = g_new0(PiLinkPending, 1);
        gint64 now = g_get_monotonic_time();

        p->link = link;
        p->method = g_strdup(method);
        p->out = known ? known->out : NULL;
        p->deadline_usec = deadline_usec > (uint64_t) (G_MAXINT64 - now)
                                   ? G_MAXINT64
                                   : now + (gint64) deadline_usec;
        p->answered = answered;
        p->userdata = userdata;
        p->node.data = p;
        g_queue_push_tail_link(&link->calls, &p->node);
        return p;
}

static GError *check(const PiLink *link, const char *method) {
        if (link->state != PI_LINK_UP)
                return g_error_new(PI_ERROR, PI_ERROR_NODE_LOST,
                                   "%s cannot be called at %s: the link is not up", method,
                                   link->remote);
        /* The ping has always room. */
        if (g_queue_get_length((GQueue *) &link->calls) >= PI_LINK_CALLS_MAX)
                return g_error_new(PI_ERROR, PI_ERROR_QUEUE_FULL,
                                   "%s cannot be called at %s: %d calls are not answered yet",
                                   method, link->remote, PI_LINK_CALLS_MAX);
        return NULL;
}

void pi_link_call(PiLink *link, const char *method, GVariant *argument, uint64_t deadline_usec,
                  PiLinkAnswered answered, gpointer userdata) {
        g_autoptr(GVariant) a = g_variant_ref_sink(argument);
        GError *error = check(link, method);
        PiLinkPending *p = pending_new(link, method, deadline_usec, answered, userdata);

        if (!error)
                /* To sd-bus 0 is its own deadline, and not a short one. */
                error = send(p, a, MAX(deadline_usec, 1));
        if (error)
                fail_later(p, error);
}

void pi_link_ping(PiLink *link, PiLinkAnswered answered) {
        g_autoptr(GVariant) number =
                g_variant_ref_sink(g_variant_new_uint64((guint64) link->ping_usec));
        PiLinkPending *p = pending_new(link, PI_LINK_PING, UINT64_MAX, answered, link);
        GError *error = send(p, number, UINT64_MAX);

        if (error)
                fail_later(p, error);
}
