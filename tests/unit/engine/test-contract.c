/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "daemon/engine/contract.h"
#include "dbus/error.h"

#define SUM "00000000c90fdaa22168c234c4c6628b80dc1cd129024e08"

/* Read and written again it is the same line. */
static void take(const char *text, PiContractKind kind, PiContractLine *ret) {
        g_autofree char *again = NULL;

        g_assert_true(pi_contract_line_parse(text, strlen(text), ret, NULL));
        g_assert_cmpint(ret->kind, ==, kind);
        again = pi_contract_line_format(ret);
        g_assert_cmpstr(g_strchomp(again), ==, text);
}

static void test_hello(void) {
        g_auto(PiContractLine) line = {};

        take("{\"t\":\"hello\",\"proto\":1,\"numerics\":1,\"hosts\":[\"n1\",\"n2\"],"
             "\"threads\":[2,16],\"kernel\":\"avx2\",\"jobid\":\"145\"}",
             PI_CONTRACT_HELLO, &line);
        g_assert_cmpuint(line.hello.ranks, ==, 2);
        g_assert_cmpstr(line.hello.hosts[1], ==, "n2");
        g_assert_null(line.hello.hosts[2]);
        g_assert_cmpuint(line.hello.threads[1], ==, 16);
        g_assert_cmpstr(line.hello.jobid, ==, "145");
}

static void test_chunk(void) {
        g_auto(PiContractLine) line = {};
        PiFixed sum;

        take("{\"t\":\"chunk\",\"from\":8,\"to\":10000000000000000,\"sum\":\"" SUM "\","
             "\"rank\":9999,\"usec\":59000,\"cpu_usec\":117000}",
             PI_CONTRACT_CHUNK, &line);
        g_assert_true(pi_fixed_from_hex(SUM, &sum));
        g_assert_cmpmem(&line.chunk.sum, sizeof(sum), &sum, sizeof(sum));
        g_assert_cmpuint(line.chunk.range.begin, ==, 8);
        g_assert_cmpuint(line.chunk.range.end, ==, PI_TERMS_MAX);
        g_assert_cmpuint(line.chunk.rank, ==, 9999);
        g_assert_cmpuint(line.chunk.cpu_usec, ==, 117000);
}

static void test_others(void) {
        static const struct {
                const char *text;
                PiContractKind kind;
        } lines[] = {
                { "{\"t\":\"progress\",\"terms\":123,\"out\":6}", PI_CONTRACT_PROGRESS },
                { "{\"t\":\"fault\",\"rank\":1,\"host\":\"n2\",\"from\":0,\"to\":8,\"what\":\"x\"}",
                  PI_CONTRACT_FAULT },
                { "{\"t\":\"end\",\"complete\":false,\"chunks\":2,\"terms\":16,"
                  "\"what\":\"stopped\"}",
                  PI_CONTRACT_END },
                { "{\"t\":\"state\",\"state\":\"queued\",\"detail\":\"srun: job 12 queued\"}",
                  PI_CONTRACT_STATE },
                { "{\"t\":\"state\",\"state\":\"launching\",\"detail\":\"\"}",
                  PI_CONTRACT_STATE },
                { "{\"t\":\"state\",\"state\":\"running\",\"detail\":\"\"}",
                  PI_CONTRACT_STATE },
                { "{\"t\":\"exit\",\"status\":255,\"signal\":0,\"what\":\"srun: error\"}",
                  PI_CONTRACT_EXIT },
        };

        for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
                g_auto(PiContractLine) line = {};

                take(lines[i].text, lines[i].kind, &line);
        }
}

static void test_launcher(void) {
        g_auto(PiContractLine) state = {}, ended = {};

        take("{\"t\":\"state\",\"state\":\"launching\",\"detail\":\"job 12\"}", PI_CONTRACT_STATE,
             &state);
        g_assert_cmpint(state.state.state, ==, PI_CONTRACT_STATE_LAUNCHING);
        g_assert_cmpstr(state.state.detail, ==, "job 12");
        take("{\"t\":\"exit\",\"status\":0,\"signal\":9,\"what\":\"killed\"}", PI_CONTRACT_EXIT,
             &ended);
        g_assert_cmpuint(ended.exit.status, ==, 0);
        g_assert_cmpuint(ended.exit.signal, ==, 9);
        g_assert_cmpstr(ended.exit.what, ==, "killed");
}

