/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* The options of a method, a{sv}: which there are, and one way to refuse what is none of them. */

typedef struct PiOption {
        const char *key; /* NULL ends a table */
        const char *type;
        gboolean (*parse)(gpointer request, GVariant *value, GError **error);
} PiOption;

/* Has each entry of `options` parsed by that of the table, which has at most 32. `ret_seen`, which
 * may be NULL: bit i for entry i of the table. Errors: PI_ERROR_INVALID_OPTION for an unknown key,
 * another type or a key that comes twice; those of the entries. */
gboolean pi_options_parse(GVariant *options, const PiOption *table, gpointer request,
                          uint32_t *ret_seen, GError **error);

/* Sets PI_ERROR_INVALID_OPTION; FALSE. */
gboolean pi_option_invalid(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The same for a number; `of_what`: more words on the range, "" for none. */
gboolean pi_option_out_of_range(GError **error, const char *key, uint64_t value, uint64_t min,
                                uint64_t max, const char *of_what);

/* What somebody gave, as a message may show it: UTF-8 on one line, and no longer than anybody
 * reads. */
char *pi_option_shown(const char *given);
