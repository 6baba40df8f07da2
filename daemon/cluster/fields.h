/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* Reads a dictionary that another node sent, or a file holds. Keys that are asked for are checked
 * for type and range; others are let pass, so that a newer version may say more. The first fault is
 * kept, and what is read after it is of no use: ask for everything, then look at it once. */
typedef struct PiFields {
        GVariant *dict;   /* a{sv} */
        gsize next;       /* its entry behind the last one that was found */
        const char *what; /* it is, for messages: "Identify" */
        GError *error;    /* PI_ERROR_INVALID_OPTION, naming what, key and range */
} PiFields;

#define PI_FIELDS_MAX 64 /* keys, known or not */

/* `dict` must live as long as what is read from it. */
void pi_fields_init(PiFields *fields, const char *what, GVariant *dict);
/* FALSE with the fault, if there was one. */
gboolean pi_fields_end(PiFields *fields, GError **error);
/* Makes it the fault if there is none yet. */
void pi_fields_fail(PiFields *fields, const char *format, ...) G_GNUC_PRINTF(2, 3);

gboolean pi_fields_has(PiFields *fields, const char *key);

/* These must be there; min and max are the ends of the range. */
uint32_t pi_fields_u32(PiFields *fields, const char *key, uint32_t min, uint32_t max);
int32_t pi_fields_i32(PiFields *fields, const char *key, int32_t min, int32_t max);
uint64_t pi_fields_u64(PiFields *fields, const char *key, uint64_t min, uint64_t max);
double pi_fields_double(PiFields *fields, const char *key, double min, double max);
gboolean pi_fields_boolean(PiFields *fields, const char *key);
/* What can be printed, of at most `max` bytes; never NULL. Valid as long as the dictionary. */
const char *pi_fields_string(PiFields *fields, const char *key, gsize max);
/* Exactly `digits` lower-case hex digits. */
const char *pi_fields_hex(PiFields *fields, const char *key, gsize digits);
/* Exactly `n` bytes; NULL after a fault. */
const uint8_t *pi_fields_bytes(PiFields *fields, const char *key, gsize n);
/* Exactly `n` numbers, to be freed with g_free(); NULL after a fault. */
uint64_t *pi_fields_u64_array(PiFields *fields, const char *key, gsize n);
/* The name of a node: see pi_node_name_is_valid(). */
const char *pi_fields_name(PiFields *fields, const char *key);
/* At most PI_ADDRESSES_MAX, see pi_node_address_is_valid(), to be freed with g_strfreev(); empty
 * after a fault. */
char **pi_fields_addresses(PiFields *fields, const char *key);
/* An array of dictionaries, at most `max`; NULL after a fault. The caller's. */
GVariant *pi_fields_rows(PiFields *fields, const char *key, gsize max);
