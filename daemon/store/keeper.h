/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/store/request.h"

/* The thread of a store: does requests in their order, several in one transaction where nobody
 * waits for them, and tries again what cannot be written. All functions are for the main thread. */
typedef struct PiKeeper PiKeeper;

/* What happened in the thread, in the order it did. */
typedef enum PiNewsKind {
        PI_NEWS_SET_ASIDE, /* `error` */
        PI_NEWS_OPENED,    /* `contents` */
        PI_NEWS_IDS,       /* `from`, `to` */
        PI_NEWS_STATE,     /* degraded because of `error`, or NULL: works again */
        PI_NEWS_ANSWER,    /* `request` with its answer */
} PiNewsKind;

typedef struct PiNews PiNews;
struct PiNews {
        PiNews *next;
        PiNewsKind kind;
        GError *error;
        PiStoreContents *contents;
        uint64_t from, to;
        PiRequest *request;
};

void pi_news_free(PiNews *news);

/* Starts the thread, and waits until it has tried to open the database; but not for ever. `wake` is
 * made ready whenever there is news. */
PiKeeper *pi_keeper_new(const char *directory, const PiRetention *retention, GSource *wake);

/* Does what it can of what is still to be done, and ends; but does not wait for ever either. No
 * number from `next_id` on was given, though asked for up to `asked_id`. */
void pi_keeper_free(PiKeeper *keeper, uint64_t next_id, uint64_t asked_id);

/* Takes a request over. */
void pi_keeper_push(PiKeeper *keeper, PiRequest *request);

void pi_keeper_set_retention(PiKeeper *keeper, const PiRetention *retention);

/* The oldest news, which is the caller's; NULL when there is none. */
PiNews *pi_keeper_take_news(PiKeeper *keeper);

/* All but its error and the time of that. */
void pi_keeper_figures(PiKeeper *keeper, PiStoreFigures *ret);
