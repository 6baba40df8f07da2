/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib/gstdio.h>
#include <string.h>

#include "daemon/engine/contract.h"
#include "daemon/series/sum.h"

/* What an engine tells, made for tests. */

#define MADE_CPU_USEC 1000

#define MADE_HELLO "{\"t\":\"hello\",\"proto\":1,\"numerics\":1,\"hosts\":[\"n1\"," \
                   "\"n2\\u001b[2J\"],\"threads\":[2,2],\"kernel\":\"avx2\"}\n"

static inline char *made_chunk_of(uint64_t begin, uint64_t end, uint32_t rank,
                                  const PiFixed *sum) {
        PiContractLine line = { .kind = PI_CONTRACT_CHUNK,
                                .chunk = { { begin, end }, *sum, rank, MADE_CPU_USEC,
                                           MADE_CPU_USEC } };

        return pi_contract_line_format(&line);
}

static inline char *made_chunk(uint64_t begin, uint64_t end, uint32_t rank) {
        PiFixed sum;

        pi_sum_range(&pi_kernel_generic, (PiRange) { begin, end }, &sum);
        return made_chunk_of(begin, end, rank, &sum);
}

/* Its sum is wrong by 1/16 or so. */
static inline char *made_wrong_chunk(uint64_t begin, uint64_t end, uint32_t rank) {
        char *text = made_chunk(begin, end, rank), *sum = strstr(text, "\"sum\":\"") + 7;

        sum[8] = sum[8] == '0' ? '1' : '0';
        return text;
}

/* A file of these bytes, for the caller to remove; length -1: all of a text. */
static inline char *made_file(const char *text, gssize length) {
        char *path = NULL;
        int fd = g_file_open_tmp("pi-run-XXXXXX", &path, NULL);

        g_assert_cmpint(fd, >=, 0);
        g_close(fd, NULL);
        g_assert_true(g_file_set_contents(path, text, length, NULL));
        return path;
}
