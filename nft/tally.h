/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* What the kernel has counted in the table, read from the JSON of "list table". */
typedef struct PiTally {
        GHashTable *members; /* address in text -> uint64_t packets, owned */
        GVariant *counters;  /* a{st}: packets */
        GVariant *refused;   /* a(stt): address, attempts, microseconds since the last one */
} PiTally;

/* Errors: PI_ERROR_FAILED when it is not of the form that is known. */
PiTally *pi_tally_new(const char *json, GError **error);
void pi_tally_free(PiTally *tally);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiTally, pi_tally_free)

/* 0 for an address that is no member's. */
uint64_t pi_tally_of_member(const PiTally *tally, const char *address);
