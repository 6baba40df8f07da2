/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/cluster/party.h"

#include <arpa/inet.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/cluster/roster-file.h"

#define PORTS_BEGIN 10000
#define PORTS_PLACES 200
#define PORTS_OF_ONE 100

static Jobs *fake(const PiJobs *jobs) {
        return (Jobs *) jobs;
}

void pi_jobs_peers_changed(PiJobs *jobs) {
        fake(jobs)->peers_changed++;
}

uint32_t pi_jobs_cpus(const PiJobs *jobs) {
        return fake(jobs)->cpus;
}

double pi_jobs_terms_per_second(const PiJobs *jobs) {
        return 1e9 * fake(jobs)->cpus;
}

void pi_jobs_usage(PiJobs *jobs, PiNodeUsage *ret) {
        *ret = fake(jobs)->usage;
        fake(jobs)->usage_asked++;
}

const char *pi_jobs_kernel(const PiJobs *jobs) {
        return "generic";
}

PiGuest *pi_guest_run(PiJobs *jobs, const char *node, const PiLeaseOrder *order,
                      PiLeaseAnswered answered, gpointer userdata, GError **error) {
        PiGuest *guest;

        if (g_str_equal(order->kernel, "none")) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_OPTION, "no such kernel");
                return NULL;
        }
        guest = g_new0(PiGuest, 1);
        guest->order = *order;
        g_strlcpy(guest->node, node, sizeof(guest->node));
        guest->answered = answered;
        guest->userdata = userdata;
        g_ptr_array_add(fake(jobs)->guests, guest);
        return guest;
}

static GPtrArray *all_jobs;

static void end_guest(PiGuest *guest, const PiLeaseAnswer *answer, const GError *error) {
        for (guint i = 0; i < all_jobs->len; i++) {
                Jobs *jobs = g_ptr_array_index(all_jobs, i);

                if (g_ptr_array_remove(jobs->guests, guest))
                        jobs->cancelled += !answer;
        }
        guest->answered(answer, error, guest->userdata);
        g_free(guest);
}

void pi_guest_cancel(PiGuest *guest) {
        g_autoptr(GError) error =
                g_error_new_literal(PI_ERROR, PI_ERROR_CANCELLED, "It was called off");

        end_guest(guest, NULL, error);
}

void guest_answer(Jobs *jobs, const PiLeaseAnswer *answer, const GError *error) {
        end_guest(g_ptr_array_index(jobs->guests, 0), answer, error);
}

static void on_joined(gpointer userdata) {
        ((Node *) userdata)->joined++;
}

static void on_left(gpointer userdata) {
        ((Node *) userdata)->left++;
}

static void on_added(const PiMemberView *member, gpointer userdata) {
        ((Node *) userdata)->added++;
}

static void on_changed(const PiMemberView *member, gpointer userdata) {
        Node *node = userdata;

        node->changed++;
        node->losses += member->state == PI_MEMBER_LOST;
}

static void on_removed(const char *id, const char *name, gpointer userdata) {
        g_assert_cmpuint(strlen(id), ==, PI_CLUSTER_NODE_ID_LENGTH);
        ((Node *) userdata)->removed++;
}

static void on_token(const char *id, PiTokenNews news, uint32_t uses, gpointer userdata) {
        g_assert_cmpuint(strlen(id), ==, 2 * PI_TOKEN_ID_BYTES);
        ((Node *) userdata)->token_news[news]++;
}

static void on_refused(const char *address, const GError *why, gpointer userdata) {
        Node *node = userdata;

        node->refused++;
        g_free(node->refusal);
        node->refusal = g_strdup(why->message);
}

static void on_duplicate(const PiMemberView *member, const char *address, gpointer userdata) {
        ((Node *) userdata)->duplicates++;
}

static void on_trouble(PiClusterTrouble kind, const GError *what, gpointer userdata) {
        ((Node *) userdata)->troubles++;
}

/* One that nobody listens at, below those that the kernel gives to connections, any of which may
 * take one of them meanwhile; from a place of this process' own, and none twice. */
static uint16_t free_port(void) {
        static uint16_t next;
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        gboolean taken;

        if (next == 0)
                next = (uint16_t) (PORTS_BEGIN + getpid() % PORTS_PLACES * PORTS_OF_ONE);
        do {
                int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

                address.sin_port = htons(next++);
                taken = bind(fd, (struct sockaddr *) &address, sizeof(address)) < 0;
                (void) close(fd);
        } while (taken);
        return ntohs(address.sin_port);
}

void node_start(Node *node) {
        static const PiClusterListener listener = {
                .joined = on_joined,
                .left = on_left,
                .member_added = on_added,
                .member_changed = on_changed,
                .member_removed = on_removed,
                .token_changed = on_token,
                .refused = on_refused,
                .duplicate = on_duplicate,
                .trouble = on_trouble,
        };
        const char *addresses[] = { node->address, NULL };
        g_autoptr(GError) error = NULL;

        node->config.name = node->name;
        node->config.identity = node->identity;
        node->config.directory = node->directory;
        node->config.version = "0.1";
        node->config.addresses = addresses;
        node->config.rehearsal = &node->rehearsal;
        node->cluster = pi_cluster_new(&node->config, (PiJobs *) &node->jobs, &error);
        g_assert_no_error(error);
        node->config.addresses = NULL;
        pi_cluster_add_listener(node->cluster, &listener, node);
}

