/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <json-glib/json-glib.h>

#include "tests/bus/harness.h"

/* pictl on the bus of a test, and the JSON it prints. */
typedef struct Run {
        int status;
        char *out, *err;
        JsonNode *json; /* NULL if what was printed is none */
} Run;

void run_clear(Run *run);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Run, run_clear)

/* `words`: the command line behind "pictl --user". */
GSubprocess *spawn_pictl(TestSession *f, const char *words);

/* Waits for its end, which must not be by a signal. */
Run finish(GSubprocess *process);

Run pictl(TestSession *f, const char *words);

/* What was printed must be an object; a member must be there. */
JsonObject *root_of(const Run *run);
guint64 number(JsonObject *object, const char *key);
