/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/firewall/guard.h"

#include "daemon/events.h"
#include "daemon/firewall/helper.h"
#include "daemon/firewall/wanted.h"
#include "dbus/error.h"
#include "dbus/names.h"

/* Members come in bursts, and a call for each would only be more work. */
#define SETTLE_MSEC 10
/* More than the kernel needs for the most members there can be, and for starting the helper. */
#define CALL_USEC (UINT64_C(25) * 1000000)
#define STOP_USEC UINT64_C(1000000)
#define RETRY_SEC_MIN 1
#define RETRY_SEC_MAX 60
/* Well before what a window has at most is over: see wanted.h. */
#define LOOK_AGAIN_SEC 900
#define WAITING_MAX 64

#define HELPER_MATCH                                                                            \
        "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"             \
        "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" PI_FIREWALL_BUS_NAME \
        "'"

typedef struct Waiting {
        PiGuardDone done;
        gpointer userdata;
} Waiting;

struct PiGuard {
        sd_bus *bus;
        PiCluster *cluster;
        void (*changed)(const GError *error, gpointer userdata);
        gpointer userdata;
        sd_bus_slot *match;
        sd_bus_slot *call; /* to the helper, NULL when none is under way */
        PiWanted *asked;   /* by that call; NULL: to take the rules away */
        gboolean lost_in_call; /* the helper ended, or another took its place */
        PiWanted *told;    /* what the helper does; NULL: that is not known, or nothing */
        gboolean may_have_rules; /* the helper, or one that an earlier service has asked */
        gboolean has_rules;      /* as far as it has said; those it was told before, perhaps */
        GError *error;
        GArray *waiting; /* Waiting, for the end of the next call that begins */
        guint n_called;  /* of these, those that wait for the call under way */
        gboolean enabled;  /* by the settings */
        gboolean disabled; /* since it is not, and nobody has said otherwise */
        gboolean removed;
        gboolean stopped;
        PiGuardState reported;
        guint timer;
        guint retry_sec;
};

static void schedule(PiGuard *g, guint msec);

const char *pi_guard_state_to_string(PiGuardState state) {
        static const char *const names[_PI_GUARD_STATE_MAX] = {
                [PI_GUARD_OFF] = "off",
                [PI_GUARD_PENDING] = "pending",
                [PI_GUARD_APPLIED] = "applied",
                [PI_GUARD_DISABLED] = "disabled",
                [PI_GUARD_REMOVED] = "removed",
                [PI_GUARD_FAILED] = "failed",
        };

        g_return_val_if_fail(state < _PI_GUARD_STATE_MAX, names[PI_GUARD_FAILED]);
        return names[state];
}

/* Whether anybody can connect to this node. */
static gboolean listens(const PiGuard *g) {
        PiMemberView self;

        if (!pi_cluster_id(g->cluster)[0])
                return FALSE;
        pi_cluster_member(g->cluster, 0, &self);
        return self.port > 0;
}

PiGuardState pi_guard_state(const PiGuard *g) {
        if (g->error)
                return PI_GUARD_FAILED;
        if (g->told)
                return PI_GUARD_APPLIED;
        if (!listens(g))
                return PI_GUARD_OFF;
        if (g->disabled)
                return PI_GUARD_DISABLED;
        return g->removed ? PI_GUARD_REMOVED : PI_GUARD_PENDING;
}

/* `error_changed`: it failed already, and for another reason. */
static void report(PiGuard *g, gboolean error_changed) {
        PiGuardState state = pi_guard_state(g);

        if (state == g->reported && !error_changed)
                return;
        g->reported = state;
        g->changed(g->error, g->userdata);
}

const GError *pi_guard_error(const PiGuard *g) {
        return g->error;
}

static uint64_t now(void) {
        return (uint64_t) g_get_real_time();
}

static const char *what_failed(const PiGuard *g) {
        if (!listens(g))
                return "The rules of the firewall could not be taken away";
        return g->has_rules ? "The firewall could not be told who is a member now"
                            : "The firewall does not keep strangers from the port of the "
                              "cluster, TLS alone does";
}

/* A failure is told once, however often it is tried again. */
static void note_error(PiGuard *g, const GError *error) {
        if (error && !g->error)
                g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "MESSAGE_ID",
                                 PI_EVENT_FIREWALL_FAILED, "PI_ERROR",
                                 pi_error_name((PiError) error->code), "MESSAGE", "%s: %s",
                                 what_failed(g), error->message);
        if (!error && g->error && g->told)
                g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "MESSAGE_ID",
                                 PI_EVENT_FIREWALL_RECOVERED, "MESSAGE",
                                 "The firewall keeps strangers from the port of the cluster again");
        g_clear_error(&g->error);
        if (error)
                g->error = g_error_copy(error);
}

