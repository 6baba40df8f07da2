/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/jobs/referee.h"

#include <stdio.h>

/* Sequences of what workers saw, as text, and the verdicts that must come of them. One word an
 * event:
 *     JOB.LEASE?CPU      cleared
 *     JOB.LEASE-CPU:BITS wrong twice, the residual is BITS
 *     JOB.LEASE+         right elsewhere
 *     JOB!               the job ended
 *     oCPU               out of service
 * Verdicts: JOB.LEASE=NAME(CPU,CPU...) */
typedef struct Court {
        PiReferee *referee;
        PiRefereeHooks hooks;
        bool out[8]; /* of the cores 0 ... n_cores - 1 */
        uint32_t n_cores;
        GString *verdicts;
} Court;

static void ruled(const PiRuling *r, gpointer userdata) {
        Court *court = userdata;

        g_assert_cmpuint(r->n_wrong, >=, 1);
        g_assert_cmpuint(r->n_wrong, <=, PI_LEASE_ATTEMPTS_MAX);
        if (r->undecided)
                g_assert_cmpint(r->verdict, ==, PI_VERDICT_TRANSIENT);
        g_string_append_printf(court->verdicts, "%s%u.%u=%s%s(", court->verdicts->len ? " " : "",
                               (unsigned) r->job, r->lease, r->undecided ? "undecided-" : "",
                               pi_verdict_to_string(r->verdict));
        for (uint32_t i = 0; i < r->n_wrong; i++) {
                g_string_append_printf(court->verdicts, "%s%u", i ? "," : "", r->wrong[i].cpu);
                if (r->verdict == PI_VERDICT_CORE)
                        court->out[r->wrong[i].cpu] = true;
        }
        g_string_append_c(court->verdicts, ')');
}

static bool may_try(const PiRuling *open, gpointer userdata) {
        const Court *court = userdata;

        for (uint32_t cpu = 0; cpu < court->n_cores; cpu++) {
                bool tried = court->out[cpu];

                for (uint32_t i = 0; i < open->n_wrong; i++)
                        tried |= open->wrong[i].cpu == cpu;
                if (!tried)
                        return true;
        }
        return false;
}

static void happen(Court *court, const char *event) {
        unsigned job, lease, cpu;
        unsigned long long bits;
        PiWrong wrong = { .attempts = 1, .stretch = { 8, 16 } };

        if (sscanf(event, "%u.%u-%u:%llu", &job, &lease, &cpu, &bits) == 4) {
                wrong.cpu = cpu;
                wrong.residual.limb[0] = bits;
                pi_referee_lasting(court->referee, job, lease, &wrong);
        } else if (sscanf(event, "%u.%u?%u", &job, &lease, &cpu) == 3) {
                wrong.cpu = cpu;
                pi_referee_cleared(court->referee, job, lease, &wrong);
        } else if (g_str_has_suffix(event, "+") && sscanf(event, "%u.%u", &job, &lease) == 2)
                pi_referee_settled(court->referee, job, lease);
        else if (g_str_has_suffix(event, "!") && sscanf(event, "%u", &job) == 1)
                pi_referee_job_ended(court->referee, job);
        else if (sscanf(event, "o%u", &cpu) == 1)
                court->out[cpu] = true;
        else
                g_error("\"%s\" is no event", event);
}

typedef struct Case {
        const char *name;
        uint32_t n_cores;
        const char *events;
        const char *verdicts;
        uint32_t suspects; /* bit mask, of what is open in the end */
} Case;

