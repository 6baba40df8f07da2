/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* PI_ERROR_UNREACHABLE: `from` cannot reach `to`, which listens at `port`, for these reasons; with
 * the commands that let it, from the first of the addresses of `from`. */
GError *pi_remedy_unreachable(const char *from, const char *to, uint16_t port,
                              const char *const *from_addresses, const char *reasons);

/* PI_ERROR_FAILED: the clocks of two nodes are too far apart. `offset_usec`: that of `b` less that
 * of `a`. `others_usec`: what the clocks of other members are ahead of that of `a`, n of them. */
#define PI_CLOCK_OFFSET_USEC_MAX (INT64_C(300) * 1000000)
GError *pi_remedy_clock(const char *a, const char *b, int64_t offset_usec,
                        const int64_t *others_usec, guint n);
