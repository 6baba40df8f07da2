/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/cluster/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NETNS_SELF "/proc/thread-self/ns/net"

typedef struct Outside {
        char *dir;    /* TMPDIR */
        int alive[2]; /* a pipe whose writing end is open as long as the caller lives */
        uid_t uid;
        gid_t gid;
} Outside;

static G_GNUC_NORETURN void skip_all(const Outside *o, const char *why) {
        g_rmdir(o->dir);
        printf("TAP version 13\n1..0 # SKIP %s\n", why);
        fflush(stdout);
        _exit(EXIT_SUCCESS);
}

static gboolean write_proc(const char *path, const char *text) {
        int fd = open(path, O_WRONLY | O_CLOEXEC);
        gboolean written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t) strlen(text);

        if (fd >= 0)
                close(fd);
        return written;
}

/* The pid namespace is that of its next children. Root goes without a user namespace, in which it
 * could not use what belongs to others. */
static gboolean leave(const Outside *o) {
        g_autofree char *users = g_strdup_printf("0 %u 1", o->uid);
        g_autofree char *groups = g_strdup_printf("0 %u 1", o->gid);

        if (o->uid == 0 && unshare(CLONE_NEWPID) == 0)
                return TRUE;
        return unshare(CLONE_NEWPID | CLONE_NEWUSER) == 0 &&
               write_proc("/proc/self/setgroups", "deny") &&
               write_proc("/proc/self/uid_map", users) &&
               write_proc("/proc/self/gid_map", groups);
}

static void end_as(int status) {
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* Process 1 of the pid namespace, with which all others end. It is not the test, since most signals
 * do nothing to a process 1, SIGABRT among them. Returns in the test. */
static void be_first(const Outside *o) {
        struct pollfd caller = { .fd = o->alive[0], .events = POLLIN };
        int status = 0;
        pid_t test, ended;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (poll(&caller, 1, 0) != 0) /* it has ended before it was asked for */
                _exit(EXIT_FAILURE);
        if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0 ||
            mount("tmpfs", o->dir, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") < 0)
                skip_all(o, "this machine lets nobody mount a /proc or a tmpfs of his own");
        test = fork();
        if (test == 0)
                return;
        do
                ended = waitpid(-1, &status, 0);
        while (ended != test && (ended > 0 || errno == EINTR));
        end_as(status);
}

/* Returns in the test, whose process lives in new namespaces. */
static void fork_into_them(const Outside *o) {
        int status = 0;
        pid_t first = fork();

        if (first == 0) {
                close(o->alive[1]);
                be_first(o);
                return;
        }
        while (waitpid(first, &status, 0) < 0 && errno == EINTR)
                ;
        g_rmdir(o->dir);
        end_as(status);
}

gboolean test_run(const char *const *argv, const char *input, char **ret_said) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GSubprocess) process = NULL;
        g_autofree char *out = NULL;
        GSubprocessFlags flags = G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE;

        process = g_subprocess_newv(argv, flags | (input ? G_SUBPROCESS_FLAGS_STDIN_PIPE : 0),
                                    &error);
        if (process)
                g_subprocess_communicate_utf8(process, input, NULL, &out, NULL, &error);
        if (ret_said)
                *ret_said = g_strdup(error ? error->message : out);
        return !error && g_subprocess_get_successful(process);
}

static void make_bridge(const Outside *o) {
        const char *batch =
                        "link set lo up\n"
                        "link add name " PI_TEST_BRIDGE " type bridge forward_delay 0 "
                        "mcast_snooping 0\n"
                        "addr add " PI_TEST_STRANGER "/16 dev " PI_TEST_BRIDGE "\n"
                        "addr add fd31::ffff/64 nodad dev " PI_TEST_BRIDGE "\n"
                        "link set " PI_TEST_BRIDGE " up\n"
                        "route add local " PI_TEST_STRANGERS_PREFIX "0/24 dev lo\n"
                        "link add name probe0 type veth peer name probe1\n"
                        "link del probe0\n";
        g_autofree char *said = NULL, *why = NULL;

        if (test_run((const char *const[]) { "ip", "-batch", "-", NULL }, batch, &said))
                return;
        why = g_strdup_printf("no bridge between nodes: %s", g_strdelimit(said, "\n", ' '));
        skip_all(o, why);
}

void test_enter_namespaces(void) {
        g_autofree char *path = g_strdup_printf("%s:/usr/sbin:/sbin", g_getenv("PATH"));
        /* GLib would remember where it was. */
        const char *outer = g_getenv("TMPDIR");
        Outside o = { .dir = g_build_filename(outer ? outer : "/tmp", "pi-cluster-XXXXXX", NULL),
                      .uid = geteuid(),
                      .gid = getegid() };

        g_setenv("PATH", path, TRUE);
        if (!g_mkdtemp_full(o.dir, 0755) || pipe2(o.alive, O_CLOEXEC) < 0)
                g_error("%s: %s", o.dir, g_strerror(errno));
        if (!leave(&o))
                skip_all(&o, "this machine lets nobody make namespaces");
        fork_into_them(&o);
        g_setenv("TMPDIR", o.dir, TRUE);
        make_bridge(&o);
        g_free(o.dir);
}

static int open_netns(void) {
        int fd = open(NETNS_SELF, O_RDONLY | O_CLOEXEC);

        g_assert_cmpint(fd, >=, 0);
        return fd;
}

int test_netns_enter(int netns) {
        int before = open_netns();

        g_assert_no_errno(setns(netns, CLONE_NEWNET));
        return before;
}

void test_netns_return(int before) {
        g_assert_no_errno(setns(before, CLONE_NEWNET));
        close(before);
}

int test_netns_new(void) {
        int before = open_netns(), made;

        g_assert_no_errno(unshare(CLONE_NEWNET));
        made = open_netns();
        test_netns_return(before);
        return made;
}
