/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/fault-journal.h"

#include "daemon/events.h"
#include "daemon/jobs/record.h"

static void add_core(PiRecord *r, uint32_t cpu, const PiTopology *t) {
        pi_record_add(r, "PI_CPU", "%u", cpu);
        if (t->has_package)
                pi_record_add(r, "PI_PACKAGE", "%u", t->package);
        if (t->has_core)
                pi_record_add(r, "PI_CORE", "%u", t->core);
}

static void add_row(PiRecord *r, const PiFaultRow *row) {
        pi_record_add(r, "JOB_ID", "%" G_GUINT64_FORMAT, row->job);
        pi_record_add(r, "PI_VERDICT", "%s", pi_verdict_to_string(row->verdict));
        add_core(r, row->cpu, &row->topology);
        pi_record_add(r, "PI_KERNEL", "%s", row->kernel);
        pi_record_add(r, "PI_FIRST_PART", "%" G_GUINT64_FORMAT, row->first_part);
        pi_record_add(r, "PI_PARTS", "%" G_GUINT64_FORMAT, row->parts);
        pi_record_add(r, "PI_FIRST_TERM", "%" G_GUINT64_FORMAT, row->first_term);
        pi_record_add(r, "PI_TERMS", "%" G_GUINT64_FORMAT, row->terms);
        pi_record_add(r, "PI_RESIDUAL", "%.17g", row->residual);
}

/* "Job 7: terms 8 to 15 (parts 1 to 3)" */
static char *place(const PiFaultRow *row) {
        return g_strdup_printf("Job %" G_GUINT64_FORMAT ": terms %" G_GUINT64_FORMAT
                               " to %" G_GUINT64_FORMAT " (parts %" G_GUINT64_FORMAT
                               " to %" G_GUINT64_FORMAT ")",
                               row->job, row->first_term, row->first_term + row->terms - 1,
                               row->first_part, row->first_part + row->parts - 1);
}

static void tell_transient(const PiFaultRow *row, gboolean last) {
        g_autofree char *where = place(row);
        PiRecord r;

        pi_record_begin(&r, PI_RECORD_WARNING, PI_EVENT_FAULT_TRANSIENT);
        add_row(&r, row);
        if (row->undecided)
                pi_record_add(&r, "MESSAGE",
                              "%s were wrong by %.3g twice on CPU %u, and the job ended before "
                              "another core had tried: it stays in service", where, row->residual,
                              row->cpu);
        else
                pi_record_add(&r, "MESSAGE",
                              "%s were wrong by %.3g on CPU %u, and right when summed again: a "
                              "transient fault%s", where, row->residual, row->cpu,
                              last ? "; further ones of this job are only counted" : "");
        pi_record_write(&r);
}

static void tell_core(const PiFaultRow *row) {
        g_autofree char *where = place(row);
        PiRecord r;

        pi_record_begin(&r, PI_RECORD_CRITICAL, PI_EVENT_FAULT_CORE);
        add_row(&r, row);
        if (row->taken_out)
                pi_record_add(&r, "MESSAGE",
                              "%s were wrong by %.3g twice on CPU %u and right on another: CPU %u "
                              "is out of service until \"pictl restore %u\"", where, row->residual,
                              row->cpu, row->cpu, row->cpu);
        else
                pi_record_add(&r, "MESSAGE",
                              "%s were wrong by %.3g twice on CPU %u and right on another: CPU %u "
                              "stays in service because it is the last one", where, row->residual,
                              row->cpu, row->cpu);
        pi_record_write(&r);
}

/* One record for all the cores that tried; its fields are those of the first. */
static void tell_hopeless(const PiFaultRow *rows, guint n) {
        gboolean software = rows[0].verdict == PI_VERDICT_SOFTWARE;
        g_autofree char *where = place(&rows[0]);
        g_autoptr(GString) cpus = g_string_new(NULL);
        PiRecord r;

        for (guint i = 0; i < n; i++)
                g_string_append_printf(cpus, "%s%u", i ? ", " : "", rows[i].cpu);
        pi_record_begin(&r, software ? PI_RECORD_ERROR : PI_RECORD_CRITICAL,
                        software ? PI_EVENT_FAULT_SOFTWARE : PI_EVENT_FAULT_NODE);
        add_row(&r, &rows[0]);
        if (software)
                pi_record_add(&r, "MESSAGE",
                              "%s were wrong by the same bits (%.3g) on CPUs %s: the fault is in "
                              "the kernel %s or in the expected value, not in a core", where,
                              rows[0].residual, cpus->str, rows[0].kernel);
        else
                pi_record_add(&r, "MESSAGE",
                              "%s were wrong (by %.3g) on CPU %s, and no core was left to try: "
                              "this node is not to be trusted", where, rows[0].residual, cpus->str);
        pi_record_write(&r);
}

