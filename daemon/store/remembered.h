/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/store/database.h"
#include "daemon/store/record.h"

/* What must be in the database for the service to go on after it was killed, as it was written
 * last: should the file be lost while the service runs, it is put into the new one. As much as the
 * service has jobs to do and bad cores, so little. */
typedef struct PiRemembered PiRemembered;

PiRemembered *pi_remembered_new(void);
void pi_remembered_free(PiRemembered *remembered);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiRemembered, pi_remembered_free)

/* One that has ended is forgotten. */
void pi_remembered_note_job(PiRemembered *remembered, const PiJobRecord *record);
void pi_remembered_forget_job(PiRemembered *remembered, uint64_t id);
void pi_remembered_note_core(PiRemembered *remembered, const PiBadCore *core);
void pi_remembered_forget_core(PiRemembered *remembered, uint32_t cpu);

/* Puts all of it; false: the database has failed. */
bool pi_remembered_put(const PiRemembered *remembered, PiDatabase *db);
