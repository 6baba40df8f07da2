/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/digits.h"

#include <inttypes.h>

#include "daemon/series/expected.h"

/* Takes the whole part of a number that is not negative out of it. */
static uint32_t take_whole(PiFixed *a) {
        uint32_t whole = (uint32_t) (a->limb[2] >> 32);

        a->limb[2] &= UINT32_MAX;
        return whole;
}

/* Whether |a| <= 2^28, so that four times the sum of two such numbers is in range. */
static bool is_modest(const PiFixed *a) {
        PiFixed magnitude = *a, limit = PI_FIXED_ZERO;

        pi_fixed_abs(&magnitude);
        pi_fixed_add_shifted(&limit, 1, PI_FIXED_FRACTION_BITS + 28);
        return !pi_fixed_is_negative(&magnitude) && pi_fixed_cmp(&magnitude, &limit) < 0;
}

char *pi_digits(const PiFixed *sum, const PiFixed *uncertainty) {
        PiFixed a = *sum, b = *sum;
        GString *text = g_string_new(NULL);
        uint32_t digit;

        if (!is_modest(sum) || !is_modest(uncertainty))
                return g_string_free(text, FALSE);

        pi_fixed_sub(&a, uncertainty);
        pi_fixed_add(&b, uncertainty);
        pi_fixed_mul_u32(&a, 4);
        pi_fixed_mul_u32(&b, 4);

        if (pi_fixed_is_negative(&a) != pi_fixed_is_negative(&b))
                return g_string_free(text, FALSE);
        if (pi_fixed_is_negative(&a)) {
                g_string_append_c(text, '-');
                pi_fixed_neg(&a);
                pi_fixed_neg(&b);
        }

        digit = take_whole(&a);
        if (digit != take_whole(&b)) {
                g_string_truncate(text, 0);
                return g_string_free(text, FALSE);
        }
        g_string_append_printf(text, "%" PRIu32, digit);

        for (unsigned i = 0; i < PI_DIGITS_DECIMALS_MAX; i++) {
                pi_fixed_mul_u32(&a, 10);
                pi_fixed_mul_u32(&b, 10);
                digit = take_whole(&a);
                if (digit != take_whole(&b))
                        break;
                if (i == 0)
                        g_string_append_c(text, '.');
                g_string_append_c(text, (char) ('0' + digit));
        }

        return g_string_free(text, FALSE);
}

char *pi_digits_of_range(PiRange range, const PiFixed *sum, const PiFixed *residual) {
        PiFixed uncertainty = *residual, bound;

        pi_fixed_abs(&uncertainty);
        pi_expected_uncertainty(range, &bound);
        pi_fixed_add(&uncertainty, &bound);
        return pi_digits(sum, &uncertainty);
}

double pi_error_vs_pi(const PiFixed *sum) {
        PiFixed difference = *sum;

        pi_fixed_sub(&difference, &pi_quarter);
        return 4 * pi_fixed_to_double(&difference);
}
