/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/engine/run-file.h"

#include <errno.h>
#include <stdio.h>

#include "daemon/series/expected.h"
#include "dbus/error.h"

typedef struct Reader {
        FILE *file;
        GString *text;        /* the line */
        guint64 number;       /* of that line */
        gboolean ended;       /* it has no newline: nothing comes behind it */
        guint64 torn;         /* the number of the last line when it is torn, else 0 */
        PiContractLine hello; /* the last one; no ranks before the first */
} Reader;

/* FALSE when there is no further one. Of one that is too long comes as much as shows that it is. */
static gboolean next_line(Reader *r) {
        int c = EOF;

        g_string_truncate(r->text, 0);
        while (r->text->len <= PI_CONTRACT_LINE_MAX && (c = getc_unlocked(r->file)) != EOF &&
               c != '\n')
                g_string_append_c(r->text, (char) c);
        r->number++;
        r->ended = c == EOF;
        return !ferror(r->file) && (!r->ended || r->text->len > 0);
}

static gboolean check_hello(const PiContractHello *hello, GError **error) {
        if (hello->numerics == PI_NUMERICS_VERSION)
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_INCOMPATIBLE,
                    "the sums are of version %u of the numbers, and this program has %d: give "
                    "another file",
                    hello->numerics, PI_NUMERICS_VERSION);
        return FALSE;
}

static gboolean check_chunk(const Reader *r, const PiContractChunk *chunk, GError **error) {
        const PiContractHello *hello = &r->hello.hello;
        g_autofree char *host = NULL;

        if (pi_verify(&pi_kernel_generic, chunk->range, &chunk->sum, NULL))
                return TRUE;
        if (chunk->rank < hello->ranks)
                host = g_strescape(hello->hosts[chunk->rank], NULL);
        g_set_error(error, PI_ERROR, PI_ERROR_VERIFICATION_FAILED,
                    "the sum of terms %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                    ", by rank %u on %s, is not the expected one: take that line out",
                    chunk->range.begin, chunk->range.end - 1, chunk->rank,
                    host ? host : "a host that is not told");
        return FALSE;
}

static gboolean parse(const Reader *r, PiContractLine *ret, GError **error) {
        g_autoptr(GError) why = NULL;

        if (r->text->len > PI_CONTRACT_LINE_MAX)
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "The line has more than %d bytes",
                            PI_CONTRACT_LINE_MAX);
        else if (pi_contract_line_parse(r->text->str, r->text->len, ret, &why))
                return TRUE;
        else
                g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED, why->message);
        return FALSE;
}

static gboolean take_line(Reader *r, PiRunFileTake take, gpointer userdata, GError **error) {
        g_auto(PiContractLine) line = {};
        g_autoptr(GError) why = NULL;

        if (!parse(r, &line, &why)) {
                if (r->ended)
                        r->torn = r->number;
                else
                        g_propagate_error(error, g_steal_pointer(&why));
                return r->ended;
        }
        if ((line.kind == PI_CONTRACT_HELLO && !check_hello(&line.hello, error)) ||
            (line.kind == PI_CONTRACT_CHUNK && !check_chunk(r, &line.chunk, error)) ||
            !take(&line, r->number, userdata, error))
                return FALSE;
        if (line.kind == PI_CONTRACT_HELLO) {
                pi_contract_line_clear(&r->hello);
                r->hello = line;
                line = (PiContractLine) {};
        }
        return TRUE;
}

static gboolean take_lines(Reader *r, PiRunFileTake take, gpointer userdata, GError **error) {
        while (next_line(r))
                if (!take_line(r, take, userdata, error))
                        return FALSE;
        if (!ferror(r->file))
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "Cannot read on: %s", g_strerror(errno));
        return FALSE;
}

gboolean pi_run_file_read(const char *path, PiRunFileTake take, gpointer userdata,
                          guint64 *ret_torn, GError **error) {
        gboolean is_stdin = g_str_equal(path, "-"), good;
        Reader r = { .file = is_stdin ? stdin : fopen(path, "re") };

        if (!r.file) {
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "Cannot read %s: %s", path,
                            g_strerror(errno));
                return FALSE;
        }
        r.text = g_string_new(NULL);
        good = take_lines(&r, take, userdata, error);
        if (!good)
                g_prefix_error(error, "%s:%" G_GUINT64_FORMAT ": ", path, r.number);
        if (ret_torn)
                *ret_torn = r.torn;
        g_string_free(r.text, TRUE);
        pi_contract_line_clear(&r.hello);
        if (!is_stdin)
                fclose(r.file);
        return good;
}