/* Banners of launchers, and what later versions may add. */
static void test_passed_over(void) {
        static const char *const noise[] = { "", "=== BAD TERMINATION ===", " {\"t\":\"end\"}",
                                             "[n1:01234] mca: nothing" };
        static const char more[] = "{\"t\":\"progress\",\"terms\":1,\"out\":2,\"new\":[1,{}]}";
        g_auto(PiContractLine) line = {};

        for (guint i = 0; i < G_N_ELEMENTS(noise); i++) {
                g_assert_true(pi_contract_line_parse(noise[i], strlen(noise[i]), &line, NULL));
                g_assert_cmpint(line.kind, ==, PI_CONTRACT_NOISE);
        }
        g_assert_true(pi_contract_line_parse(more, strlen(more), &line, NULL));
        g_assert_cmpint(line.kind, ==, PI_CONTRACT_PROGRESS);
}

static void test_refused_lines(void) {
        static const struct {
                const char *text, *named;
        } lines[] = {
                { "{", "not JSON" },
                { "{\"t\":\"end\"", "not JSON" },
                { "{\"t\":[[[[]]]]}", "nested" },
                { "{}", "\"t\"" },
                { "{\"t\":\"quux\"}", "\"t\"" },
                { "{\"t\":\"progress\",\"terms\":-1,\"out\":2}", "\"terms\" is -1" },
                { "{\"t\":\"progress\",\"terms\":1.5,\"out\":2}", "\"terms\"" },
                { "{\"t\":\"progress\",\"terms\":1}", "\"out\"" },
                { "{\"t\":\"hello\",\"proto\":2,\"numerics\":1}", "\"proto\" is 2" },
                { "{\"t\":\"hello\",\"proto\":1,\"numerics\":1,\"kernel\":\"x\",\"hosts\":[]}",
                  "\"hosts\" has 0" },
                { "{\"t\":\"hello\",\"proto\":1,\"numerics\":1,\"kernel\":\"x\",\"hosts\":[\"a\"],"
                  "\"threads\":[1,2]}", "\"threads\" has 2" },
                { "{\"t\":\"hello\",\"proto\":1,\"numerics\":1,\"kernel\":\"x\",\"hosts\":[1],"
                  "\"threads\":[1]}", "\"hosts\"" },
                { "{\"t\":\"chunk\",\"from\":8,\"to\":8,\"sum\":\"" SUM "\",\"rank\":0}",
                  "\"to\" 8" },
                { "{\"t\":\"chunk\",\"from\":4,\"to\":8,\"sum\":\"" SUM "\",\"rank\":0}",
                  "multiple" },
                { "{\"t\":\"chunk\",\"from\":0,\"to\":8,\"sum\":\"12\",\"rank\":0,\"usec\":1,"
                  "\"cpu_usec\":1}", "\"sum\"" },
                { "{\"t\":\"chunk\",\"from\":0,\"to\":10000000000000001,\"sum\":\"12\"}",
                  "\"to\"" },
                { "{\"t\":\"end\",\"complete\":1,\"chunks\":1,\"terms\":1}", "\"complete\"" },
                { "{\"t\":\"state\",\"detail\":\"x\"}", "\"state\"" },
                { "{\"t\":\"state\",\"state\":\"asleep\"}", "\"queued\"" },
                { "{\"t\":\"exit\",\"status\":256,\"signal\":0}", "\"status\" is 256" },
                { "{\"t\":\"exit\",\"status\":0,\"signal\":65}", "\"signal\" is 65" },
                { "{\"t\":\"exit\",\"status\":0,\"signal\":9,\"what\":1}", "\"what\"" },
                { "{\"t\":\"progress\xff\"}", "UTF-8" },
        };

        for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
                g_auto(PiContractLine) line = {};
                g_autoptr(GError) error = NULL;

                g_assert_false(pi_contract_line_parse(lines[i].text, strlen(lines[i].text), &line,
                                                      &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_ENGINE_FAILED);
                if (!strstr(error->message, lines[i].named))
                        g_error("%s: %s", lines[i].text, error->message);
        }
}

