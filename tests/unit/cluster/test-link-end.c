/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A link's end, whatever ends it. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/cluster/link-private.h"
#include "dbus/error.h"
#include "tests/unit/cluster/ends.h"

typedef struct Both {
        End a, b; /* a dialled */
} Both;

static void set_up(Both *t, gconstpointer unused) {
        end_init(&t->a);
        end_init(&t->b);
        ends_link(&t->a, &t->b);
}

static void tear_down(Both *t, gconstpointer unused) {
        end_clear(&t->a);
        end_clear(&t->b);
}

/* It reads and writes nothing any more; its kernel goes on acknowledging. */
static void freeze(End *end) {
        g_source_destroy((GSource *) end->link->tls);
}

static void test_last_reply(Both *t, gconstpointer unused) {
        Answer answer = {};

        call(&t->a, "Keep", g_variant_new_uint64(1), &answer);
        wait_until(t->b.kept.length);
        pi_link_call_return(take_kept(&t->b), g_variant_new_uint64(2));
        pi_link_close(t->b.link, "enough");
        g_assert_cmpuint(t->b.downs, ==, 0);
        wait_until(t->a.downs && t->b.downs);
        g_assert_cmpuint(answer.times, ==, 1);
        g_assert_no_error(answer.error);
        assert_says(t->a.why, PI_ERROR, PI_ERROR_NODE_LOST, "closed the connection");
        assert_says(t->b.why, PI_ERROR, PI_ERROR_FAILED, ": enough");
        answer_clear(&answer);
}

/* More than any buffer of the kernel holds for the other side at once. */
static void test_long_last_reply(Both *t, gconstpointer unused) {
        Answer answers[3] = {}, lost = {};

        for (guint i = 0; i < G_N_ELEMENTS(answers); i++)
                call(&t->a, "Grow", g_variant_new_uint64(1000000), &answers[i]);
        call(&t->a, "Keep", g_variant_new_uint64(1), &lost);
        wait_until(t->b.kept.length);
        pi_link_close(t->b.link, "enough");
        wait_until(t->a.downs && t->b.downs);
        for (guint i = 0; i < G_N_ELEMENTS(answers); i++) {
                g_assert_no_error(answers[i].error);
                g_assert_cmpuint(g_variant_get_size(answers[i].result), ==, 1000000);
                answer_clear(&answers[i]);
        }
        assert_says(lost.error, PI_ERROR, PI_ERROR_NODE_LOST, "No answer to Keep: ");
        answer_clear(&lost);
        g_assert_null(pi_link_call_link(g_queue_peek_tail(&t->b.kept)));
        pi_link_call_return(take_kept(&t->b), g_variant_new_uint64(1));
}

static void test_close_both(Both *t, gconstpointer unused) {
        pi_link_close(t->a.link, "enough");
        pi_link_close(t->b.link, "enough");
        pi_link_close(t->b.link, "more than that");
        wait_until(t->a.downs && t->b.downs);
        assert_says(t->b.why, PI_ERROR, PI_ERROR_FAILED, ": enough");
}

/* The other side does not listen: it is not waited for for ever. */
static void test_close_to_frozen(Both *t, gconstpointer unused) {
        Answer answer = {};

        freeze(&t->b);
        call(&t->a, "Echo", bytes_of(1000000, 0), &answer);
        pi_link_close(t->a.link, "enough");
        wait_until(t->a.downs);
        assert_says(t->a.why, PI_ERROR, PI_ERROR_FAILED, ": enough");
        g_assert_error(answer.error, PI_ERROR, PI_ERROR_NODE_LOST);
        answer_clear(&answer);
}

