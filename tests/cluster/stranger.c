/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/cluster/stranger.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/cluster/address.h"
#include "tests/cluster/namespaces.h"

#define LIMIT_MSEC 20000 /* more than any deadline of the service */

/* What a D-Bus client begins with; whoever may speak to the service is answered. */
#define DBUS_HELLO "\0AUTH ANONYMOUS 74657374\r\n"

static struct sockaddr_in address_of(const char *text, uint16_t port) {
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

        g_assert_cmpint(inet_pton(AF_INET, text, &a.sin_addr), ==, 1);
        return a;
}

static void set_limit(int fd) {
        struct timeval limit = { .tv_sec = LIMIT_MSEC / 1000 };

        g_assert_no_errno(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
        g_assert_no_errno(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)));
}

int test_stranger_connect(const char *from, const TestNode *to) {
        struct sockaddr_in own = address_of(from ? from : PI_TEST_STRANGER, 0);
        struct sockaddr_in there = address_of(to->link->address, PI_CLUSTER_PORT);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        g_assert_cmpint(fd, >=, 0);
        set_limit(fd);
        g_assert_no_errno(bind(fd, (struct sockaddr *) &own, sizeof(own)));
        if (connect(fd, (struct sockaddr *) &there, sizeof(there)) == 0)
                return fd;
        close(fd);
        return -1;
}

gboolean test_stranger_is_cut_off(int fd) {
        char buffer[4096];
        ssize_t n;

        do
                n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
        while (n > 0);
        return n == 0 || (errno != EAGAIN && errno != EINTR);
}

static gnutls_session_t new_session(int fd, unsigned flags, const PiIdentity *identity,
                                    const char *priority,
                                    gnutls_certificate_credentials_t nobody) {
        gnutls_session_t session;

        g_assert_cmpint(gnutls_init(&session, flags | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS), ==, 0);
        g_assert_cmpint(gnutls_priority_set_direct(session, priority, NULL), ==, 0);
        g_assert_cmpint(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
                                               identity ? identity->credentials : nobody), ==, 0);
        if (flags & GNUTLS_SERVER)
                gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUIRE);
        gnutls_transport_set_int(session, fd);
        return session;
}

static int shake_hands(gnutls_session_t session) {
        int r;

        do
                r = gnutls_handshake(session);
        while (r < 0 && !gnutls_error_is_fatal(r) && r != GNUTLS_E_AGAIN);
        g_test_message("handshake: %s", gnutls_strerror(r));
        return r;
}

/* What came in first, until an end or a line. */
static ssize_t receive(gnutls_session_t session, char *buffer, gsize size) {
        ssize_t n;

        do
                n = gnutls_record_recv(session, buffer, size);
        while (n < 0 && !gnutls_error_is_fatal((int) n) && n != GNUTLS_E_AGAIN);
        return n;
}

/* Until the other end has had enough, which must be. */
static void pour(gnutls_session_t session, GBytes *garbage) {
        gsize length;
        const char *bytes = g_bytes_get_data(garbage, &length);
        char buffer[4096];
        ssize_t end;

        for (gsize sent = 0; sent < length;) {
                ssize_t n = gnutls_record_send(session, bytes + sent, length - sent);

                if (n < 0 && n != GNUTLS_E_INTERRUPTED)
                        break;
                sent += n > 0 ? (gsize) n : 0;
        }
        do
                end = receive(session, buffer, sizeof(buffer));
        while (end > 0);
        g_assert_cmpint(end, !=, GNUTLS_E_AGAIN);
}

TestAdmission test_stranger_knock(int fd, const PiIdentity *identity, const char *priority,
                                  GBytes *garbage) {
        gnutls_certificate_credentials_t nobody;
        TestAdmission admission = TEST_REFUSED_HANDSHAKE;
        gnutls_session_t session;
        char answer[4096];

        g_assert_cmpint(gnutls_certificate_allocate_credentials(&nobody), ==, 0);
        session = new_session(fd, GNUTLS_CLIENT, identity, priority, nobody);
        if (shake_hands(session) == 0) {
                (void) gnutls_record_send(session, DBUS_HELLO, sizeof(DBUS_HELLO) - 1);
                admission = receive(session, answer, sizeof(answer)) > 0 ? TEST_ADMITTED
                                                                         : TEST_REFUSED_LATER;
                if (admission == TEST_ADMITTED && garbage)
                        pour(session, garbage);
        }
        gnutls_deinit(session);
        gnutls_certificate_free_credentials(nobody);
        close(fd);
        return admission;
}

static int listen_as(const TestNode *node) {
        struct sockaddr_in a = address_of(node->link->address, PI_CLUSTER_PORT);
        int before = test_netns_enter(node->link->netns);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        test_netns_return(before);
        g_assert_cmpint(fd, >=, 0);
        g_assert_no_errno(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int) { 1 }, sizeof(int)));
        g_assert_no_errno(bind(fd, (struct sockaddr *) &a, sizeof(a)));
        g_assert_no_errno(listen(fd, 8));
        return fd;
}

/* A client of TLS 1.3 refuses what it is shown by an alert, or begins to speak D-Bus. */
gboolean test_stranger_pose_as(const TestNode *node, const PiIdentity *identity,
                               const char *priority, GBytes *answer) {
        int server = listen_as(node), fd = accept(server, NULL, NULL);
        gnutls_session_t session;
        gboolean went_along = FALSE;
        char first[64];

        g_assert_cmpint(fd, >=, 0);
        close(server);
        set_limit(fd);
        session = new_session(fd, GNUTLS_SERVER, identity, priority, NULL);
        if (shake_hands(session) == 0)
                went_along = receive(session, first, sizeof(first)) > 0;
        if (went_along && answer) {
                (void) gnutls_record_send(session, g_bytes_get_data(answer, NULL),
                                          g_bytes_get_size(answer));
                (void) receive(session, first, sizeof(first));
        }
        gnutls_deinit(session);
        close(fd);
        return went_along;
}

PiIdentity *test_stolen_identity(const TestNode *node) {
        g_autoptr(GError) error = NULL;
        PiIdentity *identity = pi_identity_load(node->bus->state, &error);

        g_assert_no_error(error);
        return identity;
}
