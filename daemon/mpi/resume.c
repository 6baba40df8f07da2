/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/mpi/resume.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/engine/contract.h"
#include "daemon/series/expected.h"
#include "dbus/error.h"

static gboolean take_line(const char *path, guint number, const char *text, gsize length,
                          GArray *done, GError **error) {
        g_auto(PiContractLine) line = {};

        if (!pi_contract_line_parse(text, length, &line, error)) {
                g_prefix_error(error, "%s:%u: ", path, number);
                return FALSE;
        }
        if (line.kind == PI_CONTRACT_HELLO && line.hello.numerics != PI_NUMERICS_VERSION) {
                g_set_error(error, PI_ERROR, PI_ERROR_ENGINE_FAILED,
                            "%s:%u: the sums are of version %u of the numbers, and this program "
                            "has %d: give another file",
                            path, number, line.hello.numerics, PI_NUMERICS_VERSION);
                return FALSE;
        }
        if (line.kind != PI_CONTRACT_CHUNK)
                return TRUE;
        if (!pi_verify(&pi_kernel_generic, line.chunk.range, &line.chunk.sum, NULL)) {
                g_set_error(error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED,
                            "%s:%u: the sum of terms %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                            " is not the expected one: take that line out",
                            path, number, line.chunk.range.begin, line.chunk.range.end - 1);
                return FALSE;
        }
        g_array_append_val(done, line.chunk.range);
        return TRUE;
}

gboolean pi_resume_read(const char *path, GArray *done, GError **error) {
        FILE *file = fopen(path, "re");
        char *text = NULL;
        size_t size = 0;
        ssize_t length = 0;
        gboolean good = TRUE;

        if (!file) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "Cannot read %s: %s", path,
                            g_strerror(errno));
                return FALSE;
        }
        for (guint number = 1; good && (length = getline(&text, &size, file)) >= 0; number++)
                if (length > 0 && text[length - 1] == '\n')
                        good = take_line(path, number, text, (gsize) length - 1, done, error);
        if (good && ferror(file)) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "Cannot read %s to its end: %s", path,
                            g_strerror(errno));
                good = FALSE;
        }
        free(text);
        fclose(file);
        return good;
}

static int by_begin(gconstpointer a, gconstpointer b) {
        const PiRange *x = a, *y = b;

        return (x->begin > y->begin) - (x->begin < y->begin);
}

GArray *pi_resume_holes(PiRange range, GArray *done) {
        GArray *holes = g_array_new(FALSE, FALSE, sizeof(PiRange));

        g_array_sort(done, by_begin);
        for (guint i = 0; i < done->len && range.begin < range.end; i++) {
                PiRange chunk = g_array_index(done, PiRange, i);
                PiRange hole = { range.begin, MIN(chunk.begin, range.end) };

                if (hole.begin < hole.end)
                        g_array_append_val(holes, hole);
                range.begin = MAX(range.begin, chunk.end);
        }
        if (range.begin < range.end)
                g_array_append_val(holes, range);
        return holes;
}
