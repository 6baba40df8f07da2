/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/launcher/launch.h"

#include <errno.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "daemon/engine/contract.h"
#include "daemon/launcher/child.h"
#include "daemon/launcher/command.h"
#include "daemon/launcher/inlet.h"
#include "daemon/launcher/journal.h"
#include "daemon/launcher/outlet.h"
#include "daemon/launcher/slurm-words.h"
#include "dbus/error.h"

/* Reports that wait for the daemon to read them; beyond it the engine waits, too. */
#define BACKLOG_MAX PI_CONTRACT_LINE_MAX
#define ORDERS_MAX (4 * PI_CONTRACT_LINE_MAX) /* bytes that wait for the engine to read them */
#define WORDS_MAX 4096                        /* bytes of a line of stderr */

/* An engine that was told to stop does so within a stretch; Open MPI takes some 2 s to end. */
#define STOP_MSEC 3000
#define STOP_KILL_MSEC 5000
#define KILL_MSEC 2000
/* MPICH now and then hangs in MPI_Finalize, when all is told. */
#define END_MSEC 10000

#define SINGLETONS                                                                                 \
        "The engine said hello twice: its ranks do not know of each other. Launcher= and Helper= " \
        "of [Engine] are of two MPIs: openmpi and slurm-pmix need pi-computed-mpi.openmpi, mpich " \
        "and slurm-pmi2 pi-computed-mpi.mpich"

struct PiLaunch {
        const PiLaunchOps *ops;
        gpointer userdata;
        PiInlet *orders, *reports, *words; /* of the daemon; stdout and stderr of the command */
        PiOutlet *daemon, *engine;         /* to the daemon; to stdin of the command */
        int signals;
        guint signal_source;

        PiSettings *settings;
        PiChild child;      /* pid 0: nothing was started */
        gboolean said_hello;
        gboolean ended;     /* the command */
        gboolean childless; /* and all that it left behind */
        gboolean told;      /* the last line is on its way */
        int wait_status;    /* of the command */

        char *why;          /* it is ended; the first reason counts, and no reports are passed on */
        char *last_words;   /* on stderr */
        char *patience_why; /* what is wrong once the patience is over */
        guint patience;     /* timer: in the queue, for the hello, behind the end */
        guint force;        /* timer: to the next means of ending the command */
        PiJournal noise, said;
};

static void tell(PiLaunch *launch, const PiContractLine *line) {
        g_autofree char *text = pi_contract_line_format(line);

        if (!pi_outlet_put(launch->daemon, text, strlen(text)) && launch->told)
                launch->ops->done(launch->userdata);
}

/* While the daemon does not read, nothing more is read that would be for it. */
static void hold_back(PiLaunch *launch, gboolean held) {
        pi_inlet_pause(launch->reports, held);
        pi_inlet_pause(launch->words, held);
}

static void hold_back_if_full(PiLaunch *launch) {
        if (pi_outlet_backlog(launch->daemon) > BACKLOG_MAX)
                hold_back(launch, TRUE);
}

static void tell_state(PiLaunch *launch, PiContractState state, char *detail) {
        tell(launch, &(PiContractLine) { .kind = PI_CONTRACT_STATE, .state = { state, detail } });
        hold_back_if_full(launch);
}

static void tell_exit(PiLaunch *launch, int status, int signal, char *what) {
        if (launch->told)
                return;
        launch->told = TRUE;
        tell(launch, &(PiContractLine) {
                             .kind = PI_CONTRACT_EXIT,
                             .exit = { (uint32_t) status, (uint32_t) signal, what },
                     });
}

/* Once nothing runs any more, and all that it said has been read. */
static void tell_exit_if_over(PiLaunch *launch) {
        int status = launch->wait_status;

        if (!launch->childless || !pi_inlet_has_ended(launch->reports) ||
            !pi_inlet_has_ended(launch->words))
                return;
        pi_journal_end(&launch->noise);
        pi_journal_end(&launch->said);
        tell_exit(launch, WIFEXITED(status) ? WEXITSTATUS(status) : 0,
                  WIFSIGNALED(status) ? WTERMSIG(status) : 0,
                  launch->why ? launch->why : launch->last_words);
}

static void forget(guint *timer) {
        g_clear_handle_id(timer, g_source_remove);
}

static gboolean on_term_ignored(gpointer userdata) {
        PiLaunch *launch = userdata;

        launch->force = 0;
        pi_child_kill_all();
        return G_SOURCE_REMOVE;
}

static void terminate(PiLaunch *launch, guint patience_msec) {
        if (launch->ended)
                return;
        forget(&launch->force);
        kill(-launch->child.pid, SIGTERM);
        launch->force = g_timeout_add(patience_msec, on_term_ignored, launch);
}

static gboolean on_stop_ignored(gpointer userdata) {
        PiLaunch *launch = userdata;

        launch->force = 0;
        terminate(launch, STOP_KILL_MSEC);
        return G_SOURCE_REMOVE;
}

