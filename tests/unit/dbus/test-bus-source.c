/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dbus/bus-source.h"

#include <errno.h>
#include <unistd.h>

#include "tests/unit/dbus/link.h"

#define PATH "/org/picompute1/test"
#define INTERFACE "org.picompute1.Test"
#define SERVER_ID SD_ID128_MAKE(01,02,03,04,05,06,07,08,09,0a,0b,0c,0d,0e,0f,10)

/* A link whose two ends one main context drives. */
typedef struct Driven {
        Link link;
        GSource *server;
        GSource *client;
        unsigned calls; /* that the server got */
        gboolean mute;  /* the server takes calls and does not answer */
} Driven;

static int on_call(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Driven *d = userdata;
        uint32_t n;

        if (!sd_bus_message_is_method_call(m, INTERFACE, NULL))
                return 0;
        d->calls++;
        if (d->mute)
                return 1;
        if (sd_bus_message_is_method_call(m, INTERFACE, "Fail"))
                return sd_bus_reply_method_errorf(m, INTERFACE ".Error", "as asked");
        assert_ok(sd_bus_message_read(m, "u", &n));
        return sd_bus_reply_method_return(m, "u", n + 1);
}

static void begin(Driven *d) {
        *d = (Driven) {};
        link_open(&d->link);
        assert_ok(sd_bus_add_filter(d->link.server, NULL, on_call, d));
        d->server = pi_bus_source_new(d->link.server);
        d->client = pi_bus_source_new(d->link.client);
        g_source_attach(d->server, NULL);
        g_source_attach(d->client, NULL);
}

static void end(Driven *d) {
        g_source_destroy(d->client);
        g_source_unref(d->client);
        g_source_destroy(d->server);
        g_source_unref(d->server);
        link_close(&d->link);
        while (g_main_context_iteration(NULL, FALSE))
                ;
}

typedef struct Answer {
        unsigned times;
        uint32_t n;
        int error; /* errno, 0 for a good reply */
        char *name;
} Answer;

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Answer *a = userdata;
        const sd_bus_error *error = sd_bus_message_get_error(m);

        a->times++;
        a->error = error ? sd_bus_error_get_errno(error) : 0;
        if (error) {
                g_free(a->name);
                a->name = g_strdup(error->name);
        } else
                assert_ok(sd_bus_message_read(m, "u", &a->n));
        return 1;
}

static void call(Driven *d, const char *member, uint32_t n, uint64_t timeout_usec, Answer *answer) {
        sd_bus_message *m = NULL;

        assert_ok(
                sd_bus_message_new_method_call(d->link.client, &m, NULL, PATH, INTERFACE, member));
        assert_ok(sd_bus_message_append(m, "u", n));
        assert_ok(sd_bus_call_async(d->link.client, NULL, m, on_answer, answer, timeout_usec));
        sd_bus_message_unref(m);
}

static void wait_for(const Answer *answer, unsigned times) {
        while (answer->times < times)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpuint(answer->times, ==, times);
}

static void test_call(void) {
        Driven d;
        Answer answer = {};

        begin(&d);
        for (uint32_t i = 1; i <= 50; i++) {
                call(&d, "Next", i, 0, &answer);
                wait_for(&answer, i);
                g_assert_cmpint(answer.error, ==, 0);
                g_assert_cmpuint(answer.n, ==, i + 1);
        }
        g_assert_cmpuint(d.calls, ==, 50);
        end(&d);
}

static unsigned polls;

static gint counting_poll(GPollFD *fds, guint n, gint timeout_msec) {
        polls++;
        return g_poll(fds, n, timeout_msec);
}

static gboolean set_flag(gpointer userdata) {
        *(gboolean *) userdata = TRUE;
        return G_SOURCE_REMOVE;
}

