/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/cluster/token.h"
#include "tests/cluster/cluster.h"
#include "tests/cluster/namespaces.h"
#include "tests/cluster/stranger.h"

/* Those who may not get in, and those who are in and do what they should not. */

#define TERMS UINT64_C(1000000000)
#define STRANGERS 100
#define CONNECTED_SECONDS 0.5 /* a member, while strangers are at the port */
#define SLOWER_INSTRUMENTED 10

typedef struct Fixture {
        TestCluster *cluster;
        TestNode *a, *b, *c;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        f->cluster = test_cluster_new_joined(3);
        f->a = test_cluster_node(f->cluster, 1);
        f->b = test_cluster_node(f->cluster, 2);
        f->c = test_cluster_node(f->cluster, 3);
}

static void tear_down(Fixture *f, gconstpointer data) {
        test_cluster_free(f->cluster);
}

/* Whatever came to its port, it is in order. */
static void assert_unimpressed(Fixture *f) {
        g_autofree char *sum = test_sum_alone(f->a, TERMS);

        g_variant_unref(test_compute_over(f->a, TERMS, NULL, sum));
        g_assert_cmpuint(test_count_members(f->a), ==, 3);
}

static TestAdmission knock(TestNode *at, const PiIdentity *identity, const char *priority) {
        int fd = test_stranger_connect(NULL, at);

        g_assert_cmpint(fd, >=, 0);
        return test_stranger_knock(fd, identity, priority, NULL);
}

static void certificates(Fixture *f, gconstpointer data) {
        g_autoptr(GError) error = NULL;
        g_autoptr(PiIdentity) own = pi_identity_load(NULL, &error), stolen = NULL;

        g_assert_no_error(error);
        g_assert_cmpint(knock(f->a, NULL, TEST_PRIORITY), !=, TEST_ADMITTED);
        g_assert_cmpint(knock(f->a, own, TEST_PRIORITY), !=, TEST_ADMITTED);
        /* Whoever it is. */
        stolen = test_stolen_identity(f->b);
        test_node_kill(f->b);
        test_wait_for_member(f->a, f->b, "lost");
        g_assert_cmpint(knock(f->a, stolen, TEST_PRIORITY_TLS12), !=, TEST_ADMITTED);
        g_assert_cmpint(knock(f->a, stolen, TEST_PRIORITY), ==, TEST_ADMITTED);
        test_node_start(f->b);
        test_wait_until_connected(f->cluster);
        assert_unimpressed(f);
}

/* Somebody else answers where a member was. */
static void impostor(Fixture *f, gconstpointer data) {
        g_autoptr(GError) error = NULL;
        g_autoptr(PiIdentity) own = pi_identity_load(NULL, &error), stolen = NULL;

        g_assert_no_error(error);
        stolen = test_stolen_identity(f->b);
        test_node_kill(f->b);
        g_assert_false(test_stranger_pose_as(f->b, own, TEST_PRIORITY, NULL));
        g_assert_false(test_stranger_pose_as(f->b, stolen, TEST_PRIORITY_TLS12, NULL));
        /* The same with the right certificate is what it waits for. */
        g_assert_true(test_stranger_pose_as(f->b, stolen, TEST_PRIORITY, NULL));
        test_node_start(f->b);
        test_wait_until_connected(f->cluster);
        assert_unimpressed(f);
}

/* A member whose key was lost is a stranger, whatever its roster says. */
static void new_key(Fixture *f, gconstpointer data) {
        static const char *const files[] = { "node.key", "node.crt" };

        test_node_kill(f->b);
        for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
                g_autofree char *path = g_build_filename(f->b->bus->state, files[i], NULL);

                g_assert_no_errno(unlink(path));
        }
        test_wait_for_member(f->a, f->b, "lost");
        {
                g_autoptr(GError) error = NULL;
                g_autoptr(PiIdentity) made = pi_identity_load(f->b->bus->state, &error);

                g_assert_no_error(error);
                g_assert_cmpint(knock(f->a, made, TEST_PRIORITY), !=, TEST_ADMITTED);
        }
        assert_unimpressed(f);
}

