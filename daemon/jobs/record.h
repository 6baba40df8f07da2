/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "daemon/jobs/job.h"
#include "daemon/store/record.h"

#define PI_RECORD_FIELDS_MAX 24

/* GLib's levels have no critical and no error that goes on: the priorities are syslog's. GLib drops
 * what is for information only unless G_MESSAGES_DEBUG asks for it. */
typedef enum PiRecordLevel {
        PI_RECORD_CRITICAL = 2,
        PI_RECORD_ERROR = 3,
        PI_RECORD_WARNING = 4,
        PI_RECORD_NOTICE = 5,
        PI_RECORD_INFO = 6,
} PiRecordLevel;

/* A record of the journal under construction; owns the texts of its fields. */
typedef struct PiRecord {
        PiRecordLevel priority;
        GLogField field[PI_RECORD_FIELDS_MAX];
        gsize n;
        GStringChunk *texts;
} PiRecord;

/* `event`: a MESSAGE_ID of daemon/events.h. */
void pi_record_begin(PiRecord *record, PiRecordLevel priority, const char *event);
void pi_record_add(PiRecord *record, const char *key, const char *format, ...)
                G_GNUC_PRINTF(3, 4);

/* JOB_ID and what else tells one job from another. */
void pi_record_add_job(PiRecord *record, const PiJob *job);
void pi_record_add_stored_job(PiRecord *record, const PiJobRecord *job);

/* Writes the record and frees what it holds. It must have a MESSAGE. */
void pi_record_write(PiRecord *record);
