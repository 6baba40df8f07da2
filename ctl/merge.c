/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/merge.h"

#include "daemon/engine/run-file.h"
#include "daemon/series/expected.h"
#include "dbus/error.h"

typedef struct Chunk {
        PiRange range;
        PiFixed sum;
        uint64_t cpu_usec;
        guint64 line;
        guint file; /* index */
} Chunk;

#define RANGE "terms %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
#define RANGE_ARGS(range) (range).begin, (range).end - 1
#define PLACE "%s:%" G_GUINT64_FORMAT
#define PLACE_ARGS(merge, c) (const char *) (merge)->files->pdata[(c)->file], (c)->line

PiMerge *pi_merge_new(guint chunks_max) {
        PiMerge *merge = g_new0(PiMerge, 1);

        merge->chunks_max = chunks_max;
        merge->files = g_ptr_array_new_with_free_func(g_free);
        merge->chunks = g_array_new(FALSE, FALSE, sizeof(Chunk));
        merge->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return merge;
}

void pi_merge_free(PiMerge *merge) {
        if (!merge)
                return;
        g_hash_table_unref(merge->hosts);
        g_array_unref(merge->chunks);
        g_ptr_array_unref(merge->files);
        g_free(merge);
}

static gboolean add_chunk(PiMerge *merge, const PiContractChunk *c, guint64 line, GError **error) {
        Chunk chunk = { c->range, c->sum, c->cpu_usec, line, merge->files->len - 1 };

        if (merge->chunks->len >= merge->chunks_max) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "there are more than %u chunks: have pi-computed-mpi make longer ones, "
                            "by --chunk",
                            merge->chunks_max);
                return FALSE;
        }
        g_array_append_val(merge->chunks, chunk);
        return TRUE;
}

static gboolean add_run(PiMerge *merge, const PiContractHello *hello, GError **error) {
        merge->runs++;
        for (uint32_t i = 0; i < hello->ranks; i++)
                g_hash_table_add(merge->hosts, g_strdup(hello->hosts[i]));
        if (g_hash_table_size(merge->hosts) <= PI_MERGE_HOSTS_MAX)
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "the runs were on more than %d hosts: give fewer files", PI_MERGE_HOSTS_MAX);
        return FALSE;
}

static gboolean add_line(const PiContractLine *line, guint64 number, gpointer userdata,
                         GError **error) {
        PiMerge *merge = userdata;

        switch (line->kind) {
        case PI_CONTRACT_HELLO:
                return add_run(merge, &line->hello, error);
        case PI_CONTRACT_CHUNK:
                return add_chunk(merge, &line->chunk, number, error);
        case PI_CONTRACT_FAULT:
                merge->faults++;
                return TRUE;
        case PI_CONTRACT_NOISE:
                merge->noise++;
                return TRUE;
        case PI_CONTRACT_PROGRESS:
        case PI_CONTRACT_END:
        case PI_CONTRACT_STATE:
        case PI_CONTRACT_EXIT:
        case _PI_CONTRACT_KIND_MAX:
        default:
                return TRUE;
        }
}

gboolean pi_merge_add_file(PiMerge *merge, const char *path, guint64 *ret_torn, GError **error) {
        if (merge->files->len >= PI_MERGE_FILES_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "there are more than %d files: put several into one, or give them on "
                            "stdin as -",
                            PI_MERGE_FILES_MAX);
                return FALSE;
        }
        g_ptr_array_add(merge->files, g_strdup(path));
        return pi_run_file_read(path, add_line, merge, ret_torn, error);
}

static int compare(uint64_t a, uint64_t b) {
        return (a > b) - (a < b);
}

/* In the series; those of one range by where they stand. */
static int by_place(gconstpointer a, gconstpointer b) {
        const Chunk *x = a, *y = b;

        return compare(x->range.begin, y->range.begin) ?:
               compare(x->range.end, y->range.end) ?:
               compare(x->file, y->file) ?: compare(x->line, y->line);
}

static gboolean is_same(PiRange a, PiRange b) {
        return a.begin == b.begin && a.end == b.end;
}

