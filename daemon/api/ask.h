/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

/* Calls that wait for an answer of the store, or for whatever else takes its time. */
typedef struct PiAsks PiAsks;

#define PI_ASKS_MAX 256

typedef struct PiAsk {
        PiAsks *asks;
        sd_bus_message *call;
        gpointer server; /* a PiServer, for whoever answers */
        uint64_t id;     /* what it is about, if that has a number */
} PiAsk;

PiAsks *pi_asks_new(void);

/* Forgets all of them: nothing is answered any more. */
void pi_asks_free(PiAsks *asks);

/* Errors: PI_ERROR_QUEUE_FULL. */
PiAsk *pi_ask_new(PiAsks *asks, sd_bus_message *call, gpointer server, uint64_t id, GError **error);
void pi_ask_free(PiAsk *ask);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiAsk, pi_ask_free)