static void answer(PiGuard *g, guint n, const GError *error) {
        g_autoptr(GArray) answered = g_array_new(FALSE, FALSE, sizeof(Waiting));

        if (n > 0)
                g_array_append_vals(answered, g->waiting->data, n);
        g_array_remove_range(g->waiting, 0, n);
        for (guint i = 0; i < n; i++) {
                const Waiting *w = &g_array_index(answered, Waiting, i);

                w->done(error, w->userdata);
        }
}

/* `absent`: there is no helper to have rules. */
static void settle(PiGuard *g, const GError *error, gboolean absent) {
        gboolean other_error = error && g->error && !g_str_equal(error->message, g->error->message);
        gboolean taken_away = !error && !g->asked;
        guint n = g->n_called;

        g_clear_pointer(&g->told, pi_wanted_free);
        if (!error && !g->lost_in_call)
                g->told = g_steal_pointer(&g->asked);
        if (absent || taken_away)
                g->may_have_rules = g->has_rules = FALSE;
        if (g->told)
                g->has_rules = TRUE;
        g->lost_in_call = FALSE;
        g_clear_pointer(&g->asked, pi_wanted_free);
        g->retry_sec = error ? CLAMP(2 * g->retry_sec, RETRY_SEC_MIN, RETRY_SEC_MAX) : 0;
        note_error(g, error);
        g->n_called = 0;
        report(g, other_error);
        answer(g, n, error);
        /* Also for what has changed meanwhile; who asks by hand does not wait for the next try. */
        schedule(g, error && g->waiting->len == 0 ? g->retry_sec * 1000 : SETTLE_MSEC);
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        PiGuard *g = userdata;
        const sd_bus_error *e = sd_bus_message_get_error(m);
        gboolean absent = e && pi_helper_is_absent(e);
        g_autoptr(GError) error = NULL;

        /* Who is not there has no rules to take away. */
        if (e && !(absent && !g->asked))
                error = pi_helper_error(e);
        g->call = sd_bus_slot_unref(g->call);
        settle(g, error, absent);
        return 0;
}

/* `wanted`, which is taken over: NULL to have the rules taken away. */
static void call_helper(PiGuard *g, PiWanted *wanted) {
        GVariant *arguments = wanted ? pi_wanted_arguments(wanted, now()) : NULL;
        int r;

        g->asked = wanted;
        g->may_have_rules = g->may_have_rules || wanted;
        g->n_called = g->waiting->len;
        r = pi_helper_call(g->bus, wanted ? "Apply" : "Remove", arguments, TRUE, CALL_USEC,
                           on_answer, g, &g->call);
        if (r < 0) {
                g_autoptr(GError) error = g_error_new(PI_ERROR, PI_ERROR_FAILED,
                                                      "The helper cannot be called: %s",
                                                      g_strerror(-r));
                settle(g, error, FALSE);
        }
}

static PiWanted *what_is_wanted(const PiGuard *g) {
        return listens(g) && !g->removed && !g->disabled ? pi_wanted_new(g->cluster, now()) : NULL;
}

static gboolean look(gpointer userdata) {
        PiGuard *g = userdata;
        g_autoptr(PiWanted) wanted = NULL;

        g->timer = 0;
        if (g->call || g->stopped)
                return G_SOURCE_REMOVE;
        wanted = what_is_wanted(g);
        if (wanted && (g->waiting->len > 0 || !pi_wanted_is_told(wanted, g->told, now()))) {
                call_helper(g, g_steal_pointer(&wanted));
        } else if (!wanted && (g->may_have_rules || g->waiting->len > 0)) {
                call_helper(g, NULL);
        } else {
                note_error(g, NULL);
                report(g, FALSE);
                answer(g, g->waiting->len, NULL);
                if (wanted && wanted->open_until_usec > 0)
                        schedule(g, LOOK_AGAIN_SEC * 1000);
        }
        return G_SOURCE_REMOVE;
}

static void schedule(PiGuard *g, guint msec) {
        g_clear_handle_id(&g->timer, g_source_remove);
        g->timer = g_timeout_add(msec, look, g);
}

/* While it fails it is tried at its own pace. */
static void look_soon(PiGuard *g) {
        if (!g->call && !g->error && !g->stopped)
                schedule(g, SETTLE_MSEC);
}

