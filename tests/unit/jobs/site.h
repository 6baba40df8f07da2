/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/jobs/engine.h"
#include "daemon/series/sum.h"
#include "tests/unit/jobs/node.h"

/* A node with an engine of its site, and no programs: one range is summed each time around the main
 * loop, by two ranks in turn. */

typedef enum SiteMood {
        SITE_GOOD,
        SITE_DIES,     /* after a chunk */
        SITE_LIES,     /* the second chunk has a wrong bit */
        SITE_STRAYS,   /* the second chunk was not ordered */
        SITE_STRANGER, /* by another version of the numerics */
        SITE_MUTE,     /* never says hello */
        SITE_HANGS,    /* after a chunk */
        SITE_QUEUED,   /* stays in the queue */
        SITE_REFUSES,  /* over before the hello */
        SITE_NEVER,    /* and would be each time */
        SITE_NONE,     /* nothing can be launched */
        SITE_FAULTY,   /* a rank is given nothing more */
} SiteMood;

typedef struct Site {
        Node node;
        PiEngine engine;
        SiteMood moods[8]; /* of each launch, the last one for all that follow */
        guint n_moods;
        guint launches, out;
        guint ranges; /* of the last launch */
} Site;

struct PiLaunch {
        Site *site;
        SiteMood mood;
        GArray *ranges;
        const PiLaunchHooks *hooks;
        gpointer userdata;
        guint source, step;
};

static inline void site_launch_free(PiLaunch *l) {
        g_clear_handle_id(&l->source, g_source_remove);
        l->site->out--;
        g_array_unref(l->ranges);
        g_free(l);
}

static inline void site_over(PiLaunch *l, gboolean again, const char *what) {
        g_autoptr(GError) error = g_error_new_literal(PI_ERROR, PI_ERROR_ENGINE_FAILED, what);
        const PiLaunchHooks *hooks = l->hooks;
        gpointer userdata = l->userdata;

        l->source = 0;
        site_launch_free(l);
        hooks->over(error, again, userdata);
}

static inline void site_hello(PiLaunch *l) {
        static char *hosts[] = { (char *) "n1", (char *) "n2", NULL };
        static uint32_t threads[] = { 2, 3 };
        PiContractLine line = { .kind = PI_CONTRACT_HELLO,
                                .hello = { 2, hosts, threads, PI_NUMERICS_VERSION,
                                           (char *) "generic", (char *) "" } };

        if (l->mood == SITE_STRANGER)
                line.hello.numerics++;
        l->hooks->told(&line, l->userdata);
}

static inline void site_chunk(PiLaunch *l, guint i) {
        PiContractLine line = { .kind = PI_CONTRACT_CHUNK,
                                .chunk = { .range = g_array_index(l->ranges, PiRange, i),
                                           .rank = i % 2, .usec = 3000, .cpu_usec = 5000 } };

        pi_sum_range(&pi_kernel_generic, line.chunk.range, &line.chunk.sum);
        if (i == 1 && l->mood == SITE_LIES)
                line.chunk.sum.limb[1] ^= UINT64_C(1) << 40;
        if (i == 1 && l->mood == SITE_STRAYS)
                line.chunk.range.end -= 8;
        l->hooks->told(&line, l->userdata);
}

static inline void site_state(PiLaunch *l, PiContractState state, const char *detail) {
        l->hooks->told(&(PiContractLine) { .kind = PI_CONTRACT_STATE,
                                           .state = { state, (char *) detail } }, l->userdata);
}

static inline void site_fault(PiLaunch *l) {
        l->hooks->told(&(PiContractLine) { .kind = PI_CONTRACT_FAULT,
                                           .fault = { 1, (char *) "n2", { 0, 8 },
                                                      (char *) "a wrong sum" } },
                       l->userdata);
}

static inline gboolean site_step(gpointer userdata) {
        PiLaunch *l = userdata;
        guint step = l->step++;

        if (l->mood == SITE_REFUSES || l->mood == SITE_NEVER) {
                site_over(l, l->mood == SITE_REFUSES, "no such partition");
                return G_SOURCE_REMOVE;
        }
        if (step == 0 && l->mood == SITE_QUEUED)
                site_state(l, PI_CONTRACT_STATE_QUEUED, "job 12 waits");
        if (l->mood == SITE_MUTE || l->mood == SITE_QUEUED ||
            (l->mood == SITE_HANGS && step > 1)) {
                l->source = 0;
                return G_SOURCE_REMOVE;
        }
        if (l->mood == SITE_DIES && step > 1) {
                site_over(l, TRUE, "rank 1 was killed");
                return G_SOURCE_REMOVE;
        }
        if (step == 1 && l->mood == SITE_FAULTY)
                site_fault(l);
        /* The last thing: it may be freed in there. */
        if (step == 0)
                site_hello(l);
        else
                site_chunk(l, step - 1);
        return G_SOURCE_CONTINUE;
}

static inline PiLaunch *site_launch(const GArray *ranges, const PiLaunchHooks *hooks,
                                    gpointer hooks_userdata, gpointer userdata, GError **error) {
        Site *site = userdata;
        SiteMood mood = site->moods[MIN(site->launches, site->n_moods - 1)];
        PiLaunch *l;

        if (mood == SITE_NONE) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_ENGINE_FAILED, "no socket");
                return NULL;
        }
        l = g_new0(PiLaunch, 1);
        *l = (PiLaunch) { site, mood, g_array_ref((GArray *) ranges), hooks, hooks_userdata };
        site->launches++;
        site->out++;
        site->ranges = ranges->len;
        l->source = g_idle_add(site_step, l);
        return l;
}

static inline void site_end(PiLaunch *l, gpointer userdata) {
        site_launch_free(l);
}

#define site_start(site, ...)                                                                     \
        site_start_with((site), (SiteMood[]) { __VA_ARGS__ },                                     \
                        G_N_ELEMENTS(((SiteMood[]) { __VA_ARGS__ })))

static inline void site_start_with(Site *site, const SiteMood *moods, guint n) {
        PiSettings *settings = pi_settings_new();

        settings->engine_min_time_usec = 0;
        *site = (Site) { .n_moods = n };
        for (guint i = 0; i < n; i++)
                site->moods[i] = moods[i];
        node_start_with(&site->node, 2, settings);
        site->engine = (PiEngine) { .launch = site_launch, .end = site_end, .userdata = site };
        pi_jobs_set_engine(site->node.jobs, &site->engine);
}

static inline void site_stop(Site *site) {
        node_wait(&site->node);
        g_assert_cmpuint(site->out, ==, 0);
        node_stop(&site->node);
}
