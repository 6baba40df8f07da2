/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/roster.h"
#include "daemon/cluster/tokens.h"

/* What a node in a cluster keeps over a restart: the roster, and the join tokens it has made; in
 * the file PI_ROSTER_FILE of the state directory, mode 0600. Writing is done by a thread. */
typedef struct PiRosterFile PiRosterFile;

#define PI_ROSTER_FILE "cluster.conf"
#define PI_ROSTER_FILE_BYTES_MAX (2 * 1024 * 1024)

/* What was kept; `ret_roster` NULL when the node is in no cluster. Blocks: call it at start.
 * Errors: PI_ERROR_FAILED for a file that cannot be read or is damaged, or is not of this node.
 * Then it must not be written. */
gboolean pi_roster_file_load(const char *directory, const char *fingerprint,
                             PiRoster **ret_roster, PiTokens **ret_tokens, GError **error);

/* `directory`: NULL keeps nothing. */
PiRosterFile *pi_roster_file_new(const char *directory);
/* Waits for what is being written, and writes what is not; but not for ever. Those who have asked
 * are told. */
void pi_roster_file_free(PiRosterFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiRosterFile, pi_roster_file_free)

/* On disk, or why not: a PI_ERROR_FAILED with the path and what to do. */
typedef void (*PiRosterSaved)(const GError *error, gpointer userdata);

/* Has this written; `roster` NULL: has the file removed. What is asked for while the thread is busy
 * is written once, as it was asked for last. `saved`, which may be NULL, is told when this or what
 * was asked for later is on disk; never from within the call. */
void pi_roster_file_save(PiRosterFile *file, const PiRoster *roster, const PiTokens *tokens,
                         PiRosterSaved saved, gpointer userdata);

/* How many times the disk was written, for tests. */
guint pi_roster_file_n_writes(const PiRosterFile *file);

/* The text of the file, which is NUL-terminated. Errors: PI_ERROR_FAILED without the path. */
char *pi_roster_file_print(GVariant *state);
GVariant *pi_roster_file_scan(const char *text, GError **error);