/* A token that leads to somebody else: the joiner does not go along. */
static void wrong_pin(Fixture *f, gconstpointer data) {
        TestNode *joiner = test_cluster_add(f->cluster);
        g_autofree char *token = test_token(f->a, NULL), *wrong = NULL;
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) id = NULL;
        g_auto(PiToken) parsed = {};

        test_node_start(joiner);
        g_assert_true(pi_token_parse(token, &parsed, &error));
        parsed.fingerprint[0] = parsed.fingerprint[0] == '0' ? '1' : '0';
        wrong = pi_token_to_string(&parsed);
        test_call_fails(joiner, "JoinCluster", g_variant_new("(s)", wrong), "InvalidToken",
                        "another node answers there");
        id = test_manager_property(joiner, "ClusterId");
        g_assert_cmpstr(g_variant_get_string(id, NULL), ==, "");
        test_join(joiner, token);
        test_wait_until_connected(f->cluster);
}

/* A secret that is not the token's. */
static void wrong_secret(Fixture *f, gconstpointer data) {
        TestNode *joiner = test_cluster_add(f->cluster);
        g_autofree char *token = test_token(f->a, NULL), *wrong = NULL;
        g_autoptr(GError) error = NULL;
        g_auto(PiToken) parsed = {};

        test_node_start(joiner);
        g_assert_true(pi_token_parse(token, &parsed, &error));
        parsed.secret[0] ^= 1;
        wrong = pi_token_to_string(&parsed);
        test_call_fails(joiner, "JoinCluster", g_variant_new("(s)", wrong), "InvalidToken", NULL);
        /* A guess costs the token nothing. */
        test_join(joiner, token);
        test_wait_until_connected(f->cluster);
}

typedef struct Crowd {
        const TestNode *at;
        int fd[STRANGERS];
} Crowd;

/* Connections that say nothing, or the first bytes of a handshake. */
static void hold(Crowd *crowd, guint i) {
        static const guint8 half_a_record[] = { 0x16, 0x03, 0x01, 0x02, 0x00, 0x01 };
        g_autofree char *from = g_strdup_printf(PI_TEST_STRANGERS_PREFIX "%u", i + 1);

        crowd->fd[i] = test_stranger_connect(i % 4 == 3 ? NULL : from, crowd->at);
        if (crowd->fd[i] >= 0 && i % 2 == 0)
                (void) send(crowd->fd[i], half_a_record, sizeof(half_a_record), MSG_NOSIGNAL);
}

/* As many as before, whomever the service has cut off meanwhile. */
static void hold_on(Crowd *crowd) {
        for (guint i = 0; i < STRANGERS; i++)
                if (crowd->fd[i] < 0 || test_stranger_is_cut_off(crowd->fd[i])) {
                        if (crowd->fd[i] >= 0)
                                close(crowd->fd[i]);
                        hold(crowd, i);
                }
}

static void half_open(Fixture *f, gconstpointer data) {
        TestResources before = test_node_resources(f->a);
        double limit = CONNECTED_SECONDS * (test_is_instrumented() ? SLOWER_INSTRUMENTED : 1);
        Crowd crowd = { .at = f->a };
        double seconds;

        /* It has to come through the port where they are. */
        test_node_configure(f->c, "Port=0\n");
        test_node_kill(f->c);
        test_wait_for_member(f->a, f->c, "lost");
        for (guint i = 0; i < STRANGERS; i++)
                hold(&crowd, i);
        hold_on(&crowd);
        g_assert_cmpuint(test_node_resources(f->a).fds, <=, before.fds + STRANGERS);
        test_node_start(f->c);
        seconds = (double) test_wait_for_member(f->c, f->a, "up") / G_USEC_PER_SEC;
        g_test_message("connected among %d strangers after %.3f s", STRANGERS, seconds);
        g_assert_cmpfloat(seconds, <=, limit);
        test_wait_for_member(f->a, f->c, "up");
        hold_on(&crowd);
        assert_unimpressed(f);
        for (guint i = 0; i < STRANGERS; i++)
                close(crowd.fd[i]);
}

static gboolean is_cut_off(gpointer userdata) {
        const int *fd = userdata;

        return test_stranger_is_cut_off(*fd);
}

static GBytes *noise(gsize length) {
        guint8 *bytes = g_malloc(length);

        for (gsize i = 0; i < length; i++)
                bytes[i] = (guint8) g_test_rand_int();
        return g_bytes_new_take(bytes, length);
}

