/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "dbus/error.h"

static void reads_as(const char *text, const char *expected) {
        g_autoptr(GError) error = NULL;
        g_autofree char *one_form = NULL;
        g_autofree char *same = NULL;
        PiAddress address, again;

        (void) pi_address_parse(text, PI_CLUSTER_PORT, &address, &error);
        g_assert_no_error(error);
        one_form = pi_address_to_string(&address);
        g_assert_cmpstr(one_form, ==, expected);
        g_assert_true(pi_address_parse(one_form, 0, &again, &error));
        g_assert_no_error(error);
        same = pi_address_to_string(&again);
        g_assert_cmpstr(same, ==, one_form);
        g_assert_cmpuint(strlen(one_form), <=, PI_ADDRESS_LENGTH_MAX);
}

static void test_good(void) {
        reads_as("192.0.2.7:31416", "192.0.2.7:31416");
        reads_as("192.0.2.7", "192.0.2.7:31415");
        reads_as("192.0.2.7:1", "192.0.2.7:1");
        reads_as("192.0.2.7:65535", "192.0.2.7:65535");
        reads_as("127.0.0.1:00080", "127.0.0.1:80");
        reads_as("169.254.1.1", "169.254.1.1:31415");
        reads_as("[2001:db8::7]:31416", "[2001:db8::7]:31416");
        reads_as("[2001:DB8:0:0::7]", "[2001:db8::7]:31415");
        reads_as("2001:db8::7", "[2001:db8::7]:31415");
        reads_as("::1", "[::1]:31415");
        reads_as("[::1]:2", "[::1]:2");
        reads_as("[fe80::7%lo]:31415", "[fe80::7%lo]:31415");
        reads_as("fe80::7%lo", "[fe80::7%lo]:31415");
        reads_as("[fe80::7%1]:9", "[fe80::7%lo]:9");
        reads_as("[fe80::7%987654]:9", "[fe80::7%987654]:9");
        /* As a socket for both families tells of IPv4. */
        reads_as("[::ffff:192.0.2.7]:31416", "192.0.2.7:31416");
        reads_as("::ffff:c000:207", "192.0.2.7:31415");
        /* But not as some have written it once. */
        reads_as("::192.0.2.7", "[::192.0.2.7]:31415");
}

