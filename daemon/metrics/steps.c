/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics/steps.h"

#define K UINT64_C(1000)
#define DECADE(ten) 1 * (ten), 2 * (ten), 5 * (ten)
#define THREE_DECADES(ten) DECADE(ten), DECADE(10 * (ten)), DECADE(100 * (ten))

static const uint64_t bounds[] = {
        THREE_DECADES(UINT64_C(1)),
        THREE_DECADES(K),
        THREE_DECADES(K * K),
        THREE_DECADES(K * K * K),
        THREE_DECADES(K * K * K * K),
        THREE_DECADES(K * K * K * K * K),
        DECADE(K * K * K * K * K * K),
        10 * K * K * K * K * K * K,
};

G_STATIC_ASSERT(G_N_ELEMENTS(bounds) == PI_STEPS);

uint64_t pi_step_bound(unsigned step) {
        return bounds[step];
}

unsigned pi_step_of(uint64_t value) {
        unsigned low = 0, high = PI_STEPS;

        while (low < high) {
                unsigned middle = (low + high) / 2;

                if (bounds[middle] < value)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}
