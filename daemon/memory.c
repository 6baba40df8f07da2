/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/memory.h"

#include <malloc.h>

/* After the last job ended; the store has written it by then. */
#define IDLE_SECONDS 1

struct PiMemory {
        PiJobs *jobs;
        guint timer; /* source id, 0 for none */
};

void pi_memory_set_up(void) {
        /* One arena does: workers allocate nothing. Long lists come in pieces of their own, which
         * go back at once. */
        mallopt(M_ARENA_MAX, 1);
        mallopt(M_MMAP_THRESHOLD, 64 * 1024);
        mallopt(M_TRIM_THRESHOLD, 128 * 1024);
}

static gboolean trim(gpointer userdata) {
        PiMemory *memory = userdata;

        if (pi_jobs_n_running(memory->jobs) > 0)
                return G_SOURCE_CONTINUE;
        memory->timer = 0;
        malloc_trim(0);
        return G_SOURCE_REMOVE;
}

void pi_memory_trim_soon(PiMemory *memory) {
        if (memory->timer == 0)
                memory->timer = g_timeout_add_seconds(IDLE_SECONDS, trim, memory);
}

static void state_changed(PiJob *job, gpointer userdata) {
        pi_memory_trim_soon(userdata);
}

static const PiJobsListener listener = { .state_changed = state_changed };

PiMemory *pi_memory_new(PiJobs *jobs) {
        PiMemory *memory = g_new0(PiMemory, 1);

        memory->jobs = jobs;
        pi_jobs_add_listener(jobs, &listener, memory);
        return memory;
}

void pi_memory_free(PiMemory *memory) {
        if (!memory)
                return;
        g_clear_handle_id(&memory->timer, g_source_remove);
        g_free(memory);
}
