/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/engine/contract.h"

#include <string.h>

#include "daemon/engine/fields.h"
#include "dbus/error.h"

#define DEPTH_MAX 3 /* {"ranges":[[0,8]]} */
#define THREADS_MAX 65535
#define STATUS_MAX 255
#define SIGNAL_MAX 64

static gboolean parse_hosts(const PiFields *f, PiContractHello *h, GError **error) {
        JsonArray *hosts, *threads;
        guint n;

        if (!pi_fields_array(f, "hosts", 1, PI_CONTRACT_RANKS_MAX, &hosts, error))
                return FALSE;
        n = json_array_get_length(hosts);
        if (!pi_fields_array(f, "threads", n, n, &threads, error))
                return FALSE;
        h->hosts = g_new0(char *, n + 1);
        h->threads = g_new0(uint32_t, n);
        h->ranks = n;
        for (guint i = 0; i < n; i++) {
                const char *host = pi_fields_node_text(json_array_get_element(hosts, i));
                uint64_t count;

                if (!host)
                        return pi_fields_fail(f, error, "\"hosts\" has what is no text of at most "
                                                        "%d bytes", PI_CONTRACT_TEXT_MAX);
                if (!pi_fields_element(f, "threads", json_array_get_element(threads, i), 1,
                                       THREADS_MAX, &count, error))
                        return FALSE;
                h->hosts[i] = g_strdup(host);
                h->threads[i] = (uint32_t) count;
        }
        return TRUE;
}

static gboolean parse_hello(const PiFields *f, PiContractLine *line, GError **error) {
        PiContractHello *h = &line->hello;
        const char *kernel, *jobid;
        uint64_t proto, numerics;

        if (!pi_fields_number(f, "proto", PI_CONTRACT_PROTO, PI_CONTRACT_PROTO, &proto, error) ||
            !pi_fields_number(f, "numerics", 1, UINT32_MAX, &numerics, error) ||
            !pi_fields_text(f, "kernel", TRUE, &kernel, error) ||
            !pi_fields_text(f, "jobid", FALSE, &jobid, error) || !parse_hosts(f, h, error))
                return FALSE;
        h->numerics = (uint32_t) numerics;
        h->kernel = g_strdup(kernel);
        h->jobid = g_strdup(jobid);
        return TRUE;
}

static gboolean parse_rank(const PiFields *f, uint32_t *ret, GError **error) {
        uint64_t rank;

        if (!pi_fields_number(f, "rank", 0, PI_CONTRACT_RANKS_MAX - 1, &rank, error))
                return FALSE;
        *ret = (uint32_t) rank;
        return TRUE;
}

static gboolean parse_chunk(const PiFields *f, PiContractLine *line, GError **error) {
        PiContractChunk *c = &line->chunk;
        const char *sum;

        if (!pi_fields_range(f, &c->range, error) || !pi_fields_text(f, "sum", TRUE, &sum, error) ||
            !parse_rank(f, &c->rank, error) ||
            !pi_fields_number(f, "usec", 0, INT64_MAX, &c->usec, error) ||
            !pi_fields_number(f, "cpu_usec", 0, INT64_MAX, &c->cpu_usec, error))
                return FALSE;
        return pi_fixed_from_hex(sum, &c->sum) ||
               pi_fields_fail(f, error, "\"sum\" is not %d hex digits", PI_FIXED_HEX_DIGITS);
}

static gboolean parse_progress(const PiFields *f, PiContractLine *line, GError **error) {
        uint64_t out;

        if (!pi_fields_number(f, "terms", 0, PI_TERMS_MAX, &line->progress.terms, error) ||
            !pi_fields_number(f, "out", 0, UINT32_MAX, &out, error))
                return FALSE;
        line->progress.out = (uint32_t) out;
        return TRUE;
}

static gboolean parse_fault(const PiFields *f, PiContractLine *line, GError **error) {
        const char *host, *what;

        if (!parse_rank(f, &line->fault.rank, error) ||
            !pi_fields_range(f, &line->fault.range, error) ||
            !pi_fields_text(f, "host", TRUE, &host, error) ||
            !pi_fields_text(f, "what", FALSE, &what, error))
                return FALSE;
        line->fault.host = g_strdup(host);
        line->fault.what = g_strdup(what);
        return TRUE;
}

