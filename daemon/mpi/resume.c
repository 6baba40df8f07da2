/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/mpi/resume.h"

#include "daemon/engine/run-file.h"
#include "dbus/error.h"

static gboolean take(const PiContractLine *line, guint64 number, gpointer userdata,
                     GError **error) {
        GArray *done = userdata;

        if (line->kind != PI_CONTRACT_CHUNK)
                return TRUE;
        if (done->len >= PI_RESUME_CHUNKS_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "there are more than %d chunks: sum a part of the terms, by --from and "
                            "--to, with the files that have that part",
                            PI_RESUME_CHUNKS_MAX);
                return FALSE;
        }
        g_array_append_val(done, line->chunk.range);
        return TRUE;
}

gboolean pi_resume_read(const char *path, GArray *done, GError **error) {
        return pi_run_file_read(path, take, done, NULL, error);
}

static int by_begin(gconstpointer a, gconstpointer b) {
        const PiRange *x = a, *y = b;

        return (x->begin > y->begin) - (x->begin < y->begin);
}

GArray *pi_resume_holes(PiRange range, GArray *done, GError **error) {
        g_autoptr(GArray) holes = g_array_new(FALSE, FALSE, sizeof(PiRange));

        g_array_sort(done, by_begin);
        for (guint i = 0; i < done->len && range.begin < range.end; i++) {
                PiRange chunk = g_array_index(done, PiRange, i);
                PiRange hole = { range.begin, MIN(chunk.begin, range.end) };

                if (hole.begin < hole.end)
                        g_array_append_val(holes, hole);
                range.begin = MAX(range.begin, chunk.end);
                if (range.begin < range.end && range.begin % PI_GROUP_TERMS != 0) {
                        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "the chunk of terms %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                                    " cannot be gone on from, for its end is no multiple of %d: "
                                    "take its line out of the file of --resume",
                                    chunk.begin, chunk.end - 1, PI_GROUP_TERMS);
                        return NULL;
                }
        }
        if (range.begin < range.end)
                g_array_append_val(holes, range);
        return g_steal_pointer(&holes);
}
