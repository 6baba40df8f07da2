/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "daemon/mpi/head.h"
#include "daemon/series/sum.h"
#include "daemon/work/clock.h"
#include "tests/bench/sample.h"
#include "tests/bench/table.h"

/* What the first rank of pi-computed-mpi has to do for each chunk, by the number of ranks: it
 * verifies the sum, writes its line and grants the next one. Without MPI, and with chunks of so few
 * terms that nothing else takes time. */

#define CHUNK_TERMS 8
#define CHUNKS 50000
#define ROUNDS 5

/* Where the numbers are as long as they get. */
#define BEGIN (UINT64_C(1) << 50)

/* The head looks for what it can grant whenever it has received what there was. */
#define CHUNKS_A_STEP 16

typedef struct Granted {
        uint32_t to;
        PiRange range;
} Granted;

typedef struct Ranks {
        PiWorld world;
        GArray *granted; /* Granted, all of them in order */
        gsize told;      /* bytes */
} Ranks;

static void send_message(PiWorld *world, uint32_t to, const PiMessage *message) {
        Granted granted = { to, message->range };

        if (message->kind == PI_MESSAGE_GRANT)
                g_array_append_val(((Ranks *) world)->granted, granted);
}

static void tell(const PiContractLine *line, gpointer userdata) {
        g_autofree char *text = pi_contract_line_format(line);

        ((Ranks *) userdata)->told += strlen(text);
}

static void start(PiHead *head, uint32_t n) {
        g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(PiRange));
        PiRange range = { BEGIN, BEGIN + 2 * CHUNK_TERMS * (uint64_t) (CHUNKS + n) };

        g_array_append_val(ranges, range);
        g_assert_true(pi_head_order(head, ranges, NULL));
        for (uint32_t i = 0; i < n; i++)
                pi_head_receive(head, i, &(PiMessage) { .kind = PI_MESSAGE_READY, .threads = 64,
                                                        .host = "node00001" });
        pi_head_step(head);
}

/* CPU time of a chunk in microseconds. */
static double measure(uint32_t n) {
        Ranks ranks = { .world = { 0, n, send_message, NULL },
                        .granted = g_array_new(FALSE, FALSE, sizeof(Granted)) };
        g_autoptr(PiHead) head = pi_head_new(&ranks.world, pi_kernel_default(), CHUNK_TERMS, tell,
                                             &ranks);
        uint64_t nsec = 0;

        start(head, n);
        for (guint i = 0; i < CHUNKS; i++) {
                Granted granted = g_array_index(ranks.granted, Granted, i);
                PiMessage message = { .kind = PI_MESSAGE_SUM, .range = granted.range };
                uint64_t before;

                pi_sum_range(pi_kernel_default(), message.range, &message.sum);
                before = pi_clock_nsec(CLOCK_THREAD_CPUTIME_ID);
                pi_head_receive(head, granted.to, &message);
                if (i % CHUNKS_A_STEP == 0 || i + 1 == ranks.granted->len)
                        pi_head_step(head);
                nsec += pi_clock_nsec(CLOCK_THREAD_CPUTIME_ID) - before;
        }
        g_assert_cmpuint(ranks.told, >, CHUNKS);
        g_array_unref(ranks.granted);
        return (double) nsec / 1e3 / CHUNKS;
}

int main(void) {
        static const uint32_t n[] = { 1, 3, 100, 1000, 10000 };
        BenchTable *t = bench_table_new("What the first rank has with a chunk",
                                        (const char *const[]) { "ranks", "CPU us", "range", NULL });

        for (gsize i = 0; i < G_N_ELEMENTS(n); i++) {
                g_autoptr(BenchSample) sample = bench_sample_new();

                for (guint round = 0; round < ROUNDS; round++)
                        bench_sample_add(sample, measure(n[i]));
                bench_table_cell(t, "%u", n[i]);
                bench_table_number(t, bench_sample_median(sample));
                bench_table_range(t, bench_sample_quantile(sample, 0),
                                  bench_sample_quantile(sample, 1));
        }
        bench_table_note(t, "Medians of %d rounds of %d chunks.", ROUNDS, CHUNKS);
        bench_table_print(t);
        return EXIT_SUCCESS;
}