/* While nothing happens the context sleeps: it wakes for the timer, not thousands of times. */
static void test_idle(void) {
        GPollFunc plain = g_main_context_get_poll_func(NULL);
        gboolean fired = FALSE;
        Answer answer = {};
        Driven d;

        begin(&d);
        call(&d, "Next", 1, 0, &answer);
        wait_for(&answer, 1);
        g_main_context_set_poll_func(NULL, counting_poll);
        g_timeout_add(50, set_flag, &fired);
        while (!fired)
                g_main_context_iteration(NULL, TRUE);
        g_main_context_set_poll_func(NULL, plain);
        g_assert_cmpuint(polls, <, 10);
        end(&d);
}

/* More than a socket takes at once: both ends have to wait for room. */
static void test_many_calls_at_once(void) {
        enum { CALLS = 5000 };
        Driven d;
        Answer answer = {};

        begin(&d);
        for (uint32_t i = 0; i < CALLS; i++)
                call(&d, "Next", i, 0, &answer);
        wait_for(&answer, CALLS);
        g_assert_cmpint(answer.error, ==, 0);
        g_assert_cmpuint(answer.n, ==, CALLS);
        end(&d);
}

static void test_error_reply(void) {
        Driven d;
        Answer answer = {};

        begin(&d);
        call(&d, "Fail", 1, 0, &answer);
        wait_for(&answer, 1);
        g_assert_cmpint(answer.error, !=, 0);
        g_assert_cmpstr(answer.name, ==, INTERFACE ".Error");
        g_free(answer.name);
        end(&d);
}

/* Nothing comes over the socket then: only the timer of the source can end the wait. */
static void test_timeout(void) {
        Driven d;
        Answer answer = {}, after = {};

        begin(&d);
        d.mute = TRUE;
        call(&d, "Next", 1, 20000, &answer);
        wait_for(&answer, 1);
        g_assert_cmpint(answer.error, ==, ETIMEDOUT);
        g_assert_cmpuint(d.calls, ==, 1);

        /* The connection is as good as before. */
        d.mute = FALSE;
        call(&d, "Next", 7, 0, &after);
        wait_for(&after, 1);
        g_assert_cmpuint(after.n, ==, 8);
        g_assert_cmpuint(answer.times, ==, 1);
        g_free(answer.name);
        end(&d);
}

/* One message a dispatch: what is as urgent as the bus comes in between. */
static gboolean count(gpointer userdata) {
        unsigned *n = userdata;

        (*n)++;
        return G_SOURCE_CONTINUE;
}

static void test_shares_the_loop(void) {
        enum { CALLS = 200 };
        Driven d;
        Answer answer = {};
        unsigned others = 0;
        guint other = g_timeout_add_full(G_PRIORITY_DEFAULT, 0, count, &others, NULL);

        begin(&d);
        for (uint32_t i = 0; i < CALLS; i++)
                call(&d, "Next", i, 0, &answer);
        wait_for(&answer, CALLS);
        g_assert_cmpuint(others, >=, CALLS);
        g_source_remove(other);
        end(&d);
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        unsigned *times = userdata;

        (*times)++;
        return 0;
}

