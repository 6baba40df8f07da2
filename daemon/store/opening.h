/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/store/database.h"

#define PI_STORE_FILE "store.db"

/* What opening a store came across. */
typedef struct PiOpening {
        GError *set_aside; /* a file that was there was renamed, and why; the caller's */
        bool is_new;       /* it was empty */
        bool was_there;    /* if so, there was a file in its place: it may have held numbers */
} PiOpening;

/* Opens the store in a directory that exists, NULL for one in memory: makes or migrates its
 * tables, and sets a file aside that is damaged, of a newer version or not ours. `check`: look at
 * all of the file, not only at its head. NULL with a PI_ERROR_STORE_UNAVAILABLE; *ret is filled in
 * any case. */
PiDatabase *pi_database_open(const char *directory, bool check, PiOpening *ret, GError **error);
