/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/link.h"

/* Links over loopback, both ends in this process and driven by the default main context. */

typedef struct End End;

struct End {
        PiIdentity *identity;
        PiLinkHooks hooks;
        PiLink *link; /* NULL once freed */
        PiLinkAdmission admission; /* what the other side is taken for; a member by default */
        const char *pin;           /* only this fingerprint is let in, NULL any */
        /* Frees the link in that callback. */
        gboolean free_in_admit, free_in_up, free_in_down, free_in_call, free_in_answer;
        guint admits, ups, downs, calls;
        GError *why;         /* that `down` was given */
        GQueue kept;         /* PiLinkCall of the method Keep; what is left goes with the end */
};

/* Methods: Echo ay->ay, Grow t->ay (that many bytes), Fail s->s (fails with PI_ERROR_QUOTA_EXCEEDED
 * and that text), Keep t->t (not answered, see End.kept), Join s->s (for strangers, too). */
void end_init(End *end);
void end_clear(End *end);

/* Two connected TCP sockets of the loopback. */
void tcp_pair(int ret[2]);

/* The newest. */
PiLinkCall *take_kept(End *end);

void end_link(End *end, int fd, PiLinkRole role);
/* Links them and waits until both are up. */
void ends_link(End *client, End *server);

/* How a call ended. */
typedef struct Answer {
        guint times;
        GVariant *result;
        GError *error;
        End *freed_by; /* whose link is freed in the callback */
} Answer;

void answer_clear(Answer *answer);
void call(End *end, const char *method, GVariant *argument, Answer *answer);
void call_within(End *end, const char *method, GVariant *argument, guint64 usec, Answer *answer);
/* That many bytes, the first of them `first`. */
GVariant *bytes_of(gsize n, guint8 first);

/* Runs the main loop until the condition holds. */
#define wait_until(condition)                                                                      \
        G_STMT_START {                                                                             \
                while (!(condition))                                                               \
                        g_main_context_iteration(NULL, TRUE);                                      \
        }                                                                                          \
        G_STMT_END

/* Until nothing is left to do at once. */
void settle(void);

#define assert_says(error, domain, code, text)                                                     \
        G_STMT_START {                                                                             \
                g_assert_error(error, domain, code);                                               \
                if (!strstr((error)->message, text))                                               \
                        g_error("\"%s\" says nothing of \"%s\"", (error)->message, text);          \
        }                                                                                          \
        G_STMT_END

guint count_fds(void);
guint count_threads(void);
