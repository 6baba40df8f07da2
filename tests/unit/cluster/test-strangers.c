/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cluster/strangers.h"

static GPtrArray *dropped;

static void on_dropped(gpointer stranger, const char *address, gpointer userdata) {
        g_assert_true(userdata == &dropped);
        g_assert_nonnull(address);
        g_ptr_array_add(dropped, stranger);
}

static PiStrangers *fresh(void) {
        g_clear_pointer(&dropped, g_ptr_array_unref);
        dropped = g_ptr_array_new();
        return pi_strangers_new(on_dropped, &dropped);
}

static void add(PiStrangers *strangers, guint number, const char *format, guint of_format) {
        g_autofree char *tail = g_strdup_printf("%u", of_format);
        g_auto(GStrv) parts = g_strsplit(format, "#", 2);
        g_autofree char *address = g_strconcat(parts[0], tail, parts[1], NULL);

        pi_strangers_add(strangers, GUINT_TO_POINTER(number), address);
}

static void assert_dropped(guint n, guint last) {
        g_assert_cmpuint(dropped->len, ==, n);
        if (n > 0)
                g_assert_cmpuint(GPOINTER_TO_UINT(dropped->pdata[n - 1]), ==, last);
}

/* The port makes no difference. */
static void test_per_address(void) {
        g_autoptr(PiStrangers) s = fresh();

        add(s, 100, "192.0.2.8:#", 1);
        for (guint i = 1; i <= PI_STRANGERS_PER_ADDRESS_MAX; i++)
                add(s, i, "192.0.2.7:#", i);
        assert_dropped(0, 0);
        add(s, 5, "192.0.2.7:#", 5);
        assert_dropped(1, 1);
        add(s, 6, "192.0.2.7:#", 6);
        assert_dropped(2, 2);
        g_assert_cmpuint(pi_strangers_count(s), ==, PI_STRANGERS_PER_ADDRESS_MAX + 1);
}

/* Nor do addresses that one machine may give itself at will. */
static void test_per_ipv6_network(void) {
        g_autoptr(PiStrangers) s = fresh();

        for (guint i = 1; i <= PI_STRANGERS_PER_ADDRESS_MAX; i++)
                add(s, i, "[2001:db8:0:1:#::1]:1", i);
        add(s, 9, "[2001:db8:0:2::1]:#", 1);
        assert_dropped(0, 0);
        add(s, 5, "[2001:db8:0:1:ffff::#]:1", 5);
        assert_dropped(1, 1);
}

static void test_of_all(void) {
        g_autoptr(PiStrangers) s = fresh();

        for (guint i = 1; i <= PI_STRANGERS_MAX; i++)
                add(s, i, "192.0.2.#:1", i);
        assert_dropped(0, 0);
        add(s, 1000, "192.0.2.#:1", 200);
        assert_dropped(1, 1);
        g_assert_cmpuint(pi_strangers_count(s), ==, PI_STRANGERS_MAX);
}

static void test_remove(void) {
        g_autoptr(PiStrangers) s = fresh();

        for (guint i = 1; i <= PI_STRANGERS_PER_ADDRESS_MAX; i++)
                add(s, i, "192.0.2.7:#", i);
        g_assert_true(pi_strangers_remove(s, GUINT_TO_POINTER(1)));
        g_assert_false(pi_strangers_remove(s, GUINT_TO_POINTER(1)));
        add(s, 5, "192.0.2.7:#", 5);
        assert_dropped(0, 0);
        add(s, 6, "192.0.2.7:#", 6);
        assert_dropped(1, 2);
        g_assert_false(pi_strangers_remove(s, GUINT_TO_POINTER(2)));
}

/* They count together. */
static void test_unknown_address(void) {
        g_autoptr(PiStrangers) s = fresh();

        for (guint i = 1; i <= PI_STRANGERS_PER_ADDRESS_MAX + 1; i++)
                pi_strangers_add(s, GUINT_TO_POINTER(i), "an unknown address");
        assert_dropped(1, 1);
}

/* From where members are as many may come as like, and nobody from afar takes their place. */
static void test_near(void) {
        g_autoptr(PiStrangers) s = fresh();

        for (guint i = 1; i <= PI_STRANGERS_MAX - 1; i++)
                pi_strangers_add_near(s, GUINT_TO_POINTER(i), "192.0.2.7:1");
        add(s, 100, "192.0.2.#:1", 8);
        assert_dropped(0, 0);
        pi_strangers_add_near(s, GUINT_TO_POINTER(101), "192.0.2.7:1");
        assert_dropped(1, 100);
        add(s, 102, "192.0.2.#:1", 9);
        assert_dropped(2, 102);
        pi_strangers_add_near(s, GUINT_TO_POINTER(103), "192.0.2.7:1");
        assert_dropped(3, 1);
        g_assert_cmpuint(pi_strangers_count(s), ==, PI_STRANGERS_MAX);
}

int main(int argc, char **argv) {
        int status;

        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/strangers/per-address", test_per_address);
        g_test_add_func("/strangers/per-ipv6-network", test_per_ipv6_network);
        g_test_add_func("/strangers/of-all", test_of_all);
        g_test_add_func("/strangers/remove", test_remove);
        g_test_add_func("/strangers/unknown-address", test_unknown_address);
        g_test_add_func("/strangers/near", test_near);
        status = g_test_run();
        g_clear_pointer(&dropped, g_ptr_array_unref);
        return status;
}
