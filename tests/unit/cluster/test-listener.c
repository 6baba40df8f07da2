/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/cluster/dial.h"
#include "daemon/cluster/strangers.h"
#include "dbus/error.h"
#include "tests/unit/cluster/ends.h"

typedef struct Door {
        PiListener *listener;
        guint accepted;
        gboolean free_in_callback;
        int last;
} Door;

static void on_accepted(int fd, gpointer userdata) {
        Door *door = userdata;

        door->accepted++;
        g_assert_cmpint(fcntl(fd, F_GETFD) & FD_CLOEXEC, !=, 0);
        g_assert_cmpint(fcntl(fd, F_GETFL) & O_NONBLOCK, !=, 0);
        if (door->last >= 0)
                (void) close(door->last);
        door->last = fd;
        if (door->free_in_callback)
                g_clear_pointer(&door->listener, pi_listener_free);
}

static void door_open(Door *door, const int *sockets, gsize n) {
        g_autoptr(GError) error = NULL;

        *door = (Door) { .last = -1 };
        door->listener = pi_listener_new(0, sockets, n, on_accepted, door, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(pi_listener_port(door->listener), >, 0);
}

static void door_close(Door *door) {
        g_clear_pointer(&door->listener, pi_listener_free);
        if (door->last >= 0)
                (void) close(door->last);
}

static int connect_to(uint16_t port, gboolean six) {
        struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };
        struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(port),
                                    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

        in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (fd < 0)
                return -1;
        r = six ? connect(fd, (struct sockaddr *) &in6, sizeof(in6))
                : connect(fd, (struct sockaddr *) &in, sizeof(in));
        if (r < 0) {
                (void) close(fd);
                return -1;
        }
        return fd;
}

static void test_accepts(void) {
        Door door;
        int fds[40];

        door_open(&door, NULL, 0);
        for (guint i = 0; i < G_N_ELEMENTS(fds); i++) {
                fds[i] = connect_to(pi_listener_port(door.listener), FALSE);
                g_assert_cmpint(fds[i], >=, 0);
        }
        wait_until(door.accepted == G_N_ELEMENTS(fds));
        for (guint i = 0; i < G_N_ELEMENTS(fds); i++)
                (void) close(fds[i]);
        door_close(&door);
}

static void test_both_families(void) {
        Door door;
        int fd;

        door_open(&door, NULL, 0);
        fd = connect_to(pi_listener_port(door.listener), TRUE);
        if (fd < 0)
                g_test_skip("there is no IPv6 on the loopback");
        else
                wait_until(door.accepted == 1);
        if (fd >= 0)
                (void) close(fd);
        door_close(&door);
}

static void test_port_is_taken(void) {
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;
        Door door;

        door_open(&door, NULL, 0);
        g_assert_null(pi_listener_new(pi_listener_port(door.listener), NULL, 0, on_accepted, &door,
                                      &error));
        text = g_strdup_printf("TCP port %u: ", pi_listener_port(door.listener));
        assert_says(error, PI_ERROR, PI_ERROR_FAILED, text);
        door_close(&door);
}

/* A listener that has gone listens no more, and its port is free at once. */
static void test_port_is_free_again(void) {
        g_autoptr(GError) error = NULL;
        Door door;
        uint16_t port;
        int fd;

        door_open(&door, NULL, 0);
        port = pi_listener_port(door.listener);
        fd = connect_to(port, FALSE);
        wait_until(door.accepted == 1);
        door_close(&door);
        g_assert_cmpint(connect_to(port, FALSE), <, 0);
        door.listener = pi_listener_new(port, NULL, 0, on_accepted, &door, &error);
        g_assert_no_error(error);
        g_clear_pointer(&door.listener, pi_listener_free);
        (void) close(fd);
}

static int listening_socket(void) {
        struct sockaddr_in address = { .sin_family = AF_INET };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        g_assert_cmpint(bind(fd, (struct sockaddr *) &address, sizeof(address)), ==, 0);
        g_assert_cmpint(listen(fd, 8), ==, 0);
        return fd;
}

/* They outlive the listener: a node that left its cluster may found another. */
static void test_sockets_of_systemd(void) {
        int sockets[2] = { listening_socket(), listening_socket() };
        Door door;
        int fd;

        for (guint i = 0; i < 2; i++) {
                door_open(&door, sockets, 2);
                fd = connect_to(pi_listener_port(door.listener), FALSE);
                wait_until(door.accepted == 1);
                (void) close(fd);
                door_close(&door);
        }
        (void) close(sockets[0]);
        (void) close(sockets[1]);
}

static void test_bad_sockets(void) {
        int bad[] = { socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                      socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
                      socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };

        for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autoptr(GError) error = NULL;
                int sockets[2] = { listening_socket(), bad[i] };
                guint fds = count_fds();

                g_assert_null(pi_listener_new(0, sockets, 2, on_accepted, NULL, &error));
                assert_says(error, PI_ERROR, PI_ERROR_FAILED, "Socket 2 of the 2 from systemd");
                g_assert_cmpuint(count_fds(), ==, fds);
                (void) close(sockets[0]);
                (void) close(bad[i]);
        }
}

