/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/statements.h"

#include <glib.h>

#define JOB_COLUMNS \
        "id, owner, attached, state, verdict, label, terms, parts, cpus, kernel, priority, " \
        "numerics, deadline_usec, created_usec, started_usec, finished_usec, error_name, " \
        "error_message, pi, report, cluster, nodes, cpus_most, engine"

#define CHECKPOINT_COLUMNS \
        "job, numerics, saved_usec, started_usec, compute_usec, slot_usec, submission_usec, " \
        "resumes, verdict, sum, tolerance, terms_done, cpu_nsec, retries, n_leases, verified"

#define LAST_END "(SELECT ended FROM job WHERE ended > 0 ORDER BY ended DESC LIMIT 1)"

static const char *const texts[_PI_STATEMENT_MAX] = {
        /* Takes the lock for writing at once: a transaction that finds out later that it cannot
         * have it would have to be begun again. */
        [PI_STATEMENT_BEGIN] = "BEGIN IMMEDIATE",
        [PI_STATEMENT_COMMIT] = "COMMIT",
        [PI_STATEMENT_ROLLBACK] = "ROLLBACK",

        [PI_STATEMENT_META_GET] = "SELECT value FROM meta WHERE name = ?",
        [PI_STATEMENT_META_PUT] = "INSERT INTO meta (name, value) VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET value = excluded.value",

        /* A job that has ended keeps its place, and nothing makes it go on. */
        [PI_STATEMENT_JOB_PUT] = "INSERT INTO job (" JOB_COLUMNS ", ended) VALUES"
                " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
                " ?19, ?20, ?21, ?22, ?23, ?24,"
                " CASE WHEN ?25 THEN coalesce(" LAST_END ", 0) + 1 END)"
                " ON CONFLICT (id) DO UPDATE SET owner = excluded.owner,"
                " attached = excluded.attached, state = excluded.state,"
                " verdict = excluded.verdict, label = excluded.label, terms = excluded.terms,"
                " parts = excluded.parts, cpus = excluded.cpus, kernel = excluded.kernel,"
                " priority = excluded.priority, numerics = excluded.numerics,"
                " deadline_usec = excluded.deadline_usec, created_usec = excluded.created_usec,"
                " started_usec = excluded.started_usec, finished_usec = excluded.finished_usec,"
                " error_name = excluded.error_name, error_message = excluded.error_message,"
                " pi = excluded.pi, report = excluded.report, cluster = excluded.cluster,"
                " nodes = excluded.nodes, cpus_most = excluded.cpus_most,"
                " engine = excluded.engine,"
                " ended = coalesce(job.ended, excluded.ended)"
                " WHERE job.ended IS NULL OR excluded.ended IS NOT NULL",
        [PI_STATEMENT_JOB_FORGET] = "DELETE FROM job WHERE id = ? AND ended IS NULL",
        [PI_STATEMENT_JOB_LIST] = "SELECT " JOB_COLUMNS ", ended FROM job WHERE ended > 0"
                " ORDER BY ended DESC LIMIT ?",
        [PI_STATEMENT_JOB_FIND] = "SELECT " JOB_COLUMNS ", ended FROM job WHERE id = ?",
        [PI_STATEMENT_JOB_UNFINISHED] = "SELECT " JOB_COLUMNS ", ended FROM job"
                " WHERE ended IS NULL ORDER BY id LIMIT ?",
        [PI_STATEMENT_JOB_LAST_ID] = "SELECT max(id) FROM job",
        [PI_STATEMENT_JOB_TRIM_NUMBER] = "DELETE FROM job WHERE id IN (SELECT id FROM job"
                " WHERE ended > 0 AND ended <= " LAST_END " - ? ORDER BY ended LIMIT ?)",
        /* Only the oldest are looked at, however many there are. */
        [PI_STATEMENT_JOB_TRIM_AGE] = "DELETE FROM job WHERE id IN (SELECT id FROM (SELECT id,"
                " finished_usec FROM job WHERE ended > 0 ORDER BY ended LIMIT ?2)"
                " WHERE finished_usec < ?1)",

        /* Of a job that was forgotten or has ended there is none any more. */
        [PI_STATEMENT_CHECKPOINT_PUT] = "INSERT OR REPLACE INTO checkpoint (" CHECKPOINT_COLUMNS ")"
                " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "
                "?16"
                " WHERE EXISTS (SELECT 1 FROM job WHERE id = ?1 AND ended IS NULL)",
        [PI_STATEMENT_CHECKPOINT_DELETE] = "DELETE FROM checkpoint WHERE job = ?",
        [PI_STATEMENT_CHECKPOINT_LIST] = "SELECT " CHECKPOINT_COLUMNS " FROM checkpoint"
                " ORDER BY job LIMIT ?",
        [PI_STATEMENT_PARTIAL_PUT] = "INSERT INTO partial (job, lease, next_term, sum, tolerance)"
                " VALUES (?, ?, ?, ?, ?)",
        [PI_STATEMENT_PARTIAL_DELETE] = "DELETE FROM partial WHERE job = ?",
        [PI_STATEMENT_PARTIAL_LIST] = "SELECT lease, next_term, sum, tolerance FROM partial"
                " WHERE job = ? ORDER BY lease LIMIT ?",

        [PI_STATEMENT_BAD_CORE_PUT] = "INSERT INTO bad_core (cpu, since_usec, job)"
                " VALUES (?, ?, ?) ON CONFLICT (cpu) DO UPDATE SET"
                " since_usec = excluded.since_usec, job = excluded.job",
        [PI_STATEMENT_BAD_CORE_DELETE] = "DELETE FROM bad_core WHERE cpu = ?",
        [PI_STATEMENT_BAD_CORE_LIST] = "SELECT cpu, since_usec, job FROM bad_core ORDER BY cpu"
                " LIMIT ?",

        [PI_STATEMENT_CALIBRATION_PUT] = "INSERT INTO calibration (kernel, cpu_model,"
                " measured_usec, terms_per_second) VALUES (?, ?, ?, ?)",
        [PI_STATEMENT_CALIBRATION_TRIM] = "DELETE FROM calibration WHERE id IN (SELECT id FROM"
                " calibration WHERE kernel = ?1 AND cpu_model = ?2 ORDER BY id DESC"
                " LIMIT -1 OFFSET ?3) OR id <= (SELECT max(id) FROM calibration) - ?4",
        [PI_STATEMENT_CALIBRATION_LIST] = "SELECT kernel, cpu_model, measured_usec,"
                " terms_per_second FROM calibration ORDER BY id LIMIT ?",

        [PI_STATEMENT_SWEEP_PUT] = "INSERT INTO sweep (owner, time_usec, run) VALUES (?, ?, ?)",
        [PI_STATEMENT_SWEEP_LIST] = "SELECT id, owner, time_usec, run FROM sweep"
                " ORDER BY id DESC LIMIT ?",
        [PI_STATEMENT_SWEEP_FIND] = "SELECT id, owner, time_usec, run FROM sweep WHERE id = ?",
        [PI_STATEMENT_SWEEP_TRIM] = "DELETE FROM sweep WHERE id IN (SELECT id FROM sweep"
                " ORDER BY id DESC LIMIT ?2 OFFSET ?1)",
};

const char *pi_statement_sql(PiStatement statement) {
        g_assert(statement < _PI_STATEMENT_MAX);
        return texts[statement];
}