static void is_refused(const char *text, const char *problem) {
        PiAddress untouched = { .port = 1 };
        g_autoptr(GError) error = NULL;

        g_assert_false(pi_address_parse(text, PI_CLUSTER_PORT, &untouched, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_cmpuint(untouched.port, ==, 1);
        if (!strstr(error->message, problem))
                g_error("\"%s\" says nothing of \"%s\"", error->message, problem);
        g_assert_nonnull(strstr(error->message, "192.0.2.7:31415"));
}

static void test_bad(void) {
        g_autofree char *long_text = g_strnfill(PI_ADDRESS_LENGTH_MAX + 1, '1');

        is_refused("", "no numeric address");
        is_refused("node-b", "no numeric address");
        is_refused("localhost:31415", "no numeric address");
        is_refused("192.0.2", "no numeric address");
        is_refused("192.0.2.256", "no numeric address");
        is_refused("0x7f.1", "no numeric address");
        is_refused(" 192.0.2.7", "\"?192.0.2.7\" is no numeric address");
        is_refused("192.0.2.7 ", "no numeric address");
        is_refused("[192.0.2.7]:1", "no numeric address");
        is_refused("2001:db8::7::1", "no numeric address");
        is_refused("[2001:db8::7", "no ]");
        is_refused("[2001:db8::7]31415", "behind its ]");
        is_refused("192.0.2.7:", "1 to 65535");
        is_refused("192.0.2.7:0", "1 to 65535");
        is_refused("192.0.2.7:65536", "1 to 65535");
        is_refused("192.0.2.7:-1", "1 to 65535");
        is_refused("192.0.2.7:+1", "1 to 65535");
        is_refused("192.0.2.7:31415x", "1 to 65535");
        is_refused("[::1]:", "1 to 65535");
        is_refused("0.0.0.0:1", "no machine");
        is_refused("[::]:1", "no machine");
        is_refused("224.0.0.1:1", "many machines");
        is_refused("255.255.255.255", "many machines");
        is_refused("239.255.255.255", "many machines");
        is_refused("[ff02::1]:1", "many machines");
        is_refused("[::ffff:0.0.0.0]:1", "no machine");
        is_refused("[::ffff:255.255.255.255]:1", "many machines");
        is_refused("[fe80::7]:1", "names no interface");
        is_refused("[fe80::7%]:1", "this machine has not");
        is_refused("[fe80::7%no-such-if]:1", "this machine has not");
        is_refused("[2001:db8::7%lo]:1", "only link-local");
        is_refused("192.0.2.7%lo", "only link-local");
        is_refused("[::ffff:169.254.1.1%lo]:1", "only link-local");
        is_refused("[::1]\033[31m", "[::1]?[31m");
        is_refused(long_text, "longer than 64 bytes");
}

static void test_default_port(void) {
        g_autoptr(GError) error = NULL;
        PiAddress address;

        g_assert_false(pi_address_parse("192.0.2.7", 0, &address, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION);
        g_assert_nonnull(strstr(error->message, "has no port"));
}

static void test_host(void) {
        static const char *const texts[][2] = {
                { "192.0.2.7:1", "192.0.2.7" },
                { "[::ffff:192.0.2.7]:1", "192.0.2.7" },
                { "[2001:DB8::7]:1", "2001:db8::7" },
                { "[fe80::7%lo]:1", "fe80::7" },
        };

        for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
                g_autofree char *host = NULL;
                PiAddress address;

                g_assert_true(pi_address_parse(texts[i][0], 0, &address, NULL));
                g_assert_cmpint(pi_address_is_ipv4(&address), ==, i < 2);
                host = pi_address_host(&address);
                g_assert_cmpstr(host, ==, texts[i][1]);
        }
}

static void comes_back(const char *text, int family, socklen_t expected_size) {
        struct sockaddr_storage native;
        g_autofree char *same = NULL;
        PiAddress address, again;
        socklen_t size;

        g_assert_true(pi_address_parse(text, 0, &address, NULL));
        size = pi_address_to_native(&address, &native);
        g_assert_cmpuint(size, ==, expected_size);
        g_assert_cmpint(native.ss_family, ==, family);
        g_assert_true(pi_address_from_native((struct sockaddr *) &native, size, &again));
        same = pi_address_to_string(&again);
        g_assert_cmpstr(same, ==, text);
        g_assert_false(pi_address_from_native((struct sockaddr *) &native, size - 1, &again));
        g_assert_false(pi_address_from_native((struct sockaddr *) &native, 0, &again));
}

static void test_native(void) {
        struct sockaddr_in6 both = { .sin6_family = AF_INET6, .sin6_port = htons(80) };
        struct sockaddr_storage local = { .ss_family = AF_UNIX };
        g_autofree char *text = NULL;
        PiAddress address;

        comes_back("192.0.2.7:31416", AF_INET, sizeof(struct sockaddr_in));
        comes_back("[2001:db8::7]:65535", AF_INET6, sizeof(struct sockaddr_in6));
        comes_back("[fe80::7%987654]:1", AF_INET6, sizeof(struct sockaddr_in6));
        g_assert_cmpint(inet_pton(AF_INET6, "::ffff:192.0.2.7", &both.sin6_addr), ==, 1);
        g_assert_true(pi_address_from_native((struct sockaddr *) &both, sizeof(both), &address));
        text = pi_address_to_string(&address);
        g_assert_cmpstr(text, ==, "192.0.2.7:80");
        g_assert_false(pi_address_from_native((struct sockaddr *) &local, sizeof(local),
                                              &address));
}

static gboolean is_near(const PiAddress *address, const char *ipv4, gboolean ipv6) {
        g_autofree char *host = pi_address_host(address);

        return pi_address_is_ipv4(address) ? g_str_has_prefix(host, ipv4) : ipv6;
}

/* Whatever interfaces there are: each can be read, has the port, and loopback stands alone. */
static void test_of_this_machine(void) {
        g_auto(GStrv) texts = pi_addresses_of_this_machine(1234);
        guint loopback = 0, six = 0;

        g_assert_cmpuint(g_strv_length(texts), >=, 1);
        g_assert_cmpuint(g_strv_length(texts), <=, PI_ADDRESSES_MAX);
        for (char **text = texts; *text; text++) {
                g_autoptr(GError) error = NULL;
                PiAddress address;

                g_assert_true(pi_address_parse(*text, 0, &address, &error));
                g_assert_no_error(error);
                g_assert_cmpuint(address.port, ==, 1234);
                g_assert_false(is_near(&address, "169.254.",
                                       IN6_IS_ADDR_LINKLOCAL(&address.host)));
                loopback += is_near(&address, "127.", IN6_IS_ADDR_LOOPBACK(&address.host));
                if (!pi_address_is_ipv4(&address))
                        six++;
                else
                        g_assert_cmpuint(six, ==, 0);
        }
        g_assert_true(loopback == 0 || loopback == g_strv_length(texts));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/address/good", test_good);
        g_test_add_func("/address/bad", test_bad);
        g_test_add_func("/address/default-port", test_default_port);
        g_test_add_func("/address/host", test_host);
        g_test_add_func("/address/native", test_native);
        g_test_add_func("/address/of-this-machine", test_of_this_machine);
        return g_test_run();
}
