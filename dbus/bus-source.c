/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/bus-source.h"

#include <poll.h>

typedef struct BusSource {
        GSource source;
        sd_bus *bus;
        gpointer tag;
        int events; /* what the tag waits for now */
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
        return FALSE;
}

static gboolean bus_source_check(GSource *source) {
        BusSource *s = (BusSource *) source;
        return g_source_query_unix_fd(source, s->tag) != 0;
}

static gboolean bus_source_dispatch(GSource *source, GSourceFunc callback, gpointer userdata) {
        BusSource *s = (BusSource *) source;
        int r = sd_bus_process(s->bus, NULL);

        /* -ENOTCONN and friends come after Disconnected was dispatched: nothing more will. */
        if (r < 0 && sd_bus_is_open(s->bus) <= 0)
                return G_SOURCE_REMOVE;
        return G_SOURCE_CONTINUE;
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
        return &s->source;
}
