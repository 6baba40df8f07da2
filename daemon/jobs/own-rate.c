/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/own-rate.h"

#include "daemon/jobs/order-size.h"

double pi_own_rate(PiOwnRate *own, const PiJob *job, double baseline, uint64_t now_nsec) {
        uint64_t nsec = pi_job_active_nsec(job) - job->resumed_nsec;
        uint64_t terms = pi_job_terms_here(job);
        double rate = (double) terms * 1e9 / (double) MAX(nsec, 1);

        if (nsec >= PI_RATE_MEASURED_NSEC && terms > 0) {
                if (job->slots > 0)
                        *own = (PiOwnRate) { job->spec.kernel, rate / job->slots, now_nsec };
                return rate;
        }
        if (own->kernel != job->spec.kernel || now_nsec - own->measured_nsec > PI_RATE_KEPT_NSEC)
                return baseline * job->slots;
        return own->per_slot * job->slots;
}
