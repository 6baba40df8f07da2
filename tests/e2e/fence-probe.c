/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a service could do that somebody has taken over: put in the place of its program, it tries,
 * and prints a line for each, "WHAT: done" or "WHAT: NAME-OF-ERRNO". It leaves what it could write.
 * fence.py says what there should be. */

static void tell(const char *what, const char *on_what, int failed) {
        printf("%s%s%s: %s\n", what, *on_what ? " " : "", on_what,
               failed ? strerrorname_np(failed) : "done");
}

static int errno_unless(int good) {
        return good ? 0 : errno;
}

/* What opening it came to. */
static int opened(int fd) {
        if (fd < 0)
                return errno;
        close(fd);
        return 0;
}

/* In a child, which ends if it fails. */
static int try_exec(int fd, const char *path) {
        char *argv[] = { "true", NULL };
        int status;
        pid_t child = fork();

        if (child < 0)
                return errno;
        if (child == 0) {
                if (fd >= 0)
                        (void) syscall(SYS_execveat, fd, "", argv, NULL, AT_EMPTY_PATH);
                else
                        (void) execv(path, argv);
                _exit(errno);
        }
        if (waitpid(child, &status, 0) < 0)
                return errno;
        return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static int copy(const char *from, int to) {
        char buffer[65536];
        ssize_t n;
        int in = open(from, O_RDONLY | O_CLOEXEC);

        if (in < 0)
                return errno;
        while ((n = read(in, buffer, sizeof(buffer))) > 0)
                if (write(to, buffer, n) != n)
                        return errno;
        close(in);
        return n < 0 ? errno : 0;
}

/* A program of one's own in a place where one may write. */
static void exec_copy(const char *path) {
        int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0700), failed = errno;

        if (fd >= 0) {
                failed = copy("/usr/bin/true", fd);
                close(fd);
        }
        tell("exec", path, failed ? failed : try_exec(-1, path));
}

static void exec_memory(void) {
        int fd = memfd_create("program", 0), failed = errno;

        if (fd >= 0)
                failed = copy("/usr/bin/true", fd);
        tell("exec", "memory", fd < 0 || failed ? failed : try_exec(fd, NULL));
}

static void programs(void) {
        static const char *const paths[] = { "/bin/sh", "/usr/bin/true", "/sbin/init" };

        for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
                tell("exec", paths[i], try_exec(-1, paths[i]));
        exec_copy("/var/lib/pi-computed/program");
        exec_copy("/tmp/program");
        exec_memory();
}

static void files(void) {
        static const char *const folders[] = { "/etc", "/usr/bin", "/var/lib", "/var/log", "/run",
                                               "/root", "/home", "/boot", "/dev/shm", "/open",
                                               "/tmp", "/var/lib/pi-computed" };

        for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
                char path[64];

                snprintf(path, sizeof(path), "%s/fence", folders[i]);
                tell("write", folders[i],
                     opened(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)));
        }
}

static void hidden(void) {
        static const char *const folders[] = { "/run/WSL", "/mnt/c", "/home", "/root", "/proc/1" };

        for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
                tell("list", folders[i],
                     opened(open(folders[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
}

static void sockets(void) {
        static const struct {
                int family, type;
                const char *name;
        } all[] = {
                { AF_UNIX, SOCK_STREAM, "unix" },       { AF_INET, SOCK_STREAM, "inet" },
                { AF_INET6, SOCK_STREAM, "inet6" },     { AF_NETLINK, SOCK_RAW, "netlink" },
                { AF_INET, SOCK_RAW, "inet raw" },      { AF_PACKET, SOCK_RAW, "packet" },
                { AF_VSOCK, SOCK_STREAM, "vsock" },     { AF_ALG, SOCK_SEQPACKET, "alg" },
                { AF_BLUETOOTH, SOCK_RAW, "bluetooth" },
        };

        for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
                tell("socket", all[i].name,
                     opened(socket(all[i].family, all[i].type | SOCK_CLOEXEC, 0)));
}

static void powers(void) {
        void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        int failed = errno_unless(memory != MAP_FAILED);
        char line[256];
        FILE *status = fopen("/proc/self/status", "re");

        while (status && fgets(line, sizeof(line), status))
                if (strncmp(line, "Cap", 3) == 0 || strncmp(line, "NoNewPrivs", 10) == 0 ||
                    strncmp(line, "Seccomp:", 8) == 0)
                        printf("%s", line);
        tell("setuid", "", errno_unless(setuid(0) == 0));
        tell("mount", "", errno_unless(mount("none", "/tmp", "tmpfs", 0, NULL) == 0));
        tell("unshare", "", errno_unless(unshare(CLONE_NEWUSER) == 0));
        tell("ptrace", "", errno_unless(syscall(SYS_ptrace, 0, 0, 0, 0) == 0));
        tell("bpf", "", errno_unless(syscall(SYS_bpf, 0, NULL, 0) >= 0));
        tell("sethostname", "", errno_unless(sethostname("x", 1) == 0));
        tell("executable memory", "", failed);
}

int main(void) {
        setvbuf(stdout, NULL, _IOLBF, 0);
        programs();
        files();
        hidden();
        sockets();
        powers();
        return 0;
}
