/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/options.h"

#include <getopt.h>
#include <string.h>
#include <unistd.h>

#include "ctl/quantity.h"
#include "ctl/text.h"
#include "ctl/timespan.h"
#include "dbus/error.h"

#define ARGUMENTS_MAX 4096
#define TEXT_SHOWN_MAX 64

static const PiQuantityRange range_cpus = { "number of CPUs", 1, G_MAXUINT32, "4" };
static const PiQuantityRange range_lines = { "number of lines", 1, 1000, "20" };
static const PiQuantityRange range_part = {
        "number of a part", 0, G_GUINT64_CONSTANT(1250000000000000), "0 or 1_000_000",
};

static const PiQuantityRange range_repeats = { "number of repeats", 5, 100, "5" };
static const PiQuantityRange range_run = {
        "number of a run", 1, G_MAXINT64, "3 (pictl sweep history lists them)",
};

static const PiQuantityRange range_uses = { "number of uses", 1, 100, "3" };
static const PiQuantityRange range_port = { "number of a port", 1, G_MAXUINT16, "31415" };
static const PiTimespanRange span_token = {
        G_USEC_PER_SEC,
        G_GUINT64_CONSTANT(7) * 86400 * G_USEC_PER_SEC,
        "1s to 7d, for example 10min, 1h or 1d",
};

static const PiTimespanRange span_window = {
        G_USEC_PER_SEC,
        G_GUINT64_CONSTANT(86400) * G_USEC_PER_SEC,
        "1s to 24h, for example 10min or 1h",
};

/* A member is told up to two minutes before its time is up. */
static const PiTimespanRange span_job = {
        G_GUINT64_CONSTANT(300) * G_USEC_PER_SEC,
        PI_TIMESPAN_MAX_USEC,
        "5min to 365d, for example 30min, 8h or 2d",
};

static gboolean set_user(PiOptions *o, const char *value, GError **error) {
        o->bus = PI_BUS_USER;
        return TRUE;
}

static gboolean set_system(PiOptions *o, const char *value, GError **error) {
        o->bus = PI_BUS_SYSTEM;
        return TRUE;
}

static gboolean set_host(PiOptions *o, const char *value, GError **error) {
        /* ssh would take a leading dash for an option. */
        if (value[0] == '\0' || value[0] == '-') {
                g_autofree char *quoted = pi_text_quote(value, TEXT_SHOWN_MAX);
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "%s is not a host: --host takes [USER@]HOST, for example node2",
                            quoted);
                return FALSE;
        }
        o->bus = PI_BUS_REMOTE;
        o->host = value;
        return TRUE;
}

static gboolean set_json(PiOptions *o, const char *value, GError **error) {
        g_autofree char *quoted = NULL;

        if (strcmp(value, "short") == 0)
                o->json = PI_JSON_SHORT;
        else if (strcmp(value, "pretty") == 0)
                o->json = PI_JSON_PRETTY;
        else if (strcmp(value, "off") == 0)
                o->json = PI_JSON_OFF;
        else {
                quoted = pi_text_quote(value, TEXT_SHOWN_MAX);
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "%s is not a JSON mode: --json takes short, pretty or off", quoted);
                return FALSE;
        }
        return TRUE;
}

static gboolean set_json_auto(PiOptions *o, const char *value, GError **error) {
        o->json = isatty(STDOUT_FILENO) > 0 ? PI_JSON_PRETTY : PI_JSON_SHORT;
        return TRUE;
}

static gboolean set_completion(PiOptions *o, const char *value, GError **error) {
        o->completion = value;
        return TRUE;
}

static gboolean set_cpus(PiOptions *o, const char *value, GError **error) {
        return pi_quantity_parse(value, &range_cpus, &o->cpus, error);
}

/* The bus carries UTF-8 only. */
static gboolean take_text(const char *value, const char *name, const char **ret, GError **error) {
        g_autofree char *quoted = NULL;

        if (g_utf8_validate(value, -1, NULL)) {
                *ret = value;
                return TRUE;
        }
        quoted = pi_text_quote(value, TEXT_SHOWN_MAX);
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "the value of --%s, %s, is not UTF-8 text", name, quoted);
        return FALSE;
}