static void test_disconnect(void) {
        Driven d;
        Answer first = {}, pending = {};
        unsigned told = 0;

        begin(&d);
        assert_ok(sd_bus_match_signal_async(
                d.link.client, NULL, "org.freedesktop.DBus.Local", "/org/freedesktop/DBus/Local",
                "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, NULL, &told));
        call(&d, "Next", 1, 0, &first);
        wait_for(&first, 1);
        g_assert_false(g_source_is_destroyed(d.client));

        d.mute = TRUE;
        call(&d, "Next", 1, UINT64_MAX, &pending);
        while (d.calls < 2)
                g_main_context_iteration(NULL, TRUE);
        sd_bus_close(d.link.server);
        while (!g_source_is_destroyed(d.client))
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpint(sd_bus_is_open(d.link.client), ==, 0);
        g_assert_cmpuint(told, ==, 1);
        /* Who still waited for an answer was told that none will come. */
        g_assert_cmpuint(pending.times, ==, 1);
        g_assert_cmpint(pending.error, !=, 0);
        g_free(pending.name);

        /* Our own end of the link that we closed ourselves. */
        while (!g_source_is_destroyed(d.server))
                g_main_context_iteration(NULL, TRUE);
        end(&d);
}

/* A server that the driven end of a socketpair belongs to; the other end is the test's own. */
typedef struct Raw {
        Driven driven;
        int fd;
        unsigned ends;
} Raw;

static gboolean on_end(gpointer userdata) {
        ((Raw *) userdata)->ends++;
        return G_SOURCE_CONTINUE;
}

static void raw_begin(Raw *raw) {
        int fds[2];

        *raw = (Raw) {};
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==,
                        0);
        raw->fd = fds[1];
        assert_ok(sd_bus_new(&raw->driven.link.server));
        assert_ok(sd_bus_set_fd(raw->driven.link.server, fds[0], fds[0]));
        assert_ok(sd_bus_set_server(raw->driven.link.server, 1, SERVER_ID));
        assert_ok(sd_bus_set_anonymous(raw->driven.link.server, 1));
        assert_ok(sd_bus_add_filter(raw->driven.link.server, NULL, on_call, &raw->driven));
        assert_ok(sd_bus_start(raw->driven.link.server));
        raw->driven.server = pi_bus_source_new(raw->driven.link.server);
        g_source_set_callback(raw->driven.server, on_end, raw, NULL);
        g_source_attach(raw->driven.server, NULL);
}

static void raw_end(Raw *raw) {
        g_source_destroy(raw->driven.server);
        g_source_unref(raw->driven.server);
        sd_bus_close_unref(raw->driven.link.server);
        (void) close(raw->fd);
}

static void raw_send(Raw *raw, const GByteArray *bytes) {
        g_assert_cmpint(write(raw->fd, bytes->data, bytes->len), ==, bytes->len);
}

/* The handshake and some calls, to be sent in one go. */
static GByteArray *raw_calls(unsigned n) {
        static const char handshake[] = "\0AUTH ANONYMOUS\r\nBEGIN\r\n";
        static const guint8 call_of_next[] = {
                'l', 1, 0, 1, 4, 0, 0, 0, 1, 0, 0, 0, 71, 0, 0, 0,
                1, 1, 'o', 0, 1, 0, 0, 0, '/', 0, 0, 0, 0, 0, 0, 0,
                2, 1, 's', 0, 19, 0, 0, 0, 'o', 'r', 'g', '.', 'p', 'i', 'c', 'o',
                'm', 'p', 'u', 't', 'e', '1', '.', 'T', 'e', 's', 't', 0, 0, 0, 0, 0,
                3, 1, 's', 0, 4, 0, 0, 0, 'N', 'e', 'x', 't', 0, 0, 0, 0,
                8, 1, 'g', 0, 1, 'u', 0, 0,
                7, 0, 0, 0,
        };
        GByteArray *bytes = g_byte_array_new();

        g_byte_array_append(bytes, (const guint8 *) handshake, sizeof(handshake) - 1);
        while (n-- > 0)
                g_byte_array_append(bytes, call_of_next, sizeof(call_of_next));
        return bytes;
}

/* sd-bus takes them off the socket with the handshake: no poll tells that they are there. */
static void test_calls_behind_the_handshake(void) {
        g_autoptr(GByteArray) bytes = raw_calls(2);
        Raw raw;

        raw_begin(&raw);
        raw_send(&raw, bytes);
        while (raw.driven.calls < 2)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpuint(raw.ends, ==, 0);
        raw_end(&raw);
}

/* sd-bus would look at them for ever, and sends no Disconnected. */
static void test_bytes_that_are_no_message(void) {
        g_autoptr(GByteArray) bytes = raw_calls(1);
        Raw raw;

        raw_begin(&raw);
        g_byte_array_append(bytes, (const guint8 *) "this is no D-Bus message at all", 32);
        raw_send(&raw, bytes);
        while (raw.ends == 0)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpuint(raw.driven.calls, ==, 1);
        g_assert_true(g_source_is_destroyed(raw.driven.server));
        while (g_main_context_iteration(NULL, FALSE))
                ;
        g_assert_cmpuint(raw.ends, ==, 1);
        raw_end(&raw);
}

static void test_end_is_told(void) {
        g_autoptr(GByteArray) bytes = raw_calls(1);
        Raw raw;

        raw_begin(&raw);
        raw_send(&raw, bytes);
        g_assert_cmpint(shutdown(raw.fd, SHUT_WR), ==, 0);
        while (raw.ends == 0)
                g_main_context_iteration(NULL, TRUE);
        g_assert_cmpuint(raw.driven.calls, ==, 1);
        raw_end(&raw);
}

/* The source holds the bus, and lets go of it. */
static void test_reference(void) {
        Driven d;
        Answer answer = {};
        sd_bus *client;

        begin(&d);
        client = sd_bus_ref(d.link.client);
        call(&d, "Next", 1, 0, &answer);
        d.link.client = sd_bus_unref(d.link.client);
        d.link.client = sd_bus_unref(client);
        wait_for(&answer, 1);
        g_assert_cmpuint(answer.n, ==, 2);
        end(&d);
}

/* Destroyed, it drives nothing any more. */
static void test_destroy(void) {
        Driven d;
        Answer answer = {}, never = {};

        begin(&d);
        call(&d, "Next", 1, 0, &answer);
        wait_for(&answer, 1);
        g_source_destroy(d.client);
        call(&d, "Next", 2, 0, &never);
        while (g_main_context_iteration(NULL, FALSE))
                ;
        g_assert_cmpuint(never.times, ==, 0);
        g_assert_cmpint(sd_bus_is_open(d.link.client), >, 0);
        end(&d);
        g_free(never.name);
}

static int on_call_destroy(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Driven *d = userdata;

        d->calls++;
        g_source_destroy(d->server);
        return 1;
}

/* Without a turn of the loop: one message, both ways, and never from within a handler. */
static void test_process(void) {
        Answer a = {}, b = {};
        Driven d;

        begin(&d);
        call(&d, "Next", 1, 0, &a);
        wait_for(&a, 1);
        call(&d, "Next", 5, 0, &a);
        call(&d, "Next", 6, 0, &b);
        pi_bus_source_process(d.server);
        g_assert_cmpuint(d.calls, ==, 2);
        pi_bus_source_process(d.client);
        g_assert_cmpuint(a.times, ==, 2);
        g_assert_cmpuint(a.n, ==, 6);
        g_assert_cmpuint(b.times, ==, 0);
        pi_bus_source_process(d.client);
        g_assert_cmpuint(b.times, ==, 0);
        pi_bus_source_process(d.server);
        pi_bus_source_process(d.client);
        g_assert_cmpuint(b.times, ==, 1);

        assert_ok(sd_bus_add_filter(d.link.server, NULL, on_call_destroy, &d));
        call(&d, "Next", 7, 0, &a);
        pi_bus_source_process(d.server);
        g_assert_cmpuint(d.calls, ==, 4);
        call(&d, "Next", 8, 0, &a);
        pi_bus_source_process(d.server);
        g_assert_cmpuint(d.calls, ==, 4);
        end(&d);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/bus-source/call", test_call);
        g_test_add_func("/bus-source/idle", test_idle);
        g_test_add_func("/bus-source/many-calls-at-once", test_many_calls_at_once);
        g_test_add_func("/bus-source/error-reply", test_error_reply);
        g_test_add_func("/bus-source/timeout", test_timeout);
        g_test_add_func("/bus-source/shares-the-loop", test_shares_the_loop);
        g_test_add_func("/bus-source/disconnect", test_disconnect);
        g_test_add_func("/bus-source/calls-behind-the-handshake", test_calls_behind_the_handshake);
        g_test_add_func("/bus-source/bytes-that-are-no-message", test_bytes_that_are_no_message);
        g_test_add_func("/bus-source/end-is-told", test_end_is_told);
        g_test_add_func("/bus-source/reference", test_reference);
        g_test_add_func("/bus-source/process", test_process);
        g_test_add_func("/bus-source/destroy", test_destroy);
        return g_test_run();
}
