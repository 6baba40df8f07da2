/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/store.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store/host.h"

/* Services that are killed. Each is a process of its own, which says by a pipe what it was told is
 * on disk; all that has to be there for the next one. */
typedef struct Told {
        char what; /* 'i': a number was taken; 'j': a job is on disk, 'd': as done */
        uint64_t id;
} Told;

static int out;

static void say(char what, uint64_t id) {
        /* With the padding, of which valgrind would know nothing. */
        Told told;

        memset(&told, 0, sizeof told);
        told.what = what;
        told.id = id;
        if (write(out, &told, sizeof told) != sizeof told)
                _exit(1);
}

static void on_disk(const GError *error, gpointer userdata) {
        if (error)
                _exit(1);
        say('j', GPOINTER_TO_UINT(userdata));
}

static void on_disk_done(const GError *error, gpointer userdata) {
        if (error)
                _exit(1);
        say('d', GPOINTER_TO_UINT(userdata));
}

/* Takes numbers, begins and ends jobs, and saves checkpoints, for ever. */
static void serve(const char *directory) {
        Host *h = host_new(directory);

        for (;;) {
                uint64_t id = pi_store_take_id(h->store);

                say('i', id);
                pi_store_put_job(h->store, sample_job(id, "running"), on_disk,
                                 GUINT_TO_POINTER((guint) id));
                pi_store_put_checkpoint(h->store, sample_checkpoint(id, 64, 8));
                if (id % 3 == 0)
                        pi_store_put_job(h->store, sample_job(id, "done"), on_disk_done,
                                         GUINT_TO_POINTER((guint) id));
                while (g_main_context_iteration(NULL, id % 2 == 0))
                        if (id % 2 == 0)
                                break;
        }
}

/* A service that lives until it has said `n` things. */
static void run_one(const char *directory, unsigned n, GArray *told) {
        int fd[2], status;
        pid_t pid;
        Told t;

        g_assert_cmpint(pipe(fd), ==, 0);
        pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                close(fd[0]);
                out = fd[1];
                serve(directory);
        }
        close(fd[1]);
        for (unsigned i = 0; i < n && read(fd[0], &t, sizeof t) == sizeof t; i++)
                g_array_append_val(told, t);
        g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
        while (read(fd[0], &t, sizeof t) == sizeof t)
                g_array_append_val(told, t);
        close(fd[0]);
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_true(WIFSIGNALED(status));
}

static void assert_kept(const char *directory, const GArray *told) {
        g_autoptr(Host) h = host_new(directory);
        g_autoptr(GHashTable) unfinished = g_hash_table_new(g_int64_hash, g_int64_equal);
        unsigned jobs = 0, done = 0;

        g_assert_cmpuint(h->opened, ==, 1);
        g_assert_cmpuint(h->set_aside, ==, 0);
        for (guint i = 0; i < h->jobs->len; i++) {
                PiJobRecord *r = h->jobs->pdata[i];

                g_hash_table_add(unfinished, &r->id);
        }
        for (guint i = 0; i < told->len; i++) {
                const Told *t = &g_array_index(told, Told, i);

                if (t->what == 'i')
                        continue;
                jobs++;
                done += t->what == 'd';
                if (t->what == 'd')
                        g_assert_false(g_hash_table_contains(unfinished, &t->id));
                if (t->what == 'j' && t->id % 3 != 0)
                        g_assert_true(g_hash_table_contains(unfinished, &t->id));
        }
        g_test_message("%u jobs on disk, %u of them done", jobs, done);
        g_assert_cmpuint(done, >, 0);
}

static void test_killed(void) {
        g_autofree char *directory = sample_directory();
        g_autoptr(GArray) told = g_array_new(FALSE, FALSE, sizeof(Told));
        uint64_t last = 0;

        for (unsigned round = 0; round < 12; round++)
                run_one(directory, (unsigned) g_test_rand_int_range(30, 400), told);
        for (guint i = 0; i < told->len; i++) {
                const Told *t = &g_array_index(told, Told, i);

                if (t->what != 'i')
                        continue;
                g_assert_cmpuint(t->id, >, last);
                last = t->id;
        }
        assert_kept(directory, told);
        sample_remove(directory);
}

/* A clean end leaves no gap. */
static void test_ended(void) {
        g_autofree char *directory = sample_directory();
        uint64_t want = 1;

        for (unsigned round = 0; round < 5; round++) {
                g_autoptr(Host) h = host_new(directory);

                for (unsigned i = 0; i < 200 * round; i++, want++) {
                        g_assert_cmpuint(pi_store_take_id(h->store), ==, want);
                        if (i % 300 == 299) /* the next block comes by the main loop */
                                host_list(h, 1);
                }
        }
        sample_remove(directory);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/kill/killed", test_killed);
        g_test_add_func("/store/kill/ended", test_ended);
        return g_test_run();
}
