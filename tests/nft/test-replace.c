/* SPDX-License-Identifier: GPL-2.0-or-later */
/* While the rules are replaced, again and again, no moment lets a stranger in or keeps a member
 * out. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "nft/backend.h"
#include "nft/ruleset.h"
#include "tests/cluster/namespaces.h"
#include "tests/nft/helper.h"

#define PORT 31415
#define REPLACEMENTS 10000
#define REPLACEMENTS_FEW 1000
#define MEMBER "10.31.128.7"
#define STRANGER "10.31.128.8"
#define AT_ONCE 64 /* attempts of the stranger that wait for an answer */

typedef struct Traffic {
        TestLink *link;
        int listener;
        atomic_bool ending, closing; /* the second is for who listens, after the others */
        guint64 stranger_tried, stranger_in, member_in, member_failed;
        int problem; /* of the member's last attempt that failed */
} Traffic;

/* A SYN that is dropped is sent again after a second: a new socket is quicker. */
static gpointer strangers(gpointer userdata) {
        struct pollfd fds[AT_ONCE] = {};
        Traffic *t = userdata;

        for (guint i = 0; i < AT_ONCE; i++)
                fds[i].fd = -1;
        for (guint i = 0; !atomic_load(&t->ending); i = (i + 1) % AT_ONCE) {
                if (fds[i].fd >= 0) {
                        fds[i].events = POLLOUT;
                        if (poll(&fds[i], 1, 0) > 0 && !(fds[i].revents & (POLLERR | POLLHUP)))
                                t->stranger_in++;
                        close(fds[i].fd);
                }
                fds[i].fd = test_begin_connect(STRANGER, t->link->address, PORT);
                t->stranger_tried++;
        }
        for (guint i = 0; i < AT_ONCE; i++)
                if (fds[i].fd >= 0)
                        close(fds[i].fd);
        return NULL;
}

static gpointer members(gpointer userdata) {
        Traffic *t = userdata;

        while (!atomic_load(&t->ending)) {
                struct pollfd fd = { .fd = test_begin_connect(MEMBER, t->link->address, PORT),
                                     .events = POLLOUT };
                struct linger reset = { .l_onoff = 1 };
                int problem = 0;
                socklen_t size = sizeof(problem);

                g_assert_cmpint(poll(&fd, 1, -1), ==, 1);
                g_assert_no_errno(getsockopt(fd.fd, SOL_SOCKET, SO_ERROR, &problem, &size));
                if (problem == 0)
                        t->member_in++;
                else {
                        t->problem = problem;
                        t->member_failed++;
                }
                g_assert_no_errno(setsockopt(fd.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)));
                close(fd.fd);
        }
        return NULL;
}

/* The other end of both, or the backlog would be full soon. */
static gpointer server(gpointer userdata) {
        Traffic *t = userdata;
        struct pollfd fd = { .fd = t->listener, .events = POLLIN };
        int accepted;

        while (!atomic_load(&t->closing))
                if (poll(&fd, 1, 10) > 0 && (accepted = accept(fd.fd, NULL, NULL)) >= 0)
                        close(accepted);
        return NULL;
}

/* In the namespace of the link, whose thread this is. */
static PiNft *nft_of(TestLink *link) {
        g_autoptr(GError) error = NULL;
        int before = test_netns_enter(link->netns);
        PiNft *nft = pi_nft_new(&error);

        test_netns_return(before);
        g_assert_no_error(error);
        return nft;
}

static PiIntent *intent(void) {
        g_autoptr(GVariant) who = g_variant_ref_sink(g_variant_new_parsed(
                                        "[(%s, 'member')]", MEMBER));
        g_autoptr(GVariant) windows = g_variant_ref_sink(g_variant_new_parsed("@a(st) []"));
        g_autoptr(GError) error = NULL;
        PiIntent *made = pi_intent_new(PORT, who, windows, 0, &error);

        g_assert_no_error(error);
        return made;
}

static void test_replace(gconstpointer data) {
        PiNftVariant variant = { .owner = GPOINTER_TO_UINT(data), .limits = TRUE };
        g_autoptr(PiIntent) wanted = intent();
        g_autofree char *text = pi_ruleset_whole(wanted, variant, 0);
        Traffic traffic = { .link = test_link_new(1) };
        g_autoptr(PiNft) nft = nft_of(traffic.link);
        g_autoptr(GError) error = NULL;
        GThread *listener, *threads[2];
        guint n = 0, most = variant.owner && !test_is_instrumented() ? REPLACEMENTS
                                                                     : REPLACEMENTS_FEW;

        g_assert_true(pi_nft_run(nft, text, &error));
        traffic.listener = test_listen(traffic.link, PORT);
        listener = g_thread_new("server", server, &traffic);
        threads[0] = g_thread_new("stranger", strangers, &traffic);
        threads[1] = g_thread_new("member", members, &traffic);
        while (n < most) {
                g_assert_true(pi_nft_run(nft, text, &error));
                n++;
        }
        atomic_store(&traffic.ending, true);
        for (gsize i = 0; i < G_N_ELEMENTS(threads); i++)
                g_thread_join(threads[i]);
        atomic_store(&traffic.closing, true);
        g_thread_join(listener);
        close(traffic.listener);
        g_test_message("%u replacements; the stranger tried %" G_GUINT64_FORMAT " times, the "
                       "member connected %" G_GUINT64_FORMAT " times",
                       n, traffic.stranger_tried, traffic.member_in);
        if (traffic.member_failed > 0)
                g_test_message("%" G_GUINT64_FORMAT " attempts of the member failed: %s",
                               traffic.member_failed, g_strerror(traffic.problem));
        g_assert_cmpuint(traffic.stranger_tried, >, 1000);
        g_assert_cmpuint(traffic.member_in, >, 100);
        g_assert_cmpuint(traffic.stranger_in, ==, 0);
        g_assert_cmpuint(traffic.member_failed, ==, 0);
        test_link_free(traffic.link);
}

int main(int argc, char **argv) {
        test_enter_namespaces();
        test_require_filter();
        g_test_init(&argc, &argv, NULL);
        g_test_add_data_func("/replace/owner", GUINT_TO_POINTER(TRUE), test_replace);
        g_test_add_data_func("/replace/watched", GUINT_TO_POINTER(FALSE), test_replace);
        return g_test_run();
}
