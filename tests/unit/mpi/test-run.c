/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The head and its ranks, without MPI: all in one thread, messages in queues. */
#include "daemon/mpi/head.h"
#include "daemon/mpi/rank.h"
#include "daemon/series/expected.h"
#include "daemon/series/sum.h"
#include "dbus/error.h"

#define RANKS 3
#define WAIT_USEC 100

typedef struct Letter {
        uint32_t from;
        PiMessage message;
} Letter;

typedef struct FakeWorld {
        PiWorld world;
        struct Bench *bench;
} FakeWorld;

typedef struct Bench {
        FakeWorld world[RANKS];
        GQueue mail[RANKS]; /* Letter */
        PiRank rank[RANKS];
        PiTeam *team[RANKS];
        gboolean mute[RANKS]; /* its answers are kept back */
        PiHead *head;
        gboolean ended, complete;
        guint hellos, faults, chunks, grants;
        GArray *told; /* PiRange */
        PiFixed sum;
} Bench;

static void send_message(PiWorld *world, uint32_t to, const PiMessage *message) {
        Bench *b = ((FakeWorld *) world)->bench;
        Letter *letter = g_new(Letter, 1);

        b->grants += message->kind == PI_MESSAGE_GRANT;
        *letter = (Letter) { world->rank, *message };
        g_queue_push_tail(&b->mail[to], letter);
}

static gboolean receive_message(PiWorld *world, uint32_t *ret_from, PiMessage *ret) {
        Bench *b = ((FakeWorld *) world)->bench;
        g_autofree Letter *letter = g_queue_pop_head(&b->mail[world->rank]);

        if (!letter)
                return FALSE;
        *ret_from = letter->from;
        *ret = letter->message;
        return TRUE;
}

static void tell(const PiContractLine *line, gpointer userdata) {
        Bench *b = userdata;

        g_assert_false(b->ended);
        b->hellos += line->kind == PI_CONTRACT_HELLO;
        b->faults += line->kind == PI_CONTRACT_FAULT;
        if (line->kind == PI_CONTRACT_CHUNK) {
                g_assert_cmpuint(b->hellos, ==, 1);
                g_assert_true(pi_verify(&pi_kernel_generic, line->chunk.range, &line->chunk.sum,
                                        NULL));
                pi_fixed_add(&b->sum, &line->chunk.sum);
                g_array_append_val(b->told, line->chunk.range);
                b->chunks++;
        }
        if (line->kind == PI_CONTRACT_END) {
                b->ended = TRUE;
                b->complete = line->end.complete;
                g_assert_cmpuint(line->end.chunks, ==, b->chunks);
        }
}

/* `liars`: a bit for each rank. */
static void bench_init(Bench *b, uint64_t chunk, guint liars) {
        *b = (Bench) { .told = g_array_new(FALSE, FALSE, sizeof(PiRange)) };
        for (uint32_t i = 0; i < RANKS; i++) {
                b->world[i] = (FakeWorld) { { i, RANKS, send_message, receive_message }, b };
                b->team[i] = pi_team_new(pi_kernel_default(), 1 + i, NULL);
        }
        b->head = pi_head_new(&b->world[0].world, pi_kernel_default(), chunk, tell, b);
        for (uint32_t i = 0; i < RANKS; i++)
                pi_rank_init(&b->rank[i], &b->world[i].world, b->team[i], 1 + i, liars >> i & 1);
}

static void bench_clear(Bench *b) {
        for (uint32_t i = 0; i < RANKS; i++) {
                pi_rank_clear(&b->rank[i]);
                pi_team_free(b->team[i]);
                g_queue_clear_full(&b->mail[i], g_free);
        }
        pi_head_free(b->head);
        g_array_unref(b->told);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Bench, bench_clear)

static void deliver(Bench *b, uint32_t to) {
        PiMessage message;
        uint32_t from;

        while (receive_message(&b->world[to].world, &from, &message)) {
                if (message.kind == PI_MESSAGE_GRANT || message.kind == PI_MESSAGE_STOP)
                        pi_rank_receive(&b->rank[to], &message);
                else if (!b->mute[from])
                        pi_head_receive(b->head, from, &message);
        }
}

static void turn(Bench *b) {
        for (uint32_t i = 0; i < RANKS; i++) {
                deliver(b, i);
                pi_rank_step(&b->rank[i]);
        }
        pi_head_step(b->head);
        pi_team_wait(b->team[0], WAIT_USEC);
}

static void run(Bench *b) {
        while (!pi_head_is_complete(b->head) && !pi_head_is_stuck(b->head))
                turn(b);
        pi_head_end(b->head, pi_head_is_complete(b->head) ? NULL : "stuck");
        for (uint32_t i = 0; i < RANKS; i++)
                deliver(b, i);
}