static void judged(PiJob *job, const PiFaultRow *rows, guint n, gpointer userdata) {
        switch (rows[0].verdict) {
        case PI_VERDICT_TRANSIENT:
                for (guint i = 0; i < n; i++)
                        tell_transient(&rows[i],
                                       pi_fault_list_length(job->faults) == PI_FAULTS_PER_JOB);
                break;
        case PI_VERDICT_CORE:
                for (guint i = 0; i < n; i++)
                        tell_core(&rows[i]);
                break;
        case PI_VERDICT_NODE:
        case PI_VERDICT_SOFTWARE:
                tell_hopeless(rows, n);
                break;
        case PI_VERDICT_NONE:
        case _PI_VERDICT_MAX:
                break;
        }
}

static void core_news(uint32_t cpu, PiCoreNews news, gpointer userdata) {
        PiTopology topology;
        PiRecord r;

        pi_topology_read(NULL, cpu, &topology);
        pi_record_begin(&r,
                        news == PI_CORE_NEWS_RESTORED ? PI_RECORD_NOTICE : PI_RECORD_WARNING,
                        news == PI_CORE_NEWS_RESTORED ? PI_EVENT_CORE_RESTORED :
                        PI_EVENT_CORE_STILL_OUT);
        add_core(&r, cpu, &topology);
        switch (news) {
        case PI_CORE_NEWS_STILL_OUT:
                pi_record_add(&r, "MESSAGE",
                              "CPU %u is on record as bad and stays out of service until \"pictl "
                              "restore %u\"", cpu, cpu);
                break;
        case PI_CORE_NEWS_STILL_LAST:
                pi_record_add(&r, "MESSAGE",
                              "CPU %u is on record as bad, but stays in service because it is the "
                              "last one", cpu);
                break;
        case PI_CORE_NEWS_RESTORED:
                pi_record_add(&r, "MESSAGE", "CPU %u is back in service", cpu);
                break;
        }
        pi_record_write(&r);
}

static void fault_injected(uint32_t cpu, const PiFaultOrder *order, gpointer userdata) {
        PiRecord r;

        pi_record_begin(&r, PI_RECORD_NOTICE, PI_EVENT_FAULT_INJECTED);
        pi_record_add(&r, "PI_CPU", "%u", cpu);
        switch (order->kind) {
        case PI_FAULT_FLIP:
                if (order->count > 0)
                        pi_record_add(&r, "MESSAGE",
                                      "Injected: bit %u of the next %u sums of CPU %u flips",
                                      order->bit, order->count, cpu);
                else
                        pi_record_add(&r, "MESSAGE", "Injected: bit %u of all sums of CPU %u flips",
                                      order->bit, cpu);
                break;
        case PI_FAULT_SLOW:
                pi_record_add(&r, "MESSAGE", "Injected: CPU %u takes %g times as long", cpu,
                              order->factor);
                break;
        case PI_FAULT_HANG:
                pi_record_add(&r, "MESSAGE",
                              "Injected: the worker of CPU %u hangs in its next stretch", cpu);
                break;
        case PI_FAULT_LIE:
                pi_record_add(&r, "MESSAGE",
                              "Injected: CPU %u gives other nodes wrong sums", cpu);
                break;
        case PI_FAULT_NONE:
        case _PI_FAULT_KIND_MAX:
                pi_record_add(&r, "MESSAGE", "Nothing is injected on CPU %u any more", cpu);
                break;
        }
        pi_record_write(&r);
}

void pi_fault_journal_hung(uint32_t cpu, const PiJob *job, uint32_t lease) {
        const PiLeaseTable *leases = job ? pi_job_leases(job) : NULL;
        PiTopology topology;
        PiRecord r;

        pi_topology_read(NULL, cpu, &topology);
        pi_record_begin(&r, PI_RECORD_ERROR, PI_EVENT_WORKER_HUNG);
        add_core(&r, cpu, &topology);
        if (job)
                pi_record_add(&r, "JOB_ID", "%" G_GUINT64_FORMAT, job->id);
        if (leases && lease < leases->n) {
                uint64_t first = pi_lease_first_part(leases, lease);
                uint64_t end = pi_lease_first_part(leases, lease + 1);

                pi_record_add(&r, "PI_FIRST_PART", "%" G_GUINT64_FORMAT, first);
                pi_record_add(&r, "PI_PARTS", "%" G_GUINT64_FORMAT, end - first);
                pi_record_add(&r, "MESSAGE",
                              "The worker on CPU %u hangs in job %" G_GUINT64_FORMAT ", parts %"
                              G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT ": the watchdog is not "
                              "fed any more", cpu, job->id, first, end - 1);
        } else
                pi_record_add(&r, "MESSAGE",
                              "The worker on CPU %u hangs: the watchdog is not fed any more", cpu);
        pi_record_write(&r);
}

const PiJobsListener pi_fault_journal_listener = {
        .judged = judged,
        .core_news = core_news,
        .fault_injected = fault_injected,
};
