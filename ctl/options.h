/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/json.h"

#define PI_PRIORITY_MAX 100

typedef enum PiOptionId {
        PI_OPT_HELP,
        PI_OPT_VERSION,
        PI_OPT_COMPLETION,
        PI_OPT_USER,
        PI_OPT_SYSTEM,
        PI_OPT_HOST,
        PI_OPT_JSON,
        PI_OPT_JSON_AUTO,
        PI_OPT_NO_PAGER,
        PI_OPT_NO_LEGEND,
        PI_OPT_PARTS,
        PI_OPT_CPUS,
        PI_OPT_SCOPE,
        PI_OPT_KERNEL,
        PI_OPT_ENGINE,
        PI_OPT_LABEL,
        PI_OPT_TIMEOUT,
        PI_OPT_DETACH,
        PI_OPT_LINES,
        PI_OPT_LEASES,
        PI_OPT_DURATION,
        PI_OPT_PRIORITY,
        PI_OPT_FORMAT,
        PI_OPT_OUTPUT,
        PI_OPT_TERMS,
        PI_OPT_REPEATS,
        PI_OPT_PLOT,
        PI_OPT_COMPARE,
        PI_OPT_NODES,
        PI_OPT_TTL,
        PI_OPT_USES,
        PI_OPT_QUIET,
        PI_OPT_FROM,
        PI_OPT_FOR,
        PI_OPT_FIREWALLD,
        PI_OPT_PORT,
        PI_OPT_ELEVATE,
        PI_OPT_PRINT,
        PI_OPT_YES,
        PI_OPT_FORCE,
        PI_OPT_TIME,
        PI_OPT_PARTITION,
        PI_OPT_ACCOUNT,
        PI_OPT_DIRECTORY,
        PI_OPT_SUBMIT,
        _PI_OPT_MAX,
} PiOptionId;

/* Sets of options. */
#define PI_OPT(id) (G_GUINT64_CONSTANT(1) << (PI_OPT_##id))
G_STATIC_ASSERT(_PI_OPT_MAX <= 64);

/* What every verb takes. */
#define PI_OPTS_COMMON                                                                            \
        (PI_OPT(HELP) | PI_OPT(VERSION) | PI_OPT(COMPLETION) | PI_OPT(USER) | PI_OPT(SYSTEM) |    \
         PI_OPT(HOST) | PI_OPT(JSON) | PI_OPT(JSON_AUTO) | PI_OPT(NO_PAGER) | PI_OPT(NO_LEGEND))

typedef enum PiBusKind {
        PI_BUS_SYSTEM,
        PI_BUS_USER,
        PI_BUS_REMOTE,
} PiBusKind;

/* The values of a command line. Strings point into argv. Zero and NULL mean not given. */
typedef struct PiOptions {
        guint64 given; /* the set of options that were */
        PiBusKind bus;
        const char *host;
        PiJsonMode json;
        const char *completion;
        guint64 parts, cpus;
        const char *scope, *kernel, *engine, *label;
        guint64 timeout_usec;
        guint64 lines;
        guint64 leases_from;
        guint64 duration_usec;
        gint32 priority;
        const char *format;
        const char *output;
        const char *terms_text, *parts_text; /* as given; `parts` is 0 if it is a list */
        guint64 repeats;
        const char *plot;
        guint64 compare; /* a stored run of a sweep */
        const char *nodes; /* a list or how many, as given */
        guint64 ttl_usec, uses; /* of a token */
        const char *from; /* a list of members, addresses or networks, as given */
        guint64 for_usec; /* of a window of the firewall */
        guint64 port;
        guint64 time_usec; /* of a batch job, as the next two */
        const char *partition, *account;
        const char *directory; /* for the file of a token */
} PiOptions;

typedef struct PiOptionInfo {
        const char *name; /* without the dashes */
        char letter; /* or 0 */
        gboolean hidden; /* from help and completion */
        gboolean optional; /* the value may be left out */
        const char *value; /* what to call its value; NULL if it takes none */
        const char *words; /* the values to offer in completion, separated by spaces, or NULL */
        const char *help;
        gboolean (*set)(PiOptions *options, const char *value, GError **error);
} PiOptionInfo;

const PiOptionInfo *pi_option_info(PiOptionId id);

/* Reads the options, which may stand before, between and behind the arguments, and gives the
 * arguments in order, in an array the caller frees with g_free(). `argv` is not changed. Errors are
 * PI_ERROR_INVALID_OPTION and name the option. */
gboolean pi_options_parse(PiOptions *options, int argc, char **argv, char ***ret_arguments,
                          GError **error);
