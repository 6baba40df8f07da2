/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A link at work. */
#include "daemon/cluster/link-private.h"

#include <string.h>

#include "daemon/cluster/link-private.h"
#include "dbus/error.h"
#include "tests/unit/cluster/ends.h"

#define MEBIBYTE (1024 * 1024)

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

static void test_up(Both *t, gconstpointer unused) {
        guint8 a[PI_FINGERPRINT_BYTES], b[PI_FINGERPRINT_BYTES], none[PI_FINGERPRINT_BYTES] = {};

        g_assert_cmpstr(pi_link_fingerprint(t->a.link), ==, t->b.identity->fingerprint);
        g_assert_cmpstr(pi_link_fingerprint(t->b.link), ==, t->a.identity->fingerprint);
        g_assert_cmpint(pi_link_role(t->a.link), ==, PI_LINK_DIALLED);
        g_assert_cmpint(pi_link_role(t->b.link), ==, PI_LINK_ACCEPTED);
        g_assert_cmpint(pi_link_admission(t->a.link), ==, PI_LINK_MEMBER);
        g_assert_true(g_str_has_prefix(pi_link_remote_address(t->a.link), "127.0.0.1:"));
        g_assert_cmpuint(t->a.admits, ==, 1);
        g_assert_cmpuint(t->b.admits, ==, 1);
        g_assert_cmpuint(pi_link_round_trip_usec(t->a.link), >, 0);
        g_assert_cmpuint(pi_link_mtu(t->a.link), >, 0);
        g_assert_true(pi_link_channel_binding(t->a.link, a));
        g_assert_true(pi_link_channel_binding(t->b.link, b));
        g_assert_cmpmem(a, sizeof(a), b, sizeof(b));
        g_assert_cmpint(memcmp(a, none, sizeof(a)), !=, 0);
}

/* It is of this session alone. */
static void test_binding(Both *t, gconstpointer unused) {
        guint8 first[PI_FINGERPRINT_BYTES], second[PI_FINGERPRINT_BYTES];

        g_assert_true(pi_link_channel_binding(t->a.link, first));
        g_clear_pointer(&t->a.link, pi_link_free);
        g_clear_pointer(&t->b.link, pi_link_free);
        ends_link(&t->a, &t->b);
        g_assert_true(pi_link_channel_binding(t->a.link, second));
        g_assert_cmpint(memcmp(first, second, sizeof(first)), !=, 0);
}

static void echoes(End *end, gsize n) {
        g_autoptr(GVariant) bytes = g_variant_ref_sink(bytes_of(n, 7));
        Answer answer = {};

        call(end, "Echo", bytes, &answer);
        wait_until(answer.times);
        g_assert_no_error(answer.error);
        g_assert_true(g_variant_equal(answer.result, bytes));
        answer_clear(&answer);
}

static void test_call_both_ways(Both *t, gconstpointer unused) {
        for (guint i = 0; i < 20; i++) {
                echoes(&t->a, i);
                echoes(&t->b, i);
        }
        g_assert_cmpuint(t->a.calls, ==, 20);
        g_assert_cmpuint(t->b.calls, ==, 20);
}

static void test_many_at_once(Both *t, gconstpointer unused) {
        Answer of_a[PI_LINK_CALLS_MAX] = {}, of_b[PI_LINK_CALLS_MAX] = {};
        guint done = 0;

        for (guint i = 0; i < PI_LINK_CALLS_MAX; i++) {
                call(&t->a, "Echo", bytes_of(i, (guint8) i), &of_a[i]);
                call(&t->b, "Echo", bytes_of(i, (guint8) i), &of_b[i]);
        }
        for (guint i = 0; i < PI_LINK_CALLS_MAX; i++) {
                wait_until(of_a[i].times && of_b[i].times);
                done += of_a[i].result && g_variant_get_size(of_a[i].result) == i &&
                        of_b[i].result && g_variant_get_size(of_b[i].result) == i;
                answer_clear(&of_a[i]);
                answer_clear(&of_b[i]);
        }
        g_assert_cmpuint(done, ==, PI_LINK_CALLS_MAX);
}

