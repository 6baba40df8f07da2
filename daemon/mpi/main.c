/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "daemon/mpi/head.h"
#include "daemon/mpi/lines.h"
#include "daemon/mpi/options.h"
#include "daemon/mpi/rank.h"
#include "daemon/mpi/resume.h"
#include "dbus/error.h"

/* Looking for messages takes CPU time, and so does waking up. A rank that computes has its next
 * grant already, and looks this often in the time of one, within bounds. */
#define POLLS_PER_GRANT 16
#define POLL_USEC_MIN 500
#define POLL_USEC_MAX 5000

/* One that waits for the others. */
#define POLL_IDLE_USEC 200

typedef struct Run {
        const PiMpiOptions *options;
        PiWorld *world;
        PiTeam *team;
        PiRank rank;
        PiHead *head;      /* of rank 0 */
        PiLineInput input; /* of rank 0 with --control=stdin */
        sigset_t signals;
        const char *stop;  /* why it ends early */
        gboolean demanded; /* whoever has stdin asked for that */
        int status;
} Run;

static gboolean write_all(const char *text, gsize length) {
        while (length > 0) {
                ssize_t n = write(STDOUT_FILENO, text, length);

                if (n < 0 && errno != EINTR)
                        return FALSE;
                if (n > 0) {
                        text += n;
                        length -= (gsize) n;
                }
        }
        return TRUE;
}

static void tell(const PiContractLine *line, gpointer userdata) {
        Run *run = userdata;
        g_autofree char *text = pi_contract_line_format(line);

        if (run->status == EX_IOERR || write_all(text, strlen(text)))
                return;
        g_printerr("pi-computed-mpi: cannot write to stdout: %s. The run ends.\n",
                   g_strerror(errno));
        run->status = EX_IOERR;
        run->stop = "stdout cannot be written";
}

static void fail(Run *run, int status, const GError *error) {
        g_printerr("pi-computed-mpi: %s\n", error->message);
        run->status = status;
        run->stop = "it was given what it cannot take";
}

/* What is to be summed when nobody orders anything. */
static void order_range(Run *run) {
        g_autoptr(GArray) done = g_array_new(FALSE, FALSE, sizeof(PiRange)), holes = NULL;
        g_autoptr(GError) error = NULL;

        for (char **file = run->options->resume; file && *file; file++)
                if (!pi_resume_read(*file, done, &error)) {
                        fail(run, EX_DATAERR, error);
                        return;
                }
        holes = pi_resume_holes(run->options->range, done, &error);
        /* An empty order is complete as it is. */
        if (!holes || !pi_head_order(run->head, holes, &error))
                fail(run, EX_DATAERR, error);
}

static void take_order(Run *run, const char *line) {
        g_auto(PiContractOrder) order = {};
        g_autoptr(GError) error = NULL;

        if (!pi_contract_order_parse(line, strlen(line), &order, &error) ||
            (!order.stop && !pi_head_order(run->head, order.ranges, &error))) {
                fail(run, EX_DATAERR, error);
                return;
        }
        if (order.stop) {
                run->stop = "stopped";
                run->demanded = TRUE;
        }
}

static void take_orders(Run *run) {
        g_autoptr(GError) error = NULL;
        char *line;

        while (!run->stop && (line = pi_line_input_next(&run->input, &error))) {
                take_order(run, line);
                g_free(line);
        }
        if (error)
                fail(run, EX_DATAERR, error);
        else if (!run->stop && run->input.ended) {
                run->stop = "stdin was closed";
                run->demanded = TRUE;
        }
}

static gboolean was_signalled(const Run *run) {
        static const struct timespec now = {};

        return sigtimedwait(&run->signals, NULL, &now) > 0;
}

static void receive(Run *run) {
        PiMessage message;
        uint32_t from;

        while (run->world->receive(run->world, &from, &message)) {
                if (message.kind == PI_MESSAGE_GRANT || message.kind == PI_MESSAGE_STOP)
                        pi_rank_receive(&run->rank, &message);
                else if (run->head)
                        pi_head_receive(run->head, from, &message);
        }
}

