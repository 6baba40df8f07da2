/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/mpi/team.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "daemon/series/sum.h"
#include "daemon/series/verifier.h"
#include "daemon/work/clock.h"
#include "dbus/error.h"

/* What a thread takes at once: 64 stretches are some milliseconds. */
#define BITE_TERMS (PI_STRETCH_MAX * 64)

struct PiTeam {
        const PiKernel *kernel;
        pthread_mutex_t lock;
        pthread_cond_t wake; /* threads: there is a range, or the end */
        pthread_cond_t done; /* the rank: a range is done */
        pthread_t *thread;
        uint32_t n_threads;

        /* Under the lock. */
        gboolean ending;
        gboolean busy;  /* there is a range that was not taken */
        uint32_t inside; /* threads at it */
        uint64_t next;  /* its first term that nobody has taken */
        uint64_t begun_usec;
        PiTeamSum sum;
        atomic_bool dropped; /* threads leave within a stretch */
};

static uint64_t clock_usec(clockid_t id) {
        return pi_clock_nsec(id) / 1000;
}

/* A stretch; once more when it is wrong. */
static bool sum_stretch(const PiKernel *kernel, PiVerifier *verifier, PiRange stretch,
                        PiFixed *ret) {
        for (int attempt = 0; attempt < 2; attempt++) {
                pi_sum_range(kernel, stretch, ret);
                if (pi_verifier_next(verifier, kernel, stretch.end, ret, NULL, NULL))
                        return true;
                pi_verifier_init(verifier, stretch.begin);
        }
        return false;
}

/* FALSE when a stretch failed. */
static bool sum_bite(PiTeam *team, PiRange bite, PiFixed *sum) {
        PiVerifier verifier;
        uint64_t at = bite.begin;

        pi_verifier_init(&verifier, at);
        while (at < bite.end && !atomic_load(&team->dropped)) {
                PiRange stretch = { at, MIN(pi_stretch_end(at), bite.end) };
                PiFixed part;

                if (!sum_stretch(team->kernel, &verifier, stretch, &part))
                        return false;
                pi_fixed_add(sum, &part);
                at = stretch.end;
        }
        return true;
}

/* Under the lock. */
static bool take_bite(PiTeam *team, PiRange *ret) {
        uint64_t end = team->sum.range.end;

        if (team->next >= end || team->sum.failed || atomic_load(&team->dropped))
                return false;
        *ret = (PiRange) { team->next, MIN((team->next / BITE_TERMS + 1) * BITE_TERMS, end) };
        team->next = ret->end;
        return true;
}

/* A thread's share of the range; under the lock, which it leaves meanwhile. */
static void work(PiTeam *team) {
        PiFixed sum = PI_FIXED_ZERO;
        uint64_t cpu = clock_usec(CLOCK_THREAD_CPUTIME_ID);
        bool good = true;
        PiRange bite;

        team->inside++;
        while (good && take_bite(team, &bite)) {
                pthread_mutex_unlock(&team->lock);
                good = sum_bite(team, bite, &sum);
                pthread_mutex_lock(&team->lock);
        }
        pi_fixed_add(&team->sum.sum, &sum);
        team->sum.cpu_usec += clock_usec(CLOCK_THREAD_CPUTIME_ID) - cpu;
        team->sum.failed |= !good;
        if (--team->inside == 0) {
                team->sum.usec = clock_usec(CLOCK_MONOTONIC) - team->begun_usec;
                pthread_cond_broadcast(&team->done);
        }
}

static bool has_work(const PiTeam *team) {
        return team->busy && team->next < team->sum.range.end && !team->sum.failed &&
               !atomic_load(&team->dropped);
}

static void *run(void *userdata) {
        PiTeam *team = userdata;

        pthread_mutex_lock(&team->lock);
        while (!team->ending) {
                if (has_work(team))
                        work(team);
                else
                        pthread_cond_wait(&team->wake, &team->lock);
        }
        pthread_mutex_unlock(&team->lock);
        return NULL;
}

PiTeam *pi_team_new(const PiKernel *kernel, uint32_t n_threads, GError **error) {
        PiTeam *team = g_new0(PiTeam, 1);
        pthread_condattr_t monotonic;

        team->kernel = kernel;
        team->thread = g_new0(pthread_t, n_threads);
        pthread_mutex_init(&team->lock, NULL);
        pthread_cond_init(&team->wake, NULL);
        pthread_condattr_init(&monotonic);
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        pthread_cond_init(&team->done, &monotonic);
        pthread_condattr_destroy(&monotonic);
        for (; team->n_threads < n_threads; team->n_threads++) {
                int r = pthread_create(&team->thread[team->n_threads], NULL, run, team);

                if (r == 0)
                        continue;
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "Cannot start thread %u of %u: %s",
                            team->n_threads + 1, n_threads, g_strerror(r));
                pi_team_free(team);
                return NULL;
        }
        return team;
}

void pi_team_free(PiTeam *team) {
        if (!team)
                return;
        atomic_store(&team->dropped, true);
        pthread_mutex_lock(&team->lock);
        team->ending = TRUE;
        pthread_cond_broadcast(&team->wake);
        pthread_mutex_unlock(&team->lock);
        for (uint32_t i = 0; i < team->n_threads; i++)
                pthread_join(team->thread[i], NULL);
        pthread_cond_destroy(&team->done);
        pthread_cond_destroy(&team->wake);
        pthread_mutex_destroy(&team->lock);
        g_free(team->thread);
        g_free(team);
}

void pi_team_start(PiTeam *team, PiRange range) {
        pthread_mutex_lock(&team->lock);
        atomic_store(&team->dropped, false);
        team->sum = (PiTeamSum) { .range = range, .sum = PI_FIXED_ZERO };
        team->next = range.begin;
        team->begun_usec = clock_usec(CLOCK_MONOTONIC);
        team->busy = TRUE;
        pthread_cond_broadcast(&team->wake);
        pthread_mutex_unlock(&team->lock);
}

/* Under the lock. */
static bool is_done(const PiTeam *team) {
        return team->busy && team->inside == 0 &&
               (team->next >= team->sum.range.end || team->sum.failed);
}

gboolean pi_team_take(PiTeam *team, PiTeamSum *ret) {
        gboolean done;

        pthread_mutex_lock(&team->lock);
        done = is_done(team);
        if (done) {
                *ret = team->sum;
                team->busy = FALSE;
        }
        pthread_mutex_unlock(&team->lock);
        return done;
}

gboolean pi_team_is_idle(PiTeam *team) {
        gboolean idle;

        pthread_mutex_lock(&team->lock);
        idle = !team->busy;
        pthread_mutex_unlock(&team->lock);
        return idle;
}

void pi_team_drop(PiTeam *team) {
        pthread_mutex_lock(&team->lock);
        atomic_store(&team->dropped, true);
        while (team->inside > 0)
                pthread_cond_wait(&team->done, &team->lock);
        team->busy = FALSE;
        pthread_mutex_unlock(&team->lock);
}

void pi_team_wait(PiTeam *team, uint64_t usec) {
        struct timespec until;

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += (long) (usec % 1000000) * 1000;
        until.tv_sec += (time_t) (usec / 1000000) + until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_mutex_lock(&team->lock);
        if (!is_done(team))
                (void) pthread_cond_timedwait(&team->done, &team->lock, &until);
        pthread_mutex_unlock(&team->lock);
}
