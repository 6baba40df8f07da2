/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Looks for what other tables drop, in a process of its own with limits on memory and time: others
 * may have any number of rules, and the process that owns our table must neither wait for them nor
 * end of them. */
typedef struct PiSearch PiSearch;

/* `blocks`: aa{sv}, as the interface documents it; NULL with an error. */
typedef void (*PiSearchDone)(GVariant *blocks, const GError *error, gpointer userdata);

/* `request`: (qas), port and sources. Runs this program again with PI_SEARCH_OPTION. Errors:
 * PI_ERROR_FAILED. */
#define PI_SEARCH_OPTION "find-blocks"
PiSearch *pi_search_new(GVariant *request, PiSearchDone done, gpointer userdata, GError **error);
/* Ends it, when it has not ended; nothing is told then. */
void pi_search_free(PiSearch *search);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiSearch, pi_search_free)

/* What that process does: from the request on its standard input to the answer on its standard
 * output. Returns its exit status. */
int pi_search_main(void);