static gboolean parse_end(const PiFields *f, PiContractLine *line, GError **error) {
        PiContractEnd *e = &line->end;
        const char *what;

        if (!pi_fields_truth(f, "complete", &e->complete, error) ||
            !pi_fields_number(f, "chunks", 0, INT64_MAX, &e->chunks, error) ||
            !pi_fields_number(f, "terms", 0, PI_TERMS_MAX, &e->terms, error) ||
            !pi_fields_text(f, "what", FALSE, &what, error))
                return FALSE;
        e->what = g_strdup(what);
        return TRUE;
}

static const char *const states[] = {
        [PI_CONTRACT_STATE_QUEUED]    = "queued",
        [PI_CONTRACT_STATE_LAUNCHING] = "launching",
        [PI_CONTRACT_STATE_RUNNING]   = "running",
};

G_STATIC_ASSERT(G_N_ELEMENTS(states) == _PI_CONTRACT_STATE_MAX);

const char *pi_contract_state_name(PiContractState state) {
        g_return_val_if_fail(state < _PI_CONTRACT_STATE_MAX, NULL);
        return states[state];
}

static gboolean parse_state(const PiFields *f, PiContractLine *line, GError **error) {
        PiContractStanding *s = &line->state;
        const char *state, *detail;

        if (!pi_fields_text(f, "state", TRUE, &state, error) ||
            !pi_fields_text(f, "detail", FALSE, &detail, error))
                return FALSE;
        while (s->state < _PI_CONTRACT_STATE_MAX && !g_str_equal(states[s->state], state))
                s->state++;
        if (s->state == _PI_CONTRACT_STATE_MAX)
                return pi_fields_fail(f, error, "\"state\" is not \"queued\", \"launching\" or "
                                                "\"running\"");
        s->detail = g_strdup(detail);
        return TRUE;
}

static gboolean parse_exit(const PiFields *f, PiContractLine *line, GError **error) {
        PiContractExit *e = &line->exit;
        uint64_t status, signal;
        const char *what;

        if (!pi_fields_number(f, "status", 0, STATUS_MAX, &status, error) ||
            !pi_fields_number(f, "signal", 0, SIGNAL_MAX, &signal, error) ||
            !pi_fields_text(f, "what", FALSE, &what, error))
                return FALSE;
        e->status = (uint32_t) status;
        e->signal = (uint32_t) signal;
        e->what = g_strdup(what);
        return TRUE;
}

static const struct {
        const char *name;
        gboolean (*parse)(const PiFields *fields, PiContractLine *line, GError **error);
} kinds[_PI_CONTRACT_KIND_MAX] = {
        [PI_CONTRACT_HELLO]    = { "hello",    parse_hello    },
        [PI_CONTRACT_CHUNK]    = { "chunk",    parse_chunk    },
        [PI_CONTRACT_PROGRESS] = { "progress", parse_progress },
        [PI_CONTRACT_FAULT]    = { "fault",    parse_fault    },
        [PI_CONTRACT_END]      = { "end",      parse_end      },
        [PI_CONTRACT_STATE]    = { "state",    parse_state    },
        [PI_CONTRACT_EXIT]     = { "exit",     parse_exit     },
};

gboolean pi_contract_line_parse(const char *text, gsize length, PiContractLine *ret,
                                GError **error) {
        g_auto(PiFields) fields = {};
        g_auto(PiContractLine) line = {};
        const char *name;

        *ret = (PiContractLine) { .kind = PI_CONTRACT_NOISE };
        if (length == 0 || text[0] != '{')
                return TRUE;
        if (!pi_fields_parse(text, length, DEPTH_MAX, PI_ERROR_ENGINE_FAILED, &fields, error) ||
            !pi_fields_text(&fields, "t", TRUE, &name, error))
                return FALSE;
        for (guint kind = PI_CONTRACT_HELLO; kind < _PI_CONTRACT_KIND_MAX; kind++) {
                if (!g_str_equal(name, kinds[kind].name))
                        continue;
                line.kind = (PiContractKind) kind;
                if (!kinds[kind].parse(&fields, &line, error))
                        return FALSE;
                *ret = line;
                line = (PiContractLine) {};
                return TRUE;
        }
        return pi_fields_fail(&fields, error, "\"t\" is no kind of line that is known");
}

