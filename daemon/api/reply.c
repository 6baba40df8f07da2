/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/api/reply.h"

#include "dbus/error.h"
#include "dbus/variant.h"

int pi_read_limit(sd_bus_message *call, uint32_t max, uint32_t *ret, sd_bus_error *error) {
        int r = sd_bus_message_read(call, "u", ret);

        if (r >= 0 && (*ret < 1 || *ret > max))
                r = sd_bus_error_setf(error, pi_error_name(PI_ERROR_INVALID_OPTION),
                                      "Argument \"limit\" is %u, out of range: 1 to %u", *ret, max);
        return r;
}

int pi_reply_variant(sd_bus_message *call, GVariant *value) {
        g_autoptr(GVariant) v = g_variant_ref_sink(value);
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r < 0)
                return r;
        r = pi_variant_append(reply, v);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, reply, NULL);
}

int pi_reply_gerror(sd_bus_message *call, const GError *error) {
        return sd_bus_reply_method_errorf(call, pi_error_name((PiError) error->code), "%s",
                                          error->message);
}

int pi_reply_already_finished(sd_bus_message *call, const PiJob *job) {
        return sd_bus_reply_method_errorf(call, pi_error_name(PI_ERROR_ALREADY_FINISHED),
                                          "Job %" G_GUINT64_FORMAT " is %s already", job->id,
                                          pi_job_state_to_string(job->state));
}

int pi_reply_job(sd_bus_message *call, const PiJob *job) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
        int r;

        if (job->error)
                return pi_reply_gerror(call, job->error);
        r = sd_bus_message_new_method_return(call, &reply);
        if (r < 0)
                return r;
        r = sd_bus_message_append(reply, "d", job->pi);
        if (r < 0)
                return r;
        r = pi_variant_append(reply, job->report);
        if (r < 0)
                return r;
        return sd_bus_send(NULL, reply, NULL);
}