static void test_errors(Both *t, gconstpointer unused) {
        Answer answer = {};

        call(&t->a, "Fail", g_variant_new_string("not \033[31mtoday"), &answer);
        wait_until(answer.times);
        g_assert_error(answer.error, PI_ERROR, PI_ERROR_QUOTA_EXCEEDED);
        g_assert_cmpstr(answer.error->message, ==, "not  [31mtoday");
        answer_clear(&answer);

        call(&t->b, "Nonsense", g_variant_new_string("x"), &answer);
        wait_until(answer.times);
        assert_says(answer.error, PI_ERROR, PI_ERROR_INCOMPATIBLE, "Nonsense");
        answer_clear(&answer);

        call(&t->b, "Fail", g_variant_new_uint32(1), &answer);
        wait_until(answer.times);
        assert_says(answer.error, PI_ERROR, PI_ERROR_INCOMPATIBLE, "\"s\", not \"u\"");
        answer_clear(&answer);
        echoes(&t->a, 1);
}

static void test_long_error(Both *t, gconstpointer unused) {
        g_autofree char *text = g_strnfill(100000, 'x');
        Answer answer = {};

        call(&t->a, "Fail", g_variant_new_string(text), &answer);
        wait_until(answer.times);
        g_assert_error(answer.error, PI_ERROR, PI_ERROR_QUOTA_EXCEEDED);
        g_assert_cmpuint(strlen(answer.error->message), <=, PI_LINK_TEXT_BYTES_MAX);
        answer_clear(&answer);
}

static void test_answered_later(Both *t, gconstpointer unused) {
        Answer answer = {};

        call(&t->a, "Keep", g_variant_new_uint64(1), &answer);
        wait_until(t->b.kept.length);
        echoes(&t->a, 1);
        g_assert_cmpuint(answer.times, ==, 0);
        g_assert_true(pi_link_call_link(g_queue_peek_tail(&t->b.kept)) == t->b.link);
        pi_link_call_return(take_kept(&t->b), g_variant_new_uint64(2));
        wait_until(answer.times);
        g_assert_cmpuint(g_variant_get_uint64(answer.result), ==, 2);
        answer_clear(&answer);
}

static void test_deadline(Both *t, gconstpointer unused) {
        Answer answer = {};

        call_within(&t->a, "Keep", g_variant_new_uint64(1), 20000, &answer);
        wait_until(answer.times);
        assert_says(answer.error, PI_ERROR, PI_ERROR_DEADLINE_EXCEEDED, "Keep in time");
        answer_clear(&answer);
        wait_until(t->b.kept.length);
        /* It comes too late, and is nobody's. */
        pi_link_call_return(take_kept(&t->b), g_variant_new_uint64(2));
        echoes(&t->a, 1);

        call_within(&t->a, "Keep", g_variant_new_uint64(1), 0, &answer);
        wait_until(answer.times);
        g_assert_error(answer.error, PI_ERROR, PI_ERROR_DEADLINE_EXCEEDED);
        answer_clear(&answer);
        wait_until(t->b.calls == 3);
        pi_link_call_return(take_kept(&t->b), g_variant_new_uint64(2));
        settle();
}

/* As many as fit in a message, both ways at once: neither side waits for the other. */
static void test_big_both_ways(Both *t, gconstpointer unused) {
        const guint64 n = MEBIBYTE - 1024;
        Answer of_a = {}, of_b = {};

        for (guint i = 0; i < 10; i++) {
                call(&t->a, "Grow", g_variant_new_uint64(n), &of_a);
                call(&t->b, "Grow", g_variant_new_uint64(n), &of_b);
                wait_until(of_a.times && of_b.times);
                g_assert_no_error(of_a.error);
                g_assert_no_error(of_b.error);
                g_assert_cmpuint(g_variant_get_size(of_a.result), ==, n);
                g_assert_cmpuint(g_variant_get_size(of_b.result), ==, n);
                answer_clear(&of_a);
                answer_clear(&of_b);
        }
        echoes(&t->a, n);
        echoes(&t->b, n);
}

