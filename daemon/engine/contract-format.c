/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <json-glib/json-glib.h>

#include "daemon/engine/contract.h"

static JsonBuilder *begin(const char *kind) {
        JsonBuilder *b = json_builder_new();

        json_builder_begin_object(b);
        json_builder_set_member_name(b, "t");
        json_builder_add_string_value(b, kind);
        return b;
}

static void add_number(JsonBuilder *b, const char *name, uint64_t value) {
        json_builder_set_member_name(b, name);
        json_builder_add_int_value(b, (gint64) value);
}

/* What others said need not be UTF-8, nor short. */
static void add_text(JsonBuilder *b, const char *name, const char *text) {
        g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
        const char *end = valid;

        while (*end && g_utf8_next_char(end) - valid <= PI_CONTRACT_TEXT_MAX)
                end = g_utf8_next_char(end);
        valid[end - valid] = '\0';
        if (name)
                json_builder_set_member_name(b, name);
        json_builder_add_string_value(b, valid);
}

static void add_range(JsonBuilder *b, PiRange range) {
        add_number(b, "from", range.begin);
        add_number(b, "to", range.end);
}

static char *finish(JsonBuilder *b) {
        g_autoptr(JsonGenerator) generator = json_generator_new();
        g_autoptr(JsonBuilder) builder = b;
        g_autoptr(JsonNode) root = NULL;
        g_autofree char *text = NULL;

        json_builder_end_object(builder);
        root = json_builder_get_root(builder);
        json_generator_set_root(generator, root);
        text = json_generator_to_data(generator, NULL);
        return g_strconcat(text, "\n", NULL);
}

static char *format_hello(const PiContractHello *h) {
        JsonBuilder *b = begin("hello");

        add_number(b, "proto", PI_CONTRACT_PROTO);
        add_number(b, "numerics", h->numerics);
        json_builder_set_member_name(b, "hosts");
        json_builder_begin_array(b);
        for (uint32_t i = 0; i < h->ranks; i++)
                add_text(b, NULL, h->hosts[i]);
        json_builder_end_array(b);
        json_builder_set_member_name(b, "threads");
        json_builder_begin_array(b);
        for (uint32_t i = 0; i < h->ranks; i++)
                json_builder_add_int_value(b, h->threads[i]);
        json_builder_end_array(b);
        add_text(b, "kernel", h->kernel);
        add_text(b, "jobid", h->jobid);
        return finish(b);
}

static char *format_chunk(const PiContractChunk *c) {
        g_autofree char *sum = pi_fixed_to_hex(&c->sum);
        JsonBuilder *b = begin("chunk");

        add_range(b, c->range);
        add_text(b, "sum", sum);
        add_number(b, "rank", c->rank);
        add_number(b, "usec", c->usec);
        add_number(b, "cpu_usec", c->cpu_usec);
        return finish(b);
}

static char *format_progress(const PiContractProgress *p) {
        JsonBuilder *b = begin("progress");

        add_number(b, "terms", p->terms);
        add_number(b, "out", p->out);
        return finish(b);
}

static char *format_fault(const PiContractFault *f) {
        JsonBuilder *b = begin("fault");

        add_number(b, "rank", f->rank);
        add_text(b, "host", f->host);
        add_range(b, f->range);
        add_text(b, "what", f->what);
        return finish(b);
}

static char *format_end(const PiContractEnd *e) {
        JsonBuilder *b = begin("end");

        json_builder_set_member_name(b, "complete");
        json_builder_add_boolean_value(b, e->complete);
        add_number(b, "chunks", e->chunks);
        add_number(b, "terms", e->terms);
        add_text(b, "what", e->what);
        return finish(b);
}

static char *format_state(const PiContractStanding *s) {
        JsonBuilder *b = begin("state");

        add_text(b, "state", pi_contract_state_name(s->state));
        add_text(b, "detail", s->detail);
        return finish(b);
}

static char *format_exit(const PiContractExit *e) {
        JsonBuilder *b = begin("exit");

        add_number(b, "status", e->status);
        add_number(b, "signal", e->signal);
        add_text(b, "what", e->what);
        return finish(b);
}

char *pi_contract_line_format(const PiContractLine *line) {
        switch (line->kind) {
        case PI_CONTRACT_HELLO:
                return format_hello(&line->hello);
        case PI_CONTRACT_CHUNK:
                return format_chunk(&line->chunk);
        case PI_CONTRACT_PROGRESS:
                return format_progress(&line->progress);
        case PI_CONTRACT_FAULT:
                return format_fault(&line->fault);
        case PI_CONTRACT_END:
                return format_end(&line->end);
        case PI_CONTRACT_STATE:
                return format_state(&line->state);
        case PI_CONTRACT_EXIT:
                return format_exit(&line->exit);
        case PI_CONTRACT_NOISE:
        case _PI_CONTRACT_KIND_MAX:
        default:
                g_return_val_if_reached(NULL);
        }
}

char *pi_contract_order_format(const PiContractOrder *order) {
        g_autoptr(GString) text = NULL;

        if (order->stop)
                return g_strdup("{\"cmd\":\"stop\"}\n");
        text = g_string_new("{\"ranges\":[");
        for (guint i = 0; i < order->ranges->len; i++) {
                PiRange range = g_array_index(order->ranges, PiRange, i);

                g_string_append_printf(text, "%s[%" G_GUINT64_FORMAT ",%" G_GUINT64_FORMAT "]",
                                       i > 0 ? "," : "", range.begin, range.end);
        }
        return g_strdup_printf("%s]}\n", text->str);
}
