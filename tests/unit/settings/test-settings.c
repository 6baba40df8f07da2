/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/settings/settings.h"

#include <string.h>

#include "dbus/error.h"

static PiSettings *parse(const char *text) {
        g_autoptr(PiSettings) settings = pi_settings_new();
        g_autoptr(GError) error = NULL;

        g_assert_true(pi_settings_parse(settings, "f", text, strlen(text), &error));
        g_assert_no_error(error);
        return g_steal_pointer(&settings);
}

static void refuse(const char *text, const char *message) {
        g_autoptr(PiSettings) settings = pi_settings_new();
        g_autoptr(GError) error = NULL;

        g_assert_false(pi_settings_parse(settings, "/etc/f", text, strlen(text), &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_SETTING);
        g_assert_cmpstr(error->message, ==, message);
}

static void test_defaults(void) {
        g_autoptr(PiSettings) s = parse("");

        g_assert_cmpuint(s->workers, ==, 0);
        g_assert_cmpstr(s->kernel, ==, "");
        g_assert_cmpuint(s->port, ==, 31415);
        g_assert_cmpuint(g_strv_length(s->addresses), ==, 0);
        g_assert_cmpstr(s->name, ==, "");
        g_assert_cmpuint(s->jobs, ==, 1024);
        g_assert_cmpuint(s->jobs_per_user, ==, 256);
        g_assert_cmpuint(s->terms_per_user, ==, UINT64_MAX);
        g_assert_cmpuint(s->cpus_per_user, ==, 0);
        g_assert_cmpuint(s->deadline_default_usec, ==, 0);
        g_assert_cmpuint(s->deadline_max_usec, ==, 0);
        g_assert_cmpint(s->priority_max, ==, 0);
        g_assert_cmpuint(s->time_slice_usec, ==, 200000);
        g_assert_cmpuint(s->half_life_usec, ==, 300000000);
        g_assert_cmpuint(s->history_jobs, ==, 10000);
        g_assert_cmpuint(s->history_age_usec, ==, UINT64_C(90) * 86400 * 1000000);
        g_assert_cmpuint(s->sweeps, ==, 1000);
        g_assert_cmpuint(s->checkpoint_interval_usec, ==, 500000);
        g_assert_cmpstr(s->engine_launcher, ==, "");
        g_assert_cmpstr(s->engine_helper, ==, "");
        g_assert_cmpuint(s->engine_nodes, ==, 1);
        g_assert_cmpuint(s->engine_ranks, ==, 0);
        g_assert_cmpuint(s->engine_threads, ==, 0);
        g_assert_cmpuint(s->engine_start_timeout_usec, ==, 30000000);
        g_assert_cmpuint(s->engine_queue_timeout_usec, ==, 0);
        g_assert_cmpuint(s->engine_restarts, ==, 3);
        g_assert_cmpuint(s->engine_min_time_usec, ==, 5000000);
        g_assert_cmpuint(s->engine_jobs, ==, 1);
}

static void test_all(void) {
        g_autoptr(PiSettings) s = parse(
                "[Service]\nWorkers=3\nKernel=generic\n"
                "[Cluster]\nPort=0\nAddress=192.0.2.7:8 ::1\nName=rack-1\n"
                "[Limits]\nJobs=10\nJobsPerUser=9\nTermsPerUser=1e12\nCpusPerUser=2\n"
                "DeadlineDefault=1min\nDeadlineMax=1h\nPriorityMax=-7\n"
                "[Scheduling]\nTimeSlice=250ms\nHalfLife=1d\n"
                "[Store]\nHistoryJobs=5\nHistoryAge=infinity\nSweeps=4\nCheckpointInterval=1\n"
                "[Engine]\nLauncher=slurm-pmix\nHelper=/opt/pi\nNodes=4\nRanks=8\nThreads=16\n"
                "StartTimeout=1min\nQueueTimeout=1d\nRestarts=0\nMinTime=0\nJobs=2\n");

        g_assert_cmpuint(s->workers, ==, 3);
        g_assert_cmpstr(s->kernel, ==, "generic");
        g_assert_cmpuint(s->port, ==, 0);
        g_assert_cmpuint(g_strv_length(s->addresses), ==, 2);
        g_assert_cmpstr(s->addresses[1], ==, "::1");
        g_assert_cmpstr(s->name, ==, "rack-1");
        g_assert_cmpuint(s->jobs, ==, 10);
        g_assert_cmpuint(s->jobs_per_user, ==, 9);
        g_assert_cmpuint(s->terms_per_user, ==, UINT64_C(1000000000000));
        g_assert_cmpuint(s->cpus_per_user, ==, 2);
        g_assert_cmpuint(s->deadline_default_usec, ==, 60000000);
        g_assert_cmpuint(s->deadline_max_usec, ==, UINT64_C(3600000000));
        g_assert_cmpint(s->priority_max, ==, -7);
        g_assert_cmpuint(s->time_slice_usec, ==, 250000);
        g_assert_cmpuint(s->half_life_usec, ==, UINT64_C(86400000000));
        g_assert_cmpuint(s->history_jobs, ==, 5);
        g_assert_cmpuint(s->history_age_usec, ==, 0);
        g_assert_cmpuint(s->sweeps, ==, 4);
        g_assert_cmpuint(s->checkpoint_interval_usec, ==, 1000000);
        g_assert_cmpstr(s->engine_launcher, ==, "slurm-pmix");
        g_assert_cmpstr(s->engine_helper, ==, "/opt/pi");
        g_assert_cmpuint(s->engine_nodes, ==, 4);
        g_assert_cmpuint(s->engine_ranks, ==, 8);
        g_assert_cmpuint(s->engine_threads, ==, 16);
        g_assert_cmpuint(s->engine_start_timeout_usec, ==, 60000000);
        g_assert_cmpuint(s->engine_queue_timeout_usec, ==, UINT64_C(86400000000));
        g_assert_cmpuint(s->engine_restarts, ==, 0);
        g_assert_cmpuint(s->engine_min_time_usec, ==, 0);
        g_assert_cmpuint(s->engine_jobs, ==, 2);
}

static void test_again(void) {
        g_autoptr(PiSettings) later = parse("[Limits]\nJobs=10\n[Store]\n[Limits]\nJobs=20\n");
        g_autoptr(PiSettings) reset = parse("[Limits]\nJobs=10\nJobs=\n");
        g_autoptr(PiSettings) both = parse("[Engine]\nJobs=2\n[Limits]\nJobs=10\n");

        g_assert_cmpuint(later->jobs, ==, 20);
        g_assert_cmpuint(reset->jobs, ==, 1024);
        g_assert_cmpuint(both->jobs, ==, 10);
        g_assert_cmpuint(both->engine_jobs, ==, 2);
}

static void test_bad(void) {
        refuse("# first\n\n[Limits]\nJobsPerUser=0\n",
               "/etc/f:4: JobsPerUser=0 is out of range: 1 to 4096");
        refuse("[Limit]\n", "/etc/f:1: There is no section [Limit]: give one of [Service], "
                            "[Cluster], [Limits], [Scheduling], [Store], [Engine]");
        refuse("[Scheduling]\nSlice=1s\n",
               "/etc/f:2: [Scheduling] has no key Slice=: give one of TimeSlice=, HalfLife=");
        refuse("[Limits]\njobs=1\n",
               "/etc/f:2: [Limits] has no key jobs=: give one of Jobs=, JobsPerUser=, "
               "TermsPerUser=, CpusPerUser=, DeadlineDefault=, DeadlineMax=, PriorityMax=");
        refuse("[Service]\nJobsPerUser=7\n",
               "/etc/f:2: JobsPerUser= belongs in [Limits], not in [Service]");
        refuse("Jobs=7\n", "/etc/f:1: Jobs= stands before the first section: write [Limits], or "
                           "the one it belongs in, above it");
        refuse("[Limits]\nJobs=7 # seven\n",
               "/etc/f:2: Jobs=7 # seven is not a whole number: give 1 to 4096");
}

static void test_deadlines(void) {
        g_autoptr(PiSettings) same = parse("[Limits]\nDeadlineDefault=1h\nDeadlineMax=60min\n");
        g_autoptr(PiSettings) reset =
                parse("[Limits]\nDeadlineDefault=2h\nDeadlineMax=1h\nDeadlineMax=\n");
        g_autoptr(PiSettings) none = parse("[Limits]\nDeadlineMax=1h\n");

        g_assert_cmpuint(same->deadline_default_usec, ==, same->deadline_max_usec);
        g_assert_cmpuint(reset->deadline_max_usec, ==, 0);
        g_assert_cmpuint(none->deadline_default_usec, ==, 0);
        refuse("[Limits]\nDeadlineMax=1h\n\nDeadlineDefault=2h\n",
               "/etc/f:4: DeadlineDefault=2h is longer than DeadlineMax=1h of /etc/f:2: give at "
               "most that");
}

static void test_engine(void) {
        g_autoptr(PiSettings) command = parse("[Engine]\nLauncher=x -c{threads} {helper}\n");
        g_autoptr(PiSettings) reset = parse("[Engine]\nLauncher=slurm-pmi2\nLauncher=\n");
        g_autoptr(PiSettings) one = parse("[Engine]\nNodes=3\nRanks=1\n");

        g_assert_cmpstr(command->engine_launcher, ==, "x -c{threads} {helper}");
        g_assert_cmpstr(reset->engine_launcher, ==, "");
        g_assert_cmpuint(one->engine_ranks, ==, 1);
        refuse("[Engine]\nThreads=4\nLauncher=slurm-pmi2\nThreads=\n",
               "/etc/f:3: Launcher=slurm-pmi2 needs Threads=: give the CPUs of a rank, for example "
               "those of a node");
        refuse("[Engine]\nNodes=3\n",
               "/etc/f:2: Nodes=3 needs a launcher: set Launcher= of [Engine]");
        refuse("[Engine]\nNodes=3\nRanks=2\nLauncher=none\n",
               "/etc/f:3: Ranks=2 needs a launcher: set Launcher= of [Engine]");
        refuse("[Engine]\nLauncher=mpirun {hosts}\n",
               "/etc/f:2: Launcher=: {hosts} is no placeholder: give {ranks}, {nodes}, {threads} "
               "or {helper}");
}

static void test_differ(void) {
        g_autoptr(PiSettings) a = parse("[Service]\nWorkers=2\nKernel=generic\n");
        g_autoptr(PiSettings) same = parse("[Service]\nWorkers=2\nKernel=generic\n[Limits]\n"
                                           "Jobs=3\n[Store]\nSweeps=1\n");
        g_autoptr(PiSettings) workers = parse("[Service]\nWorkers=3\nKernel=generic\n");
        g_autoptr(PiSettings) kernel = parse("[Service]\nWorkers=2\n");

        g_assert_false(pi_settings_need_restart(a, a));
        g_assert_false(pi_settings_need_restart(a, same));
        g_assert_true(pi_settings_need_restart(a, workers));
        g_assert_true(pi_settings_need_restart(a, kernel));
}

static void test_cluster_differs(void) {
        static const char *const others[] = {
                "[Cluster]\nPort=1\n",
                "[Cluster]\nName=a\n",
                "[Cluster]\nAddress=::1\n",
        };
        g_autoptr(PiSettings) a = parse("[Cluster]\nAddress=192.0.2.7  ::1\n");
        g_autoptr(PiSettings) same = parse("[Cluster]\nAddress=192.0.2.7 ::1\nPort=31415\n");

        g_assert_false(pi_settings_need_restart(a, same));
        for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
                g_autoptr(PiSettings) b = parse(others[i]);
                g_assert_true(pi_settings_need_restart(a, b));
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/settings/settings/defaults", test_defaults);
        g_test_add_func("/settings/settings/all", test_all);
        g_test_add_func("/settings/settings/again", test_again);
        g_test_add_func("/settings/settings/bad", test_bad);
        g_test_add_func("/settings/settings/deadlines", test_deadlines);
        g_test_add_func("/settings/settings/engine", test_engine);
        g_test_add_func("/settings/settings/differ", test_differ);
        g_test_add_func("/settings/settings/cluster-differs", test_cluster_differs);
        return g_test_run();
}