static void order(Bench *b, uint64_t begin, uint64_t end) {
        g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(PiRange));
        PiRange range = { begin, end };

        g_array_append_val(ranges, range);
        g_assert_true(pi_head_order(b->head, ranges, NULL));
}

static int by_begin(gconstpointer x, gconstpointer y) {
        const PiRange *a = x, *b = y;

        return (a->begin > b->begin) - (a->begin < b->begin);
}

/* What was told is the range, each term once, and sums to its bits. */
static void assert_whole(Bench *b, PiRange range) {
        PiFixed whole;

        g_assert_true(b->ended && b->complete);
        g_array_sort(b->told, by_begin);
        for (guint i = 0; i < b->told->len; i++) {
                PiRange chunk = g_array_index(b->told, PiRange, i);

                g_assert_cmpuint(chunk.begin, ==, i == 0 ? range.begin :
                                 g_array_index(b->told, PiRange, i - 1).end);
                if (i + 1 == b->told->len)
                        g_assert_cmpuint(chunk.end, ==, range.end);
        }
        pi_sum_range(pi_kernel_default(), range, &whole);
        g_assert_cmpmem(&b->sum, sizeof(whole), &whole, sizeof(whole));
        for (uint32_t i = 0; i < RANKS; i++)
                g_assert_true(b->rank[i].gone);
}

static void test_whole(void) {
        g_auto(Bench) b = {};

        bench_init(&b, 0, 0);
        order(&b, 0, 300000001);
        run(&b);
        assert_whole(&b, (PiRange) { 0, 300000001 });
        g_assert_cmpuint(b.chunks, >=, 32 * RANKS);
        g_assert_cmpuint(b.faults, ==, 0);
}

/* Orders may follow each other, and the last is not complete before the first. */
static void test_two_orders(void) {
        g_auto(Bench) b = {};

        bench_init(&b, 1 << 20, 0);
        order(&b, 0, 8 << 20);
        while (b.chunks == 0)
                turn(&b);
        order(&b, 8 << 20, 20 << 20);
        run(&b);
        assert_whole(&b, (PiRange) { 0, 20 << 20 });
}

static void test_liar(void) {
        for (guint liars = 1; liars < 7; liars++) {
                g_auto(Bench) b = {};

                bench_init(&b, 1 << 20, liars);
                order(&b, 0, 40 << 20);
                run(&b);
                assert_whole(&b, (PiRange) { 0, 40 << 20 });
                g_assert_cmpuint(b.faults, ==, (guint) __builtin_popcount(liars));
        }
}

static void test_all_lie(void) {
        g_auto(Bench) b = {};

        bench_init(&b, 1 << 20, 7);
        order(&b, 0, 40 << 20);
        run(&b);
        g_assert_true(b.ended);
        g_assert_false(b.complete);
        g_assert_cmpuint(b.chunks, ==, 0);
        g_assert_cmpuint(b.faults, ==, RANKS);
}

/* What a rank leaves is done by others. */
static void test_retire(void) {
        g_auto(Bench) b = {};

        bench_init(&b, 1 << 20, 0);
        order(&b, 0, 40 << 20);
        while (b.chunks < 2)
                turn(&b);
        pi_rank_retire(&b.rank[1]);
        pi_rank_retire(&b.rank[2]);
        turn(&b);
        /* In MPI_Finalize() it would wait for the others, however long. */
        g_assert_false(b.rank[1].gone);
        run(&b);
        assert_whole(&b, (PiRange) { 0, 40 << 20 });
}

/* One that never answers is not waited for; what it has is given to one other, not to all. */
static void test_late(void) {
        g_auto(Bench) b = {};

        bench_init(&b, 1 << 20, 0);
        order(&b, 0, 40 << 20);
        while (b.hellos == 0)
                turn(&b);
        b.mute[2] = TRUE;
        run(&b);
        assert_whole(&b, (PiRange) { 0, 40 << 20 });
        g_assert_cmpuint(b.grants, ==, b.chunks + PI_GRANTS_OUT);
}

static void test_too_many_ranges(void) {
        g_auto(Bench) b = {};
        g_autoptr(GArray) ranges = g_array_new(FALSE, TRUE, sizeof(PiRange));
        g_autoptr(GError) error = NULL;

        bench_init(&b, 0, 0);
        g_array_set_size(ranges, PI_HEAD_RANGES_MAX + 1);
        g_assert_false(pi_head_order(b.head, ranges, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/run/whole", test_whole);
        g_test_add_func("/run/two-orders", test_two_orders);
        g_test_add_func("/run/liar", test_liar);
        g_test_add_func("/run/all-lie", test_all_lie);
        g_test_add_func("/run/retire", test_retire);
        g_test_add_func("/run/late", test_late);
        g_test_add_func("/run/too-many-ranges", test_too_many_ranges);
        return g_test_run();
}
