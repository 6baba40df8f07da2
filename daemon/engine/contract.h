/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "daemon/series/fixed.h"
#include "daemon/series/range.h"

/* What an engine and whoever started it tell each other: one JSON object a line. Orders go to its
 * stdin, reports come from its stdout; pi-computed-mpi(1) describes them. The same lines go through
 * the launcher, pi-computed-engine(8), which adds two kinds of its own. A sum is that of
 * pi_sum_range(), as 48 hex digits; times are microseconds. A member that is not known is passed
 * over, so that later versions may say more. */
#define PI_CONTRACT_PROTO 1
#define PI_CONTRACT_LINE_MAX (1024 * 1024) /* bytes, without the newline */
#define PI_CONTRACT_RANGES_MAX 4096        /* of one order */
#define PI_CONTRACT_RANKS_MAX 10000
#define PI_CONTRACT_TEXT_MAX 256 /* bytes of a host, a job id, a message */

typedef enum PiContractKind {
        PI_CONTRACT_NOISE, /* a line that does not begin with "{": a banner of a launcher, say */
        PI_CONTRACT_HELLO,
        PI_CONTRACT_CHUNK,
        PI_CONTRACT_PROGRESS,
        PI_CONTRACT_FAULT,
        PI_CONTRACT_END,
        PI_CONTRACT_STATE,
        PI_CONTRACT_EXIT,
        _PI_CONTRACT_KIND_MAX,
} PiContractKind;

/* The first line: {"t":"hello","proto":1,"numerics":1,"hosts":["n1","n2"],"threads":[2,2],
 * "kernel":"avx2","jobid":"145"}. One host and number of threads a rank; no job id is "". */
typedef struct PiContractHello {
        uint32_t ranks; /* 1 to PI_CONTRACT_RANKS_MAX */
        char **hosts;
        uint32_t *threads; /* each 1 to 65535 */
        uint32_t numerics;
        char *kernel;
        char *jobid;
} PiContractHello;

/* {"t":"chunk","from":0,"to":1000000000,"sum":"...","rank":1,"usec":59000,"cpu_usec":117000}:
 * the terms from <= i < to; the time that a rank was at it, and the CPU time of its threads. */
typedef struct PiContractChunk {
        PiRange range; /* not empty; begins at a group's first term */
        PiFixed sum;
        uint32_t rank;
        uint64_t usec;
        uint64_t cpu_usec;
} PiContractChunk;

/* At most once a second: {"t":"progress","terms":123000000,"out":6}: terms in chunks told so far,
 * and chunks that ranks have. */
typedef struct PiContractProgress {
        uint64_t terms;
        uint32_t out;
} PiContractProgress;

/* A rank that is given no more: {"t":"fault","rank":1,"host":"n2","from":0,"to":8,"what":"..."}.
 * The range is done by others. */
typedef struct PiContractFault {
        uint32_t rank;
        char *host;
        PiRange range;
        char *what;
} PiContractFault;

/* The last line of an engine: {"t":"end","complete":true,"chunks":200,"terms":200000000000,
 * "what":""}. Complete: all ranges that were ordered are told; else `what` says why not. */
typedef struct PiContractEnd {
        gboolean complete;
        uint64_t chunks;
        uint64_t terms;
        char *what;
} PiContractEnd;

typedef enum PiContractState {
        PI_CONTRACT_STATE_QUEUED, /* at a scheduler such as Slurm's, which has no CPUs to give */
        PI_CONTRACT_STATE_LAUNCHING,
        PI_CONTRACT_STATE_RUNNING, /* from the engine's hello on */
        _PI_CONTRACT_STATE_MAX,
} PiContractState;

/* As lines have it; static. */
const char *pi_contract_state_name(PiContractState state);

/* Of the launcher, where the launch stands: {"t":"state","state":"queued",
 * "detail":"srun: job 12 queued and waiting for resources"}. */
typedef struct PiContractStanding {
        PiContractState state;
        char *detail; /* for people; may be "" */
} PiContractStanding;

/* The last line of the launcher: how the command that it started ended, or why it started none:
 * {"t":"exit","status":0,"signal":0,"what":"..."}. Whether a run was complete, the engine's end
 * says, not this. */
typedef struct PiContractExit {
        uint32_t status; /* 0 to 255 */
        uint32_t signal; /* that killed the command; 0: none */
        char *what;      /* the last that the command said on stderr, or why it was ended */
} PiContractExit;

typedef struct PiContractLine {
        PiContractKind kind;
        union {
                PiContractHello hello;
                PiContractChunk chunk;
                PiContractProgress progress;
                PiContractFault fault;
                PiContractEnd end;
                PiContractStanding state;
                PiContractExit exit;
        };
} PiContractLine;

/* Reads one line of an engine or the launcher, without its newline; `text` is NUL-terminated, need
 * not be UTF-8. Errors: PI_ERROR_ENGINE_FAILED with what is wrong with the line and which member of
 * it it is. */
gboolean pi_contract_line_parse(const char *text, gsize length, PiContractLine *ret,
                                GError **error);
void pi_contract_line_clear(PiContractLine *line);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PiContractLine, pi_contract_line_clear)

/* The line, with its newline; to be freed with g_free(). Not for NOISE. */
char *pi_contract_line_format(const PiContractLine *line);

/* {"ranges":[[0,1000],[2000,3000]]} or {"cmd":"stop"}. */
typedef struct PiContractOrder {
        gboolean stop;
        GArray *ranges; /* PiRange, not empty, by place, none twice; NULL in "stop" */
} PiContractOrder;

/* Errors: PI_ERROR_INVALID_OPTION. A range is not empty, begins at a group's first term and ends
 * at PI_TERMS_MAX at most; ranges may touch, and do not overlap. */
gboolean pi_contract_order_parse(const char *text, gsize length, PiContractOrder *ret,
                                 GError **error);
void pi_contract_order_clear(PiContractOrder *order);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PiContractOrder, pi_contract_order_clear)
char *pi_contract_order_format(const PiContractOrder *order);
