/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/cluster/cluster.h"
#include "tests/cluster/namespaces.h"

/* What the other tests of the cluster stand on: machines apart from each other, faults that are
 * felt, and nothing left of them. */

#define TERMS UINT64_C(1000000000)
#define PORT 5000
#define HOLD "--hold"
#define RATE_BYTES 625000 /* a second, of 5 Mbit/s */

/* A socket of a node that accepts connections of either family. */
static int listen_at(TestNode *node) {
        struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
        int before = test_netns_enter(node->link->netns);
        int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

        test_netns_return(before);
        g_assert_cmpint(fd, >=, 0);
        g_assert_no_errno(bind(fd, (struct sockaddr *) &any, sizeof(any)));
        g_assert_no_errno(listen(fd, 8));
        return fd;
}

static gboolean reaches(TestNode *from, TestNode *to) {
        int fd = test_node_connect(from, to->link->address, PORT);

        if (fd < 0)
                return FALSE;
        close(fd);
        return TRUE;
}

typedef struct Pair {
        TestNode *from, *to;
} Pair;

static gboolean pair_reaches(gpointer userdata) {
        Pair *p = userdata;

        return reaches(p->from, p->to);
}

/* A kernel that has just asked in vain for its neighbour takes a moment to ask again. */
static void assert_reaches(TestNode *from, TestNode *to) {
        test_wait_until(pair_reaches, &(Pair) { from, to }, "a mended cable to carry again");
}

static void machines(void) {
        g_autoptr(TestCluster) c = test_cluster_new(3);
        g_autofree char *sum = test_sum_alone(test_cluster_node(c, 1), TERMS);
        g_autoptr(GHashTable) addresses = g_hash_table_new(g_str_hash, g_str_equal);

        for (guint i = 1; i <= 3; i++) {
                TestNode *node = test_cluster_node(c, i);
                g_autofree char *own = test_sum_alone(node, TERMS);
                g_autoptr(GVariant) metrics = test_metrics(node->client);

                g_assert_cmpstr(own, ==, sum);
                /* The bus is its own: nobody else's jobs were counted there. */
                g_assert_cmpuint(test_lookup_u64(metrics, "jobs_done"), ==, i == 1 ? 2 : 1);
                g_assert_true(g_hash_table_add(addresses, node->bus->state));
        }
}

static void network(void) {
        g_autoptr(TestCluster) c = test_cluster_new(2);
        TestNode *a = test_cluster_node(c, 1), *b = test_cluster_node(c, 2);
        int nothing = test_node_connect(a, b->link->address, PORT), server, over_6;

        g_assert_cmpint(nothing, <, 0);
        server = listen_at(b);
        g_assert_true(reaches(a, b));
        g_assert_false(reaches(b, a));
        over_6 = test_node_connect(a, b->link->address6, PORT);
        g_assert_cmpint(over_6, >=, 0);
        close(over_6);
        close(server);
}

static void cables(void) {
        g_autoptr(TestCluster) c = test_cluster_new(3);
        TestNode *a = test_cluster_node(c, 1), *b = test_cluster_node(c, 2);
        TestNode *other = test_cluster_node(c, 3);
        int server = listen_at(b);

        test_link_cut(b->link);
        g_assert_false(reaches(a, b));
        test_link_mend(b->link);
        assert_reaches(a, b);
        test_link_unplug(b->link);
        g_assert_false(reaches(a, b));
        test_link_mend(b->link);
        assert_reaches(a, b);
        if (test_links_can_filter()) {
                test_link_block(b->link, a->link);
                g_assert_false(reaches(a, b));
                assert_reaches(other, b);
                test_link_unblock(b->link);
                test_link_refuse_incoming(b->link);
                g_assert_false(reaches(a, b));
                g_assert_false(reaches(other, b));
                test_link_unblock(b->link);
                assert_reaches(a, b);
        }
        close(server);
}

/* Seconds that two times what goes in a second takes. */
static double transfer(int from, int to) {
        g_autofree char *buffer = g_malloc0(2 * RATE_BYTES);
        gint64 begin = g_get_monotonic_time();

        for (gsize sent = 0, received = 0; received < 2 * RATE_BYTES;) {
                ssize_t n = send(from, buffer, 2 * RATE_BYTES - sent, MSG_DONTWAIT);

                sent += n > 0 ? (gsize) n : 0;
                n = recv(to, buffer, 2 * RATE_BYTES, 0);
                g_assert_cmpint(n, >, 0);
                received += (gsize) n;
        }
        return (double) (g_get_monotonic_time() - begin) / G_USEC_PER_SEC;
}