void pi_contract_line_clear(PiContractLine *line) {
        switch (line->kind) {
        case PI_CONTRACT_HELLO:
                g_strfreev(line->hello.hosts);
                g_free(line->hello.threads);
                g_free(line->hello.kernel);
                g_free(line->hello.jobid);
                break;
        case PI_CONTRACT_FAULT:
                g_free(line->fault.host);
                g_free(line->fault.what);
                break;
        case PI_CONTRACT_END:
                g_free(line->end.what);
                break;
        case PI_CONTRACT_STATE:
                g_free(line->state.detail);
                break;
        case PI_CONTRACT_EXIT:
                g_free(line->exit.what);
                break;
        case PI_CONTRACT_NOISE:
        case PI_CONTRACT_CHUNK:
        case PI_CONTRACT_PROGRESS:
        case _PI_CONTRACT_KIND_MAX:
        default:
                break;
        }
        *line = (PiContractLine) {};
}

static int by_place(gconstpointer a, gconstpointer b) {
        const PiRange *x = a, *y = b;

        return (x->begin > y->begin) - (x->begin < y->begin);
}

static gboolean read_range(const PiFields *f, JsonNode *node, PiRange *ret, GError **error) {
        JsonArray *pair = JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;

        if (!pair || json_array_get_length(pair) != 2)
                return pi_fields_fail(f, error, "\"ranges\" has what is no [FROM,TO]");
        if (!pi_fields_element(f, "ranges", json_array_get_element(pair, 0), 0, PI_TERMS_MAX,
                               &ret->begin, error) ||
            !pi_fields_element(f, "ranges", json_array_get_element(pair, 1), 0, PI_TERMS_MAX,
                               &ret->end, error))
                return FALSE;
        return pi_fields_range_is_good(*ret) ||
               pi_fields_fail(f, error,
                              "\"ranges\" has [%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT
                              "]: a range begins at a multiple of %d and is not empty",
                              ret->begin, ret->end, PI_GROUP_TERMS);
}

static gboolean parse_ranges(const PiFields *f, GArray *ranges, GError **error) {
        JsonArray *array;

        if (!pi_fields_array(f, "ranges", 1, PI_CONTRACT_RANGES_MAX, &array, error))
                return FALSE;
        for (guint i = 0; i < json_array_get_length(array); i++) {
                PiRange range;

                if (!read_range(f, json_array_get_element(array, i), &range, error))
                        return FALSE;
                g_array_append_val(ranges, range);
        }
        g_array_sort(ranges, by_place);
        for (guint i = 1; i < ranges->len; i++) {
                PiRange before = g_array_index(ranges, PiRange, i - 1);

                if (g_array_index(ranges, PiRange, i).begin < before.end)
                        return pi_fields_fail(f, error,
                                              "\"ranges\" has what overlaps [%" G_GUINT64_FORMAT
                                              ",%" G_GUINT64_FORMAT "]",
                                              before.begin, before.end);
        }
        return TRUE;
}

gboolean pi_contract_order_parse(const char *text, gsize length, PiContractOrder *ret,
                                 GError **error) {
        g_auto(PiFields) fields = {};
        g_autoptr(GArray) ranges = g_array_new(FALSE, FALSE, sizeof(PiRange));
        const char *command;

        *ret = (PiContractOrder) {};
        if (!pi_fields_parse(text, length, DEPTH_MAX, PI_ERROR_INVALID_OPTION, &fields, error))
                return FALSE;
        if (pi_fields_has(&fields, "cmd")) {
                if (!pi_fields_text(&fields, "cmd", TRUE, &command, error))
                        return FALSE;
                ret->stop = g_str_equal(command, "stop");
                return ret->stop || pi_fields_fail(&fields, error, "\"cmd\" is not \"stop\"");
        }
        if (!parse_ranges(&fields, ranges, error))
                return FALSE;
        ret->ranges = g_steal_pointer(&ranges);
        return TRUE;
}

void pi_contract_order_clear(PiContractOrder *order) {
        g_clear_pointer(&order->ranges, g_array_unref);
}
