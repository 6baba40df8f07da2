/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/nft/helper.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dbus/variant.h"
#include "tests/cluster/namespaces.h"

#define POLL_MSEC 2
#define ERROR_PREFIX "org.picompute1.Error."

void test_require_filter(void) {
        static const char *const probe[] = { "nft", "list", "ruleset", NULL };
        g_autofree char *said = NULL;

        if (test_run(probe, NULL, &said))
                return;
        printf("TAP version 13\n1..0 # SKIP no packet filter: nft: %s\n",
               g_strdelimit(said, "\n", ' '));
        fflush(stdout);
        exit(EXIT_SUCCESS);
}

TestHelper *test_helper_new(TestLink *link, TestBus *bus) {
        TestHelper *h = g_new0(TestHelper, 1);

        h->link = link;
        h->bus = bus;
        h->client = test_connect(bus);
        return h;
}

void test_helper_free(TestHelper *h) {
        if (!h)
                return;
        if (h->process)
                test_helper_stop(h);
        sd_bus_flush_close_unref(h->client);
        g_free(h);
}

static gboolean has_name(gpointer userdata) {
        TestHelper *h = userdata;

        g_assert_nonnull(g_subprocess_get_identifier(h->process));
        return sd_bus_get_name_creds(h->client, PI_FIREWALL_BUS_NAME, 0, NULL) >= 0;
}

void test_helper_start(TestHelper *h, const char *argument) {
        g_autoptr(GSubprocessLauncher) launcher = test_launcher(h->bus, G_SUBPROCESS_FLAGS_NONE);
        const char *argv[] = { g_getenv("PI_FIREWALL"), "--user", argument, NULL };
        g_autoptr(GError) error = NULL;
        int before = test_netns_enter(h->link->netns);

        h->process = g_subprocess_launcher_spawnv(launcher, argv, &error);
        test_netns_return(before);
        g_assert_no_error(error);
        test_wait_until(has_name, h, "the firewall owns its name");
}

void test_helper_stop(TestHelper *h) {
        g_autoptr(GError) error = NULL;

        g_subprocess_send_signal(h->process, SIGTERM);
        g_subprocess_wait_check(h->process, NULL, &error);
        g_assert_no_error(error);
        g_clear_object(&h->process);
}

void test_helper_kill(TestHelper *h) {
        g_subprocess_force_exit(h->process);
        g_subprocess_wait(h->process, NULL, NULL);
        g_clear_object(&h->process);
}

GVariant *test_helper_call(TestHelper *h, const char *method, GVariant *arguments,
                           char **ret_error, char **ret_message) {
        g_autoptr(GVariant) tuple = arguments ? g_variant_ref_sink(arguments) : NULL;
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *m = NULL, *reply = NULL;
        GVariantBuilder results;
        GVariant *result;
        int r;

        g_assert_cmpint(sd_bus_message_new_method_call(h->client, &m, PI_FIREWALL_BUS_NAME,
                                                       PI_FIREWALL_PATH, PI_INTERFACE_FIREWALL,
                                                       method), >=, 0);
        for (gsize i = 0; tuple && i < g_variant_n_children(tuple); i++) {
                g_autoptr(GVariant) argument = g_variant_get_child_value(tuple, i);

                g_assert_cmpint(pi_variant_append(m, argument), >=, 0);
        }
        r = sd_bus_call(h->client, m, 0, &error, &reply);
        sd_bus_message_unref(m);
        if (r < 0) {
                if (!ret_error)
                        g_error("%s: %s", method, error.message);
                *ret_error = g_strdup(g_str_has_prefix(error.name, ERROR_PREFIX)
                                              ? error.name + strlen(ERROR_PREFIX)
                                              : error.name);
                *ret_message = g_strdup(error.message);
                sd_bus_error_free(&error);
                return NULL;
        }
        g_variant_builder_init(&results, G_VARIANT_TYPE_TUPLE);
        while (pi_variant_read(reply, &result) >= 0) {
                g_variant_builder_add_value(&results, result);
                g_variant_unref(result);
        }
        sd_bus_message_unref(reply);
        return g_variant_ref_sink(g_variant_builder_end(&results));
}

static GVariant *parse(const char *arguments) {
        g_autoptr(GError) error = NULL;
        GVariant *value;

        if (!arguments)
                return NULL;
        value = g_variant_parse(NULL, arguments, NULL, NULL, &error);
        g_assert_no_error(error);
        return value;
}

void test_helper_ok(TestHelper *h, const char *method, const char *arguments) {
        g_autoptr(GVariant) tuple = parse(arguments);

        g_variant_unref(test_helper_call(h, method, tuple, NULL, NULL));
}

