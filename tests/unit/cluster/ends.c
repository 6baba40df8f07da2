/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/cluster/ends.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dbus/error.h"

static void free_link(End *end) {
        pi_link_free(g_steal_pointer(&end->link));
}

static void on_echo(PiLink *link, GVariant *argument, PiLinkCall *c, gpointer userdata) {
        End *end = userdata;

        g_assert_true(pi_link_call_link(c) == link);
        end->calls++;
        if (end->free_in_call) {
                free_link(end);
                g_assert_null(pi_link_call_link(c));
        }
        pi_link_call_return(c, argument);
}

static void on_grow(PiLink *link, GVariant *argument, PiLinkCall *c, gpointer userdata) {
        ((End *) userdata)->calls++;
        pi_link_call_return(c, bytes_of(g_variant_get_uint64(argument), 0));
}

static void on_fail(PiLink *link, GVariant *argument, PiLinkCall *c, gpointer userdata) {
        g_autoptr(GError) error = g_error_new_literal(PI_ERROR, PI_ERROR_QUOTA_EXCEEDED,
                                                      g_variant_get_string(argument, NULL));

        ((End *) userdata)->calls++;
        pi_link_call_fail(c, error);
}

static void on_keep(PiLink *link, GVariant *argument, PiLinkCall *c, gpointer userdata) {
        End *end = userdata;

        end->calls++;
        g_queue_push_tail(&end->kept, c);
}

static const PiLinkMethod methods[] = {
        { "Echo", "ay", "ay", PI_LINK_MEMBER, on_echo },
        { "Grow", "t", "ay", PI_LINK_MEMBER, on_grow },
        { "Fail", "s", "s", PI_LINK_MEMBER, on_fail },
        { "Keep", "t", "t", PI_LINK_MEMBER, on_keep },
        { "Join", "s", "s", PI_LINK_JOINING, on_fail },
        {},
};

static PiLinkAdmission on_admit(PiLink *link, const char *fingerprint, gpointer userdata) {
        End *end = userdata;

        end->admits++;
        g_assert_cmpstr(pi_link_fingerprint(link), ==, fingerprint);
        if (end->free_in_admit)
                free_link(end);
        return end->pin && !g_str_equal(fingerprint, end->pin) ? PI_LINK_REFUSED : end->admission;
}

static void on_up(PiLink *link, gpointer userdata) {
        End *end = userdata;

        end->ups++;
        g_assert_true(pi_link_is_up(link));
        g_assert_cmpuint(end->downs, ==, 0);
        if (end->free_in_up)
                free_link(end);
}

static void on_down(PiLink *link, const GError *why, gpointer userdata) {
        End *end = userdata;

        end->downs++;
        g_assert_false(pi_link_is_up(link));
        g_assert_nonnull(why);
        g_clear_error(&end->why);
        end->why = g_error_copy(why);
        if (end->free_in_down)
                free_link(end);
}

void end_init(End *end) {
        g_autoptr(GError) error = NULL;

        *end = (End) {
                .identity = pi_identity_load(NULL, &error),
                .hooks = { on_admit, on_up, on_down, methods, end },
                .admission = PI_LINK_MEMBER,
        };
        g_assert_no_error(error);
}

void end_clear(End *end) {
        free_link(end);
        while (!g_queue_is_empty(&end->kept))
                pi_link_call_return(take_kept(end), g_variant_new_uint64(0));
        settle();
        pi_identity_free(end->identity);
        g_clear_error(&end->why);
}

PiLinkCall *take_kept(End *end) {
        return g_queue_pop_tail(&end->kept);
}

void tcp_pair(int ret[2]) {
        struct sockaddr_in address = { .sin_family = AF_INET };
        socklen_t size = sizeof(address);
        int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        g_assert_cmpint(bind(listening, (struct sockaddr *) &address, size), ==, 0);
        g_assert_cmpint(listen(listening, 1), ==, 0);
        g_assert_cmpint(getsockname(listening, (struct sockaddr *) &address, &size), ==, 0);
        ret[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        g_assert_cmpint(connect(ret[0], (struct sockaddr *) &address, size), ==, 0);
        ret[1] = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
        g_assert_cmpint(ret[1], >=, 0);
        (void) close(listening);
}

void end_link(End *end, int fd, PiLinkRole role) {
        end->admits = end->ups = end->downs = end->calls = 0;
        g_clear_error(&end->why);
        end->link = pi_link_new(fd, role, end->identity, &end->hooks);
        g_assert_false(pi_link_is_up(end->link));
        g_assert_cmpint(pi_link_role(end->link), ==, role);
        g_assert_cmpstr(pi_link_fingerprint(end->link), ==, "");
}

void ends_link(End *client, End *server) {
        int fds[2];

        tcp_pair(fds);
        end_link(client, fds[0], PI_LINK_DIALLED);
        end_link(server, fds[1], PI_LINK_ACCEPTED);
        wait_until((client->ups && server->ups) || client->downs || server->downs);
        g_assert_cmpuint(client->ups, ==, 1);
        g_assert_cmpuint(server->ups, ==, 1);
}

void answer_clear(Answer *answer) {
        g_clear_pointer(&answer->result, g_variant_unref);
        g_clear_error(&answer->error);
        *answer = (Answer) {};
}

static void on_answer(GVariant *result, const GError *error, gpointer userdata) {
        Answer *answer = userdata;

        answer->times++;
        g_assert_cmpuint(answer->times, ==, 1);
        g_assert_true((result == NULL) == (error != NULL));
        answer->result = result ? g_variant_ref(result) : NULL;
        answer->error = error ? g_error_copy(error) : NULL;
        if (answer->freed_by && answer->freed_by->link)
                free_link(answer->freed_by);
}

void call_within(End *end, const char *method, GVariant *argument, guint64 usec, Answer *answer) {
        pi_link_call(end->link, method, argument, usec, on_answer, answer);
        g_assert_cmpuint(answer->times, ==, 0);
}

void call(End *end, const char *method, GVariant *argument, Answer *answer) {
        call_within(end, method, argument, UINT64_MAX, answer);
}

GVariant *bytes_of(gsize n, guint8 first) {
        guint8 *data = g_malloc0(MAX(n, 1));

        data[0] = first;
        return g_variant_new_from_data(G_VARIANT_TYPE_BYTESTRING, data, n, TRUE, g_free, data);
}

void settle(void) {
        while (g_main_context_iteration(NULL, FALSE))
                ;
}

static guint count_entries(const char *path) {
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        guint n = 0;

        while (g_dir_read_name(dir))
                n++;
        return n;
}

guint count_fds(void) {
        return count_entries("/proc/self/fd");
}

guint count_threads(void) {
        return count_entries("/proc/self/task");
}
