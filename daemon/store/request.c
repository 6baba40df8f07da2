/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/request.h"

static void free_job(gpointer record) {
        pi_job_record_free(record);
}

static void free_sweep(gpointer record) {
        pi_sweep_record_free(record);
}

GPtrArray *pi_job_records_new(void) {
        return g_ptr_array_new_with_free_func(free_job);
}

GPtrArray *pi_sweep_records_new(void) {
        return g_ptr_array_new_with_free_func(free_sweep);
}

PiRequest *pi_request_new(PiRequestKind kind, uint64_t id) {
        PiRequest *r = g_new0(PiRequest, 1);

        r->kind = kind;
        r->id = id;
        r->queued_usec = g_get_monotonic_time();
        return r;
}

void pi_request_free(PiRequest *r) {
        if (!r)
                return;
        pi_job_record_free(r->job);
        pi_checkpoint_free(r->checkpoint);
        pi_sweep_record_free(r->sweep);
        pi_calibration_clear(&r->calibration);
        pi_request_clear_answer(r);
        g_clear_pointer(&r->newer, g_ptr_array_unref);
        g_free(r);
}

void pi_request_free_list(PiRequest *first) {
        while (first) {
                PiRequest *next = first->next;

                pi_request_free(first);
                first = next;
        }
}

bool pi_request_is_ask(const PiRequest *r) {
        return r->kind >= PI_REQUEST_PUT_SWEEP;
}

bool pi_request_ends_job(const PiRequest *r) {
        return r->kind == PI_REQUEST_PUT_JOB && pi_job_record_is_finished(r->job);
}

bool pi_request_is_urgent(const PiRequest *r) {
        switch (r->kind) {
        case PI_REQUEST_PUT_JOB:
                return r->done;
        case PI_REQUEST_PUT_CHECKPOINT:
        case PI_REQUEST_PUT_CALIBRATION:
        case PI_REQUEST_FORGET_JOB:
                return false;
        case PI_REQUEST_PUT_BAD_CORE:
        case PI_REQUEST_REMOVE_BAD_CORE:
        case PI_REQUEST_RESERVE_IDS:
        case PI_REQUEST_PUT_SWEEP:
        case PI_REQUEST_LIST_JOBS:
        case PI_REQUEST_FIND_JOB:
        case PI_REQUEST_LIST_SWEEPS:
        case PI_REQUEST_FIND_SWEEP:
        case _PI_REQUEST_KIND_MAX:
        default:
                return true;
        }
}

PiRequest *pi_request_split_answer(PiRequest *r, const GError *error) {
        PiRequest *answer = pi_request_new(r->kind, r->id);

        answer->done = r->done;
        answer->userdata = r->userdata;
        answer->error = g_error_copy(error);
        r->done = NULL;
        return answer;
}

void pi_request_clear_answer(PiRequest *r) {
        g_clear_pointer(&r->records, g_ptr_array_unref);
        g_clear_error(&r->error);
}

void pi_request_tell(PiRequest *r) {
        if (r->done)
                r->done(r->error, r->userdata);
        if (r->jobs)
                r->jobs(r->error ? NULL : r->records, r->error, r->userdata);
        if (r->sweeps)
                r->sweeps(r->error ? NULL : r->records, r->error, r->userdata);
}