static gboolean set_parts(PiOptions *o, const char *value, GError **error) {
        o->parts = 0;
        if (!take_text(value, "parts", &o->parts_text, error))
                return FALSE;
        return strchr(value, ',') || pi_quantity_parse(value, &pi_quantity_parts, &o->parts, error);
}

static gboolean set_scope(PiOptions *o, const char *value, GError **error) {
        return take_text(value, "scope", &o->scope, error);
}

static gboolean set_kernel(PiOptions *o, const char *value, GError **error) {
        return take_text(value, "kernel", &o->kernel, error);
}

static gboolean set_engine(PiOptions *o, const char *value, GError **error) {
        return take_text(value, "engine", &o->engine, error);
}

static gboolean set_label(PiOptions *o, const char *value, GError **error) {
        return take_text(value, "label", &o->label, error);
}

static gboolean set_timeout(PiOptions *o, const char *value, GError **error) {
        return pi_timespan_parse(value, &o->timeout_usec, error);
}

static gboolean set_lines(PiOptions *o, const char *value, GError **error) {
        return pi_quantity_parse(value, &range_lines, &o->lines, error);
}

static gboolean set_leases(PiOptions *o, const char *value, GError **error) {
        return !value || pi_quantity_parse(value, &range_part, &o->leases_from, error);
}

static gboolean set_duration(PiOptions *o, const char *value, GError **error) {
        return pi_timespan_parse_within(value, &pi_timespan_burnin, &o->duration_usec, error);
}

static gboolean set_priority(PiOptions *o, const char *value, GError **error) {
        g_autofree char *quoted = NULL;
        gint64 priority;

        if (g_ascii_string_to_signed(value, 10, -PI_PRIORITY_MAX, PI_PRIORITY_MAX, &priority,
                                     NULL)) {
                o->priority = (gint32) priority;
                return TRUE;
        }
        quoted = pi_text_quote(value, TEXT_SHOWN_MAX);
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "%s is not a priority: --priority takes a whole number from -%d to %d, "
                    "higher ones first",
                    quoted, PI_PRIORITY_MAX, PI_PRIORITY_MAX);
        return FALSE;
}

static gboolean set_format(PiOptions *o, const char *value, GError **error) {
        return take_text(value, "format", &o->format, error);
}

static gboolean set_output(PiOptions *o, const char *value, GError **error) {
        o->output = value;
        return TRUE;
}

static gboolean set_terms(PiOptions *o, const char *value, GError **error) {
        return take_text(value, "terms", &o->terms_text, error);
}

static gboolean set_repeats(PiOptions *o, const char *value, GError **error) {
        return pi_quantity_parse(value, &range_repeats, &o->repeats, error);
}

static gboolean set_plot(PiOptions *o, const char *value, GError **error) {
        o->plot = value;
        return TRUE;
}

static gboolean set_compare(PiOptions *o, const char *value, GError **error) {
        return pi_quantity_parse(value, &range_run, &o->compare, error);
}

static gboolean set_nodes(PiOptions *o, const char *value, GError **error) {
        return take_text(value, "nodes", &o->nodes, error);
}

static gboolean set_ttl(PiOptions *o, const char *value, GError **error) {
        return pi_timespan_parse_within(value, &span_token, &o->ttl_usec, error);
}

static gboolean set_uses(PiOptions *o, const char *value, GError **error) {
        return pi_quantity_parse(value, &range_uses, &o->uses, error);
}

static gboolean set_from(PiOptions *o, const char *value, GError **error) {
        return take_text(value, "from", &o->from, error);
}

static gboolean set_for(PiOptions *o, const char *value, GError **error) {
        return pi_timespan_parse_within(value, &span_window, &o->for_usec, error);
}

static gboolean set_port(PiOptions *o, const char *value, GError **error) {
        return pi_quantity_parse(value, &range_port, &o->port, error);
}

static gboolean set_time(PiOptions *o, const char *value, GError **error) {
        return pi_timespan_parse_within(value, &span_job, &o->time_usec, error);
}