/* Said by the sender, and the link is as good as before. */
static void test_too_big(Both *t, gconstpointer unused) {
        g_autofree char **words = g_new0(char *, 200001);
        Answer answer = {};

        call(&t->a, "Echo", bytes_of(MEBIBYTE, 0), &answer);
        wait_until(answer.times);
        assert_says(answer.error, PI_ERROR, PI_ERROR_FAILED, "argument of Echo has ");
        answer_clear(&answer);

        call(&t->a, "Grow", g_variant_new_uint64(MEBIBYTE), &answer);
        wait_until(answer.times);
        assert_says(answer.error, PI_ERROR, PI_ERROR_FAILED, "answer to Grow has ");
        answer_clear(&answer);

        /* Far shorter as a GVariant than as a message. */
        for (guint i = 0; i < 200000; i++)
                words[i] = (char *) "";
        call(&t->a, "Echo", g_variant_new_strv((const char *const *) words, 200000), &answer);
        wait_until(answer.times);
        assert_says(answer.error, PI_ERROR, PI_ERROR_FAILED, "argument of Echo has 1600");
        answer_clear(&answer);
        echoes(&t->a, 1);
}

static void test_too_many_calls(Both *t, gconstpointer unused) {
        Answer answers[PI_LINK_CALLS_MAX + 1] = {};
        Answer *last = &answers[PI_LINK_CALLS_MAX];

        for (guint i = 0; i <= PI_LINK_CALLS_MAX; i++)
                call(&t->a, "Keep", g_variant_new_uint64(i), &answers[i]);
        wait_until(last->times);
        assert_says(last->error, PI_ERROR, PI_ERROR_QUEUE_FULL, "256 calls");
        wait_until(t->b.calls == PI_LINK_CALLS_MAX);
        pi_link_call_return(take_kept(&t->b), g_variant_new_uint64(1));
        wait_until(answers[PI_LINK_CALLS_MAX - 1].times);
        answer_clear(last);
        call(&t->a, "Echo", bytes_of(1, 1), last);
        wait_until(last->times);
        g_assert_no_error(last->error);
        answer_clear(last);
        g_clear_pointer(&t->a.link, pi_link_free);
        for (guint i = 0; i < PI_LINK_CALLS_MAX; i++) {
                g_assert_cmpuint(answers[i].times, ==, 1);
                answer_clear(&answers[i]);
        }
        g_clear_pointer(&t->b.link, pi_link_free);
}

static void test_call_before_up(void) {
        Answer answer = {};
        int fds[2];
        End a, b;

        end_init(&a);
        end_init(&b);
        tcp_pair(fds);
        end_link(&a, fds[0], PI_LINK_DIALLED);
        end_link(&b, fds[1], PI_LINK_ACCEPTED);
        call(&a, "Echo", bytes_of(1, 1), &answer);
        wait_until(answer.times);
        assert_says(answer.error, PI_ERROR, PI_ERROR_NODE_LOST, "not up");
        answer_clear(&answer);
        wait_until(a.ups && b.ups);
        echoes(&a, 1);
        end_clear(&a);
        end_clear(&b);
}

/* The first ping is before `up`; the others come every second. */
static void test_pings(Both *t, gconstpointer unused) {
        uint64_t first = pi_link_round_trip_usec(t->a.link);

        wait_until(pi_link_round_trip_usec(t->a.link) != first);
        g_assert_true(pi_link_is_up(t->a.link));
        g_assert_cmpuint(t->a.ups, ==, 1);
        g_assert_cmpuint(t->b.calls, ==, 0);
}

#define ADD(name, function) g_test_add("/link/" name, Both, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("up", test_up);
        ADD("binding", test_binding);
        ADD("call-both-ways", test_call_both_ways);
        ADD("many-at-once", test_many_at_once);
        ADD("errors", test_errors);
        ADD("long-error", test_long_error);
        ADD("answered-later", test_answered_later);
        ADD("deadline", test_deadline);
        ADD("big-both-ways", test_big_both_ways);
        ADD("too-big", test_too_big);
        ADD("too-many-calls", test_too_many_calls);
        g_test_add_func("/link/call-before-up", test_call_before_up);
        ADD("pings", test_pings);
        return g_test_run();
}
