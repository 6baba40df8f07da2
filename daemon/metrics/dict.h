/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/metrics/keys.h"

#include <glib.h>
#include <stdint.h>

/* An a{sv} under construction whose keys are those of one table. `id` is an index of that table; a
 * value of another type than the table declares is a programming error and aborts. */
typedef struct PiMetricDict {
        const PiMetricKey *keys;
        GVariantBuilder builder;
} PiMetricDict;

void pi_metric_dict_begin(PiMetricDict *d, const PiMetricKey *keys);
/* The finished dictionary, floating. */
GVariant *pi_metric_dict_end(PiMetricDict *d);

void pi_metric_dict_boolean(PiMetricDict *d, unsigned id, gboolean value);
void pi_metric_dict_uint32(PiMetricDict *d, unsigned id, uint32_t value);
void pi_metric_dict_uint64(PiMetricDict *d, unsigned id, uint64_t value);
/* A value that is not finite is left out. */
void pi_metric_dict_double(PiMetricDict *d, unsigned id, double value);
/* Bytes that are not UTF-8 are replaced. */
void pi_metric_dict_string(PiMetricDict *d, unsigned id, const char *value);
/* Takes a floating array. */
void pi_metric_dict_list(PiMetricDict *d, unsigned id, GVariant *value);
