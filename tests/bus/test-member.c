/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/bus/pictl-run.h"

/* pi-computed-member beside a head, as on the nodes of a batch system. */

/* Terms that take many minutes, in parts that take a moment. */
#define MANY UINT64_C(100000000000000)
#define POLL_USEC 20000

typedef struct Fixture {
        TestSession head;
        char *token; /* a file */
        char *tmp;   /* where members keep what they have */
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        g_auto(Run) init = {}, token = {};
        g_autoptr(GError) error = NULL;

        f->head.bus = test_bus_new(TEST_BUS_SESSION);
        test_cluster_settings(f->head.bus);
        test_daemon_start(f->head.bus, (const char *const[]) { "--workers=2", NULL });
        f->head.client = test_connect(f->head.bus);
        init = pictl(&f->head, "cluster init");
        g_assert_cmpint(init.status, ==, 0);
        token = pictl(&f->head, "cluster token --uses=2");
        g_assert_cmpint(token.status, ==, 0);
        f->token = g_build_filename(f->head.bus->dir, "token", NULL);
        g_file_set_contents(f->token, token.out, -1, &error);
        g_assert_no_error(error);
        g_assert_no_errno(g_chmod(f->token, 0600));
        /* Neither XML nor an address on a bus could have it as it is, and no socket so long a
         * name. */
        f->tmp = g_strdup_printf("%s/a b&c:<%0100d", f->head.bus->dir, 0);
        g_assert_no_errno(g_mkdir(f->tmp, 0700));
}

static void tear_down(Fixture *f, gconstpointer data) {
        /* Members have left nothing in it. */
        g_assert_no_errno(g_rmdir(f->tmp));
        sd_bus_flush_close_unref(f->head.client);
        test_bus_free(f->head.bus);
        g_free(f->token);
        g_free(f->tmp);
}

/* A batch system signals a step as a whole. */
static void lead_group(gpointer userdata) {
        (void) setsid();
        (void) prctl(PR_SET_PDEATHSIG, SIGTERM);
}