void test_helper_fails(TestHelper *h, const char *method, const char *arguments,
                       const char *error, const char *text) {
        g_autoptr(GVariant) tuple = parse(arguments);
        g_autofree char *name = NULL, *message = NULL;

        g_assert_null(test_helper_call(h, method, tuple, &name, &message));
        g_test_message("%s: %s", name, message);
        g_assert_cmpstr(name, ==, error);
        g_assert_nonnull(strstr(message, text));
}

GVariant *test_helper_describe(TestHelper *h) {
        g_autoptr(GVariant) reply = test_helper_call(h, "Describe", NULL, NULL, NULL);

        return g_variant_get_child_value(reply, 0);
}

guint64 test_helper_count(TestHelper *h, const char *counter) {
        g_autoptr(GVariant) description = test_helper_describe(h), counters = NULL;
        guint64 packets;

        g_assert_true(g_variant_lookup(description, PI_FIREWALL_COUNTERS, "@a{st}", &counters));
        g_assert_true(g_variant_lookup(counters, counter, "t", &packets));
        return packets;
}

guint64 test_helper_packets_of(TestHelper *h, const char *member) {
        g_autoptr(GVariant) description = test_helper_describe(h), members = NULL;
        const char *address, *name;
        GVariantIter iter;
        guint64 packets;

        g_assert_true(g_variant_lookup(description, PI_FIREWALL_MEMBERS, "@a(sst)", &members));
        g_variant_iter_init(&iter, members);
        while (g_variant_iter_next(&iter, "(&s&st)", &address, &name, &packets))
                if (g_str_equal(address, member))
                        return packets;
        g_error("%s is no member", member);
}

gboolean test_helper_is_as_intended(TestHelper *h) {
        g_autoptr(GVariant) description = test_helper_describe(h);
        const char *intended, *live;

        g_assert_true(g_variant_lookup(description, PI_FIREWALL_INTENDED, "&s", &intended));
        g_assert_true(g_variant_lookup(description, PI_FIREWALL_LIVE, "&s", &live));
        return live[0] && g_str_equal(intended, live);
}

static char *run_nft(TestLink *link, const char *const *argv, const char *input) {
        g_autofree char *said = NULL;
        int before = test_netns_enter(link->netns);
        gboolean good = test_run(argv, input, &said);

        test_netns_return(before);
        if (!good)
                g_error("nft: %s", said);
        return g_steal_pointer(&said);
}

char *test_nft(TestLink *link, const char *commands) {
        return run_nft(link, (const char *const[]) { "nft", "-f", "-", NULL }, commands);
}

char *test_nft_list(TestLink *link, const char *what) {
        return run_nft(link, (const char *const[]) { "nft", what, NULL }, NULL);
}

static struct sockaddr_in address_of(const char *text, uint16_t port) {
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

        g_assert_cmpint(inet_pton(AF_INET, text, &a.sin_addr), ==, 1);
        return a;
}

static guint64 turned_away(TestHelper *h) {
        return test_helper_count(h, "refused") + test_helper_count(h, "rate_drop");
}

int test_begin_connect(const char *from, const char *to, uint16_t port) {
        struct sockaddr_in own = address_of(from, 0), there = address_of(to, port);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        g_assert_cmpint(fd, >=, 0);
        g_assert_no_errno(bind(fd, (struct sockaddr *) &own, sizeof(own)));
        if (connect(fd, (struct sockaddr *) &there, sizeof(there)) < 0)
                g_assert_cmpint(errno, ==, EINPROGRESS);
        return fd;
}

gboolean test_can_connect(TestHelper *h, const char *from, const char *to, uint16_t port) {
        guint64 before = turned_away(h);
        int fd = test_begin_connect(from ? from : PI_TEST_STRANGER, to, port), problem = 0;
        struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
        socklen_t size = sizeof(problem);

        while (poll(&poll_fd, 1, POLL_MSEC) == 0)
                if (turned_away(h) > before) {
                        close(fd);
                        return FALSE;
                }
        g_assert_no_errno(getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size));
        close(fd);
        g_assert_cmpint(problem, ==, 0);
        return TRUE;
}

int test_listen(TestLink *link, uint16_t port) {
        struct sockaddr_in a = address_of("0.0.0.0", port);
        int before = test_netns_enter(link->netns), one = 1;
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        test_netns_return(before);
        g_assert_cmpint(fd, >=, 0);
        g_assert_no_errno(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
        g_assert_no_errno(bind(fd, (struct sockaddr *) &a, sizeof(a)));
        g_assert_no_errno(listen(fd, SOMAXCONN));
        return fd;
}