static int on_helper(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        const char *name, *old_owner, *new_owner;
        PiGuard *g = userdata;

        if (sd_bus_message_read(m, "sss", &name, &old_owner, &new_owner) < 0 || g->stopped)
                return 0;
        if (!old_owner[0]) {
                /* One that somebody else has started, after all. */
                if (g->error && !g->call)
                        schedule(g, SETTLE_MSEC);
                return 0;
        }
        /* Its rules went with it, or are nobody's now. What it answers to a call under way counts
         * no more. */
        g->lost_in_call = g->call != NULL;
        g->has_rules = FALSE;
        if (!g->told)
                return 0;
        g_clear_pointer(&g->told, pi_wanted_free);
        report(g, FALSE);
        if (!g->call && !g->error)
                schedule(g, RETRY_SEC_MIN * 1000);
        return 0;
}

static void on_joined(gpointer userdata) {
        look_soon(userdata);
}

/* What somebody said was about that cluster. */
static void on_left(gpointer userdata) {
        PiGuard *g = userdata;

        g->removed = FALSE;
        g->disabled = !g->enabled;
        if (!g->call && !g->stopped)
                schedule(g, SETTLE_MSEC);
}

static void on_member(const PiMemberView *member, gpointer userdata) {
        look_soon(userdata);
}

static void on_member_removed(const char *id, const char *name, gpointer userdata) {
        look_soon(userdata);
}

static void on_token(const char *id, PiTokenNews news, uint32_t uses, gpointer userdata) {
        look_soon(userdata);
}

static const PiClusterListener listener = {
        .joined = on_joined,
        .left = on_left,
        .member_added = on_member,
        .member_changed = on_member,
        .member_removed = on_member_removed,
        .token_changed = on_token,
};

PiGuard *pi_guard_new(sd_bus *bus, PiCluster *cluster, gboolean enabled,
                      void (*changed)(const GError *error, gpointer userdata), gpointer userdata) {
        PiGuard *g = g_new0(PiGuard, 1);

        g->bus = bus;
        g->cluster = cluster;
        g->changed = changed;
        g->userdata = userdata;
        g->enabled = enabled;
        g->disabled = !enabled;
        /* An earlier service that did not end well may have left some. */
        g->may_have_rules = TRUE;
        g->waiting = g_array_new(FALSE, FALSE, sizeof(Waiting));
        (void) sd_bus_add_match_async(bus, &g->match, HELPER_MATCH, on_helper, NULL, g);
        pi_cluster_add_listener(cluster, &listener, g);
        look_soon(g);
        return g;
}

static int on_stopped(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        PiGuard *g = userdata;

        g->call = sd_bus_slot_unref(g->call);
        return 0;
}

gboolean pi_guard_stop(PiGuard *g) {
        if (g->stopped)
                return g->call == NULL;
        g->stopped = TRUE;
        g_clear_handle_id(&g->timer, g_source_remove);
        g->call = sd_bus_slot_unref(g->call);
        /* One that has gone already need not be started for it. */
        if (g->may_have_rules)
                (void) pi_helper_call(g->bus, "Remove", NULL, FALSE, STOP_USEC, on_stopped, g,
                                      &g->call);
        return g->call == NULL;
}

void pi_guard_free(PiGuard *g) {
        if (!g)
                return;
        g_clear_handle_id(&g->timer, g_source_remove);
        sd_bus_slot_unref(g->call);
        sd_bus_slot_unref(g->match);
        g_clear_pointer(&g->asked, pi_wanted_free);
        g_clear_pointer(&g->told, pi_wanted_free);
        g_clear_error(&g->error);
        g_array_unref(g->waiting);
        g_free(g);
}

static gboolean may_wait(PiGuard *g, PiGuardDone done, gpointer userdata) {
        g_autoptr(GError) error = NULL;

        if (g->waiting->len < WAITING_MAX) {
                g_array_append_val(g->waiting, ((Waiting) { done, userdata }));
                return TRUE;
        }
        g_set_error(&error, PI_ERROR, PI_ERROR_QUEUE_FULL,
                    "%d calls wait for the firewall already: try again later", WAITING_MAX);
        done(error, userdata);
        return FALSE;
}

void pi_guard_apply(PiGuard *g, PiGuardDone done, gpointer userdata) {
        g_autoptr(GError) error = NULL;

        if (!listens(g)) {
                g_set_error_literal(&error, PI_ERROR, PI_ERROR_NOT_IN_CLUSTER,
                                    "Nothing listens, and there is nothing to guard: this node is "
                                    "in no cluster, or has Port=0");
                done(error, userdata);
                return;
        }
        if (!may_wait(g, done, userdata))
                return;
        g->disabled = g->removed = FALSE;
        if (!g->call)
                schedule(g, 0);
}

void pi_guard_remove(PiGuard *g, PiGuardDone done, gpointer userdata) {
        if (!may_wait(g, done, userdata))
                return;
        if (listens(g)) {
                g->disabled = FALSE;
                g->removed = TRUE;
        }
        if (!g->call)
                schedule(g, 0);
}
