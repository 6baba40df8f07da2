/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Asks the service for its figures over D-Bus, for many at a time, and never starts it. Belongs to
 * the default main context. */
typedef struct PiScrape PiScrape;

/* How long the service may take, and how long an answer serves for others. */
#define PI_SCRAPE_TIMEOUT_USEC (5 * G_USEC_PER_SEC)
#define PI_SCRAPE_CACHE_USEC G_USEC_PER_SEC

/* An HTTP status and what goes with it: 200 and the text for Prometheus, also when the service does
 * not run, or 503 and a sentence that says why nobody knows. */
typedef void (*PiScrapeDone)(unsigned status, GBytes *text, gpointer userdata);

PiScrape *pi_scrape_new(gboolean user);
/* Nobody who still waits is answered any more. */
void pi_scrape_free(PiScrape *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiScrape, pi_scrape_free)

/* Calls `done` once, within this call or later from the main loop. */
void pi_scrape_ask(PiScrape *s, PiScrapeDone done, gpointer userdata);
