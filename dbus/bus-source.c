/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/bus-source.h"

#include <poll.h>

typedef struct BusSource {
        GSource source;
        sd_bus *bus;
        gpointer tag;
        int events; /* what the tag waits for now */
        gboolean more;    /* sd-bus may hold whole messages that no poll tells of */
        gboolean drained; /* it does not any more: they came with the handshake */
        gboolean busy;
} BusSource;

static gboolean bus_source_prepare(GSource *source, gint *timeout_msec) {
        BusSource *s = (BusSource *) source;
        int events = sd_bus_get_events(s->bus);
        uint64_t until = UINT64_MAX;

        if (events < 0)
                return TRUE; /* the connection is gone: dispatch lets sd-bus say so */
        /* Only on a change: each call wakes the context, which would then never sleep. */
        if (events != s->events)
                g_source_modify_unix_fd(source, s->tag, (GIOCondition) events);
        s->events = events;
        if (sd_bus_get_timeout(s->bus, &until) < 0)
                return TRUE;
        /* An absolute CLOCK_MONOTONIC time, the clock of g_source_set_ready_time(); 0 = at once. */
        g_source_set_ready_time(source, until >= G_MAXINT64 ? -1 : (gint64) until);
        return s->more;
}

static gboolean bus_source_check(GSource *source) {
        BusSource *s = (BusSource *) source;
        return s->more || g_source_query_unix_fd(source, s->tag) != 0;
}

static int process(BusSource *s) {
        int r;

        s->busy = TRUE;
        r = sd_bus_process(s->bus, NULL);
        s->busy = FALSE;
        if (r == 0 && sd_bus_is_ready(s->bus) > 0)
                s->drained = TRUE;
        s->more = r > 0 && !s->drained;
        return r;
}

static gboolean bus_source_dispatch(GSource *source, GSourceFunc callback, gpointer userdata) {
        BusSource *s = (BusSource *) source;
        int r;

        /* A handler that ran the main loop: sd-bus does not let itself be called from there. */
        if (s->busy)
                return G_SOURCE_CONTINUE;
        r = process(s);
        /* -ENOTCONN and friends come after Disconnected was dispatched: nothing more will. */
        if (r >= 0 || (!callback && sd_bus_is_open(s->bus) > 0))
                return G_SOURCE_CONTINUE;
        if (callback && !g_source_is_destroyed(source))
                (void) callback(userdata);
        return G_SOURCE_REMOVE;
}

static void bus_source_finalize(GSource *source) {
        BusSource *s = (BusSource *) source;
        s->bus = sd_bus_unref(s->bus);
}

static GSourceFuncs bus_source_funcs = {
        .prepare = bus_source_prepare,
        .check = bus_source_check,
        .dispatch = bus_source_dispatch,
        .finalize = bus_source_finalize,
};

GSource *pi_bus_source_new(sd_bus *bus) {
        BusSource *s = (BusSource *) g_source_new(&bus_source_funcs, sizeof(BusSource));

        s->bus = sd_bus_ref(bus);
        s->tag = g_source_add_unix_fd(&s->source, sd_bus_get_fd(bus), 0);
        g_source_set_name(&s->source, "sd-bus");
        /* Else GLib takes the descriptor out of its poll and in again around each dispatch, and
         * wakes itself for both. */
        g_source_set_can_recurse(&s->source, TRUE);
        return &s->source;
}

void pi_bus_source_process(GSource *source) {
        BusSource *s = (BusSource *) g_source_ref(source);

        /* An error comes again when the source is dispatched. */
        if (!s->busy && !g_source_is_destroyed(source))
                (void) process(s);
        g_source_unref(source);
}