static gboolean set_partition(PiOptions *o, const char *value, GError **error) {
        o->partition = value;
        return TRUE;
}

static gboolean set_account(PiOptions *o, const char *value, GError **error) {
        o->account = value;
        return TRUE;
}

static gboolean set_directory(PiOptions *o, const char *value, GError **error) {
        o->directory = value;
        return TRUE;
}

static gboolean set_nothing(PiOptions *o, const char *value, GError **error) {
        return TRUE; /* the bit in `given` says it all */
}

static const PiOptionInfo infos[_PI_OPT_MAX] = {
        [PI_OPT_HELP] = { .name = "help", .letter = 'h', .set = set_nothing,
                          .help = "Show this help" },
        [PI_OPT_VERSION] = { .name = "version", .set = set_nothing,
                             .help = "Show the version of pictl" },
        [PI_OPT_COMPLETION] = { .name = "completion", .value = "SHELL", .hidden = TRUE,
                                .set = set_completion, .words = "bash zsh",
                                .help = "Print the completion script of a shell" },
        [PI_OPT_USER] = { .name = "user", .set = set_user,
                          .help = "Talk to the service of the calling user" },
        [PI_OPT_SYSTEM] = { .name = "system", .set = set_system,
                            .help = "Talk to the service of the machine (the default)" },
        [PI_OPT_HOST] = { .name = "host", .letter = 'H', .value = "[USER@]HOST", .set = set_host,
                          .help = "Talk to another machine over ssh" },
        [PI_OPT_JSON] = { .name = "json", .value = "MODE", .set = set_json,
                          .words = "short pretty off", .help = "Print JSON: short, pretty or off" },
        [PI_OPT_JSON_AUTO] = { .name = "j", .letter = 'j', .set = set_json_auto,
                               .help = "JSON, pretty on a terminal and short elsewhere" },
        [PI_OPT_NO_PAGER] = { .name = "no-pager", .set = set_nothing,
                              .help = "Do not pipe long output into a pager" },
        [PI_OPT_NO_LEGEND] = { .name = "no-legend", .set = set_nothing,
                               .help = "Leave out titles and closing lines of tables" },
        [PI_OPT_PARTS] = { .name = "parts", .value = "N", .set = set_parts,
                           .help = "Cut the job into N parts; sweep: N,N,... parts" },
        [PI_OPT_CPUS] = { .name = "cpus", .value = "N", .set = set_cpus,
                          .help = "Reserve N CPU slots (default: all)" },
        [PI_OPT_SCOPE] = { .name = "scope", .value = "SCOPE", .set = set_scope,
                           .words = "local cluster", .help = "Where to compute: local or cluster" },
        [PI_OPT_KERNEL] = { .name = "kernel", .value = "NAME", .set = set_kernel,
                            .words = "reference generic avx2 avx512 neon",
                            .help = "Sum with this kernel; see pictl version" },
        [PI_OPT_ENGINE] = { .name = "engine", .value = "NAME", .set = set_engine,
                            .words = "local mpi",
                            .help = "Execute the leases with this engine" },
        [PI_OPT_LABEL] = { .name = "label", .value = "TEXT", .set = set_label,
                           .help = "A name for people to know the job by" },
        [PI_OPT_TIMEOUT] = { .name = "timeout", .value = "TIME", .set = set_timeout,
                             .help = "End the job after this time, such as 30s or 5min" },
        [PI_OPT_DETACH] = { .name = "detach", .set = set_nothing,
                            .help = "Do not wait for the result, as pictl submit" },
        [PI_OPT_LINES] = { .name = "lines", .letter = 'n', .value = "N", .set = set_lines,
                           .help = "Show at most N entries, 1 to 1000" },
        [PI_OPT_LEASES] = { .name = "leases", .value = "FROM", .optional = TRUE, .set = set_leases,
                            .help = "Show which part ran where, from part FROM on" },
        [PI_OPT_DURATION] = { .name = "duration", .value = "TIME", .set = set_duration,
                              .help = "How long to burn in, such as 10min (default: 1min)" },
        [PI_OPT_PRIORITY] = { .name = "priority", .value = "N", .set = set_priority,
                              .help = "Higher ones first, -100 to 100 (default: 0)" },
        [PI_OPT_FORMAT] = { .name = "format", .value = "FORMAT", .set = set_format,
                            .words = "text prometheus csv",
                            .help = "Print in another format: prometheus, csv" },
        [PI_OPT_OUTPUT] = { .name = "output", .value = "FILE", .set = set_output,
                            .help = "Write to FILE, which is replaced as a whole" },
        [PI_OPT_TERMS] = { .name = "terms", .value = "TERMS", .set = set_terms,
                           .help = "How many terms (default: 1e9; merge: up to the last)" },
        [PI_OPT_REPEATS] = { .name = "repeats", .value = "N", .set = set_repeats,
                             .help = "Measure each point N times, 5 to 100 (default: 5)" },
        [PI_OPT_PLOT] = { .name = "plot", .value = "FILE", .set = set_plot,
                          .help = "Draw the chart into FILE.svg or FILE.png" },
        [PI_OPT_COMPARE] = { .name = "compare", .value = "RUN", .set = set_compare,
                             .help = "Show the stored run RUN beside this one" },
        [PI_OPT_NODES] = { .name = "nodes", .value = "LIST", .set = set_nodes,
                           .help = "Nodes A,B,...; sweep: 1,2,... nodes; sbatch: how many" },
        [PI_OPT_TTL] = { .name = "ttl", .value = "TIME", .set = set_ttl,
                         .help = "How long the token is good (default: 10min; sbatch: 1d)" },
        [PI_OPT_USES] = { .name = "uses", .value = "N", .set = set_uses,
                          .help = "How many nodes may join by it, 1 to 100 (default: 1)" },
        [PI_OPT_QUIET] = { .name = "quiet", .letter = 'q', .set = set_nothing,
                           .help = "Print the bare token; else only errors" },
        [PI_OPT_FROM] = { .name = "from", .value = "LIST", .set = set_from,
                          .help = "Who ought to connect: members, addresses, networks" },
        [PI_OPT_FOR] = { .name = "for", .value = "TIME", .set = set_for,
                         .help = "How long to let it in, to 24h (default: 10min)" },
        [PI_OPT_FIREWALLD] = { .name = "firewalld", .set = set_nothing,
                               .help = "Have firewalld let members through as well" },
        [PI_OPT_PORT] = { .name = "port", .value = "PORT", .set = set_port,
                          .help = "The port of the node (default: 31415)" },
        [PI_OPT_ELEVATE] = { .name = "elevate", .set = set_nothing,
                             .help = "Have Windows ask for an administrator" },
        [PI_OPT_PRINT] = { .name = "print", .set = set_nothing,
                           .help = "Print all that would be done, and do nothing" },
        [PI_OPT_YES] = { .name = "yes", .letter = 'y', .set = set_nothing,
                         .help = "Do not ask" },
        [PI_OPT_FORCE] = { .name = "force", .set = set_nothing,
                           .help = "Also what was edited since; that is kept beside" },
        [PI_OPT_TIME] = { .name = "time", .value = "TIME", .set = set_time,
                          .help = "How long the job may run, 5min to 365d" },
        [PI_OPT_PARTITION] = { .name = "partition", .value = "NAME", .set = set_partition,
                               .help = "The partition of Slurm for the job" },
        [PI_OPT_ACCOUNT] = { .name = "account", .value = "NAME", .set = set_account,
                             .help = "Whom Slurm is to charge for the job" },
        [PI_OPT_DIRECTORY] = { .name = "directory", .value = "DIR", .set = set_directory,
                               .help = "Where nodes find the token (default: here)" },
        [PI_OPT_SUBMIT] = { .name = "submit", .set = set_nothing,
                            .help = "Have sbatch take the script" },
};