void pi_launch_end(PiLaunch *launch, const char *why) {
        if (launch->why)
                return;
        launch->why = g_strdup(why);
        forget(&launch->patience);
        if (launch->child.pid == 0) {
                tell_exit(launch, EX_CONFIG, 0, launch->why);
                return;
        }
        hold_back(launch, FALSE);
        pi_outlet_close(launch->engine); /* which an engine takes for an order to stop */
        terminate(launch, KILL_MSEC);
}

static gboolean on_impatient(gpointer userdata) {
        PiLaunch *launch = userdata;
        g_autofree char *why = NULL;

        launch->patience = 0;
        why = g_strconcat(launch->patience_why, launch->last_words ? ": " : "", launch->last_words,
                          NULL);
        pi_launch_end(launch, why);
        return G_SOURCE_REMOVE;
}

static void wait_patiently(PiLaunch *launch, uint64_t msec, const char *why) {
        forget(&launch->patience);
        if (launch->ended)
                return;
        g_free(launch->patience_why);
        launch->patience_why = g_strdup(why);
        launch->patience = g_timeout_add((guint) msec, on_impatient, launch);
}

static void wait_for_hello(PiLaunch *launch) {
        wait_patiently(launch, launch->settings->engine_start_timeout_usec / 1000,
                       "The engine did not say hello within StartTimeout= of [Engine]");
}

static void wait_in_queue(PiLaunch *launch) {
        forget(&launch->patience);
        if (launch->settings->engine_queue_timeout_usec > 0)
                wait_patiently(launch, launch->settings->engine_queue_timeout_usec / 1000,
                               "It was longer in the queue than QueueTimeout= of [Engine]");
}

static void take_hello(PiLaunch *launch) {
        launch->said_hello = TRUE;
        forget(&launch->patience);
        tell_state(launch, PI_CONTRACT_STATE_RUNNING, NULL);
}

static void pass_on(PiLaunch *launch, const char *text, gsize length) {
        pi_outlet_put(launch->daemon, text, length);
        pi_outlet_put(launch->daemon, "\n", 1);
        hold_back_if_full(launch);
}

/* Whether a report is right is for the daemon to say, but a report of ours is no engine's. */
static void on_report(const char *text, gsize length, gboolean is_cut, gpointer userdata) {
        PiLaunch *launch = userdata;
        g_auto(PiContractLine) line = {};
        gboolean known = !is_cut && pi_contract_line_parse(text, length, &line, NULL);

        if (launch->why)
                return;
        if (is_cut) {
                pi_launch_end(launch, "The engine told a line of more than 1 MiB");
        } else if (known && (line.kind == PI_CONTRACT_NOISE || line.kind == PI_CONTRACT_STATE ||
                             line.kind == PI_CONTRACT_EXIT)) {
                g_free(pi_journal_take(&launch->noise, text, length));
        } else if (known && line.kind == PI_CONTRACT_HELLO && launch->said_hello) {
                pi_launch_end(launch, SINGLETONS);
        } else {
                if (known && line.kind == PI_CONTRACT_HELLO)
                        take_hello(launch);
                if (known && line.kind == PI_CONTRACT_END)
                        wait_patiently(launch, END_MSEC,
                                       "The engine told its last line and did not end");
                pass_on(launch, text, length);
        }
}

/* The engine's own words tell more than those of the launcher that notices its end, and a line of a
 * banner nothing. */
static gboolean tells_more(const char *before, const char *words) {
        static const char engine[] = "pi-computed-mpi: ";

        return strpbrk(words, G_CSET_a_2_z G_CSET_A_2_Z) &&
               (!before || !g_str_has_prefix(before, engine) || g_str_has_prefix(words, engine));
}

static void take_slurm_state(PiLaunch *launch, PiContractState state, char *words) {
        if (launch->said_hello || launch->why)
                return;
        tell_state(launch, state, words);
        if (state == PI_CONTRACT_STATE_QUEUED)
                wait_in_queue(launch);
        else
                wait_for_hello(launch);
}

static void on_words(const char *text, gsize length, gboolean is_cut, gpointer userdata) {
        PiLaunch *launch = userdata;
        g_autofree char *words = pi_journal_take(&launch->said, text, length);
        PiContractState state;

        if (pi_slurm_words(words, &state)) {
                take_slurm_state(launch, state, words);
        } else if (tells_more(launch->last_words, words)) {
                g_free(launch->last_words);
                launch->last_words = g_steal_pointer(&words);
        }
}

static void on_end(gpointer userdata) {
        tell_exit_if_over(userdata);
}

static const PiInletOps report_ops = { on_report, on_end };
static const PiInletOps words_ops = { on_words, on_end };

