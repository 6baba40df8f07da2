/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/search.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dbus/error.h"
#include "nft/blocks.h"

/* 8 MB of rules take a second. */
#define CPU_SECONDS_MAX 8
#define SECONDS_MAX 9
#define MESSAGE_BYTES_MAX ((gsize) 1 << 20)

#define REQUEST_TYPE G_VARIANT_TYPE("(qas)")
#define BLOCKS_TYPE G_VARIANT_TYPE("aa{sv}")

struct PiSearch {
        PiSearchDone done;
        gpointer userdata;
        GPid pid; /* 0 when it has ended */
        int answer;
        guint watch, limit;
};

/* Without a name, in /tmp: the unit allows no memfd_create(), by which programs can be run. */
static int bytes_file(gconstpointer bytes, gsize length) {
        g_autofree char *path = NULL;
        int fd = g_file_open_tmp("pi-computed-firewall-XXXXXX", &path, NULL);

        if (fd >= 0)
                (void) unlink(path);
        if (fd >= 0 &&
            (write(fd, bytes, length) != (ssize_t) length || lseek(fd, 0, SEEK_SET) < 0)) {
                close(fd);
                fd = -1;
        }
        return fd;
}

static GBytes *read_file(int fd) {
        g_autofree char *bytes = g_malloc(MESSAGE_BYTES_MAX);
        gsize length = 0;
        ssize_t n;

        if (lseek(fd, 0, SEEK_SET) < 0)
                return NULL;
        do {
                n = read(fd, bytes + length, MESSAGE_BYTES_MAX - length);
                if (n > 0)
                        length += (gsize) n;
        } while ((n > 0 && length < MESSAGE_BYTES_MAX) || (n < 0 && errno == EINTR));
        return n < 0 ? NULL : g_bytes_new(bytes, length);
}

/* What it wrote is the answer, or else what was wrong. */
static void ended(GPid pid, int status, gpointer userdata) {
        PiSearch *s = userdata;
        g_autoptr(GBytes) bytes = read_file(s->answer);
        gsize length = bytes ? g_bytes_get_size(bytes) : 0;
        g_autoptr(GVariant) blocks = NULL;
        g_autoptr(GError) error = NULL;

        s->watch = 0;
        s->pid = 0;
        g_clear_handle_id(&s->limit, g_source_remove);
        if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS && bytes)
                blocks = g_variant_ref_sink(g_variant_new_from_bytes(BLOCKS_TYPE, bytes, FALSE));
        else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE && length > 0)
                error = g_error_new(PI_ERROR, PI_ERROR_FAILED, "%.*s", (int) length,
                                    (const char *) g_bytes_get_data(bytes, NULL));
        else
                error = g_error_new_literal(PI_ERROR, PI_ERROR_FAILED,
                                            "Other tables have too many rules to look through all "
                                            "of them; by hand: nft list ruleset");
        s->done(blocks, error, s->userdata);
}

static gboolean too_long(gpointer userdata) {
        PiSearch *s = userdata;

        s->limit = 0;
        (void) kill(s->pid, SIGKILL);
        return G_SOURCE_REMOVE;
}

PiSearch *pi_search_new(GVariant *request, PiSearchDone done, gpointer userdata, GError **error) {
        char *argv[] = { "/proc/self/exe", "--" PI_SEARCH_OPTION, NULL };
        g_autoptr(PiSearch) s = g_new0(PiSearch, 1);
        int question = bytes_file(g_variant_get_data(request), g_variant_get_size(request));
        gboolean good;

        s->done = done;
        s->userdata = userdata;
        s->answer = bytes_file("", 0);
        good = question >= 0 && s->answer >= 0 &&
               g_spawn_async_with_fds(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                      &s->pid, question, s->answer, -1, NULL);
        if (question >= 0)
                close(question);
        if (!good) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_FAILED,
                                    "Other tables cannot be looked through: no process can be "
                                    "started, or no file made in /tmp, for it");
                return NULL;
        }
        s->watch = g_child_watch_add(s->pid, ended, s);
        s->limit = g_timeout_add_seconds(SECONDS_MAX, too_long, s);
        return g_steal_pointer(&s);
}

void pi_search_free(PiSearch *s) {
        if (!s)
                return;
        g_clear_handle_id(&s->watch, g_source_remove);
        g_clear_handle_id(&s->limit, g_source_remove);
        if (s->pid > 0) {
                (void) kill(s->pid, SIGKILL);
                (void) waitpid(s->pid, NULL, 0);
        }
        if (s->answer >= 0)
                close(s->answer);
        g_free(s);
}

static GVariant *search(GError **error) {
        g_autoptr(GBytes) bytes = read_file(STDIN_FILENO);
        g_autoptr(GVariant) request = NULL, sources = NULL;
        g_autoptr(PiNft) nft = pi_nft_new(error);
        guint16 port;

        if (!nft || !bytes)
                return NULL;
        request = g_variant_ref_sink(g_variant_new_from_bytes(REQUEST_TYPE, bytes, FALSE));
        g_variant_get(request, "(q@as)", &port, &sources);
        return pi_blocks_find(nft, port, sources, error);
}

/* 8 MB of rules take some 220 MB. Beyond MemoryMax= of the unit it is this process that ends. */
static void be_the_first_to_go(void) {
        static const char most[] = "1000";
        int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

        if (fd < 0)
                return;
        (void) !write(fd, most, strlen(most));
        close(fd);
}

int pi_search_main(void) {
        const struct rlimit cpu = { CPU_SECONDS_MAX, CPU_SECONDS_MAX };
        g_autoptr(GVariant) blocks = NULL;
        g_autoptr(GError) error = NULL;
        gconstpointer answer;
        gsize length;

        be_the_first_to_go();
        (void) setrlimit(RLIMIT_CPU, &cpu);
        blocks = search(&error);
        if (blocks)
                g_variant_ref_sink(blocks);
        answer = blocks ? g_variant_get_data(blocks) : error ? error->message : "";
        length = blocks ? g_variant_get_size(blocks) : strlen(answer);
        if (length > 0 && write(STDOUT_FILENO, answer, length) != (ssize_t) length)
                return EXIT_FAILURE;
        return blocks ? EXIT_SUCCESS : EXIT_FAILURE;
}