static void slow(void) {
        g_autoptr(TestCluster) c = test_cluster_new(2);
        TestNode *a = test_cluster_node(c, 1), *b = test_cluster_node(c, 2);
        int server = listen_at(b), client = test_node_connect(a, b->link->address, PORT);
        int accepted = accept(server, NULL, NULL);

        g_assert_cmpint(accepted, >=, 0);
        test_link_limit(b->link, "5mbit");
        g_assert_cmpfloat(transfer(client, accepted), >, 1.5);
        g_assert_cmpfloat(transfer(accepted, client), >, 1.5);
        test_link_limit(b->link, NULL);
        g_test_message("without a limit %.4f s", transfer(client, accepted));
        close(accepted);
        close(client);
        close(server);
}

static void daemons(void) {
        g_autoptr(TestNode) node = test_node_new(1);
        TestResources idle;
        g_autofree char *sum = NULL, *again = NULL;

        test_node_start(node);
        idle = test_node_resources(node);
        g_assert_cmpuint(idle.fds, >, 3);
        g_assert_cmpuint(idle.threads, >=, 2);
        g_assert_cmpuint(idle.rss_bytes, >, 1000000);
        sum = test_sum_alone(node, 10 * TERMS);
        g_assert_cmpuint(test_node_resources(node).cpu_usec, >, idle.cpu_usec);
        g_assert_true(test_node_has_logged(node, "is ready"));

        test_node_freeze(node);
        {
                TestCall *call = test_call_begin(node, "ComputePi",
                                                 test_compute_arguments(1000, NULL));

                g_usleep(100000);
                g_assert_false(test_call_poll(call));
                test_node_thaw(node);
                test_call_wait(call);
                g_assert_null(call->error);
                test_call_free(call);
        }
        test_node_kill(node);
        {
                g_autoptr(TestCall) call = test_call(node, "ComputePi",
                                                     test_compute_arguments(1000, NULL));

                g_assert_cmpstr(call->error, ==, "org.freedesktop.DBus.Error.ServiceUnknown");
        }
        test_node_start(node);
        again = test_sum_alone(node, 10 * TERMS);
        g_assert_cmpstr(again, ==, sum);
        test_node_stop(node);
}

/* A node whose clock is ahead writes other times, and the machine keeps its own. */
static void skewed(void) {
        g_autoptr(TestNode) node = test_node_new(1);
        g_autofree char *path = NULL;
        g_autoptr(GVariant) created = NULL;
        gint64 ahead;

        if (!test_node_set_clock(node, "+10m"))
                return;
        test_node_start(node);
        g_assert_null(test_submit(node->client, 1000, NULL, &path));
        g_assert_null(test_job_call(node->client, path, "Wait"));
        created = test_job_property(node->client, path, "CreatedUsec");
        ahead = (gint64) g_variant_get_uint64(created) - g_get_real_time();
        g_assert_cmpint(ahead, >, 9 * 60 * G_USEC_PER_SEC);
        g_assert_cmpint(ahead, <, 11 * 60 * G_USEC_PER_SEC);
}

static guint count_processes(void) {
        g_autoptr(GDir) dir = g_dir_open("/proc", 0, NULL);
        const char *name;
        guint n = 0;

        while ((name = g_dir_read_name(dir)))
                n += g_ascii_isdigit(name[0]);
        return n;
}

static gboolean are_gone(gpointer userdata) {
        const guint *before = userdata;

        return count_processes() <= *before;
}

/* This program again, which waits with its nodes until it is killed. */
static void killed(void) {
        g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);
        g_autoptr(GError) error = NULL;
        guint before = count_processes();
        g_autoptr(GSubprocess) held = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, &error,
                                                       program, HOLD, NULL);
        g_autoptr(GDataInputStream) out = NULL;
        g_autofree char *line = NULL;

        g_assert_no_error(error);
        out = g_data_input_stream_new(g_subprocess_get_stdout_pipe(held));
        line = g_data_input_stream_read_line(out, NULL, NULL, NULL);
        g_assert_cmpstr(line, ==, "held");
        /* The caller, the first one of its namespace, the test, two daemons and two buses. */
        g_assert_cmpuint(count_processes(), >=, before + 7);
        g_assert_no_errno(kill((pid_t) atoi(g_subprocess_get_identifier(held)), SIGKILL));
        test_wait_until(are_gone, &before, "processes of a killed test to end");
        g_subprocess_wait(held, NULL, NULL);
}

static G_GNUC_NORETURN void hold(void) {
        test_cluster_new(2);
        puts("held");
        fflush(stdout);
        for (;;)
                pause();
}

int main(int argc, char *argv[]) {
        test_enter_namespaces();
        if (argc > 1 && g_str_equal(argv[1], HOLD))
                hold();
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/cluster/harness/machines", machines);
        g_test_add_func("/cluster/harness/network", network);
        g_test_add_func("/cluster/harness/cables", cables);
        g_test_add_func("/cluster/harness/slow", slow);
        g_test_add_func("/cluster/harness/daemons", daemons);
        g_test_add_func("/cluster/harness/skewed", skewed);
        g_test_add_func("/cluster/harness/killed", killed);
        return g_test_run();
}
