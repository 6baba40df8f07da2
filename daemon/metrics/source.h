/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/metrics/text.h"

#include <glib.h>

/* Reads small files below a directory that stands for "/". */
typedef struct PiSource {
        char *root; /* without a '/' at its end */
        char buffer[PI_TEXT_MAX];
} PiSource;

/* `root_dir` NULL is "/". */
void pi_source_init(PiSource *s, const char *root_dir);
void pi_source_clear(PiSource *s);

/* The file named by `directory` and `name`, or its first PI_TEXT_MAX bytes; FALSE when it cannot be
 * read. The text lives until the next read. */
gboolean pi_source_read(PiSource *s, const char *directory, const char *name, PiText *ret);

/* Whether `directory`, or the file `name` in it unless that is NULL, exists. */
gboolean pi_source_exists(const PiSource *s, const char *directory, const char *name);
