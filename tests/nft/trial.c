/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/nft/trial.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/cluster/namespaces.h"

/* The kernel takes a packet through a cable at once, before connect() returns. */
#define SILENCE_MSEC 40
#define ANSWER_MSEC 20000

#define SERVER_4 "10.32.0.1"
#define SERVER_6 "fd32::1"

/* Known for good, since rules may drop what else neighbours would ask each other. */
#define HARDWARE_HERE "02:00:00:00:00:01"
#define HARDWARE_THERE "02:00:00:00:00:02"
#define NEIGHBOUR(address, device, hardware)                                                       \
        "neigh replace " address " lladdr " hardware " nud permanent dev " device "\n"

struct Trial {
        int other; /* its network namespace */
        int listener;
};

typedef struct Address {
        union {
                struct sockaddr any;
                struct sockaddr_in v4;
                struct sockaddr_in6 v6;
        };
        socklen_t size;
} Address;

static void address_init(Address *a, const char *text, guint16 port) {
        memset(a, 0, sizeof(*a));
        if (inet_pton(AF_INET, text, &a->v4.sin_addr) == 1) {
                a->v4.sin_family = AF_INET;
                a->v4.sin_port = htons(port);
                a->size = sizeof(a->v4);
                return;
        }
        g_assert_cmpint(inet_pton(AF_INET6, text, &a->v6.sin6_addr), ==, 1);
        a->v6.sin6_family = AF_INET6;
        a->v6.sin6_port = htons(port);
        a->size = sizeof(a->v6);
}

static void run_ip(const char *batch) {
        g_autofree char *said = NULL;

        if (!test_run((const char *const[]) { "ip", "-batch", "-", NULL }, batch, &said))
                g_error("ip: %s", said);
}

static void connect_machines(const Trial *t) {
        g_autofree char *here = g_strdup_printf(
                        "link add " TRIAL_INTERFACE " address " HARDWARE_HERE " type veth "
                        "peer name cable1 address " HARDWARE_THERE " netns /proc/%d/fd/%d\n"
                        "addr add " SERVER_4 "/16 dev " TRIAL_INTERFACE "\n"
                        "addr add " SERVER_6 "/32 nodad dev " TRIAL_INTERFACE "\n"
                        "link set " TRIAL_INTERFACE " up\n"
                        NEIGHBOUR(TRIAL_NEAR_6, TRIAL_INTERFACE, HARDWARE_THERE)
                        NEIGHBOUR(TRIAL_FAR_6, TRIAL_INTERFACE, HARDWARE_THERE),
                        (int) getpid(), t->other);
        int before;

        run_ip(here);
        before = test_netns_enter(t->other);
        run_ip("addr add " TRIAL_NEAR_4 "/16 dev cable1\n"
               "addr add " TRIAL_FAR_4 "/16 dev cable1\n"
               "addr add " TRIAL_NEAR_6 "/32 nodad dev cable1\n"
               "addr add " TRIAL_FAR_6 "/32 nodad dev cable1\n"
               "link set cable1 up\n"
               NEIGHBOUR(SERVER_6, "cable1", HARDWARE_HERE));
        test_netns_return(before);
}

Trial *trial_new(void) {
        Trial *t = g_new0(Trial, 1);
        Address all;

        address_init(&all, "::", TRIAL_PORT);
        t->other = test_netns_new();
        connect_machines(t);
        t->listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        g_assert_cmpint(t->listener, >=, 0);
        g_assert_no_errno(bind(t->listener, &all.any, all.size));
        g_assert_no_errno(listen(t->listener, 64));
        return t;
}

void trial_free(Trial *t) {
        close(t->listener);
        close(t->other);
        g_free(t);
}

gboolean trial_load(const char *rules, char **ret_said) {
        g_autofree char *all = g_strconcat("flush ruleset\n", rules, NULL);

        return test_run((const char *const[]) { "nft", "-f", "-", NULL }, all, ret_said);
}

PiForeign *trial_judge(const char *source, PiForeignBlock *ret_block, gboolean *ret_blocked) {
        g_autoptr(GArray) blocks = g_array_new(FALSE, FALSE, sizeof(PiForeignBlock));
        g_autoptr(GError) error = NULL;
        g_autofree char *json = NULL;
        PiForeignPacket packet = { .dport = TRIAL_PORT };
        PiForeign *f;
        Address a;

        address_init(&a, source, 0);
        packet.source.family = a.any.sa_family;
        if (a.any.sa_family == AF_INET)
                packet.source.v4 = a.v4.sin_addr;
        else
                packet.source.v6 = a.v6.sin6_addr;
        g_assert_true(test_run((const char *const[]) { "nft", "-j", "list", "ruleset", NULL },
                               NULL, &json));
        f = pi_foreign_parse(json, strlen(json), &error);
        g_assert_no_error(error);
        pi_foreign_find_blocks(f, &packet, blocks);
        *ret_blocked = blocks->len > 0;
        /* Something certain in one table outweighs doubts about another. */
        for (guint i = 0; i < blocks->len; i++) {
                const PiForeignBlock *block = &g_array_index(blocks, PiForeignBlock, i);

                if (i == 0 || ret_block->verdict == PI_FOREIGN_MAYBE)
                        *ret_block = *block;
        }
        return f;
}

static void reset(int fd) {
        struct linger now = { .l_onoff = 1, .l_linger = 0 };

        if (fd < 0) /* the answer to the answer was dropped */
                return;
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
        close(fd);
}

TrialResult trial_connect(Trial *t, const char *source, TrialResult wanted) {
        int before = test_netns_enter(t->other), fd;
        struct pollfd waiting = { .events = POLLOUT };
        TrialResult result = TRIAL_SILENT;
        Address from, to;

        address_init(&from, source, 0);
        address_init(&to, from.any.sa_family == AF_INET ? SERVER_4 : SERVER_6, TRIAL_PORT);
        fd = socket(from.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        test_netns_return(before);
        g_assert_no_errno(bind(fd, &from.any, from.size));
        (void) connect(fd, &to.any, to.size);
        waiting.fd = fd;
        /* Not SO_ERROR: that tells as well when a later packet of the connection was refused. */
        if (poll(&waiting, 1, wanted == TRIAL_SILENT ? SILENCE_MSEC : ANSWER_MSEC) > 0)
                result = (waiting.revents & (POLLERR | POLLHUP)) ? TRIAL_REFUSED : TRIAL_CONNECTED;
        if (result == TRIAL_CONNECTED)
                reset(accept4(t->listener, NULL, NULL, SOCK_CLOEXEC));
        reset(fd);
        return result;
}