static void test_too_long(void) {
        gsize length = PI_CONTRACT_LINE_MAX + 1;
        g_autofree char *text = g_strnfill(length, ' ');
        g_auto(PiContractLine) line = {};
        g_autoptr(GError) error = NULL;

        text[0] = '{';
        g_assert_false(pi_contract_line_parse(text, length, &line, &error));
        g_assert_nonnull(strstr(error->message, "1048577 bytes"));
}

/* What a launcher said goes into a text as it can. */
static void test_foreign_text(void) {
        g_autofree char *what = g_strnfill(1000, 'x'), *text = NULL;
        PiContractLine line = { .kind = PI_CONTRACT_END, .end = { .what = what } };
        g_auto(PiContractLine) again = {};

        memcpy(what, "\xff\"\n", 3);
        text = pi_contract_line_format(&line);
        g_assert_true(pi_contract_line_parse(text, strlen(text) - 1, &again, NULL));
        g_assert_cmpuint(strlen(again.end.what), ==, PI_CONTRACT_TEXT_MAX);
}

static void test_long_detail(void) {
        g_autofree char *detail = g_strnfill(1000, 'x'), *text = NULL;
        PiContractLine line = { .kind = PI_CONTRACT_STATE, .state = { .detail = detail } };
        g_auto(PiContractLine) again = {};

        text = pi_contract_line_format(&line);
        g_assert_true(pi_contract_line_parse(text, strlen(text) - 1, &again, NULL));
        g_assert_cmpuint(strlen(again.state.detail), ==, PI_CONTRACT_TEXT_MAX);
}

static void test_orders(void) {
        static const char stop[] = "{\"cmd\":\"stop\"}",
                          sorted[] = "{\"ranges\":[[0,8],[8,21],[800,1000]]}",
                          unsorted[] = "{\"ranges\":[[800,1000],[0,8],[8,21]]}";
        g_auto(PiContractOrder) order = {}, ranges = {};
        g_autofree char *again = NULL;

        g_assert_true(pi_contract_order_parse(stop, strlen(stop), &order, NULL));
        g_assert_true(order.stop);
        g_assert_null(order.ranges);
        g_assert_true(pi_contract_order_parse(unsorted, strlen(unsorted), &ranges, NULL));
        again = pi_contract_order_format(&ranges);
        g_assert_cmpstr(g_strchomp(again), ==, sorted);
}

static void test_refused_orders(void) {
        static const struct {
                const char *text, *named;
        } orders[] = {
                { "", "not one JSON object" },
                { "stop", "JSON" },
                { "[]", "JSON object" },
                { "{\"cmd\":\"go\"}", "\"cmd\"" },
                { "{\"ranges\":[]}", "\"ranges\" has 0" },
                { "{\"ranges\":[[0]]}", "[FROM,TO]" },
                { "{\"ranges\":[[4,8]]}", "[4,8]" },
                { "{\"ranges\":[[0,8],[0,16]]}", "overlaps [0,8]" },
        };

        for (guint i = 0; i < G_N_ELEMENTS(orders); i++) {
                g_auto(PiContractOrder) order = {};
                g_autoptr(GError) error = NULL;

                g_assert_false(pi_contract_order_parse(orders[i].text, strlen(orders[i].text),
                                                       &order, &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
                if (!strstr(error->message, orders[i].named))
                        g_error("%s: %s", orders[i].text, error->message);
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/contract/hello", test_hello);
        g_test_add_func("/contract/chunk", test_chunk);
        g_test_add_func("/contract/others", test_others);
        g_test_add_func("/contract/launcher", test_launcher);
        g_test_add_func("/contract/passed-over", test_passed_over);
        g_test_add_func("/contract/refused-lines", test_refused_lines);
        g_test_add_func("/contract/too-long", test_too_long);
        g_test_add_func("/contract/foreign-text", test_foreign_text);
        g_test_add_func("/contract/long-detail", test_long_detail);
        g_test_add_func("/contract/orders", test_orders);
        g_test_add_func("/contract/refused-orders", test_refused_orders);
        return g_test_run();
}
