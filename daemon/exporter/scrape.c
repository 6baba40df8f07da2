/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/exporter/scrape.h"

#include <string.h>
#include <systemd/sd-bus.h>

#include "daemon/metrics/prometheus.h"
#include "dbus/bus-source.h"
#include "dbus/names.h"
#include "dbus/variant.h"

#define STATUS_OK 200
#define STATUS_UNAVAILABLE 503

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

typedef struct Waiting {
        PiScrapeDone done;
        gpointer userdata;
} Waiting;

struct PiScrape {
        gboolean user;
        sd_bus *bus;
        GSource *source;
        sd_bus_slot *call; /* while the service is asked */
        GArray *waiting;

        unsigned status; /* of the last answer, 0: there was none */
        GBytes *text;
        int64_t answered_usec; /* monotonic */
};

PiScrape *pi_scrape_new(gboolean user) {
        PiScrape *s = g_new0(PiScrape, 1);

        s->user = user;
        s->waiting = g_array_new(FALSE, FALSE, sizeof(Waiting));
        return s;
}

static void leave_bus(PiScrape *s) {
        s->call = sd_bus_slot_unref(s->call);
        if (s->source) {
                g_source_destroy(s->source);
                g_clear_pointer(&s->source, g_source_unref);
        }
        s->bus = sd_bus_close_unref(s->bus);
}

void pi_scrape_free(PiScrape *s) {
        if (!s)
                return;
        leave_bus(s);
        g_array_unref(s->waiting);
        g_clear_pointer(&s->text, g_bytes_unref);
        g_free(s);
}

/* Takes the text over. */
static void answer(PiScrape *s, unsigned status, char *text) {
        g_autoptr(GArray) waiting = s->waiting;
        g_autoptr(GBytes) bytes = g_bytes_new_take(text, strlen(text));

        g_clear_pointer(&s->text, g_bytes_unref);
        s->text = g_bytes_ref(bytes);
        s->status = status;
        s->answered_usec = g_get_monotonic_time();
        /* Whoever is answered may ask again. */
        s->waiting = g_array_new(FALSE, FALSE, sizeof(Waiting));
        for (guint i = 0; i < waiting->len; i++) {
                Waiting *w = &g_array_index(waiting, Waiting, i);
                w->done(status, bytes, w->userdata);
        }
}

static void answer_metrics(PiScrape *s, sd_bus_message *m) {
        g_autoptr(GVariant) metrics = NULL;
        int r = pi_variant_read(m, &metrics);

        if (r < 0 || !g_variant_is_of_type(metrics, G_VARIANT_TYPE_VARDICT))
                answer(s, STATUS_UNAVAILABLE,
                       g_strdup("The service answered GetMetrics with something else than figures; "
                                "is it of another version?\n"));
        else
                answer(s, STATUS_OK, pi_prometheus_text(metrics));
}

static void answer_error(PiScrape *s, const sd_bus_error *error) {
        if (sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER) ||
            sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN)) {
                answer(s, STATUS_OK, pi_prometheus_text(NULL));
                return;
        }
        if (sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) ||
            sd_bus_error_has_name(error, SD_BUS_ERROR_TIMEOUT) ||
            sd_bus_error_has_name(error, "org.freedesktop.DBus.Error.TimedOut"))
                answer(s, STATUS_UNAVAILABLE,
                       g_strdup_printf("The service gave no answer within %d s (%s); see: "
                                       "systemctl status pi-computed\n",
                                       (int) (PI_SCRAPE_TIMEOUT_USEC / G_USEC_PER_SEC),
                                       error->message ? error->message : error->name));
        else
                answer(s, STATUS_UNAVAILABLE,
                       g_strdup_printf("The service could not be asked: %s (%s)\n",
                                       error->message ? error->message : "no reason given",
                                       error->name));
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        PiScrape *s = userdata;

        s->call = sd_bus_slot_unref(s->call);
        if (sd_bus_message_is_method_error(m, NULL))
                answer_error(s, sd_bus_message_get_error(m));
        else
                answer_metrics(s, m);
        return 1;
}

static int enter_bus(PiScrape *s) {
        int r;

        if (s->bus && sd_bus_is_open(s->bus) > 0)
                return 0;
        leave_bus(s);
        r = s->user ? sd_bus_open_user_with_description(&s->bus, "pi-computed-exporter")
                    : sd_bus_open_system_with_description(&s->bus, "pi-computed-exporter");
        if (r < 0)
                return r;
        s->source = pi_bus_source_new(s->bus);
        g_source_attach(s->source, NULL);
        return 0;
}

static int call(PiScrape *s) {
        g_autoptr(sd_bus_message) m = NULL;
        int r = enter_bus(s);

        if (r < 0)
                return r;
        r = sd_bus_message_new_method_call(s->bus, &m, PI_BUS_NAME, PI_OBJECT_PATH,
                                           PI_INTERFACE_MANAGER, "GetMetrics");
        if (r < 0)
                return r;
        r = sd_bus_message_set_auto_start(m, 0);
        if (r < 0)
                return r;
        return sd_bus_call_async(s->bus, &s->call, m, on_reply, s, PI_SCRAPE_TIMEOUT_USEC);
}

void pi_scrape_ask(PiScrape *s, PiScrapeDone done, gpointer userdata) {
        Waiting waiting = { done, userdata };
        int r;

        if (!s->call && s->status != 0 &&
            g_get_monotonic_time() - s->answered_usec < PI_SCRAPE_CACHE_USEC) {
                done(s->status, s->text, userdata);
                return;
        }
        g_array_append_val(s->waiting, waiting);
        if (s->call)
                return;
        r = call(s);
        if (r < 0) {
                leave_bus(s);
                answer(s, STATUS_UNAVAILABLE,
                       g_strdup_printf("The %s bus cannot be reached: %s\n",
                                       s->user ? "user" : "system", g_strerror(-r)));
        }
}