/* Told before pi_link_free() returns, and nobody is told of the link's end. */
static void test_free(Both *t, gconstpointer unused) {
        Answer out = {}, failed = {}, in = {};

        call(&t->a, "Keep", g_variant_new_uint64(1), &out);
        call(&t->b, "Keep", g_variant_new_uint64(1), &in);
        wait_until(t->a.kept.length && t->b.kept.length);
        /* It failed already, and would have been told so when the main loop goes on. */
        call(&t->a, "Echo", bytes_of(2000000, 0), &failed);
        pi_link_free(g_steal_pointer(&t->a.link));
        g_assert_cmpuint(out.times, ==, 1);
        assert_says(out.error, PI_ERROR, PI_ERROR_NODE_LOST, "This node cut the connection");
        assert_says(failed.error, PI_ERROR, PI_ERROR_FAILED, "argument of Echo");
        g_assert_null(pi_link_call_link(g_queue_peek_tail(&t->a.kept)));
        pi_link_call_fail(take_kept(&t->a), out.error);
        wait_until(t->b.downs);
        g_assert_error(in.error, PI_ERROR, PI_ERROR_NODE_LOST);
        g_assert_error(t->b.why, PI_ERROR, PI_ERROR_NODE_LOST);
        pi_link_call_return(take_kept(&t->b), g_variant_new_uint64(1));
        settle();
        g_assert_cmpuint(t->a.downs, ==, 0);
        answer_clear(&out);
        answer_clear(&failed);
        answer_clear(&in);
}

/* In that callback of the one, and the other notices. */
static void free_in(gsize offset, gboolean dialler) {
        gboolean *flag;
        Both t = {};
        int fds[2];

        end_init(&t.a);
        end_init(&t.b);
        flag = (gboolean *) ((char *) (dialler ? &t.a : &t.b) + offset);
        *flag = TRUE;
        tcp_pair(fds);
        end_link(&t.a, fds[0], PI_LINK_DIALLED);
        end_link(&t.b, fds[1], PI_LINK_ACCEPTED);
        wait_until(dialler ? t.b.downs : t.a.downs);
        g_assert_null(dialler ? t.a.link : t.b.link);
        g_assert_cmpuint(dialler ? t.a.downs : t.b.downs, ==, 0);
        end_clear(&t.a);
        end_clear(&t.b);
}

static void test_free_in_admit(void) {
        free_in(G_STRUCT_OFFSET(End, free_in_admit), TRUE);
        free_in(G_STRUCT_OFFSET(End, free_in_admit), FALSE);
}

static void test_free_in_up(void) {
        free_in(G_STRUCT_OFFSET(End, free_in_up), TRUE);
        free_in(G_STRUCT_OFFSET(End, free_in_up), FALSE);
}

static void test_free_in_down(Both *t, gconstpointer unused) {
        Answer answer = {};

        t->a.free_in_down = t->b.free_in_down = TRUE;
        call(&t->a, "Keep", g_variant_new_uint64(1), &answer);
        pi_link_close(t->b.link, "enough");
        wait_until(t->a.downs && t->b.downs);
        g_assert_null(t->a.link);
        g_assert_null(t->b.link);
        g_assert_cmpuint(answer.times, ==, 1);
        answer_clear(&answer);
        settle();
}

static void test_free_in_call(Both *t, gconstpointer unused) {
        Answer answer = {}, next = {};

        t->b.free_in_call = TRUE;
        call(&t->a, "Echo", bytes_of(1, 1), &answer);
        call(&t->a, "Echo", bytes_of(1, 1), &next);
        wait_until(t->a.downs);
        g_assert_cmpuint(t->b.calls, ==, 1);
        g_assert_error(answer.error, PI_ERROR, PI_ERROR_NODE_LOST);
        g_assert_error(next.error, PI_ERROR, PI_ERROR_NODE_LOST);
        answer_clear(&answer);
        answer_clear(&next);
}

static void test_free_in_answer(Both *t, gconstpointer unused) {
        Answer first = { .freed_by = &t->a }, second = {}, failed = { .freed_by = &t->b };

        call(&t->a, "Echo", bytes_of(1, 1), &first);
        call(&t->a, "Keep", g_variant_new_uint64(1), &second);
        wait_until(first.times);
        g_assert_no_error(first.error);
        g_assert_null(t->a.link);
        g_assert_error(second.error, PI_ERROR, PI_ERROR_NODE_LOST);
        answer_clear(&first);
        answer_clear(&second);

        /* Of a call that was never sent. */
        call(&t->b, "Echo", bytes_of(2000000, 0), &failed);
        wait_until(failed.times);
        g_assert_null(t->b.link);
        answer_clear(&failed);
        settle();
}

