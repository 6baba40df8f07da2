/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* The referee of a burn-in: what each core did since the beginning, and whether it passes. Figures
 * are differences of the rows of `cores` of GetMetrics; faults are the rows of ListFaults. */
typedef struct PiBurnin PiBurnin;

/* More rows than this are not looked at. */
#define PI_BURNIN_CORES_MAX 4096

/* Parts of a job: as many as it can have leases. */
#define PI_BURNIN_PARTS 4096

/* A core below this share of the median is slow. */
#define PI_BURNIN_SLOW_BELOW 0.95

typedef enum PiBurninResult {
        PI_BURNIN_PASS,
        PI_BURNIN_FAIL,
        PI_BURNIN_UNUSED, /* the jobs had fewer slots than there are cores, and it was left out */
} PiBurninResult;

/* Counters are since the beginning of the burn-in. */
typedef struct PiBurninCore {
        guint32 cpu;
        char state[16]; /* as GetMetrics says now; "" if it does not */
        gboolean was_out; /* of service, now or at any moment since the beginning */
        guint64 terms, leases, leases_failed, leases_recomputed, busy_usec;
        guint64 faults; /* leases that failed here, and sums that were wrong once */
        PiBurninResult result;
        gboolean slow;
        double terms_per_second; /* of CPU time inside leases; 0 when not known */
        double of_median; /* that rate over the median of the cores that pass; 0 when not known */
        double busy; /* share of the burn-in's time it computed, 0 to 1 */
} PiBurninCore;

typedef struct PiBurninSummary {
        gboolean pass; /* cores worked, none failed, and no job did */
        guint64 elapsed_usec;
        guint64 terms, faults;
        guint64 jobs_done, jobs_failed;
        guint passed, failed, slow, unused; /* cores; the slow are among those that passed */
        double terms_per_second; /* of all cores, of the time elapsed; 0 when that is 0 */
        double median; /* terms a second of CPU time; 0 when not known */
} PiBurninSummary;

/* `slots`: how many cores are to work; 0 for all. */
PiBurnin *pi_burnin_new(guint64 slots);
void pi_burnin_free(PiBurnin *burnin);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiBurnin, pi_burnin_free)

/* The burn-in begins now: `cores` (aa{sv}) are the counters everything is counted from. May be
 * called again, as long as it has not really begun. */
void pi_burnin_begin(PiBurnin *burnin, GVariant *cores);

/* What the counters say `elapsed_usec` after the beginning. A core that was not there at the
 * beginning counts from its first row. A counter below what it was counts as unchanged. */
void pi_burnin_update(PiBurnin *burnin, GVariant *cores, guint64 elapsed_usec);

/* The faults known now (aa{sv}), of which those of job `first_job` or later are the burn-in's. */
void pi_burnin_take_faults(PiBurnin *burnin, GVariant *faults, guint64 first_job);

/* One job of the burn-in ended: done, or failed verification. */
void pi_burnin_job_ended(PiBurnin *burnin, gboolean done);

guint pi_burnin_n_cores(const PiBurnin *burnin);
const PiBurninCore *pi_burnin_core(const PiBurnin *burnin, guint index);
PiBurninSummary pi_burnin_summary(const PiBurnin *burnin);

/* The rows of faults that are the burn-in's, aa{sv}, newest first. */
GVariant *pi_burnin_faults(const PiBurnin *burnin);

/* "pass", "fail" or "unused". */
const char *pi_burnin_result_text(PiBurninResult result);

/* What a person should know of the core: "12 % under the median", "did no work"; "" for nothing. */
char *pi_burnin_note(const PiBurninCore *core);

/* The cores, worst first: those that failed by the number of faults, then by speed. */
GPtrArray *pi_burnin_worst(const PiBurnin *burnin);

/* How large the jobs are to be: with the rate of one core (0 if not known), the time the burn-in
 * takes, and the most terms a job may have. */
guint64 pi_burnin_job_terms(double terms_per_second, guint64 duration_usec, guint64 max_terms);
