/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib/gstdio.h>
#include <string.h>

#include "dbus/variant.h"
#include "tests/bus/pictl-run.h"

/* What a person or a program sees of the cluster, on one node. */

#define ERROR(name) "org.picompute1.Error." name

static void start(TestSession *f) {
        test_daemon_start(f->bus, (const char *const[]) { "--workers=2", NULL });
        f->client = test_connect(f->bus);
}

static void set_up(TestSession *f, gconstpointer data) {
        f->bus = test_bus_new(TEST_BUS_SESSION);
        test_cluster_settings(f->bus);
        start(f);
}

static void stop(TestSession *f) {
        sd_bus_flush_close_unref(f->client);
        test_daemon_stop(f->bus);
}

static void refuse(TestSession *f, const char *method, const char *arguments, const char *error) {
        g_autofree char *name = test_manager_call(f->client, method, arguments);

        g_test_message("%s%.200s", method, arguments);
        g_assert_cmpstr(name, ==, error);
}

static void done(TestSession *f, const char *method, const char *arguments) {
        g_autofree char *name = test_manager_call(f->client, method, arguments);

        g_test_message("%s%s", method, arguments);
        g_assert_null(name);
}

static GVariant *get(TestSession *f, const char *path, const char *interface, const char *name) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
        g_autoptr(GVariant) boxed = NULL;

        g_assert_cmpint(sd_bus_call_method(f->client, PI_BUS_NAME, path,
                                           "org.freedesktop.DBus.Properties", "Get", NULL, &reply,
                                           "ss", interface, name),
                        >=, 0);
        g_assert_cmpint(pi_variant_read(reply, &boxed), >=, 0);
        return g_variant_get_variant(boxed);
}

static char *text_of(TestSession *f, const char *name) {
        g_autoptr(GVariant) value = get(f, PI_OBJECT_PATH, PI_INTERFACE_MANAGER, name);
        return g_variant_dup_string(value, NULL);
}

static char **node_paths(TestSession *f) {
        g_autoptr(GVariant) value = get(f, PI_OBJECT_PATH, PI_INTERFACE_MANAGER, "Nodes");
        return g_variant_dup_objv(value, NULL);
}

static char *make_token(TestSession *f, const char *options) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *m = NULL, *reply = NULL;
        g_autoptr(GVariant) o = g_variant_parse(G_VARIANT_TYPE_VARDICT, options, NULL, NULL, NULL);
        const char *token;

        g_assert_cmpint(sd_bus_message_new_method_call(f->client, &m, PI_BUS_NAME, PI_OBJECT_PATH,
                                                       PI_INTERFACE_MANAGER, "CreateJoinToken"),
                        >=, 0);
        g_assert_cmpint(pi_variant_append(m, o), >=, 0);
        g_assert_cmpint(sd_bus_call(f->client, m, 0, NULL, &reply), >=, 0);
        g_assert_cmpint(sd_bus_message_read(reply, "s", &token), >=, 0);
        return g_strdup(token);
}

static GVariant *list_tokens(TestSession *f) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;
        GVariant *list;

        g_assert_cmpint(sd_bus_call_method(f->client, PI_BUS_NAME, PI_OBJECT_PATH,
                                           PI_INTERFACE_MANAGER, "ListJoinTokens", NULL, &reply,
                                           NULL),
                        >=, 0);
        g_assert_cmpint(pi_variant_read(reply, &list), >=, 0);
        return list;
}

/* Nothing is there before somebody asks for it. */
static void alone(TestSession *f, gconstpointer data) {
        g_autofree char *cluster = text_of(f, "ClusterId"), *node = text_of(f, "NodeId");
        g_auto(GStrv) nodes = node_paths(f);

        g_assert_cmpstr(cluster, ==, "");
        g_assert_cmpuint(strlen(node), ==, 32);
        g_assert_cmpuint(strspn(node, "0123456789abcdef"), ==, 32);
        g_assert_cmpuint(g_strv_length(nodes), ==, 0);
        refuse(f, "CreateJoinToken", "(@a{sv} {},)", ERROR("NotInCluster"));
        refuse(f, "ListJoinTokens", "()", ERROR("NotInCluster"));
        refuse(f, "RevokeJoinToken", "('0011223344556677',)", ERROR("NotInCluster"));
        refuse(f, "LeaveCluster", "()", ERROR("NotInCluster"));
        refuse(f, "RemoveNode", "('node2',)", ERROR("NotInCluster"));
        refuse(f, "RestoreNode", "('node2',)", ERROR("NotInCluster"));
}

