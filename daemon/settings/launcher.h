/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* What Launcher= of pi-computed.conf may say: the name of a preset, or a command of the site's own.
 * A command has placeholders: {ranks}, {nodes} and {threads} anywhere in its words, {helper}, the
 * engine with its options, as a word. */
#define PI_LAUNCHER_MAX 900 /* bytes of a command */
#define PI_LAUNCHER_WORDS_MAX 48

typedef struct PiLauncherPreset {
        const char *name;
        const char *command;
        const char *mpi; /* that the engine is built for; NULL: any will do */
} PiLauncherPreset;

/* Ends with one whose name is NULL. The first is meant by "", too. */
extern const PiLauncherPreset pi_launcher_presets[];

/* NULL: `launcher` is a command. */
const PiLauncherPreset *pi_launcher_preset(const char *launcher);

/* The words of a preset or a command, split as a shell would, which expands nothing else. Errors:
 * PI_ERROR_INVALID_SETTING. To be freed with g_strfreev(). */
char **pi_launcher_words(const char *launcher, GError **error);

/* Whether a word of the preset or command has the placeholder "{NAME}". */
gboolean pi_launcher_uses(const char *launcher, const char *name);