void node_stop(Node *node) {
        g_clear_pointer(&node->cluster, pi_cluster_free);
}

void node_init(Node *node, const char *name, gboolean kept) {
        node_init_at(node, name, kept, "127.0.0.1");
}

void node_init_at(Node *node, const char *name, gboolean kept, const char *ip) {
        g_autoptr(GError) error = NULL;

        *node = (Node) { .name = name, .jobs.cpus = 4 };
        node->jobs.guests = g_ptr_array_new();
        if (!all_jobs)
                all_jobs = g_ptr_array_new();
        g_ptr_array_add(all_jobs, &node->jobs);
        if (kept)
                node->directory = g_dir_make_tmp("pi-cluster-XXXXXX", &error);
        g_assert_no_error(error);
        node->identity = pi_identity_load(node->directory, &error);
        g_assert_no_error(error);
        node->config.port = free_port();
        node->address = g_strdup_printf("%s:%u", ip, node->config.port);
        node_start(node);
}

static void remove_directory(const char *directory) {
        static const char *const files[] = { "node.key", "node.crt", PI_ROSTER_FILE };

        for (guint i = 0; i < G_N_ELEMENTS(files); i++) {
                g_autofree char *path = g_build_filename(directory, files[i], NULL);

                (void) g_unlink(path);
        }
        g_assert_cmpint(g_rmdir(directory), ==, 0);
}

void node_clear(Node *node) {
        node_stop(node);
        g_assert_cmpuint(node->jobs.guests->len, ==, 0);
        g_ptr_array_remove(all_jobs, &node->jobs);
        g_ptr_array_unref(node->jobs.guests);
        if (all_jobs->len == 0)
                g_clear_pointer(&all_jobs, g_ptr_array_unref);
        pi_identity_free(node->identity);
        if (node->directory)
                remove_directory(node->directory);
        g_free(node->directory);
        g_free(node->address);
        g_free(node->refusal);
}

void answer_take(const char *text, const GError *error, gpointer userdata) {
        Answer *answer = userdata;

        g_assert_false(answer->came);
        answer->came = TRUE;
        answer->text = g_strdup(text);
        answer->error = error ? g_error_copy(error) : NULL;
}

void answer_clear(Answer *answer) {
        g_free(answer->text);
        g_clear_error(&answer->error);
}

/* Never within the call. */
static void wait_for_good(Answer *answer) {
        g_assert_false(answer->came);
        WAIT_FOR(answer->came);
        g_assert_no_error(answer->error);
}

void node_found(Node *node) {
        g_auto(Answer) answer = { FALSE };

        pi_cluster_init(node->cluster, answer_take, &answer);
        wait_for_good(&answer);
}

char *node_token(Node *node) {
        g_auto(Answer) answer = { FALSE };

        pi_cluster_create_token(node->cluster, PI_TOKEN_TTL_USEC_DEFAULT, 1, answer_take, &answer);
        wait_for_good(&answer);
        return g_steal_pointer(&answer.text);
}

void node_join(Node *node, Node *host) {
        g_autofree char *token = node_token(host);
        g_auto(Answer) answer = { FALSE };

        pi_cluster_join(node->cluster, token, answer_take, &answer);
        wait_for_good(&answer);
        g_assert_cmpstr(answer.text, ==, host->name);
        g_assert_cmpstr(pi_cluster_id(node->cluster), ==, pi_cluster_id(host->cluster));
}

void node_leave(Node *node) {
        g_auto(Answer) answer = { FALSE };

        pi_cluster_leave(node->cluster, answer_take, &answer);
        wait_for_good(&answer);
        g_assert_cmpstr(pi_cluster_id(node->cluster), ==, "");
        g_assert_cmpuint(pi_cluster_n_members(node->cluster), ==, 0);
}

void node_remove(Node *node, const char *id_or_name) {
        g_auto(Answer) answer = { FALSE };

        pi_cluster_remove(node->cluster, id_or_name, answer_take, &answer);
        wait_for_good(&answer);
}

void node_join_fails(Node *node, const char *token, PiError code, const char *word) {
        g_auto(Answer) answer = { FALSE };

        pi_cluster_join(node->cluster, token, answer_take, &answer);
        WAIT_FOR(answer.came);
        g_assert_error(answer.error, PI_ERROR, (int) code);
        if (!strstr(answer.error->message, word))
                g_error("\"%s\" does not name \"%s\"", answer.error->message, word);
        g_assert_null(answer.text);
}

const char *node_sees(const Node *node, const Node *other) {
        PiMemberView view;

        if (!node->cluster || !pi_cluster_find(node->cluster, other->identity->node_id, &view))
                return "";
        return pi_member_state_to_string(view.state);
}

gboolean nodes_are_up(Node *const *nodes, guint n) {
        for (guint i = 0; i < n; i++) {
                if (pi_cluster_n_members(nodes[i]->cluster) != n)
                        return FALSE;
                for (guint j = 0; j < n; j++)
                        if (i != j && !g_str_equal(node_sees(nodes[i], nodes[j]), "up"))
                                return FALSE;
        }
        return TRUE;
}

gboolean nodes_know_each_other(Node *const *nodes, guint n) {
        for (guint i = 0; i < n; i++)
                if (pi_cluster_n_members(nodes[i]->cluster) != n)
                        return FALSE;
        return TRUE;
}
