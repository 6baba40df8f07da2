/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the service asks of the firewall's helper when that refuses, fails or does not answer. */
#include "tests/bus/fake.h"

typedef struct Fixture {
        TestBus *bus;
        sd_bus *client;
        Fake *fake;
} Fixture;

static const char *const names[] = { PI_FIREWALL_BUS_NAME, NULL };

static void set_up(Fixture *f, gconstpointer data) {
        f->bus = test_bus_new(TEST_BUS_SESSION);
        f->client = test_connect(f->bus);
        test_cluster_settings(f->bus);
        f->fake = fake_new(f->bus, names);
        fake_answer(f->fake, "Apply", "()");
        fake_answer(f->fake, "Remove", "()");
        test_daemon_log_to_file(f->bus);
        test_daemon_start(f->bus, (const char *const[]) { "--workers=1", NULL });
}

static void tear_down(Fixture *f, gconstpointer data) {
        sd_bus_flush_close_unref(f->client);
        fake_free(f->fake);
        test_bus_free(f->bus);
}

static void wait_for_state(Fixture *f, const char *wanted) {
        for (;;) {
                g_autofree char *state = NULL;

                g_assert_cmpint(sd_bus_get_property_string(f->client, PI_BUS_NAME, PI_OBJECT_PATH,
                                                           PI_INTERFACE_MANAGER, "FirewallState",
                                                           NULL, &state), >=, 0);
                if (g_str_equal(state, wanted))
                        return;
                g_usleep(2000);
        }
}

static void wait_for_call(Fixture *f, const char *method) {
        g_autofree char *called = NULL;

        while (!(called = fake_called(f->fake, method)))
                g_usleep(2000);
}

static void good(Fixture *f, const char *method, const char *arguments) {
        g_assert_null(test_manager_call(f->client, method, arguments));
}

static void refuse(Fixture *f, const char *method) {
        fake_fail(f->fake, method, "org.picompute1.Error.Failed", "the kernel is busy");
}

/* A token is a reason to tell the helper something new. */
static void make_token(Fixture *f) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *reply = NULL;

        g_assert_cmpint(sd_bus_call_method(f->client, PI_BUS_NAME, PI_OBJECT_PATH,
                                           PI_INTERFACE_MANAGER, "CreateJoinToken", NULL, &reply,
                                           "a{sv}", 0), >=, 0);
}

/* What it was told before holds, whatever it refused since: it has to go, too. */
static void refused_then_left(Fixture *f, gconstpointer data) {
        good(f, "CreateCluster", "()");
        wait_for_state(f, "applied");
        refuse(f, "Apply");
        make_token(f);
        wait_for_state(f, "failed");
        test_daemon_wait_for_log(f->bus, "could not be told who is a member now");
        good(f, "LeaveCluster", "()");
        wait_for_call(f, "Remove");
        wait_for_state(f, "off");
        g_assert_false(test_daemon_has_logged(f->bus, "keeps strangers from the port of the "
                                                      "cluster again"));
}

static void refused_then_stopped(Fixture *f, gconstpointer data) {
        good(f, "CreateCluster", "()");
        wait_for_state(f, "applied");
        refuse(f, "Apply");
        make_token(f);
        wait_for_state(f, "failed");
        test_daemon_stop(f->bus);
        wait_for_call(f, "Remove");
}

/* It is tried until it goes. */
static void removing_fails(Fixture *f, gconstpointer data) {
        good(f, "CreateCluster", "()");
        wait_for_state(f, "applied");
        refuse(f, "Remove");
        good(f, "LeaveCluster", "()");
        wait_for_state(f, "failed");
        test_daemon_wait_for_log(f->bus, "could not be taken away");
        fake_answer(f->fake, "Remove", "()");
        wait_for_state(f, "off");
}

/* The rules of a service that was killed are no more than a new one wants. */
static void left_by_another(Fixture *f, gconstpointer data) {
        good(f, "CreateCluster", "()");
        wait_for_state(f, "applied");
        test_daemon_kill(f->bus);
        g_assert_null(fake_called(f->fake, "Remove"));
        {
                g_autofree char *path = g_build_filename(f->bus->state, "pi-computed.conf", NULL);
                g_autofree char *text = NULL, *more = NULL;

                g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
                more = g_strconcat(text, "Firewall=no\n", NULL);
                g_assert_true(g_file_set_contents(path, more, -1, NULL));
        }
        test_daemon_start(f->bus, (const char *const[]) { "--workers=1", NULL });
        wait_for_call(f, "Remove");
        wait_for_state(f, "disabled");
}

/* What was said of one cluster is not said of the next. */
static void removed_between(Fixture *f, gconstpointer data) {
        good(f, "CreateCluster", "()");
        wait_for_state(f, "applied");
        good(f, "RemoveFirewall", "()");
        wait_for_state(f, "removed");
        good(f, "LeaveCluster", "()");
        wait_for_state(f, "off");
        good(f, "RemoveFirewall", "()");
        good(f, "CreateCluster", "()");
        wait_for_state(f, "applied");
}

/* Who asks by hand is told at once, and not when it would be tried again. */
static void by_hand(Fixture *f, gconstpointer data) {
        g_autofree char *message = NULL;

        refuse(f, "Apply");
        good(f, "CreateCluster", "()");
        wait_for_state(f, "failed");
        message = test_manager_call(f->client, "ApplyFirewall", "()");
        g_assert_nonnull(message);
        g_test_message("%s", message);
        fake_answer(f->fake, "Apply", "()");
        good(f, "ApplyFirewall", "()");
        wait_for_state(f, "applied");
}

/* It does not keep the service from its end. */
static void silent(Fixture *f, gconstpointer data) {
        fake_hang(f->fake, "Apply");
        fake_hang(f->fake, "Remove");
        good(f, "CreateCluster", "()");
        wait_for_call(f, "Apply");
        wait_for_state(f, "pending");
        test_daemon_stop(f->bus);
        wait_for_call(f, "Remove");
}

#define ADD(name, function) \
        g_test_add("/guard/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        ADD("refused-then-left", refused_then_left);
        ADD("refused-then-stopped", refused_then_stopped);
        ADD("removing-fails", removing_fails);
        ADD("left-by-another", left_by_another);
        ADD("removed-between", removed_between);
        ADD("by-hand", by_hand);
        ADD("silent", silent);
        return g_test_run();
}