/* Two chunks that share terms: they may only be the same. */
static gboolean check_twins(const PiMerge *merge, const Chunk *a, const Chunk *b, GError **error) {
        if (!is_same(a->range, b->range))
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            RANGE " at " PLACE " and " RANGE " at " PLACE
                            " overlap: leave one of these lines out, or its file",
                            RANGE_ARGS(a->range), PLACE_ARGS(merge, a), RANGE_ARGS(b->range),
                            PLACE_ARGS(merge, b));
        else if (pi_fixed_cmp(&a->sum, &b->sum) != 0)
                g_set_error(error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED,
                            "the sum of " RANGE " at " PLACE " is another one than at " PLACE
                            ": take both lines out, and sum these terms again",
                            RANGE_ARGS(a->range), PLACE_ARGS(merge, a), PLACE_ARGS(merge, b));
        else
                return TRUE;
        return FALSE;
}

typedef struct Holes {
        GString *text;
        guint n;
        uint64_t terms;
} Holes;

static void add_hole(Holes *holes, uint64_t begin, uint64_t end) {
        if (begin >= end)
                return;
        if (holes->n < PI_MERGE_HOLES_NAMED)
                g_string_append_printf(holes->text, "%s%" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                                       holes->n > 0 ? ", " : "", begin, end - 1);
        holes->n++;
        holes->terms += end - begin;
}

/* Sums what there is, and finds what there is not. */
static gboolean add_up(const PiMerge *merge, PiMergeTotal *t, Holes *holes, GError **error) {
        const Chunk *last = NULL;
        uint64_t at = 0;

        for (guint i = 0; i < merge->chunks->len; i++) {
                const Chunk *c = &g_array_index(merge->chunks, Chunk, i);

                if (last && c->range.begin < at) {
                        if (!check_twins(merge, last, c, error))
                                return FALSE;
                        t->duplicates++;
                        continue;
                }
                add_hole(holes, at, c->range.begin);
                pi_fixed_add(&t->sum, &c->sum);
                if (!g_uint64_checked_add(&t->cpu_usec, t->cpu_usec, c->cpu_usec))
                        t->cpu_usec = G_MAXUINT64;
                t->chunks++;
                at = c->range.end;
                last = c;
        }
        if (t->terms > 0 && at > t->terms) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            PLACE ": " RANGE " reach beyond --terms=%" G_GUINT64_FORMAT
                            ": sum up to where a chunk ends",
                            PLACE_ARGS(merge, last), RANGE_ARGS(last->range), t->terms);
                return FALSE;
        }
        if (t->terms == 0)
                t->terms = at;
        add_hole(holes, at, t->terms);
        return TRUE;
}

static gboolean fail_of_holes(const Holes *holes, uint64_t terms, GError **error) {
        g_autofree char *more = NULL;

        if (holes->n > PI_MERGE_HOLES_NAMED)
                more = g_strdup_printf(" and %u holes more", holes->n - PI_MERGE_HOLES_NAMED);
        g_set_error(error, PI_ERROR, PI_ERROR_ENGINE_FAILED,
                    "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " terms are missing: %s%s; run "
                    "pi-computed-mpi --to=%" G_GUINT64_FORMAT " with --resume=FILE for each of "
                    "these files, and merge what it tells with them",
                    holes->terms, terms, holes->text->str, more ? more : "", terms);
        return FALSE;
}

static gboolean check_total(PiMergeTotal *t, const Holes *holes, GError **error) {
        if (t->terms == 0)
                g_set_error(error, PI_ERROR, PI_ERROR_ENGINE_FAILED,
                            "there is no chunk: give files that the stdout of pi-computed-mpi went "
                            "to");
        else if (holes->n > 0)
                return fail_of_holes(holes, t->terms, error);
        else if (!pi_verify(&pi_kernel_generic, (PiRange) { 0, t->terms }, &t->sum, &t->residual))
                g_set_error(error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED,
                            "each chunk may be right, but their sum is not the expected one: sum "
                            "the terms again");
        else
                return TRUE;
        return FALSE;
}

gboolean pi_merge_sum(PiMerge *merge, uint64_t terms, PiMergeTotal *ret, GError **error) {
        g_autoptr(GString) text = g_string_new(NULL);
        PiMergeTotal total = { .terms = terms };
        Holes holes = { .text = text };

        g_array_sort(merge->chunks, by_place);
        if (!add_up(merge, &total, &holes, error) || !check_total(&total, &holes, error))
                return FALSE;
        *ret = total;
        return TRUE;
}
