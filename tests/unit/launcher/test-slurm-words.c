/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/launcher/slurm-words.h"

static void means(const char *line, PiContractState wanted) {
        PiContractState state = _PI_CONTRACT_STATE_MAX;

        g_assert_true(pi_slurm_words(line, &state));
        g_assert_cmpint(state, ==, wanted);
}

static void test_states(void) {
        means("srun: job 12 queued and waiting for resources", PI_CONTRACT_STATE_QUEUED);
        means("srun: job 4294967295 has been allocated resources", PI_CONTRACT_STATE_LAUNCHING);
}

static void test_others(void) {
        static const char *const others[] = {
                "",
                "srun: job ",
                "srun: job x queued and waiting for resources",
                "srun: job  queued and waiting for resources",
                "srun: job 12 queued and waiting for resources, too",
                "srun: error: job 12 queued and waiting for resources",
                "salloc: job 12 queued and waiting for resources",
                "srun: Requested partition configuration not available now",
        };
        PiContractState state;

        for (guint i = 0; i < G_N_ELEMENTS(others); i++)
                g_assert_false(pi_slurm_words(others[i], &state));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/launcher/slurm-words/states", test_states);
        g_test_add_func("/launcher/slurm-words/others", test_others);
        return g_test_run();
}