/* `node`: what Slurm calls the node. `words`: the command line. */
static GSubprocess *start(Fixture *f, const char *node, const char *words) {
        g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new(
                        G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
        g_autofree char *line = g_strdup_printf("%s %s", g_getenv("PI_MEMBER"), words);
        g_auto(GStrv) argv = NULL;
        g_autoptr(GError) error = NULL;
        GSubprocess *member;

        g_subprocess_launcher_setenv(launcher, "TMPDIR", f->tmp, TRUE);
        g_subprocess_launcher_setenv(launcher, "SLURM_JOB_ID", "145", TRUE);
        g_subprocess_launcher_setenv(launcher, "SLURMD_NODENAME", node, TRUE);
        g_subprocess_launcher_setenv(launcher, "SLURM_CPUS_PER_TASK", "1", TRUE);
        g_subprocess_launcher_set_child_setup(launcher, lead_group, NULL, NULL);
        g_assert_true(g_shell_parse_argv(line, NULL, &argv, NULL));
        member = g_subprocess_launcher_spawnv(launcher, (const char *const *) argv, &error);
        g_assert_no_error(error);
        return member;
}

static GSubprocess *start_member(Fixture *f, const char *node) {
        g_autofree char *words = g_strdup_printf("--patience=2 %s", f->token);
        return start(f, node, words);
}

static void terminate(GSubprocess *member) {
        g_assert_no_errno(kill(-atoi(g_subprocess_get_identifier(member)), SIGTERM));
}

/* Its end is with this status, and it has said this. */
static void check_end(GSubprocess *member, int status, const char *says) {
        g_auto(Run) run = finish(member);

        g_assert_cmpint(run.status, ==, status);
        g_assert_nonnull(strstr(run.err, says));
}

/* The leases that the head had right of a node that is up; -1: there is none of the name. */
static gint64 verified_of(Fixture *f, const char *name) {
        g_auto(Run) run = pictl(&f->head, "nodes --json=short");
        JsonArray *nodes = json_node_get_array(run.json);

        for (guint i = 0; i < json_array_get_length(nodes); i++) {
                JsonObject *node = json_array_get_object_element(nodes, i);

                if (g_str_equal(json_object_get_string_member(node, "Name"), name) &&
                    g_str_equal(json_object_get_string_member(node, "State"), "up")) {
                        g_assert_cmpint(json_object_get_int_member(node, "Cpus"), ==, 1);
                        return json_object_get_int_member(node, "Verified");
                }
        }
        return -1;
}

static void wait_until_verified(Fixture *f, const char *name, gint64 leases) {
        while (verified_of(f, name) < leases)
                g_usleep(POLL_USEC);
}

/* pictl, which finds no other sbatch than that of the test. */
static Run pictl_alone(Fixture *f, const char *words) {
        g_autoptr(GSubprocessLauncher) launcher = test_launcher(
                        f->head.bus, G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                     G_SUBPROCESS_FLAGS_STDERR_PIPE);
        g_autofree char *line = g_strdup_printf("%s --user %s", g_getenv("PI_PICTL"), words);
        g_auto(GStrv) argv = NULL;
        g_autoptr(GSubprocess) process = NULL;

        g_subprocess_launcher_setenv(launcher, "PATH", f->head.bus->dir, TRUE);
        g_assert_true(g_shell_parse_argv(line, NULL, &argv, NULL));
        process = g_subprocess_launcher_spawnv(launcher, (const char *const *) argv, NULL);
        g_assert_nonnull(process);
        return finish(process);
}

static void expect(Fixture *f, const char *words, int status, const char *says) {
        g_auto(Run) run = pictl_alone(f, words);

        g_assert_cmpint(run.status, ==, status);
        g_assert_nonnull(strstr(status == 0 ? run.out : run.err, says));
}

/* It keeps the script that it is given. */
static void make_sbatch(Fixture *f, const char *answers) {
        g_autofree char *path = g_build_filename(f->head.bus->dir, "sbatch", NULL);
        g_autofree char *text = g_strdup_printf("#!/bin/sh\n[ \"$*\" = --parsable ] || exit 9\n"
                                                "/bin/cat >'%s/script'\n%s\n",
                                                f->head.bus->dir, answers);

        g_assert_true(g_file_set_contents(path, text, -1, NULL));
        g_assert_no_errno(g_chmod(path, 0700));
}

/* The token that is named in what pictl has printed is good for as many members as were asked for,
 * and in nobody else's sight. */
static void sbatch(Fixture *f, gconstpointer data) {
        g_autofree char *words = g_strdup_printf("cluster sbatch --nodes=2 --directory=%s "
                                                 "--time=1h --submit --json=short",
                                                 f->head.bus->state);
        g_autofree char *kept = g_build_filename(f->head.bus->dir, "script", NULL);
        g_autofree char *script = NULL, *token = NULL;
        g_autoptr(GSubprocess) first = NULL, second = NULL;
        g_auto(Run) run = {};
        const char *path;
        GStatBuf st;

        make_sbatch(f, "echo '145;rack'");
        run = pictl_alone(f, words);
        g_assert_cmpint(run.status, ==, 0);
        g_assert_cmpstr(json_object_get_string_member(root_of(&run), "job"), ==, "145");
        path = json_object_get_string_member(root_of(&run), "token_file");
        g_assert_no_errno(g_stat(path, &st));
        g_assert_cmpuint(st.st_mode & 07777, ==, 0600);
        g_assert_true(g_file_get_contents(kept, &script, NULL, NULL));
        g_assert_true(g_file_get_contents(path, &token, NULL, NULL));
        g_assert_nonnull(strstr(script, "\n#SBATCH --array=1-2\n"));
        g_assert_nonnull(strstr(script, path));
        g_assert_null(strstr(script, g_strstrip(token)));
        first = start(f, "n1", path);
        second = start(f, "n2", path);
        wait_until_verified(f, "slurm-145-n1", 0);
        wait_until_verified(f, "slurm-145-n2", 0);
        terminate(first);
        terminate(second);
        check_end(first, 0, "left");
        check_end(second, 0, "left");
}

static gboolean has_token_file(Fixture *f) {
        g_autoptr(GDir) dir = g_dir_open(f->head.bus->state, 0, NULL);
        const char *name;

        while ((name = g_dir_read_name(dir)))
                if (g_str_has_prefix(name, "pi-computed-token-"))
                        return TRUE;
        return FALSE;
}

/* What goes wrong leaves no token in the directory. */
static void sbatch_refuses(Fixture *f, gconstpointer data) {
        g_autofree char *good = g_strdup_printf("cluster sbatch --nodes=2 --directory=%s ",
                                                f->head.bus->state);
        g_autofree char *submit = g_strconcat(good, "--submit", NULL);
        g_autofree char *lost = g_strconcat(good, "--output=/nonexistent/script", NULL);
        g_autofree char *output = g_strdup_printf("%s --quiet --output=%s/script", good,
                                                  f->head.bus->dir);

        expect(f, "cluster sbatch", 2, "on how many nodes?");
        expect(f, "cluster sbatch --nodes=0", 2, "1 to 100");
        expect(f, "cluster sbatch --nodes=101", 2, "1 to 100");
        expect(f, "cluster sbatch --nodes=node1,node2", 2, "1 to 100");
        expect(f, "cluster sbatch --nodes=2 --time=4min", 2, "5min to 365d");
        expect(f, "cluster sbatch --nodes=2 --partition='a b'", 2, "no name for --partition");
        expect(f, "cluster sbatch --nodes=2 --account=-x", 2, "no name for --account");
        expect(f, "cluster sbatch --nodes=2 --submit --output=x", 2, "give one of them");
        expect(f, "cluster sbatch --nodes=2 --uses=2", 2, "--uses does not go with");
        expect(f, "cluster token --nodes=2", 2, "--nodes does not go with");
        expect(f, "cluster sbatch --nodes=2 --directory=/nonexistent", 1, "/nonexistent");
        expect(f, submit, 1, "sbatch could not be started");
        make_sbatch(f, "echo no such partition >&2; exit 1");
        expect(f, submit, 1, "sbatch did not take the script");
        make_sbatch(f, "echo Submitted batch job 145");
        expect(f, submit, 1, "instead of the number of a job");
        expect(f, lost, 1, "could not be written");
        g_assert_false(has_token_file(f));
        expect(f, output, 0, "");
        g_assert_true(has_token_file(f));
        expect(f, "cluster leave", 0, "");
        expect(f, good, 1, "no cluster");
}

/* Members compute, more come while they do, and one that leaves takes nothing with it. */
static void shares(Fixture *f, gconstpointer data) {
        g_autoptr(GSubprocess) first = start_member(f, "n1"), second = NULL;
        g_autofree char *job = NULL, *sum = NULL, *expected = NULL;
        g_autoptr(GVariant) local = NULL, report = NULL, state = NULL;

        wait_until_verified(f, "slurm-145-n1", 0);
        g_assert_null(test_submit(f->head.client, MANY,
                                  "{'scope': <'cluster'>, 'parts': <uint64 1000000>}", &job));
        wait_until_verified(f, "slurm-145-n1", 1);
        second = start_member(f, "n2");
        wait_until_verified(f, "slurm-145-n2", 1);
        terminate(first);
        check_end(first, 0, "slurm-145-n1 left");
        g_assert_cmpint(verified_of(f, "slurm-145-n1"), ==, -1);
        state = test_job_property(f->head.client, job, "State");
        g_assert_cmpstr(g_variant_get_string(state, NULL), ==, "running");
        g_assert_null(test_job_call(f->head.client, job, "Cancel"));

        g_assert_null(test_compute(f->head.client, 100000000, "{'scope': <'local'>}", NULL,
                                   &local));
        g_assert_null(test_compute(f->head.client, 100000000, "{'scope': <'cluster'>}", NULL,
                                   &report));
        expected = test_lookup_string(local, "sum_hex");
        sum = test_lookup_string(report, "sum_hex");
        g_assert_cmpstr(sum, ==, expected);
        terminate(second);
        check_end(second, 0, "slurm-145-n2 left");
}

static void head_dies(Fixture *f, gconstpointer data) {
        g_autoptr(GSubprocess) member = start_member(f, "n1");

        wait_until_verified(f, "slurm-145-n1", 0);
        test_daemon_kill(f->head.bus);
        check_end(member, 1, "no member of the cluster could be reached for 2 s");
}

static void is_removed(Fixture *f, gconstpointer data) {
        g_autoptr(GSubprocess) member = start_member(f, "n1");
        g_auto(Run) run = {};

        wait_until_verified(f, "slurm-145-n1", 0);
        run = pictl(&f->head, "cluster remove slurm-145-n1");
        g_assert_cmpint(run.status, ==, 0);
        check_end(member, 1, "slurm-145-n1 was removed");
}

/* Wherever it is in its beginning: it leaves no member behind. */
static void ends_early(Fixture *f, gconstpointer data) {
        for (guint msec = 0; msec < 400; msec += 50) {
                g_autoptr(GSubprocess) member = start_member(f, "n1");

                g_usleep(msec * 1000);
                terminate(member);
                g_assert_true(g_subprocess_wait(member, NULL, NULL));
                g_assert_cmpint(verified_of(f, "slurm-145-n1"), ==, -1);
        }
}

static void refuses(Fixture *f, gconstpointer data) {
        static const struct {
                const char *words;
                int status;
                const char *says;
        } cases[] = {
                { "", 2, "one argument is needed" },
                { "a b", 2, "there are 2" },
                { "--nonsense a", 2, "unknown option --nonsense" },
                { "--patience=0 a", 2, "out of range: 1 to 86400" },
                { "--patience=86401 a", 2, "out of range: 1 to 86400" },
                { "--patience=99999999999999999999 a", 2, "out of range: 1 to 86400" },
                { "--patience=1s a", 2, "out of range: 1 to 86400" },
                { "--name=-n a", 2, "no sign first" },
                { "--name='a b' a", 2, "a name is letters" },
                { "/nonexistent/token", 1, "/nonexistent" },
                { "/dev/null", 1, "/dev/null is no file" },
        };
        g_autofree char *words = g_strdup_printf("--patience=1 %s", f->token);
        g_autoptr(GSubprocess) open = NULL, wrong = NULL;

        for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autoptr(GSubprocess) member = start(f, "n1", cases[i].words);
                check_end(member, cases[i].status, cases[i].says);
        }
        g_assert_no_errno(g_chmod(f->token, 0640));
        open = start(f, "n1", words);
        check_end(open, 1, "may be used by others");
        g_assert_true(g_file_set_contents(f->token, "pi1-AAAA\n", -1, NULL));
        g_assert_no_errno(g_chmod(f->token, 0600));
        wrong = start(f, "n1", words);
        check_end(wrong, 1, "slurm-145-n1 gives up");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add("/member/shares", Fixture, NULL, set_up, shares, tear_down);
        g_test_add("/member/head-dies", Fixture, NULL, set_up, head_dies, tear_down);
        g_test_add("/member/is-removed", Fixture, NULL, set_up, is_removed, tear_down);
        g_test_add("/member/ends-early", Fixture, NULL, set_up, ends_early, tear_down);
        g_test_add("/member/sbatch", Fixture, NULL, set_up, sbatch, tear_down);
        g_test_add("/member/sbatch-refuses", Fixture, NULL, set_up, sbatch_refuses, tear_down);
        g_test_add("/member/refuses", Fixture, NULL, set_up, refuses, tear_down);
        return g_test_run();
}
