/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/client.h"

/* The object path of a job given as "7" or "/org/picompute1/job/7". Numbers only, no leading zeros.
 * Errors are PI_ERROR_INVALID_OPTION. */
char *pi_job_path_parse(const char *text, GError **error);

/* The number at the end of a job's object path, 0 if there is none. */
guint64 pi_job_id_of_path(const char *path);

/* The properties of a job, a{sv}, by their names on the bus: of its object, or where that is gone
 * those the store knows. A stored job has no Sender. */
GVariant *pi_job_get(PiClient *client, const char *path, GError **error);

/* The properties from an answer of DescribeJob, whose keys are written another way. */
GVariant *pi_job_properties_of_entry(GVariant *entry);

/* DescribeJob, which tells of a job that has no object any more. */
extern const PiMethod pi_method_describe_job;

/* Values of a dictionary a{sv} by name; 0, "" or NULL when absent or of another type. */
guint64 pi_dict_u64(GVariant *dict, const char *key); /* t or u */
double pi_dict_double(GVariant *dict, const char *key);
const char *pi_dict_string(GVariant *dict, const char *key); /* s or o; lives as long as `dict` */
gboolean pi_dict_has(GVariant *dict, const char *key);

gboolean pi_job_state_is_final(const char *state);
