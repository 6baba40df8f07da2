/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/store/host.h"

/* On a file system of their own: a disk that is really full, or read-only. */
#define DISK "size=1m"

static bool write_text(const char *path, const char *text) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t) strlen(text);

        if (fd >= 0)
                (void) close(fd);
        return ok;
}

/* Where this program may mount, in a name space of its own that ends with it. */
static bool may_mount(void) {
        g_autofree char *uids = g_strdup_printf("0 %u 1", getuid());
        g_autofree char *gids = g_strdup_printf("0 %u 1", getgid());

        if (geteuid() != 0 &&
            (unshare(CLONE_NEWUSER) < 0 || !write_text("/proc/self/setgroups", "deny") ||
             !write_text("/proc/self/uid_map", uids) || !write_text("/proc/self/gid_map", gids)))
                return false;
        return unshare(CLONE_NEWNS) == 0 &&
               mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0;
}

/* NULL: skipped. */
static char *disk(void) {
        g_autofree char *directory = sample_directory();

        if (mount("none", directory, "tmpfs", 0, DISK) == 0)
                return g_steal_pointer(&directory);
        sample_remove(directory);
        g_test_skip("this machine does not let the test mount a file system");
        return NULL;
}

static void remove_disk(const char *directory) {
        g_assert_cmpint(umount2(directory, MNT_DETACH), ==, 0);
        sample_remove(directory);
}

static void set_read_only(const char *directory, bool on) {
        unsigned long flags = MS_REMOUNT | (on ? MS_RDONLY : 0);

        g_assert_cmpint(mount("none", directory, "tmpfs", flags, DISK), ==, 0);
}

/* Takes all the room there is. */
static void fill(const char *directory) {
        g_autofree char *path = g_build_filename(directory, "filler", NULL);
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        char block[4096] = { 0 };

        g_assert_cmpint(fd, >=, 0);
        while (write(fd, block, sizeof block) > 0)
                ;
        g_assert_cmpint(errno, ==, ENOSPC);
        (void) close(fd);
}

static void make_room(const char *directory) {
        g_autofree char *path = g_build_filename(directory, "filler", NULL);

        g_assert_cmpint(g_unlink(path), ==, 0);
}

static void begin(const char *directory) {
        g_autoptr(Host) h = host_new(directory);

        host_put(h, 1, "done");
        host_put(h, 2, "running");
        pi_store_put_checkpoint(h->store, sample_checkpoint(2, 9, 3));
        pi_store_put_bad_core(h->store, &(PiBadCore) { .cpu = 3 });
}

static void assert_works_again(Host *h) {
        wait_for(&h->recovered, 1);
        g_assert_cmpuint(h->degraded, ==, 1);
        g_assert_cmpuint(h->opened, ==, 1);
        g_assert_cmpuint(h->set_aside, ==, 0);
        pi_store_put_job(h->store, sample_job(9, "queued"), on_done, h);
        wait_for(&h->done, 1);
}

static void test_full(void) {
        g_autofree char *directory = disk();
        Host *h;

        if (!directory)
                return;
        h = host_new(directory);
        host_put(h, 1, "done");
        host_put(h, 2, "running");
        host_list(h, 1);
        fill(directory);
        /* Until the log needs more than it has. */
        for (uint64_t id = 100; h->degraded == 0; id++) {
                host_put(h, id, "done");
                host_list(h, 1);
        }
        g_test_message("%s", h->why);
        g_assert_nonnull(strstr(h->why, "free some space"));
        host_put(h, 5000, "done");
        g_assert_cmpstr(host_list(h, 1), ==, "5000");
        pi_store_put_job(h->store, sample_job(5001, "queued"), on_done, h);
        wait_for(&h->done_failed, 1);
        make_room(directory);
        assert_works_again(h);
        host_free(h);

        h = host_new(directory);
        g_assert_cmpuint(h->unfinished, ==, 3);
        g_assert_cmpstr(host_list(h, 1), ==, "5000");
        host_free(h);
        remove_disk(directory);
}

/* It can still be read, and jobs go on. */
static void test_read_only(void) {
        g_autofree char *directory = disk();
        Host *h;

        if (!directory)
                return;
        begin(directory);
        set_read_only(directory, true);
        h = host_new(directory);
        g_assert_cmpuint(h->opened, ==, 1);
        g_assert_cmpuint(h->unfinished, ==, 1);
        g_assert_cmpuint(h->checkpoints, ==, 1);
        g_assert_cmpuint(h->bad_cores, ==, 1);
        g_assert_cmpuint(h->degraded, ==, 1);
        g_test_message("%s", h->why);
        g_assert_nonnull(strstr(h->why, "let the service write in"));
        host_put(h, 2, "done");
        g_assert_cmpstr(host_list(h, 5), ==, "2 1");
        g_assert_cmpuint(pi_store_take_id(h->store), >, 1700000000000000);
        set_read_only(directory, false);
        assert_works_again(h);
        host_free(h);

        h = host_new(directory);
        g_assert_cmpuint(h->unfinished, ==, 1);
        g_assert_cmpstr(host_list(h, 5), ==, "2 1");
        host_free(h);
        remove_disk(directory);
}

/* What was killed leaves a log behind, with which that holds too. */
static void test_read_only_after_kill(void) {
        g_autofree char *directory = disk();
        Host *h;
        int status;
        pid_t pid;

        if (!directory)
                return;
        pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                h = host_new(directory);
                host_put(h, 1, "done");
                host_put(h, 2, "running");
                host_list(h, 1);
                raise(SIGKILL);
        }
        g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
        g_assert_true(WIFSIGNALED(status));
        g_assert_cmpint(WTERMSIG(status), ==, SIGKILL);
        set_read_only(directory, true);
        h = host_new(directory);
        g_assert_cmpuint(h->opened, ==, 1);
        g_assert_cmpuint(h->unfinished, ==, 1);
        g_assert_cmpuint(h->degraded, ==, 1);
        g_assert_cmpstr(host_list(h, 5), ==, "1");
        set_read_only(directory, false);
        assert_works_again(h);
        host_free(h);
        remove_disk(directory);
}

/* There never was a store. */
static void test_read_only_and_empty(void) {
        g_autofree char *directory = disk();
        Host *h;

        if (!directory)
                return;
        set_read_only(directory, true);
        h = host_new(directory);
        g_assert_cmpuint(h->opened, ==, 0);
        g_assert_cmpuint(h->degraded, ==, 1);
        g_test_message("%s", h->why);
        g_assert_nonnull(strstr(h->why, "let the service write in"));
        set_read_only(directory, false);
        assert_works_again(h);
        host_free(h);
        remove_disk(directory);
}

static void test_not_at_all(void) {
        g_test_skip("this machine does not let the test have mounts of its own");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        if (!may_mount()) {
                g_test_add_func("/store/disk/not-at-all", test_not_at_all);
                return g_test_run();
        }
        g_test_add_func("/store/disk/full", test_full);
        g_test_add_func("/store/disk/read-only", test_read_only);
        g_test_add_func("/store/disk/read-only-after-kill", test_read_only_after_kill);
        g_test_add_func("/store/disk/read-only-and-empty", test_read_only_and_empty);
        return g_test_run();
}
