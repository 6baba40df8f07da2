/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line of an engine or the launcher, and an order to one, of any text. What passes is written and
 * read again, the same. */
#include <string.h>

#include "daemon/engine/contract.h"
#include "dbus/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_line(const PiContractLine *line) {
        g_autofree char *text = pi_contract_line_format(line), *again = NULL;
        g_auto(PiContractLine) second = {};

        g_assert(text[strlen(text) - 1] == '\n');
        g_assert(pi_contract_line_parse(text, strlen(text) - 1, &second, NULL));
        g_assert(second.kind == line->kind);
        again = pi_contract_line_format(&second);
        g_assert(g_str_equal(again, text));
}

static void check_order(const PiContractOrder *order) {
        g_autofree char *text = pi_contract_order_format(order), *again = NULL;
        g_auto(PiContractOrder) second = {};

        g_assert(pi_contract_order_parse(text, strlen(text) - 1, &second, NULL));
        again = pi_contract_order_format(&second);
        g_assert(g_str_equal(again, text));
}

static void check_error(const GError *error, PiError code) {
        g_assert(g_error_matches(error, PI_ERROR, (int) code));
        g_assert(g_utf8_validate(error->message, -1, NULL) && strlen(error->message) < 512);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *text = g_malloc(size + 1);
        g_autoptr(GError) line_error = NULL, order_error = NULL;
        g_auto(PiContractLine) line = {};
        g_auto(PiContractOrder) order = {};

        if (size > 0)
                memcpy(text, data, size);
        text[size] = '\0';
        if (!pi_contract_line_parse(text, size, &line, &line_error))
                check_error(line_error, PI_ERROR_ENGINE_FAILED);
        else if (line.kind != PI_CONTRACT_NOISE)
                check_line(&line);
        if (!pi_contract_order_parse(text, size, &order, &order_error))
                check_error(order_error, PI_ERROR_INVALID_OPTION);
        else
                check_order(&order);
        return 0;
}
