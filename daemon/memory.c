/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/memory.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

/* After the last job ended; the store has written it by then. */
#define IDLE_SECONDS 1

struct PiMemory {
        PiJobs *jobs;
        PiCluster *cluster; /* NULL while none is watched */
        guint timer; /* source id, 0 for none */
};

void pi_memory_set_up(void) {
        /* One arena does: workers allocate nothing. Long lists come in pieces of their own, which
         * go back at once. */
        mallopt(M_ARENA_MAX, 1);
        mallopt(M_MMAP_THRESHOLD, 64 * 1024);
        mallopt(M_TRIM_THRESHOLD, 128 * 1024);
}

/* What is only read of a library, and is no code: for the most part tables for the dynamic linker,
 * which the kernel brought in by the dozen of pages when it started. They are read again from the
 * file, when they are. Not code, which debuggers write to; and what is relocated lies in segments
 * that can be written. */
static int drop_tables(struct dl_phdr_info *info, size_t size, void *userdata) {
        uintptr_t page = (uintptr_t) sysconf(_SC_PAGESIZE);

        for (int i = 0; i < info->dlpi_phnum; i++) {
                const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
                uintptr_t begin = info->dlpi_addr + segment->p_vaddr;
                uintptr_t end = begin + segment->p_memsz;

                if (segment->p_type != PT_LOAD || segment->p_flags != PF_R)
                        continue;
                begin &= ~(page - 1);
                (void) madvise((void *) begin, end - begin, MADV_DONTNEED);
        }
        return 0;
}

static gboolean trim(gpointer userdata) {
        PiMemory *memory = userdata;

        if (pi_jobs_n_running(memory->jobs) > 0)
                return G_SOURCE_CONTINUE;
        memory->timer = 0;
        malloc_trim(0);
        (void) dl_iterate_phdr(drop_tables, NULL);
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
        pi_memory_trim_soon(memory);
        return memory;
}

static void member_changed(const PiMemberView *member, gpointer userdata) {
        pi_memory_trim_soon(userdata);
}

static const PiClusterListener cluster_listener = { .member_changed = member_changed };

void pi_memory_watch(PiMemory *memory, PiCluster *cluster) {
        if (memory->cluster == cluster)
                return;
        memory->cluster = cluster;
        pi_cluster_add_listener(cluster, &cluster_listener, memory);
        pi_memory_trim_soon(memory);
}

void pi_memory_free(PiMemory *memory) {
        if (!memory)
                return;
        g_clear_handle_id(&memory->timer, g_source_remove);
        g_free(memory);
}
