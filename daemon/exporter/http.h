/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/exporter/listen.h"
#include "daemon/exporter/scrape.h"

/* HTTP for Prometheus: GET and HEAD of /metrics, and of / for people. Runs in the default main
 * context, one thread for all; who is slow delays nobody. */
typedef struct PiHttp PiHttp;

/* Connections of a socket at a time, more of them wait; of one address, more of them are closed.
 * One on which nothing happens is closed, too. */
#define PI_HTTP_CONNECTIONS_MAX 32
#define PI_HTTP_CONNECTIONS_PER_IP_MAX 8
#define PI_HTTP_TIMEOUT_SEC 10

/* The sockets are taken over; `scrape` must live until shortly before pi_http_free(). */
PiHttp *pi_http_new(const PiListen *sockets, PiScrape *scrape, GError **error);
/* Whoever waits for an answer is told to ask again. */
void pi_http_free(PiHttp *http);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiHttp, pi_http_free)

/* Calls `idle` when for so long nobody has been connected. */
void pi_http_on_idle(PiHttp *http, unsigned seconds, GSourceFunc idle, gpointer userdata);