/* What is no token is told at once, and changes nothing. */
static void bad_tokens(TestSession *f, gconstpointer data) {
        static const char *const tokens[] = { "", "pi1-", "nonsense", "pi9-AAAA", "pi1-AAAA",
                                              "\342\202\254" };
        g_autofree char *wide = g_strnfill(100000, 'A'), *cluster = NULL;
        g_autofree char *call = g_strdup_printf("('pi1-%s',)", wide);

        for (gsize i = 0; i < G_N_ELEMENTS(tokens); i++) {
                g_autofree char *arguments = g_strdup_printf("('%s',)", tokens[i]);
                refuse(f, "JoinCluster", arguments, ERROR("InvalidToken"));
        }
        refuse(f, "JoinCluster", call, ERROR("InvalidToken"));
        cluster = text_of(f, "ClusterId");
        g_assert_cmpstr(cluster, ==, "");
}

static void token_options(TestSession *f, gconstpointer data) {
        static const char *const bad[] = {
                "({'ttl': <uint64 5000000>},)",  "({'ttl_usec': <uint64 0>},)",
                "({'ttl_usec': <uint64 999999>},)", "({'ttl_usec': <uint64 604800000001>},)",
                "({'ttl_usec': <uint32 5000000>},)", "({'uses': <uint32 0>},)",
                "({'uses': <uint32 101>},)",     "({'uses': <uint64 1>},)",
        };

        done(f, "CreateCluster", "()");
        for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
                refuse(f, "CreateJoinToken", bad[i], ERROR("InvalidOption"));
}

/* In the middle of its life a cluster of one. */
static void one_node(TestSession *f, gconstpointer data) {
        g_autofree char *id = NULL, *node = text_of(f, "NodeId"), *left = NULL, *call = NULL;
        g_auto(GStrv) nodes = NULL, none = NULL;
        g_autoptr(GVariant) state = NULL, name = NULL, cpus = NULL;

        done(f, "CreateCluster", "()");
        id = text_of(f, "ClusterId");
        g_assert_cmpuint(strlen(id), ==, 32);
        refuse(f, "CreateCluster", "()", ERROR("AlreadyInCluster"));
        nodes = node_paths(f);
        g_assert_cmpuint(g_strv_length(nodes), ==, 1);
        g_assert_true(g_str_has_suffix(nodes[0], node));
        state = get(f, nodes[0], PI_INTERFACE_NODE, "State");
        g_assert_cmpstr(g_variant_get_string(state, NULL), ==, "self");
        name = get(f, nodes[0], PI_INTERFACE_NODE, "Name");
        g_assert_cmpstr(g_variant_get_string(name, NULL), ==, "node1");
        cpus = get(f, nodes[0], PI_INTERFACE_NODE, "Cpus");
        g_assert_cmpuint(g_variant_get_uint32(cpus), ==, 2);
        refuse(f, "RemoveNode", "('node2',)", ERROR("NoSuchNode"));
        refuse(f, "RemoveNode", "('node1',)", ERROR("InvalidOption"));
        call = g_strdup_printf("('%s',)", node);
        refuse(f, "RemoveNode", call, ERROR("InvalidOption"));
        refuse(f, "RestoreNode", "('node2',)", ERROR("NoSuchNode"));
        done(f, "LeaveCluster", "()");
        left = text_of(f, "ClusterId");
        g_assert_cmpstr(left, ==, "");
        none = node_paths(f);
        g_assert_cmpuint(g_strv_length(none), ==, 0);
        refuse(f, "LeaveCluster", "()", ERROR("NotInCluster"));
}