/* FALSE when all is over. */
static gboolean lead(Run *run) {
        gboolean complete;

        if (run->options->by_stdin)
                take_orders(run);
        if (!run->stop)
                pi_head_step(run->head);
        if (!run->stop && pi_head_is_stuck(run->head))
                run->stop = "no rank is left that sums rightly";
        complete = pi_head_is_complete(run->head);
        if (!run->stop && !complete)
                return TRUE;
        pi_head_end(run->head, complete ? NULL : run->stop);
        if (run->status == 0 && !complete && !run->demanded)
                run->status = EX_TEMPFAIL;
        return FALSE;
}

static uint64_t poll_usec(const Run *run) {
        if (pi_team_is_idle(run->team))
                return POLL_IDLE_USEC;
        return CLAMP(run->rank.last_usec / POLLS_PER_GRANT, POLL_USEC_MIN, POLL_USEC_MAX);
}

static void go(Run *run) {
        gboolean leading = run->head != NULL, signalled = FALSE;

        while (!run->rank.gone || leading) {
                receive(run);
                if (!signalled && was_signalled(run)) {
                        signalled = TRUE;
                        if (leading && !run->stop)
                                run->stop = "stopped by a signal";
                        else if (!leading)
                                pi_rank_retire(&run->rank);
                }
                if (leading)
                        leading = lead(run);
                pi_rank_step(&run->rank);
                pi_team_wait(run->team, poll_usec(run));
        }
}

static void say_incomplete(const Run *run) {
        if (run->head && run->status == EX_TEMPFAIL)
                g_printerr("pi-computed-mpi: not all terms are summed (%s): run it again with "
                           "--resume=FILE, the file its stdout went to\n",
                           run->stop);
}

static gboolean is_expected(const PiMpiOptions *o, const PiWorld *world) {
        if (o->expect_ranks == 0 || o->expect_ranks == world->size)
                return TRUE;
        g_printerr("pi-computed-mpi: there should be %u ranks (--expect-ranks), and MPI says %u: "
                   "the launcher and this program's MPI do not know each other; see LAUNCHERS in "
                   "pi-computed-mpi(1)\n",
                   o->expect_ranks, world->size);
        return FALSE;
}

static int compute(const PiMpiOptions *options, PiWorld *world, sigset_t signals) {
        g_autoptr(GError) error = NULL;
        g_autoptr(PiTeam) team = pi_team_new(options->kernel, options->threads, &error);
        g_autoptr(PiHead) head = NULL;
        uint64_t chunk = options->chunk;
        Run run = { .options = options, .world = world, .team = team, .signals = signals };

        if (!team) {
                g_printerr("pi-computed-mpi: %s\n", error->message);
                exit(EX_OSERR); /* MPI ends the other ranks */
        }
        /* Whoever orders ranges has cut them as they are to come back. */
        if (options->by_stdin && chunk == 0)
                chunk = PI_TERMS_MAX;
        pi_line_input_init(&run.input, STDIN_FILENO);
        if (world->rank == 0) {
                head = run.head = pi_head_new(world, options->kernel, chunk, tell, &run);
                if (!options->by_stdin)
                        order_range(&run);
        }
        pi_rank_init(&run.rank, world, team, options->threads,
                     options->liar >= 0 && world->rank == (uint32_t) options->liar);
        go(&run);
        say_incomplete(&run);
        pi_rank_clear(&run.rank);
        pi_line_input_clear(&run.input);
        return run.status;
}

int main(int argc, char *argv[]) {
        g_auto(PiMpiOptions) options = {};
        g_autoptr(GError) error = NULL;
        sigset_t signals;
        PiWorld *world;
        int status = EX_TEMPFAIL;

        if (!pi_mpi_options_parse(&options, &argc, &argv, &error)) {
                g_printerr("pi-computed-mpi: %s. See pi-computed-mpi(1).\n", error->message);
                return EX_USAGE;
        }
        if (options.version) {
                puts("pi-computed-mpi " PI_VERSION);
                return EXIT_SUCCESS;
        }
        /* Before MPI has threads of its own, which would take them. */
        sigemptyset(&signals);
        sigaddset(&signals, SIGTERM);
        sigaddset(&signals, SIGINT);
        pthread_sigmask(SIG_BLOCK, &signals, NULL);
        signal(SIGPIPE, SIG_IGN);
        world = pi_world_new(&argc, &argv);
        if (is_expected(&options, world))
                status = compute(&options, world, signals);
        pi_world_leave(world, status);
        return status;
}