/* To the port, and from within a member's TLS. */
static void garbage(Fixture *f, gconstpointer data) {
        static const gsize lengths[] = { 1, 100, 70000, 4000000 };
        g_autoptr(PiIdentity) stolen = test_stolen_identity(f->b);
        static const char request[] = "GET / HTTP/1.1\r\nHost: n1\r\n\r\n";
        int fd = test_stranger_connect(NULL, f->a);

        g_assert_cmpint(send(fd, request, strlen(request), MSG_NOSIGNAL), >, 0);
        test_wait_until(is_cut_off, &fd, "somebody who speaks HTTP to be cut off");
        close(fd);
        for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
                g_autoptr(GBytes) bytes = noise(lengths[i]);

                fd = test_stranger_connect(NULL, f->a);
                (void) send(fd, g_bytes_get_data(bytes, NULL), lengths[i], MSG_NOSIGNAL);
                test_wait_until(is_cut_off, &fd, "somebody who sends noise to be cut off");
                close(fd);
        }
        test_node_kill(f->b);
        test_wait_for_member(f->a, f->b, "lost");
        for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
                g_autoptr(GBytes) bytes = noise(lengths[i]);

                fd = test_stranger_connect(NULL, f->a);
                g_assert_cmpint(test_stranger_knock(fd, stolen, TEST_PRIORITY, bytes), ==,
                                TEST_ADMITTED);
        }
        test_node_start(f->b);
        test_wait_until_connected(f->cluster);
        assert_unimpressed(f);
}

#define OK "OK 0123456789abcdef0123456789abcdef\r\n"

/* A message of which every byte could be right, with ends of lines in it. */
static GBytes *message_with_lines(void) {
        g_autoptr(GDBusMessage) m = g_dbus_message_new_method_call(NULL, PI_PEER_PATH,
                                                                   PI_INTERFACE_PEER, "Ping");
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        g_autoptr(GError) error = NULL;
        g_autofree guchar *blob = NULL;
        gsize size;

        g_dbus_message_set_serial(m, 1);
        g_dbus_message_set_body(m, g_variant_new("(s)", "\r\n\r\n\r\n\r\n"));
        blob = g_dbus_message_to_blob(m, &size, G_DBUS_CAPABILITY_FLAGS_NONE, &error);
        g_assert_no_error(error);
        g_byte_array_append(bytes, (const guint8 *) OK, strlen(OK));
        g_byte_array_append(bytes, blob, (guint) size);
        return g_byte_array_free_to_bytes(g_steal_pointer(&bytes));
}

static void answer_dial(Fixture *f, const PiIdentity *identity, GBytes *answer) {
        g_assert_true(test_stranger_pose_as(f->b, identity, TEST_PRIORITY, answer));
        g_variant_unref(test_metrics(f->a->client));
        g_variant_unref(test_metrics(f->c->client));
}

/* A member that says more at once than the answer that was waited for. libsystemd 252 ends the
 * process when more lines come with it than it expects, be they bytes of a message. */
static void hasty(Fixture *f, gconstpointer data) {
        static const char *const answers[] = {
                OK "AGREE_UNIX_FD\r\nDATA\r\n\r\n",
                OK "l\1\1\1\r\n\r\n\r\n\r\n\r\n\r\n",
                "DATA\r\nDATA\r\nDATA\r\nDATA\r\n",
                "REJECTED\r\nREJECTED EXTERNAL\r\nERROR\r\n\r\n",
                "\r\n\r\n\r\n\r\n",
        };
        g_autoptr(PiIdentity) stolen = test_stolen_identity(f->b);
        g_autoptr(GBytes) message = message_with_lines();

        test_node_kill(f->b);
        for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
                g_autoptr(GBytes) answer = g_bytes_new(answers[i], strlen(answers[i]));

                answer_dial(f, stolen, answer);
        }
        answer_dial(f, stolen, message);
        test_node_start(f->b);
        test_wait_until_connected(f->cluster);
        assert_unimpressed(f);
}

static void add(const char *path, void (*test)(Fixture *f, gconstpointer data)) {
        g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char *argv[]) {
        test_enter_namespaces();
        g_test_init(&argc, &argv, NULL);
        add("/cluster/hostile/certificates", certificates);
        add("/cluster/hostile/impostor", impostor);
        add("/cluster/hostile/new-key", new_key);
        add("/cluster/hostile/wrong-pin", wrong_pin);
        add("/cluster/hostile/wrong-secret", wrong_secret);
        add("/cluster/hostile/half-open", half_open);
        add("/cluster/hostile/garbage", garbage);
        add("/cluster/hostile/hasty", hasty);
        return g_test_run();
}