static void test_freed_in_callback(void) {
        Door door;
        int a, b;

        door_open(&door, NULL, 0);
        door.free_in_callback = TRUE;
        a = connect_to(pi_listener_port(door.listener), FALSE);
        b = connect_to(pi_listener_port(door.listener), FALSE);
        wait_until(door.accepted);
        settle();
        g_assert_cmpuint(door.accepted, ==, 1);
        (void) close(a);
        (void) close(b);
        door_close(&door);
}

/* It waits, without turning in a circle, and accepts when there are descriptors again. */
static void test_no_descriptors(void) {
        struct rlimit before, now;
        guint turns = 0;
        Door door;
        int fd, late;

        door_open(&door, NULL, 0);
        fd = connect_to(pi_listener_port(door.listener), FALSE);
        g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
        now = (struct rlimit) { (rlim_t) fd + 1, before.rlim_max };
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &now), ==, 0);
        while (g_main_context_iteration(NULL, FALSE) && turns < 1000)
                turns++;
        g_assert_cmpuint(turns, <, 10);
        g_assert_cmpuint(door.accepted, ==, 0);
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);
        /* Valgrind lets the kernel accept the first and then throws it away. */
        late = connect_to(pi_listener_port(door.listener), FALSE);
        wait_until(door.accepted);
        (void) close(fd);
        (void) close(late);
        door_close(&door);
}

/* The owner of links, as members are: strangers until they are up. */
typedef struct House {
        PiListener *listener;
        PiStrangers *strangers;
        PiIdentity *identity;
        PiLinkHooks hooks;
        GPtrArray *links;
        guint ups, downs;
} House;

static void on_stranger_dropped(gpointer link, const char *address, gpointer userdata) {
        House *house = userdata;

        g_ptr_array_remove(house->links, link);
}

static PiLinkAdmission admit(PiLink *link, const char *fingerprint, gpointer userdata) {
        return PI_LINK_MEMBER;
}

static void on_up(PiLink *link, gpointer userdata) {
        House *house = userdata;

        g_assert_true(pi_strangers_remove(house->strangers, link));
        house->ups++;
}

static void on_down(PiLink *link, const GError *why, gpointer userdata) {
        House *house = userdata;

        house->downs++;
        (void) pi_strangers_remove(house->strangers, link);
        g_ptr_array_remove(house->links, link);
}

static void on_visitor(int fd, gpointer userdata) {
        House *house = userdata;
        PiLink *link = pi_link_new(fd, PI_LINK_ACCEPTED, house->identity, &house->hooks);

        g_ptr_array_add(house->links, link);
        pi_strangers_add(house->strangers, link, pi_link_remote_address(link));
}

static void on_dialled(int fd, const GError *error, gpointer userdata) {
        g_assert_no_error(error);
        *(int *) userdata = fd;
}

/* Half-open ones of a stranger, at the door all the time: a member gets in past them, and none of
 * them had to reach its deadline for that. */
static void test_crowd(void) {
        enum { CROWD = 100 };
        House house = { .links = g_ptr_array_new_with_free_func((GDestroyNotify) pi_link_free) };
        const char *addresses[2] = {};
        g_autofree char *address = NULL;
        int crowd[CROWD], fd = -1;
        End member;

        house.hooks = (PiLinkHooks) { admit, on_up, on_down, NULL, &house };
        house.identity = pi_identity_load(NULL, NULL);
        house.strangers = pi_strangers_new(on_stranger_dropped, &house);
        house.listener = pi_listener_new(0, NULL, 0, on_visitor, &house, NULL);
        g_assert_nonnull(house.listener);
        addresses[0] = address =
                g_strdup_printf("127.0.0.1:%u", pi_listener_port(house.listener));
        for (guint i = 0; i < CROWD; i++) {
                crowd[i] = connect_to(pi_listener_port(house.listener), FALSE);
                g_assert_cmpint(crowd[i], >=, 0);
        }
        end_init(&member);
        (void) pi_dial_new(addresses, on_dialled, &fd);
        wait_until(fd >= 0);
        end_link(&member, fd, PI_LINK_DIALLED);
        wait_until(member.ups && house.ups);
        g_assert_cmpuint(house.downs, ==, 0);
        g_assert_cmpuint(pi_strangers_count(house.strangers), ==,
                         PI_STRANGERS_PER_ADDRESS_MAX - 1);
        g_assert_cmpuint(house.links->len, ==, PI_STRANGERS_PER_ADDRESS_MAX);
        for (guint i = 0; i < CROWD; i++)
                (void) close(crowd[i]);
        wait_until(house.links->len == 1);
        g_assert_true(pi_link_is_up(member.link));
        pi_listener_free(house.listener);
        g_ptr_array_unref(house.links);
        pi_strangers_free(house.strangers);
        end_clear(&member);
        pi_identity_free(house.identity);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/listener/accepts", test_accepts);
        g_test_add_func("/listener/both-families", test_both_families);
        g_test_add_func("/listener/port-is-taken", test_port_is_taken);
        g_test_add_func("/listener/port-is-free-again", test_port_is_free_again);
        g_test_add_func("/listener/sockets-of-systemd", test_sockets_of_systemd);
        g_test_add_func("/listener/bad-sockets", test_bad_sockets);
        g_test_add_func("/listener/freed-in-callback", test_freed_in_callback);
        g_test_add_func("/listener/no-descriptors", test_no_descriptors);
        g_test_add_func("/listener/crowd", test_crowd);
        return g_test_run();
}
