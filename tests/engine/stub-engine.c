/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An engine that behaves in one way, for tests of what starts engines: stub-engine MODE [NUMBER].
 * It needs no MPI, passes over all other arguments, and sums what it is ordered to: each range
 * is a chunk, or NUMBER terms, a multiple of 8, are, unless the mode says what else it is. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "daemon/engine/contract.h"
#include "daemon/series/sum.h"

typedef struct Stub {
        const char *mode;
        uint64_t number; /* 0: not given */
        uint64_t chunks, terms;
        gboolean stopped;
} Stub;

static gboolean is(const Stub *stub, const char *mode) {
        return g_str_equal(stub->mode, mode);
}

static void tell(const PiContractLine *line) {
        g_autofree char *text = pi_contract_line_format(line);

        fputs(text, stdout);
        fflush(stdout);
}

static void say(const char *text) {
        puts(text);
        fflush(stdout);
}

/* On stderr, read before anything else comes on stdout. */
static void complain(const char *text) {
        int unread = 0;

        fputs(text, stderr);
        while (ioctl(STDERR_FILENO, FIONREAD, &unread) == 0 && unread > 0)
                g_usleep(1000);
}

static G_GNUC_NORETURN void hang(void) {
        for (;;)
                pause();
}

/* As a process that has lost touch with whoever started it. */
static void leave_grandchild(void) {
        if (fork() > 0)
                return;
        setsid();
        signal(SIGTERM, SIG_IGN);
        hang();
}

static void tell_hello(uint32_t numerics) {
        char *hosts[] = { (char *) "stub", NULL };
        uint32_t threads[] = { 1 };

        tell(&(PiContractLine) { .kind = PI_CONTRACT_HELLO,
                                 .hello = { .ranks = 1,
                                            .hosts = hosts,
                                            .threads = threads,
                                            .numerics = numerics,
                                            .kernel = (char *) pi_kernel_default()->name,
                                            .jobid = (char *) "" } });
}

static gboolean may_go_on(Stub *stub) {
        struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

        stub->stopped = stub->stopped || poll(&input, 1, 0) != 0;
        return !stub->stopped;
}

static void tell_chunk(Stub *stub, PiRange range) {
        static const PiFixed lie = { { 0, 0, 1 } }; /* 2^-32 */
        PiContractLine line = { .kind = PI_CONTRACT_CHUNK,
                                .chunk = { .range = range, .usec = 1, .cpu_usec = 1 } };

        pi_sum_range(pi_kernel_default(), range, &line.chunk.sum);
        if (is(stub, "lies"))
                pi_fixed_add(&line.chunk.sum, &lie);
        tell(&line);
        stub->chunks++;
        stub->terms += range.end - range.begin;
}

static void after_chunk(const Stub *stub) {
        if (is(stub, "dies") && stub->chunks == MAX(stub->number, 1))
                raise(SIGKILL);
        if (is(stub, "hang-after-chunk"))
                hang();
        if (is(stub, "garbage"))
                say("{\"t\":\"chunk\",\"from\":");
        if (is(stub, "forged"))
                say("{\"t\":\"exit\",\"status\":0,\"signal\":0,\"what\":\"forged\"}");
        if (is(stub, "long-line")) {
                g_autofree char *line = g_strnfill(PI_CONTRACT_LINE_MAX + 1, ' ');

                line[0] = '{';
                say(line);
                hang();
        }
}

static void sum(Stub *stub, PiRange range) {
        uint64_t chunk = stub->number && !is(stub, "dies") ? stub->number
                                                           : range.end - range.begin;

        for (uint64_t at = range.begin; at < range.end && may_go_on(stub); at += chunk) {
                tell_chunk(stub, (PiRange) { at, MIN(at + chunk, range.end) });
                after_chunk(stub);
        }
}

/* Byte by byte: what stands behind it is for may_go_on(). */
static gboolean read_order(PiContractOrder *order) {
        g_autoptr(GString) text = g_string_new(NULL);
        char c;

        while (read(STDIN_FILENO, &c, 1) == 1 && c != '\n')
                g_string_append_c(text, c);
        return pi_contract_order_parse(text->str, text->len, order, NULL) && !order->stop;
}

static void before_hello(const Stub *stub) {
        if (is(stub, "ignores-stop"))
                signal(SIGTERM, SIG_IGN);
        if (is(stub, "ignores-stop") || is(stub, "grandchild"))
                leave_grandchild();
        if (is(stub, "queued") || is(stub, "allocated"))
                complain("srun: job 12 queued and waiting for resources\n");
        if (is(stub, "allocated"))
                complain("srun: job 12 has been allocated resources\n");
        if (is(stub, "queued") || is(stub, "hang-before-hello"))
                hang();
        if (is(stub, "fails")) {
                complain("pi-computed-mpi: no such fabric\nsrun: error: Exited\n------\n");
                exit((int) MAX(stub->number, 1));
        }
        for (guint i = 0; is(stub, "banners") && i < 100; i++)
                say("=   BAD TERMINATION OF ONE OF YOUR APPLICATION PROCESSES");
}

static const char *const modes[] = {
        "honest",            /* does what it is told */
        "lies",              /* every sum is wrong */
        "dies",              /* by SIGKILL, after NUMBER chunks (1) */
        "garbage",           /* a torn line behind each chunk */
        "banners",           /* 100 lines first that are no reports */
        "forged",            /* lines that only pi-computed-engine tells */
        "hang-before-hello",
        "hang-after-chunk",
        "two-hellos",        /* as ranks do that do not know of each other */
        "wrong-numerics",
        "ignores-stop",      /* and SIGTERM, with a child of its own that does */
        "grandchild",        /* leaves such a child behind */
        "long-line",         /* of more than PI_CONTRACT_LINE_MAX */
        "queued",            /* for ever, at Slurm */
        "allocated",         /* was queued at Slurm, is honest then */
        "fails",             /* with status NUMBER (1), and words on stderr */
        NULL,
};

int main(int argc, char *argv[]) {
        g_auto(PiContractOrder) order = {};
        Stub stub = { .mode = argc > 1 ? argv[1] : "" };

        if (!g_strv_contains(modes, stub.mode)) {
                fputs("stub-engine: give a mode\n", stderr);
                return EXIT_FAILURE;
        }
        if (argc > 2)
                stub.number = strtoull(argv[2], NULL, 10);
        before_hello(&stub);
        tell_hello(PI_NUMERICS_VERSION + is(&stub, "wrong-numerics"));
        if (is(&stub, "two-hellos"))
                tell_hello(PI_NUMERICS_VERSION);
        if (!read_order(&order))
                return EXIT_FAILURE;
        for (guint i = 0; i < order.ranges->len && !stub.stopped; i++)
                sum(&stub, g_array_index(order.ranges, PiRange, i));
        if (is(&stub, "ignores-stop"))
                hang();
        tell(&(PiContractLine) { .kind = PI_CONTRACT_END,
                                 .end = { .complete = !stub.stopped,
                                          .chunks = stub.chunks,
                                          .terms = stub.terms,
                                          .what = (char *) (stub.stopped ? "stopped" : "") } });
        return EXIT_SUCCESS;
}