static void tokens(TestSession *f, gconstpointer data) {
        g_autofree char *token = NULL, *id = NULL, *call = NULL, *printed = NULL;
        g_autoptr(GVariant) list = NULL, entry = NULL, rest = NULL;
        uint64_t created, expires;

        done(f, "CreateCluster", "()");
        token = make_token(f, "{'ttl_usec': <uint64 3600000000>, 'uses': <uint32 3>}");
        g_assert_true(g_str_has_prefix(token, "pi1-"));
        g_assert_cmpuint(strlen(token), <=, 1024);
        list = list_tokens(f);
        g_assert_cmpuint(g_variant_n_children(list), ==, 1);
        entry = g_variant_get_child_value(list, 0);
        g_assert_cmpuint(test_lookup_u32(entry, PI_TOKEN_USES), ==, 3);
        created = test_lookup_u64(entry, PI_TOKEN_CREATED_USEC);
        expires = test_lookup_u64(entry, PI_TOKEN_EXPIRES_USEC);
        g_assert_cmpuint(expires - created, ==, UINT64_C(3600000000));
        g_assert_cmpuint(g_variant_n_children(entry), ==, 4);
        printed = g_variant_print(list, FALSE);
        g_assert_null(strstr(printed, token + strlen("pi1-")));
        /* Nobody joins himself. */
        call = g_strdup_printf("('%s',)", token);
        refuse(f, "JoinCluster", call, ERROR("AlreadyInCluster"));
        g_clear_pointer(&call, g_free);
        refuse(f, "RevokeJoinToken", "('no hex',)", ERROR("NoSuchToken"));
        refuse(f, "RevokeJoinToken", "('',)", ERROR("NoSuchToken"));
        id = test_lookup_string(entry, PI_TOKEN_ID);
        call = g_strdup_printf("('%s',)", id);
        done(f, "RevokeJoinToken", call);
        refuse(f, "RevokeJoinToken", call, ERROR("NoSuchToken"));
        rest = list_tokens(f);
        g_assert_cmpuint(g_variant_n_children(rest), ==, 0);
}

/* A caller that is known and does not wait for the answer has asked all the same. */
static void caller_leaves(TestSession *f, gconstpointer data) {
        sd_bus *caller = test_connect(f->bus);
        g_autofree char *id = NULL, *known = NULL;

        /* Refused, but after it was found out who asks. */
        known = test_manager_call(caller, "ListJoinTokens", "()");
        g_assert_cmpstr(known, ==, ERROR("NotInCluster"));
        g_assert_cmpint(sd_bus_call_method_async(caller, NULL, PI_BUS_NAME, PI_OBJECT_PATH,
                                                 PI_INTERFACE_MANAGER, "CreateCluster", NULL, NULL,
                                                 NULL),
                        >=, 0);
        sd_bus_flush_close_unref(caller);
        do {
                g_free(id);
                id = text_of(f, "ClusterId");
        } while (!id[0]);
        g_assert_cmpuint(strlen(id), ==, 32);
}

/* A node is the same after a restart, in the same cluster. */
static void restart(TestSession *f, gconstpointer data) {
        g_autofree char *node = text_of(f, "NodeId"), *id = NULL, *again = NULL, *same = NULL;

        done(f, "CreateCluster", "()");
        id = text_of(f, "ClusterId");
        stop(f);
        start(f);
        again = text_of(f, "NodeId");
        g_assert_cmpstr(again, ==, node);
        same = text_of(f, "ClusterId");
        g_assert_cmpstr(same, ==, id);
}

/* A file that cannot be used keeps the node out of any cluster, is told of and left as it is; all
 * else works. */
static void damaged(TestSession *f, gconstpointer data) {
        const char *name = data;
        g_autofree char *path = g_build_filename(f->bus->state, name, NULL), *text = NULL;
        g_autofree char *said = NULL, *why = NULL;

        done(f, "CreateCluster", "()");
        why = text_of(f, "ClusterError");
        g_assert_cmpstr(why, ==, "");
        stop(f);
        g_assert_true(g_file_set_contents(path, "garbage\n", -1, NULL));
        g_assert_no_errno(g_chmod(path, 0600));
        test_daemon_log_to_file(f->bus);
        start(f);
        said = g_strdup_printf("This node computes alone: %s", path);
        test_daemon_wait_for_log(f->bus, said);
        refuse(f, "CreateCluster", "()", ERROR("Failed"));
        refuse(f, "CreateJoinToken", "(@a{sv} {},)", ERROR("Failed"));
        refuse(f, "JoinCluster", "('pi1-AAAA',)", ERROR("Failed"));
        g_free(why);
        why = text_of(f, "ClusterError");
        g_assert_true(g_str_has_prefix(why, path));
        g_assert_null(test_compute(f->client, 1000, NULL, NULL, NULL));
        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        g_assert_cmpstr(text, ==, "garbage\n");
}

