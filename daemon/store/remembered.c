/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/remembered.h"

#include "daemon/store/core-rows.h"
#include "daemon/store/job-rows.h"

struct PiRemembered {
        GHashTable *jobs;  /* number -> PiJobRecord */
        GHashTable *cores; /* CPU -> PiBadCore */
};

static void free_job(gpointer job) {
        pi_job_record_free(job);
}

PiRemembered *pi_remembered_new(void) {
        PiRemembered *m = g_new0(PiRemembered, 1);

        m->jobs = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, free_job);
        m->cores = g_hash_table_new_full(g_int_hash, g_int_equal, NULL, g_free);
        return m;
}

void pi_remembered_free(PiRemembered *m) {
        if (!m)
                return;
        g_hash_table_unref(m->jobs);
        g_hash_table_unref(m->cores);
        g_free(m);
}

void pi_remembered_note_job(PiRemembered *m, const PiJobRecord *record) {
        PiJobRecord *copy;

        if (pi_job_record_is_finished(record)) {
                pi_remembered_forget_job(m, record->id);
                return;
        }
        copy = pi_job_record_copy(record);
        g_hash_table_replace(m->jobs, &copy->id, copy);
}

void pi_remembered_forget_job(PiRemembered *m, uint64_t id) {
        g_hash_table_remove(m->jobs, &id);
}

void pi_remembered_note_core(PiRemembered *m, const PiBadCore *core) {
        PiBadCore *copy = g_memdup2(core, sizeof *core);

        g_hash_table_replace(m->cores, &copy->cpu, copy);
}

void pi_remembered_forget_core(PiRemembered *m, uint32_t cpu) {
        g_hash_table_remove(m->cores, &cpu);
}

bool pi_remembered_put(const PiRemembered *m, PiDatabase *db) {
        GHashTableIter i;
        gpointer value;

        g_hash_table_iter_init(&i, m->jobs);
        while (g_hash_table_iter_next(&i, NULL, &value))
                if (!pi_job_rows_put(db, value))
                        return false;
        g_hash_table_iter_init(&i, m->cores);
        while (g_hash_table_iter_next(&i, NULL, &value))
                if (!pi_bad_core_rows_put(db, value))
                        return false;
        return true;
}