const PiOptionInfo *pi_option_info(PiOptionId id) {
        g_return_val_if_fail(id < _PI_OPT_MAX, &infos[PI_OPT_HELP]);
        return &infos[id];
}

static int has_arg(const PiOptionInfo *info) {
        if (!info->value)
                return no_argument;
        return info->optional ? optional_argument : required_argument;
}

/* getopt's tables: the value of a long option is its id + 256, that of a short one its letter. */
static void make_getopt_tables(struct option *longs, GString *shorts) {
        for (int id = 0; id < _PI_OPT_MAX; id++) {
                const PiOptionInfo *info = &infos[id];

                if (strlen(info->name) > 1)
                        *longs++ = (struct option) { info->name, has_arg(info), NULL, id + 256 };
                if (info->letter)
                        g_string_append_printf(shorts, "%c%s", info->letter,
                                               info->value ? ":" : "");
        }
}

static PiOptionId id_of(int value) {
        if (value >= 256)
                return (PiOptionId) (value - 256);
        for (int id = 0; id < _PI_OPT_MAX; id++)
                if (infos[id].letter == value)
                        return (PiOptionId) id;
        return _PI_OPT_MAX;
}

/* `value` is what getopt_long() returned, with optopt and optind as it left them. */
static void set_getopt_error(int value, char **argv, GError **error) {
        PiOptionId id = optopt ? id_of(optopt) : _PI_OPT_MAX;
        const char *word = argv[optind > 0 ? optind - 1 : 0];
        g_autofree char *quoted = NULL;
        gsize i = 1;

        if (value == ':' && id < _PI_OPT_MAX)
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "option --%s needs a value (%s); see pictl --help", infos[id].name,
                            infos[id].value);
        else if (id < _PI_OPT_MAX)
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "option --%s takes no value; see pictl --help", infos[id].name);
        else if (g_ascii_isdigit(optopt)) {
                while (argv[i] && (argv[i][0] != '-' || argv[i][1] != optopt))
                        i++;
                quoted = pi_text_quote(argv[i] ? argv[i] : word, TEXT_SHOWN_MAX);
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "%s is neither an option nor a positive number; numbers go from 1 to "
                            "%" G_GUINT64_FORMAT ", for example 1e9 (see pictl --help)",
                            quoted, pi_quantity_terms.max);
        } else {
                if (optopt) {
                        const char letter[] = { '-', (char) optopt, '\0' };
                        quoted = pi_text_quote(letter, 0);
                } else
                        quoted = pi_text_quote(word, TEXT_SHOWN_MAX);
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "unknown option %s; see pictl --help", quoted);
        }
}