typedef struct Signals {
        guint added, removed, ids, nodes;
} Signals;

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        Signals *s = userdata;
        gboolean properties = sd_bus_message_is_signal(m, NULL, "PropertiesChanged") > 0;
        g_autoptr(GVariant) changed = NULL;
        const char *text;

        g_assert_cmpint(sd_bus_message_read_basic(m, properties ? 's' : 'o', &text), >=, 0);
        if (sd_bus_message_is_signal(m, NULL, "InterfacesAdded"))
                s->added += g_str_has_prefix(text, PI_NODE_PATH_PREFIX "/");
        else if (sd_bus_message_is_signal(m, NULL, "InterfacesRemoved"))
                s->removed += g_str_has_prefix(text, PI_NODE_PATH_PREFIX "/");
        else if (g_str_equal(text, PI_INTERFACE_MANAGER)) {
                g_assert_cmpint(pi_variant_read(m, &changed), >=, 0);
                s->ids += g_variant_lookup(changed, "ClusterId", "&s", &text);
                s->nodes += g_variant_lookup(changed, "Nodes", "@ao", NULL);
        }
        return 0;
}

static void wait_for(sd_bus *listener, const guint *counter, guint n) {
        while (*counter < n) {
                int r = sd_bus_process(listener, NULL);

                g_assert_cmpint(r, >=, 0);
                if (r == 0)
                        g_assert_cmpint(sd_bus_wait(listener, UINT64_MAX), >=, 0);
        }
}

static void signals(TestSession *f, gconstpointer data) {
        sd_bus *listener = test_connect(f->bus);
        Signals s = {};

        g_assert_cmpint(sd_bus_add_match(listener, NULL,
                                         "type='signal',sender='" PI_BUS_NAME
                                         "',path='" PI_OBJECT_PATH "'", on_signal, &s),
                        >=, 0);
        done(f, "CreateCluster", "()");
        wait_for(listener, &s.added, 1);
        wait_for(listener, &s.ids, 1);
        wait_for(listener, &s.nodes, 1);
        g_assert_cmpuint(s.removed, ==, 0);
        done(f, "LeaveCluster", "()");
        wait_for(listener, &s.removed, 1);
        wait_for(listener, &s.ids, 2);
        wait_for(listener, &s.nodes, 2);
        g_assert_cmpuint(s.added, ==, 1);
        sd_bus_flush_close_unref(listener);
}

static void expect(TestSession *f, const char *words, int status, const char *says) {
        g_auto(Run) run = pictl(f, words);

        g_assert_cmpint(run.status, ==, status);
        g_assert_nonnull(strstr(status == 0 ? run.out : run.err, says));
}

static void pictl_life(TestSession *f, gconstpointer data) {
        g_auto(Run) token = {}, status = {}, nodes = {}, quiet = {};

        expect(f, "cluster status", 0, "in no cluster");
        expect(f, "nodes", 0, "in no cluster");
        expect(f, "cluster token", 1, "no cluster");
        expect(f, "cluster init", 0, "pictl cluster token");
        expect(f, "cluster init", 1, "already");
        token = pictl(f, "cluster token --uses=2 --ttl=1h");
        g_assert_cmpint(token.status, ==, 0);
        g_assert_true(g_str_has_prefix(token.out, "pi1-"));
        g_assert_null(strchr(token.out, ' '));
        g_assert_cmpstr(token.err, ==, "");
        status = pictl(f, "cluster status --json=short");
        g_assert_cmpuint(number(root_of(&status), "members"), ==, 1);
        g_assert_cmpuint(number(root_of(&status), "up"), ==, 1);
        g_assert_cmpuint(number(root_of(&status), "cpus"), ==, 2);
        expect(f, "cluster tokens", 0, "1 token.");
        nodes = pictl(f, "nodes --json=short");
        g_assert_cmpuint(json_array_get_length(json_node_get_array(nodes.json)), ==, 1);
        expect(f, "nodes", 0, "node1");
        expect(f, "cluster remove nobody", 3, "nobody");
        expect(f, "cluster restore nobody", 3, "nobody");
        expect(f, "cluster revoke 00", 3, "token");
        quiet = pictl(f, "cluster leave --quiet");
        g_assert_cmpint(quiet.status, ==, 0);
        g_assert_cmpstr(quiet.out, ==, "");
}