/* As the link ends, in the failure of one call; the others fail no less. */
static void test_free_in_failure(Both *t, gconstpointer unused) {
        Answer answers[3] = { {}, { .freed_by = &t->a }, {} };

        for (guint i = 0; i < 3; i++)
                call(&t->a, "Keep", g_variant_new_uint64(1), &answers[i]);
        wait_until(t->b.calls == 3);
        g_clear_pointer(&t->b.link, pi_link_free);
        wait_until(!t->a.link);
        g_assert_cmpuint(t->a.downs, ==, 0);
        for (guint i = 0; i < 3; i++) {
                g_assert_error(answers[i].error, PI_ERROR, PI_ERROR_NODE_LOST);
                answer_clear(&answers[i]);
        }
}

typedef struct Retry {
        End *end;
        Answer again;
        guint times;
} Retry;

static void on_retried(GVariant *result, const GError *error, gpointer userdata) {
        Retry *retry = userdata;

        g_assert_error(error, PI_ERROR, PI_ERROR_NODE_LOST);
        retry->times++;
        call(retry->end, "Echo", bytes_of(1, 1), &retry->again);
}

/* Who calls again because a call failed is told so once more. */
static void test_call_again(Both *t, gconstpointer unused) {
        Retry retry = { .end = &t->a };

        pi_link_call(t->a.link, "Keep", g_variant_new_uint64(1), UINT64_MAX, on_retried, &retry);
        wait_until(t->b.kept.length);
        g_clear_pointer(&t->b.link, pi_link_free);
        wait_until(t->a.downs && retry.again.times);
        g_assert_cmpuint(retry.times, ==, 1);
        g_assert_error(retry.again.error, PI_ERROR, PI_ERROR_NODE_LOST);
        answer_clear(&retry.again);
}

/* The kernel of a killed process: the connection is reset, or just ends. */
static void test_vanishes(Both *t, gconstpointer reset) {
        struct linger linger = { .l_onoff = reset != NULL };
        Answer answer = {};

        call(&t->a, "Keep", g_variant_new_uint64(1), &answer);
        wait_until(t->b.kept.length);
        g_assert_cmpint(setsockopt(pi_tls_fd(t->b.link->tls), SOL_SOCKET, SO_LINGER, &linger,
                                   sizeof(linger)), ==, 0);
        g_clear_pointer(&t->b.link, pi_link_free);
        wait_until(t->a.downs);
        g_assert_error(t->a.why, PI_ERROR, PI_ERROR_NODE_LOST);
        g_assert_cmpuint(answer.times, ==, 1);
        g_assert_error(answer.error, PI_ERROR, PI_ERROR_NODE_LOST);
        answer_clear(&answer);
        pi_link_call_return(take_kept(&t->b), g_variant_new_uint64(1));
}

static void test_vanishes_in_handshake(void) {
        int fds[2];
        End a;

        end_init(&a);
        tcp_pair(fds);
        end_link(&a, fds[0], PI_LINK_DIALLED);
        settle();
        (void) close(fds[1]);
        wait_until(a.downs);
        g_assert_error(a.why, PI_ERROR, PI_ERROR_FAILED);
        g_assert_cmpuint(a.ups, ==, 0);
        end_clear(&a);
}

static void test_close_in_handshake(void) {
        int fds[2];
        End a;

        end_init(&a);
        tcp_pair(fds);
        end_link(&a, fds[0], PI_LINK_DIALLED);
        pi_link_close(a.link, "enough");
        g_assert_cmpuint(a.downs, ==, 0);
        wait_until(a.downs);
        assert_says(a.why, PI_ERROR, PI_ERROR_FAILED, ": enough");
        (void) close(fds[1]);
        end_clear(&a);
}