static const Case cases[] = {
        { "cleared", 2, "1.4?1", "1.4=transient(1)", 0 },
        { "cleared-again-and-again", 1, "1.4?0 1.4?0 2.0?0",
          "1.4=transient(0) 1.4=transient(0) 2.0=transient(0)", 0 },
        { "core", 2, "1.4-1:7 1.4+", "1.4=core(1)", 0 },
        { "waits", 2, "1.4-1:7", "", 1 << 1 },
        { "two-wrong-the-third-right", 3, "1.4-1:7 1.4-2:8 1.4+", "1.4=core(1,2)", 0 },
        { "the-same-bits-and-the-third-right", 3, "1.4-1:7 1.4-2:7 1.4+", "1.4=core(1,2)", 0 },
        { "alone", 1, "1.4-0:7", "1.4=node(0)", 0 },
        { "the-only-one-in-service", 3, "o0 o2 1.4-1:7", "1.4=node(1)", 0 },
        { "all-in-other-ways", 2, "1.4-0:7 1.4-1:8", "1.4=node(0,1)", 0 },
        { "all-in-the-same-way", 2, "1.4-0:7 1.4-1:7", "1.4=software(0,1)", 0 },
        { "three-are-enough", 8, "1.4-0:7 1.4-3:8 1.4-5:9", "1.4=node(0,3,5)", 0 },
        { "three-alike-are-enough", 8, "1.4-0:7 1.4-3:7 1.4-5:7", "1.4=software(0,3,5)", 0 },
        { "two-alike-of-three", 8, "1.4-0:7 1.4-3:7 1.4-5:9", "1.4=node(0,3,5)", 0 },
        { "leases-do-not-mix", 3, "1.4-0:7 1.5-1:7 1.5+", "1.5=core(1)", 1 << 0 },
        { "jobs-do-not-mix", 3, "1.4-0:7 2.4-1:7 1.4+", "1.4=core(0)", 1 << 1 },
        /* Each waits for the other's core, and gets it. */
        { "crosswise-wrong", 2, "1.4-0:7 2.9-1:8 1.4-1:5 2.9-0:6",
          "1.4=node(0,1) 2.9=node(1,0)", 0 },
        { "crosswise-alike", 2, "1.4-0:7 2.9-1:8 1.4-1:7 2.9-0:8",
          "1.4=software(0,1) 2.9=software(1,0)", 0 },
        /* The core that the other case waits for is taken out of service. */
        { "crosswise-one-right", 2, "1.4-0:7 2.9-1:8 1.4+", "1.4=core(0) 2.9=node(1)", 0 },
        { "settled-twice", 2, "1.4-1:7 1.4+ 1.4+", "1.4=core(1)", 0 },
        { "settled-out-of-nothing", 2, "1.4+", "", 0 },
        { "ended", 2, "1.4-1:7 1!", "1.4=undecided-transient(1)", 0 },
        { "ended-and-others", 4, "1.4-1:7 2.0-2:7 1.5-3:7 1!",
          "1.4=undecided-transient(1) 1.5=undecided-transient(3)", 1 << 2 },
        { "ended-out-of-nothing", 2, "1!", "", 0 },
        { "a-core-in-two-cases", 3, "1.4-1:7 2.0-1:7 1.4+", "1.4=core(1)", 1 << 1 },
};

static void test_case(gconstpointer data) {
        const Case *c = data;
        g_auto(GStrv) events = g_strsplit(c->events, " ", -1);
        Court court = { .n_cores = c->n_cores, .verdicts = g_string_new(NULL) };

        court.hooks = (PiRefereeHooks) { ruled, may_try, &court };
        court.referee = pi_referee_new(&court.hooks);
        for (char **event = events; *event; event++)
                happen(&court, *event);
        g_assert_cmpstr(court.verdicts->str, ==, c->verdicts);
        for (uint32_t cpu = 0; cpu < 8; cpu++)
                g_assert_cmpint(pi_referee_suspects(court.referee, cpu), ==,
                                (c->suspects & 1u << cpu) != 0);
        pi_referee_free(court.referee);
        g_string_free(court.verdicts, TRUE);
}

/* The same residual in another stretch is another fault. */
static void test_stretches_differ(void) {
        Court court = { .n_cores = 2, .verdicts = g_string_new(NULL) };
        PiWrong first = { .cpu = 0, .stretch = { 0, 8 }, .residual.limb[0] = 5 };
        PiWrong second = { .cpu = 1, .stretch = { 8, 16 }, .residual.limb[0] = 5 };

        court.hooks = (PiRefereeHooks) { ruled, may_try, &court };
        court.referee = pi_referee_new(&court.hooks);
        pi_referee_lasting(court.referee, 1, 0, &first);
        pi_referee_lasting(court.referee, 1, 0, &second);
        g_assert_cmpstr(court.verdicts->str, ==, "1.0=node(0,1)");
        pi_referee_free(court.referee);
        g_string_free(court.verdicts, TRUE);
}

static void test_names(void) {
        static const char *const names[] = { "none", "transient", "core", "node", "software" };

        for (PiVerdict v = PI_VERDICT_NONE; v < _PI_VERDICT_MAX; v++)
                g_assert_cmpstr(pi_verdict_to_string(v), ==, names[v]);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *path = g_strdup_printf("/referee/%s", cases[i].name);

                g_test_add_data_func(path, &cases[i], test_case);
        }
        g_test_add_func("/referee/stretches-differ", test_stretches_differ);
        g_test_add_func("/referee/names", test_names);
        return g_test_run();
}
