/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/invocation.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "ctl/completion.h"
#include "ctl/help.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "dbus/error.h"

#define WORD_SHOWN_MAX 64

/* A closed standard descriptor would be given to the next file opened, such as the bus, and results
 * written into that. /dev/null opened the other way round keeps the place and fails as a closed
 * one. */
static void occupy_standard_descriptors(void) {
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0)
                        (void) !open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void pi_complain(const char *message) {
        fprintf(stderr, "pictl: %s\n", message);
}

static gboolean check_arguments(const PiInvocation *inv, GError **error) {
        const PiVerb *verb = inv->verb;
        g_autofree char *quoted = NULL;

        if (inv->n_args < verb->min_args)
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "an argument is missing: pictl %s %s; see pictl %s --help", verb->name,
                            verb->arguments, verb->name);
        else if (inv->n_args > verb->max_args) {
                quoted = pi_text_quote(inv->args[verb->max_args], WORD_SHOWN_MAX);
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "%s is one argument too many; see pictl %s --help", quoted, verb->name);
        } else
                return TRUE;
        return FALSE;
}

static gboolean check_options(const PiInvocation *inv, GError **error) {
        guint64 alien = inv->options.given & ~(PI_OPTS_COMMON | inv->verb->options);

        if (alien == 0 && pi_invocation_has(inv, PARTS) && inv->options.parts == 0 &&
            inv->verb->kind != PI_ARGUMENT_SWEEP) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "--parts is a list: pictl %s takes one number, only pictl sweep "
                            "several", inv->verb->name);
                return FALSE;
        }
        if (alien == 0)
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "option --%s does not go with pictl %s; see pictl %s --help",
                    pi_option_info((PiOptionId) __builtin_ctzll(alien))->name, inv->verb->name,
                    inv->verb->name);
        return FALSE;
}

static gboolean find_verb(PiInvocation *inv, char **words, GError **error) {
        g_autofree char *quoted = NULL;

        if (!words[0])
                return TRUE;
        inv->verb = pi_verb_find(words[0]);
        if (inv->verb) {
                inv->args = words + 1;
                inv->n_args = g_strv_length(words + 1);
                return TRUE;
        }
        quoted = pi_text_quote(words[0], WORD_SHOWN_MAX);
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "unknown verb %s; see pictl --help", quoted);
        return FALSE;
}

static int dispatch(PiInvocation *inv, GError **error) {
        if (pi_invocation_has(inv, HELP)) {
                pi_help_append(inv->out.text, inv->verb);
                return EXIT_SUCCESS;
        }
        if (pi_invocation_has(inv, VERSION)) {
                pi_output_printf(&inv->out, "pictl %s\n", PI_VERSION);
                return EXIT_SUCCESS;
        }
        if (pi_invocation_has(inv, COMPLETION))
                return pi_completion_append(inv->out.text, inv->options.completion, error)
                               ? EXIT_SUCCESS
                               : PI_VERB_ERROR;
        if (!inv->verb) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "a verb is missing; see pictl --help");
                return PI_VERB_ERROR;
        }
        if (!check_arguments(inv, error) || !check_options(inv, error))
                return PI_VERB_ERROR;
        return inv->verb->run(inv, error);
}

static int run(PiInvocation *inv, int argc, char **argv, GError **error) {
        g_autofree char **words = NULL;
        g_autoptr(GError) verb_error = NULL;
        int status;

        if (!pi_options_parse(&inv->options, argc, argv, &words, error) ||
            !find_verb(inv, words, error))
                return PI_VERB_ERROR;
        inv->out.json = inv->options.json;
        inv->out.legend = !pi_invocation_has(inv, NO_LEGEND);
        inv->out.pager = !pi_invocation_has(inv, NO_PAGER);
        status = dispatch(inv, &verb_error);
        /* What a verb printed before it failed is worth showing. */
        if (!pi_output_finish(&inv->out, verb_error ? NULL : error) && !verb_error)
                return PI_VERB_ERROR;
        if (verb_error)
                g_propagate_error(error, g_steal_pointer(&verb_error));
        return status;
}

int pi_invoke(int argc, char **argv) {
        g_autoptr(GError) error = NULL;
        PiInvocation inv = {};
        int status;

        occupy_standard_descriptors();
        /* Only what characters are: numbers keep their point whatever the locale. */
        setlocale(LC_CTYPE, "");
        pi_output_init(&inv.out);
        status = run(&inv, argc, argv, &error);
        if (error) {
                pi_complain(error->message);
                status = error->domain == PI_ERROR ? pi_error_exit_status((PiError) error->code)
                                                   : EXIT_FAILURE;
        }
        pi_output_clear(&inv.out);
        return status;
}
