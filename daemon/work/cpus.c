/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/work/cpus.h"

#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

/* Larger than any machine's; the kernel refuses a set smaller than its own. */
#define CPUS_MAX 65536

/* Lets the main thread preempt a worker at once, even where all CPUs compute. */
#define WORKER_NICE 5

uint32_t pi_cpus_allowed(uint32_t **ret) {
        for (int n = 1024; n <= CPUS_MAX; n *= 4) {
                cpu_set_t *set = CPU_ALLOC(n);
                size_t size = CPU_ALLOC_SIZE(n);

                if (sched_getaffinity(0, size, set) == 0) {
                        uint32_t count = 0;

                        *ret = g_new(uint32_t, CPU_COUNT_S(size, set));
                        for (int cpu = 0; cpu < n; cpu++)
                                if (CPU_ISSET_S(cpu, size, set))
                                        (*ret)[count++] = (uint32_t) cpu;
                        CPU_FREE(set);
                        return count;
                }
                CPU_FREE(set);
                if (errno != EINVAL)
                        break;
        }
        *ret = g_new0(uint32_t, 1);
        return 1;
}

void pi_cpus_settle_thread(uint32_t cpu) {
        cpu_set_t *set = CPU_ALLOC(cpu + 1);
        size_t size = CPU_ALLOC_SIZE(cpu + 1);

        CPU_ZERO_S(size, set);
        CPU_SET_S(cpu, size, set);
        (void) pthread_setaffinity_np(pthread_self(), size, set);
        CPU_FREE(set);
        (void) pthread_setschedparam(pthread_self(), SCHED_BATCH, &(struct sched_param) {});
        (void) setpriority(PRIO_PROCESS, 0 /* this thread */, WORKER_NICE);
}

#define MODEL_KEY "model name"

char *pi_cpus_model(void) {
        g_autofree char *text = NULL;
        const char *line;
        struct utsname uts;

        if (g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL) &&
            (line = strstr(text, MODEL_KEY)) && (line = strchr(line, ':'))) {
                g_autofree char *model = g_strndup(line + 1, MIN(strcspn(line + 1, "\n"), 128));

                return g_utf8_make_valid(g_strstrip(model), -1);
        }
        /* Many of ARM's do not say. */
        return g_strdup(uname(&uts) == 0 ? uts.machine : "unknown");
}