static void start(PiLaunch *launch) {
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) argv = NULL, environment = g_get_environ(), passed = NULL;
        g_autofree char *command = NULL;

        passed = pi_command_environment((const char *const *) environment);
        launch->settings = launch->ops->prepare(&argv, &error, launch->userdata);
        if (!launch->settings || !pi_child_start(&launch->child, argv, passed, &error)) {
                pi_launch_end(launch, error->message);
                return;
        }
        launch->reports = pi_inlet_new(launch->child.out, PI_CONTRACT_LINE_MAX, &report_ops,
                                       launch);
        launch->words = pi_inlet_new(launch->child.err, WORDS_MAX, &words_ops, launch);
        launch->engine = pi_outlet_new(launch->child.in, NULL, launch);
        command = g_strjoinv(" ", argv);
        tell_state(launch, PI_CONTRACT_STATE_LAUNCHING, command);
        wait_for_hello(launch);
}

static void on_order(const char *text, gsize length, gboolean is_cut, gpointer userdata) {
        PiLaunch *launch = userdata;
        g_auto(PiContractOrder) order = {};
        g_autoptr(GError) error = NULL;

        if (launch->why)
                return;
        if (is_cut || !pi_contract_order_parse(text, length, &order, &error)) {
                pi_launch_end(launch, is_cut ? "An order of more than 1 MiB" : error->message);
                return;
        }
        if (launch->child.pid == 0 && order.stop) {
                pi_launch_end(launch, "It was told to stop before anything was started");
                return;
        }
        if (launch->child.pid == 0)
                start(launch);
        if (launch->why)
                return;
        pi_outlet_put(launch->engine, text, length);
        pi_outlet_put(launch->engine, "\n", 1);
        if (pi_outlet_backlog(launch->engine) > ORDERS_MAX) {
                pi_launch_end(launch, "The engine left more than 4 MiB of orders unread");
                return;
        }
        /* Nobody reads the order yet in the queue of Slurm, for instance. */
        if (order.stop && launch->force == 0 && !launch->ended)
                launch->force = g_timeout_add(launch->said_hello ? STOP_MSEC : 0, on_stop_ignored,
                                              launch);
}

static void on_orders_end(gpointer userdata) {
        pi_launch_end(userdata, "Nobody gives orders any more");
}

static void on_drained(gpointer userdata) {
        PiLaunch *launch = userdata;

        if (launch->told)
                launch->ops->done(launch->userdata);
        else if (launch->child.pid > 0)
                hold_back(launch, FALSE);
}

static void on_broken(gpointer userdata) {
        PiLaunch *launch = userdata;

        if (launch->told)
                launch->ops->done(launch->userdata);
        else
                pi_launch_end(launch, "Nobody reads reports any more");
}

static const PiInletOps order_ops = { on_order, on_orders_end };
static const PiOutletOps daemon_ops = { on_drained, on_broken };

static void reap(PiLaunch *launch) {
        pid_t pid;
        int status;

        while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
                if (pid != launch->child.pid)
                        continue;
                launch->ended = TRUE;
                launch->wait_status = status;
                forget(&launch->force);
                forget(&launch->patience);
        }
        launch->childless = launch->ended && pid < 0 && errno == ECHILD;
}

static gboolean on_child(gint fd, GIOCondition condition, gpointer userdata) {
        PiLaunch *launch = userdata;
        struct signalfd_siginfo info;

        while (read(fd, &info, sizeof(info)) > 0)
                ;
        reap(launch);
        if (launch->ended)
                pi_child_kill_all();
        if (launch->childless)
                tell_exit_if_over(launch);
        return G_SOURCE_CONTINUE;
}

PiLaunch *pi_launch_new(int in, int out, int signals, const PiLaunchOps *ops, gpointer userdata) {
        PiLaunch *launch = g_new0(PiLaunch, 1);

        *launch = (PiLaunch) {
                .ops = ops,
                .userdata = userdata,
                .signals = signals,
                .noise = { .from = "stdout", .lines_max = 10 },
                .said = { .from = "stderr", .lines_max = 50, .period_usec = G_USEC_PER_SEC },
        };
        launch->orders = pi_inlet_new(in, PI_CONTRACT_LINE_MAX, &order_ops, launch);
        launch->daemon = pi_outlet_new(out, &daemon_ops, launch);
        launch->signal_source = g_unix_fd_add(signals, G_IO_IN, on_child, launch);
        return launch;
}

void pi_launch_free(PiLaunch *launch) {
        if (!launch)
                return;
        forget(&launch->patience);
        forget(&launch->force);
        g_source_remove(launch->signal_source);
        g_close(launch->signals, NULL);
        pi_inlet_free(launch->orders);
        pi_inlet_free(launch->reports);
        pi_inlet_free(launch->words);
        pi_outlet_free(launch->daemon);
        pi_outlet_free(launch->engine);
        pi_settings_free(launch->settings);
        g_free(launch->why);
        g_free(launch->last_words);
        g_free(launch->patience_why);
        g_free(launch);
}
