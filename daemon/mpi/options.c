/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/mpi/options.h"

#include "daemon/engine/contract.h"
#include "daemon/settings/amount.h"
#include "daemon/work/cpus.h"
#include "dbus/error.h"

#define THREADS_MAX 65535

typedef struct Words {
        char *from, *to, *chunk, *threads, *expect_ranks, *control, *kernel, *fault_injection;
} Words;

static void words_clear(Words *w) {
        g_free(w->from);
        g_free(w->to);
        g_free(w->chunk);
        g_free(w->threads);
        g_free(w->expect_ranks);
        g_free(w->control);
        g_free(w->kernel);
        g_free(w->fault_injection);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Words, words_clear)

static gboolean fail(GError **error, const char *option, const char *value, const char *choice) {
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION, "--%s=%.64s: give %s", option, value,
                    choice);
        return FALSE;
}

/* A word that is not there leaves the value as it is. */
static gboolean read_number(const char *option, const char *word, uint64_t min, uint64_t max,
                            uint64_t *ret, GError **error) {
        g_autofree char *choice = NULL;
        uint64_t value;

        if (!word)
                return TRUE;
        if (pi_amount_scan(word, &value) && value >= min && value <= max) {
                *ret = value;
                return TRUE;
        }
        choice = g_strdup_printf("a number, %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                                 ", as 1000000 or 1e6",
                                 min, max);
        return fail(error, option, word, choice);
}

static gboolean read_range(PiMpiOptions *o, const Words *w, GError **error) {
        uint64_t begin = 0, end = 0;

        if (!read_number("from", w->from, 0, PI_TERMS_MAX, &begin, error) ||
            !read_number("to", w->to, 1, PI_TERMS_MAX, &end, error) ||
            !read_number("chunk", w->chunk, PI_GROUP_TERMS, PI_TERMS_MAX, &o->chunk, error))
                return FALSE;
        if (o->chunk % PI_GROUP_TERMS != 0)
                return fail(error, "chunk", w->chunk, "a multiple of 8");
        if (o->by_stdin && (w->from || w->to || o->resume))
                return fail(error, "control", "stdin",
                            "it without --from, --to and --resume: ranges come as orders");
        if (!o->by_stdin && (begin % PI_GROUP_TERMS != 0 || begin >= end)) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "Terms %" G_GUINT64_FORMAT " to before %" G_GUINT64_FORMAT
                            " are no range: give --to=TERMS above --from=TERM, which is a "
                            "multiple of 8",
                            begin, end);
                return FALSE;
        }
        o->range = (PiRange) { begin, end };
        return TRUE;
}

static gboolean read_threads(PiMpiOptions *o, const Words *w, GError **error) {
        const char *slurm = g_getenv("SLURM_CPUS_PER_TASK");
        g_autofree uint32_t *cpus = NULL;
        uint64_t threads = pi_cpus_allowed(&cpus);

        if (w->threads && !g_str_equal(w->threads, "auto")) {
                if (!read_number("threads", w->threads, 1, THREADS_MAX, &threads, error))
                        return FALSE;
        } else if (slurm && !read_number("threads", slurm, 1, THREADS_MAX, &threads, error)) {
                g_prefix_error(error, "SLURM_CPUS_PER_TASK: ");
                return FALSE;
        }
        o->threads = (uint32_t) threads;
        return TRUE;
}

static gboolean read_kernel(PiMpiOptions *o, const Words *w, GError **error) {
        g_autoptr(GString) names = g_string_new("one of");

        o->kernel = w->kernel ? pi_kernel_find(w->kernel) : pi_kernel_default();
        if (o->kernel && o->kernel->exact)
                return TRUE;
        for (const PiKernel *const *k = pi_kernels(); *k; k++)
                if ((*k)->exact)
                        g_string_append_printf(names, " %s", (*k)->name);
        return fail(error, "kernel", w->kernel, names->str);
}

static gboolean read_words(PiMpiOptions *o, const Words *w, GError **error) {
        uint64_t ranks = 0, liar = UINT64_MAX;

        if (w->control && !g_str_equal(w->control, "none") && !g_str_equal(w->control, "stdin"))
                return fail(error, "control", w->control, "none or stdin");
        o->by_stdin = w->control && g_str_equal(w->control, "stdin");
        if (!read_range(o, w, error) || !read_threads(o, w, error) || !read_kernel(o, w, error) ||
            !read_number("expect-ranks", w->expect_ranks, 1, PI_CONTRACT_RANKS_MAX, &ranks,
                         error) ||
            !read_number("fault-injection", w->fault_injection, 0, PI_CONTRACT_RANKS_MAX - 1,
                         &liar, error))
                return FALSE;
        o->expect_ranks = (uint32_t) ranks;
        o->liar = liar == UINT64_MAX ? -1 : (int) liar;
        return TRUE;
}

gboolean pi_mpi_options_parse(PiMpiOptions *ret, int *argc, char ***argv, GError **error) {
        g_auto(PiMpiOptions) o = {};
        g_auto(Words) w = {};
        const GOptionEntry entries[] = {
                { "from", 0, 0, G_OPTION_ARG_STRING, &w.from, "First term, a multiple of 8 (0)",
                  "TERM" },
                { "to", 0, 0, G_OPTION_ARG_STRING, &w.to, "Term behind the last", "TERM" },
                { "chunk", 0, 0, G_OPTION_ARG_STRING, &w.chunk, "Terms that a rank is given",
                  "TERMS" },
                { "threads", 0, 0, G_OPTION_ARG_STRING, &w.threads,
                  "Threads of a rank (auto: the CPUs it has)", "N" },
                { "expect-ranks", 0, 0, G_OPTION_ARG_STRING, &w.expect_ranks,
                  "End with status 75 when there are more or fewer", "N" },
                { "kernel", 0, 0, G_OPTION_ARG_STRING, &w.kernel, "Kernel to sum with", "NAME" },
                { "resume", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o.resume,
                  "Leave out what this file has; may be given again", "FILE" },
                { "control", 0, 0, G_OPTION_ARG_STRING, &w.control,
                  "stdin: ranges and stop come as lines of JSON", "none|stdin" },
                { "fault-injection", 0, 0, G_OPTION_ARG_STRING, &w.fault_injection,
                  "For tests: this rank tells wrong sums", "RANK" },
                { "version", 0, 0, G_OPTION_ARG_NONE, &o.version, "Show the version", NULL },
                { NULL },
        };
        g_autoptr(GOptionContext) context = g_option_context_new(NULL);

        g_option_context_set_summary(context, "Sum terms of the Leibniz series on the ranks of an "
                                              "MPI run, every piece verified.");
        g_option_context_add_main_entries(context, entries, NULL);
        if (!g_option_context_parse(context, argc, argv, error))
                return FALSE;
        if (*argc > 1)
                return fail(error, "to", (*argv)[1], "options only");
        if (!o.version && !read_words(&o, &w, error))
                return FALSE;
        *ret = o;
        o = (PiMpiOptions) {};
        return TRUE;
}

void pi_mpi_options_clear(PiMpiOptions *options) {
        g_clear_pointer(&options->resume, g_strfreev);
}
