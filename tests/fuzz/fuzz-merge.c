/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any file that is merged. What is summed of it is the sum of its terms. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctl/merge.h"
#include "daemon/series/expected.h"
#include "dbus/error.h"

#define CHUNKS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *make_file(const uint8_t *data, size_t size, int *ret_fd) {
        *ret_fd = memfd_create("fuzz-merge", MFD_CLOEXEC);
        g_assert(*ret_fd >= 0 && write(*ret_fd, data, size) == (ssize_t) size);
        return g_strdup_printf("/proc/self/fd/%d", *ret_fd);
}

static void check_total(const PiMergeTotal *total) {
        PiRange whole = { 0, total->terms };

        g_assert(total->chunks > 0 && total->chunks + total->duplicates <= CHUNKS_MAX);
        g_assert(total->terms > 0 && total->terms <= PI_TERMS_MAX);
        g_assert(pi_verify(&pi_kernel_generic, whole, &total->sum, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autoptr(PiMerge) merge = pi_merge_new(CHUNKS_MAX);
        g_autoptr(GError) error = NULL;
        int fd;
        g_autofree char *path = make_file(data, size, &fd);
        PiMergeTotal total;
        guint64 torn;

        if (pi_merge_add_file(merge, path, &torn, &error) &&
            pi_merge_sum(merge, 0, &total, &error))
                check_total(&total);
        else
                g_assert(error->domain == PI_ERROR && strlen(error->message) < 4096 &&
                         g_utf8_validate(error->message, -1, NULL));
        close(fd);
        return 0;
}
