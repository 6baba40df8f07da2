/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

typedef enum PiAnswer {
        PI_ANSWER_NO,
        PI_ANSWER_YES,
        PI_ANSWER_NOBODY, /* there is no terminal to ask at */
} PiAnswer;

/* What pictl wsl deals with: this machine, Windows around it, and the person in front of both.
 * Tests put a recorded tree and answers in their place. */
typedef struct PiWslHost PiWslHost;
struct PiWslHost {
        char *root; /* stands before every path: "" for the machine's own */
        /* As pi_program_run(), with paths below the root. */
        char *(*run)(PiWslHost *host, const char *const *argv, const char *folder, guint seconds,
                     GError **error);
        PiAnswer (*ask)(PiWslHost *host, const char *question);
        gpointer data; /* of a test */
};

/* `root` is "" or a folder that holds the files of a machine. */
PiWslHost *pi_wsl_host_new(const char *root);
void pi_wsl_host_free(PiWslHost *host);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiWslHost, pi_wsl_host_free)

/* Where a file of the machine is. Free it with g_free(). */
char *pi_wsl_host_path(const PiWslHost *host, const char *path);

/* Whether it is there. */
gboolean pi_wsl_host_has(const PiWslHost *host, const char *path);

/* A file of at most 64 KiB such as /proc has them; NULL if it cannot be read. */
char *pi_wsl_host_read(const PiWslHost *host, const char *path);

/* Runs a program of WSL by its name, "wslinfo", with up to two arguments; NULL for none. */
char *pi_wsl_host_tool(PiWslHost *host, const char *name, const char *first, const char *second,
                       GError **error);

typedef enum PiWslKind {
        PI_WSL_NONE,
        PI_WSL_1,
        PI_WSL_2,
} PiWslKind;

PiWslKind pi_wsl_kind(const PiWslHost *host);

/* Whether this is Linux on Windows, of either kind: whether pi_wsl_check() has anything to say. */
gboolean pi_wsl_is_here(const PiWslHost *host);
