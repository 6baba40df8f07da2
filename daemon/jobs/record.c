/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/record.h"

void pi_record_add(PiRecord *r, const char *key, const char *format, ...) {
        g_autofree char *text = NULL;
        va_list ap;

        g_assert(r->n < PI_RECORD_FIELDS_MAX);
        va_start(ap, format);
        text = g_strdup_vprintf(format, ap);
        va_end(ap);
        r->field[r->n++] = (GLogField) { key, g_string_chunk_insert(r->texts, text), -1 };
}

void pi_record_begin(PiRecord *r, PiRecordLevel priority, const char *event) {
        *r = (PiRecord) { .priority = priority, .texts = g_string_chunk_new(512) };
        pi_record_add(r, "PRIORITY", "%d", priority);
        pi_record_add(r, "GLIB_DOMAIN", "%s", G_LOG_DOMAIN);
        pi_record_add(r, "MESSAGE_ID", "%s", event);
}

static void add_request(PiRecord *r, uint64_t id, const char *state, uint32_t owner,
                        const char *label) {
        pi_record_add(r, "JOB_ID", "%" G_GUINT64_FORMAT, id);
        pi_record_add(r, "PI_STATE", "%s", state);
        pi_record_add(r, "PI_OWNER", "%u", owner);
        if (label[0] != '\0')
                pi_record_add(r, "PI_LABEL", "%s", label);
}

static void add_work(PiRecord *r, uint64_t terms, uint64_t parts, const char *kernel) {
        pi_record_add(r, "PI_TERMS", "%" G_GUINT64_FORMAT, terms);
        pi_record_add(r, "PI_PARTS", "%" G_GUINT64_FORMAT, parts);
        pi_record_add(r, "PI_KERNEL", "%s", kernel);
}

void pi_record_add_job(PiRecord *r, const PiJob *job) {
        add_request(r, job->id, pi_job_state_to_string(job->state), job->owner, job->spec.label);
        add_work(r, job->spec.terms, job->spec.parts, job->spec.kernel->name);
}

void pi_record_add_stored_job(PiRecord *r, const PiJobRecord *job) {
        add_request(r, job->id, job->state, job->owner, job->label);
        add_work(r, job->terms, job->parts, job->kernel);
}

/* Not one of them is fatal. */
static GLogLevelFlags level_of(PiRecordLevel priority) {
        switch (priority) {
        case PI_RECORD_CRITICAL:
                return G_LOG_LEVEL_CRITICAL;
        case PI_RECORD_ERROR:
        case PI_RECORD_WARNING:
                return G_LOG_LEVEL_WARNING;
        case PI_RECORD_NOTICE:
                return G_LOG_LEVEL_MESSAGE;
        case PI_RECORD_INFO:
        default:
                return G_LOG_LEVEL_INFO;
        }
}

void pi_record_write(PiRecord *r) {
        g_log_structured_array(level_of(r->priority), r->field, r->n);
        g_string_chunk_free(r->texts);
}