static void test_silent_in_handshake(void) {
        int fds[2];
        End a;

        end_init(&a);
        tcp_pair(fds);
        end_link(&a, fds[1], PI_LINK_ACCEPTED);
        wait_until(a.downs);
        assert_says(a.why, PI_ERROR, PI_ERROR_FAILED, "finish the TLS handshake within 5 s");
        (void) close(fds[0]);
        end_clear(&a);
}

/* Its kernel acknowledges what comes, so that only pings can tell. */
static void test_silent(Both *t, gconstpointer unused) {
        Answer answer = {};

        freeze(&t->b);
        call(&t->a, "Echo", bytes_of(1, 1), &answer);
        wait_until(t->a.downs);
        assert_says(t->a.why, PI_ERROR, PI_ERROR_NODE_LOST, "is silent");
        g_assert_error(answer.error, PI_ERROR, PI_ERROR_NODE_LOST);
        answer_clear(&answer);
}

/* Its queue ends it, long before the memory does. */
static void test_never_reads(Both *t, gconstpointer unused) {
        Answer answers[PI_LINK_CALLS_MAX] = {};
        guint n = 0;

        freeze(&t->b);
        /* TCP and the socketpair take some megabytes before anything is left in a queue. */
        while (!t->a.downs && n < PI_LINK_CALLS_MAX) {
                call(&t->a, "Echo", bytes_of(500000, 0), &answers[n++]);
                g_main_context_iteration(NULL, FALSE);
        }
        wait_until(t->a.downs);
        assert_says(t->a.why, PI_ERROR, PI_ERROR_FAILED, "reads too slowly");
        g_assert_cmpuint(n, <, 100);
        for (guint i = 0; i < n; i++) {
                g_assert_error(answers[i].error, PI_ERROR, PI_ERROR_NODE_LOST);
                answer_clear(&answers[i]);
        }
}

static void test_many_times(void) {
        guint fds = 0, threads = 0;
        End a, b;

        end_init(&a);
        end_init(&b);
        for (guint i = 0; i < 500; i++) {
                ends_link(&a, &b);
                if (i % 3 == 0)
                        pi_link_close(a.link, "enough");
                else if (i % 3 == 1)
                        g_clear_pointer(&a.link, pi_link_free);
                else
                        g_clear_pointer(&b.link, pi_link_free);
                wait_until((!a.link || a.downs) && (!b.link || b.downs));
                g_clear_pointer(&a.link, pi_link_free);
                g_clear_pointer(&b.link, pi_link_free);
                if (i == 5) {
                        fds = count_fds();
                        threads = count_threads();
                }
        }
        settle();
        g_assert_cmpuint(count_fds(), ==, fds);
        g_assert_cmpuint(count_threads(), ==, threads);
        end_clear(&a);
        end_clear(&b);
}

#define ADD(name, function, data)                                                                  \
        g_test_add("/link-end/" name, Both, data, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("last-reply", test_last_reply, NULL);
        ADD("long-last-reply", test_long_last_reply, NULL);
        ADD("close-both", test_close_both, NULL);
        ADD("close-to-frozen", test_close_to_frozen, NULL);
        ADD("free", test_free, NULL);
        g_test_add_func("/link-end/free-in-admit", test_free_in_admit);
        g_test_add_func("/link-end/free-in-up", test_free_in_up);
        ADD("free-in-down", test_free_in_down, NULL);
        ADD("free-in-call", test_free_in_call, NULL);
        ADD("free-in-answer", test_free_in_answer, NULL);
        ADD("free-in-failure", test_free_in_failure, NULL);
        ADD("call-again", test_call_again, NULL);
        ADD("vanishes", test_vanishes, NULL);
        ADD("vanishes-by-reset", test_vanishes, "");
        g_test_add_func("/link-end/vanishes-in-handshake", test_vanishes_in_handshake);
        g_test_add_func("/link-end/close-in-handshake", test_close_in_handshake);
        g_test_add_func("/link-end/silent-in-handshake", test_silent_in_handshake);
        ADD("silent", test_silent, NULL);
        ADD("never-reads", test_never_reads, NULL);
        g_test_add_func("/link-end/many-times", test_many_times);
        return g_test_run();
}