static void pictl_usage(TestSession *f, gconstpointer data) {
        expect(f, "cluster", 2, "an argument is missing");
        expect(f, "cluster frobnicate", 2, "'frobnicate'");
        expect(f, "cluster join", 2, "pictl cluster join TOKEN");
        expect(f, "cluster leave now", 2, "'now'");
        expect(f, "cluster init --ttl=5s", 2, "--ttl");
        expect(f, "compute 1000 --nodes=a,,b", 2, "--nodes");
        expect(f, "sweep --nodes=1,two", 2, "'two'");
        expect(f, "sweep --nodes=1 --cpus=1", 2, "--cpus");
        expect(f, "sweep --nodes=1 --parts=1,2", 2, "--parts");
        expect(f, "sweep --nodes=1 --plot=x.svg", 2, "--plot");
        expect(f, "sweep --nodes=1", 1, "in no cluster");
}

/* A token may come by the standard input, where nobody sees it. */
static void pictl_join(TestSession *f, gconstpointer data) {
        g_autoptr(GSubprocessLauncher) launcher = test_launcher(
                        f->bus, G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE);
        g_autoptr(GSubprocess) process = NULL;
        /* More than it reads, less than a pipe holds. */
        g_autofree char *wide = g_strnfill(4000, 'A'), *said = NULL;

        expect(f, "cluster join ''", 1, "empty");
        expect(f, "cluster join nonsense", 1, "token");
        process = g_subprocess_launcher_spawn(launcher, NULL, g_getenv("PI_PICTL"), "--user",
                                              "cluster", "join", "-", NULL);
        g_assert_true(g_subprocess_communicate_utf8(process, " \n pi1-AAAA \n", NULL, NULL, &said,
                                                    NULL));
        g_assert_cmpint(g_subprocess_get_exit_status(process), ==, 1);
        g_assert_nonnull(strstr(said, "oken"));
        g_clear_object(&process);
        g_clear_pointer(&said, g_free);
        process = g_subprocess_launcher_spawn(launcher, NULL, g_getenv("PI_PICTL"), "--user",
                                              "cluster", "join", "-", NULL);
        g_assert_true(g_subprocess_communicate_utf8(process, wide, NULL, NULL, &said, NULL));
        g_assert_cmpint(g_subprocess_get_exit_status(process), ==, 1);
        g_assert_nonnull(strstr(said, "is no token"));
}

/* The experiment's second half, as far as one node can do it. */
static void pictl_sweep(TestSession *f, gconstpointer data) {
        g_auto(Run) run = {}, show = {};
        JsonArray *points;

        done(f, "CreateCluster", "()");
        expect(f, "sweep --nodes=2 --terms=1e6", 5, "2 nodes are asked for, and 1 of 1 is up");
        run = pictl(f, "sweep --nodes=1 --terms=1e6 --label=small --json=short");
        g_assert_cmpint(run.status, ==, 0);
        points = json_object_get_array_member(root_of(&run), "points");
        g_assert_cmpuint(json_array_get_length(points), ==, 1);
        g_assert_cmpuint(number(json_array_get_object_element(points, 0), "nodes"), ==, 1);
        show = pictl(f, "sweep show 1");
        g_assert_cmpint(show.status, ==, 0);
        g_assert_nonnull(strstr(show.out, "NODES"));
        expect(f, "sweep show 1 --plot=x.svg", 2, "--plot");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, function, data) \
        g_test_add(path, TestSession, data, set_up, function, test_session_tear_down)
        TEST("/cluster-api/alone", alone, NULL);
        TEST("/cluster-api/bad-tokens", bad_tokens, NULL);
        TEST("/cluster-api/token-options", token_options, NULL);
        TEST("/cluster-api/one-node", one_node, NULL);
        TEST("/cluster-api/tokens", tokens, NULL);
        TEST("/cluster-api/caller-leaves", caller_leaves, NULL);
        TEST("/cluster-api/restart", restart, NULL);
        TEST("/cluster-api/damaged/key", damaged, "node.key");
        TEST("/cluster-api/damaged/certificate", damaged, "node.crt");
        TEST("/cluster-api/damaged/roster", damaged, "cluster.conf");
        TEST("/cluster-api/signals", signals, NULL);
        TEST("/cluster-api/pictl/life", pictl_life, NULL);
        TEST("/cluster-api/pictl/usage", pictl_usage, NULL);
        TEST("/cluster-api/pictl/join", pictl_join, NULL);
        TEST("/cluster-api/pictl/sweep", pictl_sweep, NULL);
        return g_test_run();
}