static gboolean parse_vector(PiOptions *options, int argc, char **argv, GError **error) {
        struct option longs[_PI_OPT_MAX + 1] = {};
        g_autoptr(GString) shorts = g_string_new(":");
        int value;

        make_getopt_tables(longs, shorts);
        opterr = 0;
        optind = 0; /* glibc: begin afresh */
        while ((value = getopt_long(argc, argv, shorts->str, longs, NULL)) != -1) {
                PiOptionId id;

                if (value == '?' || value == ':') {
                        set_getopt_error(value, argv, error);
                        return FALSE;
                }
                id = id_of(value);
                if (!infos[id].set(options, optarg, error))
                        return FALSE;
                options->given |= G_GUINT64_CONSTANT(1) << id;
        }
        return TRUE;
}

static gboolean check_bus(const PiOptions *options, GError **error) {
        guint64 buses = options->given & (PI_OPT(USER) | PI_OPT(SYSTEM) | PI_OPT(HOST));

        if ((buses & (buses - 1)) == 0)
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "only one of --user, --system and --host can be given");
        return FALSE;
}

gboolean pi_options_parse(PiOptions *options, int argc, char **argv, char ***ret_arguments,
                          GError **error) {
        g_autofree char **copy = NULL;

        *options = (PiOptions) {};
        if (argc > ARGUMENTS_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "too many arguments: %d, at most %d", argc - 1, ARGUMENTS_MAX - 1);
                return FALSE;
        }
        copy = g_new0(char *, (gsize) argc + 1); /* getopt changes the order */
        memcpy(copy, argv, sizeof(char *) * (gsize) argc);
        if (!parse_vector(options, argc, copy, error) || !check_bus(options, error))
                return FALSE;
        *ret_arguments = g_memdup2(copy + optind, sizeof(char *) * (gsize) (argc - optind + 1));
        return TRUE;
}
