/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tests/bus/fake.h"
#include "tests/bus/pictl-run.h"

/* pictl doctor and pictl firewall, with a helper that the test makes up. */

#define FIREWALLD "org.fedoraproject.FirewallD1"

#define DESCRIPTION(members, refused)                                                         \
        "({'applied': <true>, 'mode': <'owner'>, 'limits': <true>, 'port': <uint16 31415>,"   \
        " 'intended': <'table inet picomputed {\\n\\tcounter seen\\n}\\n'>,"                  \
        " 'live': <'table inet picomputed {\\n\\tcounter \\u001b[2J\\n}\\n'>,"                \
        " 'restored': <uint64 1>, 'members': <" members ">,"                                  \
        " 'windows': <[('198.51.100.0/24', uint64 60000000)]>,"                               \
        " 'counters': <{'seen': uint64 9, 'delivered': uint64 5, 'refused': uint64 4}>,"      \
        " 'refused_sources': <" refused ">},)"
#define MEMBERS "[('192.0.2.7', 'gpu-1', uint64 5)]"
#define REFUSED "[('10.0.0.9', uint64 4, uint64 120000000)]"
#define BLOCKS                                                                                \
        "([{'source': <'10.0.0.9'>, 'verdict': <'drop'>, 'family': <'inet'>,"                 \
        " 'table': <'firewalld'>, 'chain': <'filter_INPUT'>, 'handle': <uint64 10>}],)"

typedef struct Fixture {
        TestSession session;
        Fake *fake;
} Fixture;

static const char *const helper_name[] = { PI_FIREWALL_BUS_NAME, NULL };
static const char *const both_names[] = { PI_FIREWALL_BUS_NAME, FIREWALLD, NULL };

static void set_up_bare(Fixture *f, gconstpointer data) {
        f->session.bus = test_bus_new(TEST_BUS_SESSION);
        f->session.client = test_connect(f->session.bus);
}

static void wait_for_rules(sd_bus *client) {
        for (;;) {
                g_autofree char *state = NULL;

                g_assert_cmpint(sd_bus_get_property_string(client, PI_BUS_NAME, PI_OBJECT_PATH,
                                                           PI_INTERFACE_MANAGER, "FirewallState",
                                                           NULL, &state), >=, 0);
                if (g_str_equal(state, "applied"))
                        return;
                g_usleep(2000);
        }
}

/* A daemon in a cluster of its own, and who is made up before it looks for them. */
static void set_up(Fixture *f, gconstpointer names) {
        set_up_bare(f, NULL);
        test_cluster_settings(f->session.bus);
        f->fake = fake_new(f->session.bus, names);
        fake_answer(f->fake, "Apply", "()");
        fake_answer(f->fake, "Remove", "()");
        fake_answer(f->fake, "Describe", DESCRIPTION(MEMBERS, REFUSED));
        fake_answer(f->fake, "FindBlocks", "(@aa{sv} [],)");
        test_daemon_start(f->session.bus, (const char *const[]) { "--workers=2", NULL });
        g_assert_null(test_manager_call(f->session.client, "CreateCluster", "()"));
        wait_for_rules(f->session.client);
}

static void tear_down(Fixture *f, gconstpointer data) {
        sd_bus_flush_close_unref(f->session.client);
        if (f->session.bus->daemon)
                test_daemon_stop(f->session.bus);
        g_clear_pointer(&f->fake, fake_free);
        test_bus_free(f->session.bus);
}

static Run run(Fixture *f, const char *words) {
        return pictl(&f->session, words);
}

/* The finding of a check, from --json, whose text has the words. */
static JsonObject *find(const Run *run, const char *check, const char *words) {
        JsonArray *all;

        g_assert_nonnull(run->json);
        all = json_node_get_array(run->json);
        for (guint i = 0; i < json_array_get_length(all); i++) {
                JsonObject *one = json_array_get_object_element(all, i);

                if (strcmp(json_object_get_string_member(one, "check"), check) == 0 &&
                    strstr(json_object_get_string_member(one, "text"), words))
                        return one;
        }
        return NULL;
}

static void assert_found(const Run *run, const char *severity, const char *check,
                         const char *words, const char *remedy) {
        JsonObject *one = find(run, check, words);

        g_test_message("%s: %s", check, words);
        g_assert_nonnull(one);
        g_assert_cmpstr(json_object_get_string_member(one, "severity"), ==, severity);
        g_assert_nonnull(strstr(json_object_get_string_member(one, "remedy"), remedy));
}

static void assert_refused(const Run *run, int status, const char *words) {
        g_assert_cmpint(run->status, ==, status);
        g_assert_true(g_str_has_prefix(run->err, "pictl: "));
        g_assert_nonnull(strstr(run->err, words));
        g_assert_cmpstr(run->out, ==, "");
}

/* It tells what does not run, and does not start it. */
static void without_daemon(Fixture *f, gconstpointer data) {
        g_auto(Run) doctor = run(f, "doctor --json=short"), check = run(f, "firewall check -j");

        g_assert_cmpint(doctor.status, ==, 1);
        g_assert_cmpstr(doctor.err, ==, "");
        assert_found(&doctor, "ok", "bus", "the user bus", "");
        assert_found(&doctor, "warning", "service", "does not run",
                     "systemctl --user start pi-computed");
        assert_found(&doctor, "note", "helper", "no helper pi-computed-firewall",
                     "without --user");
        g_assert_cmpint(check.status, ==, 1);
        assert_found(&check, "warning", "service", "does not run", "start pi-computed");
        g_assert_cmpint(sd_bus_get_name_creds(f->session.client, PI_BUS_NAME, 0, NULL), <, 0);
}

static void without_bus(Fixture *f, gconstpointer data) {
        g_autofree char *address = f->session.bus->address;

        f->session.bus->address = g_strdup("unix:path=/nonexistent/bus");
        {
                g_auto(Run) doctor = run(f, "doctor -j");

                g_assert_cmpint(doctor.status, ==, 2);
                g_assert_cmpstr(doctor.err, ==, "");
                assert_found(&doctor, "broken", "bus", "no connection", "dbus-run-session");
        }
        g_free(f->session.bus->address);
        f->session.bus->address = g_steal_pointer(&address);
}

static void with_daemon(Fixture *f, gconstpointer data) {
        g_auto(Run) doctor = {}, text = {};

        test_daemon_start(f->session.bus, (const char *const[]) { "--workers=2", NULL });
        doctor = run(f, "doctor -j");
        g_assert_cmpint(doctor.status, ==, 0);
        assert_found(&doctor, "ok", "service", "answers", "");
        assert_found(&doctor, "ok", "store", "can be written", "");
        assert_found(&doctor, "ok", "cores", "in service", "");
        assert_found(&doctor, "note", "members", "in no cluster", "");
        assert_found(&doctor, "ok", "firewall", "in no cluster", "");
        text = run(f, "doctor");
        g_assert_nonnull(strstr(text.out, "0 broken"));
}

/* A daemon that hangs is a finding after a while. */
static void frozen_daemon(Fixture *f, gconstpointer data) {
        test_daemon_start(f->session.bus, (const char *const[]) { "--workers=2", NULL });
        test_daemon_freeze(f->session.bus);
        {
                g_auto(Run) doctor = run(f, "doctor -j");

                g_assert_cmpint(doctor.status, ==, 2);
                assert_found(&doctor, "broken", "service", "did not answer in time", "journalctl");
        }
        test_daemon_thaw(f->session.bus);
}

static void show(Fixture *f, gconstpointer data) {
        g_auto(Run) text = run(f, "firewall show"), json = run(f, "firewall show -j");

        g_assert_cmpint(text.status, ==, 0);
        g_assert_nonnull(strstr(text.out, "gpu-1  192.0.2.7"));
        g_assert_nonnull(strstr(text.out, "198.51.100.0/24 1min 0s"));
        g_assert_nonnull(strstr(text.out, "10.0.0.9        4 2min 0s ago"));
        g_assert_nonnull(strstr(text.out, "\n--- intended\n+++ live\n"));
        g_assert_nonnull(strstr(text.out, "\n-    counter seen\n+    counter \\x1b[2J\n"));
        g_assert_null(strchr(text.out, '\033'));
        g_assert_cmpint(json.status, ==, 0);
        g_assert_cmpuint(number(root_of(&json), "port"), ==, 31415);
}

static void check(Fixture *f, gconstpointer data) {
        g_auto(Run) all = run(f, "firewall check -j"), some = {};
        g_autofree char *twice = fake_called(f->fake, "FindBlocks"), *once = NULL;

        g_assert_cmpint(all.status, ==, 1);
        assert_found(&all, "ok", "firewall", "only members may connect", "");
        assert_found(&all, "warning", "table", "other rules", "pictl firewall apply");
        assert_found(&all, "ok", "listener", "the service listens", "");
        assert_found(&all, "note", "refused", "10.0.0.9 tried 4 times", "firewall open 10.0.0.9");
        fake_answer(f->fake, "FindBlocks", BLOCKS);
        some = run(f, "firewall check -j --from=10.0.0.9");
        g_assert_cmpint(some.status, ==, 2);
        assert_found(&some, "broken", "filters", "rule 10 of chain filter_INPUT of table "
                     "\"inet firewalld\" drops", "firewall-cmd --permanent --add-port=");
        /* Whether strangers may come to other ports is asked only where nothing is in the way. */
        g_assert_cmpstr(twice, ==, "(1, ['192.0.2.1', '2001:db8::1'])");
        once = fake_called(f->fake, "FindBlocks");
        g_assert_true(g_str_has_suffix(once, ", ['10.0.0.9'])"));
        {
                g_auto(Run) bad = run(f, "firewall check --from=node9");
                assert_refused(&bad, 2, "'node9' is neither another member nor an address");
        }
}

static void windows(Fixture *f, gconstpointer data) {
        g_auto(Run) opened = {}, closed = {}, absent = {}, wrong = {};
        g_autofree char *open_call = NULL, *close_call = NULL;

        fake_answer(f->fake, "OpenWindow", "()");
        fake_answer(f->fake, "CloseWindow", "()");
        opened = run(f, "firewall open 2001:DB8::/32 --for=1h");
        open_call = fake_called(f->fake, "OpenWindow");
        g_assert_cmpint(opened.status, ==, 0);
        g_assert_cmpstr(open_call, ==, "('2001:db8::/32', 3600000000)");
        closed = run(f, "firewall close 192.0.2.7 -j");
        close_call = fake_called(f->fake, "CloseWindow");
        g_assert_cmpstr(close_call, ==, "('192.0.2.7')");
        g_assert_cmpstr(json_object_get_string_member(root_of(&closed), "closed"), ==, "192.0.2.7");
        fake_fail(f->fake, "CloseWindow", "org.picompute1.Error.InvalidOption", "no such window");
        absent = run(f, "firewall close 192.0.2.7");
        assert_refused(&absent, 2, "no such window");
        wrong = run(f, "firewall open 192.0.2.7/24");
        assert_refused(&wrong, 2, "give 192.0.2.0/24");
}

static void not_root(Fixture *f, gconstpointer data) {
        g_auto(Run) show_it = {}, doctor = {};

        fake_fail(f->fake, "Describe", "org.picompute1.Error.NotAuthorized", "only root");
        show_it = run(f, "firewall show");
        assert_refused(&show_it, 6, "run it as root: sudo pictl firewall show");
        doctor = run(f, "doctor -j");
        g_assert_cmpint(doctor.status, ==, 0);
        assert_found(&doctor, "note", "helper", "only root", "sudo pictl firewall check");
}

/* Whatever is on the bus in place of the helper. */
static void nonsense(Fixture *f, gconstpointer data) {
        static const char *const answers[] = {
                "()", "('x',)", "(@a{sv} {},)", "({'applied': <uint32 1>},)",
                DESCRIPTION("[1, 2]", REFUSED), DESCRIPTION(MEMBERS, "'many'"),
                DESCRIPTION("[('; reboot', 'a', uint64 1)]", REFUSED),
        };

        for (gsize i = 0; i < G_N_ELEMENTS(answers); i++) {
                g_auto(Run) show_it = {}, doctor = {};

                g_test_message("%s", answers[i]);
                fake_answer(f->fake, "Describe", answers[i]);
                show_it = run(f, "firewall show");
                assert_refused(&show_it, 1, "another version?");
                doctor = run(f, "doctor -j");
                g_assert_cmpint(doctor.status, ==, 2);
                assert_found(&doctor, "broken", "helper", "", "another version?");
        }
        fake_answer(f->fake, "Describe", DESCRIPTION(MEMBERS, REFUSED));
        fake_answer(f->fake, "FindBlocks", "([{'source': <'$(reboot)'>}],)");
        {
                g_auto(Run) doctor = run(f, "doctor -j");

                g_assert_cmpint(doctor.status, ==, 2);
                assert_found(&doctor, "broken", "filters", "cannot be read", "another version?");
        }
}

static void huge(Fixture *f, gconstpointer data) {
        g_autoptr(GString) members = g_string_new("[('192.0.2.7', 'gpu-1', uint64 5)");
        g_autofree char *answer = NULL;
        g_auto(Run) show_it = {}, doctor = {};
        g_auto(GStrv) halves = g_strsplit(DESCRIPTION("@", REFUSED), "@", 2);

        for (guint i = 0; i < 100000; i++)
                g_string_append(members, ",('192.0.2.7', 'gpu-1', 5)");
        g_string_append_c(members, ']');
        answer = g_strjoin("", halves[0], members->str, halves[1], NULL);
        fake_answer(f->fake, "Describe", answer);
        show_it = run(f, "firewall show");
        assert_refused(&show_it, 1, "more entries than it can have");
        doctor = run(f, "doctor -j");
        assert_found(&doctor, "broken", "helper", "more entries", "");
}

static void hanging(Fixture *f, gconstpointer data) {
        g_autoptr(GSubprocess) show_it = NULL, doctor = NULL;
        g_auto(Run) show_run = {}, doctor_run = {};

        fake_hang(f->fake, "Describe");
        show_it = spawn_pictl(&f->session, "firewall show");
        doctor = spawn_pictl(&f->session, "doctor -j");
        doctor_run = finish(doctor);
        g_assert_cmpint(doctor_run.status, ==, 2);
        assert_found(&doctor_run, "broken", "helper", "did not answer in time", "journalctl");
        show_run = finish(show_it);
        assert_refused(&show_run, 124, "did not answer in time");
}

/* Port=0: who listens at nothing has no port to be asked about. */
static void only_connects(Fixture *f, gconstpointer data) {
        g_autofree char *settings = g_build_filename(f->session.bus->state, "pi-computed.conf",
                                                     NULL);
        g_autofree char *asked = NULL;
        g_auto(Run) doctor = {}, check_it = {};

        g_assert_true(g_file_set_contents(settings, "[Cluster]\nPort=0\n", -1, NULL));
        f->fake = fake_new(f->session.bus, helper_name);
        fake_answer(f->fake, "Remove", "()");
        test_daemon_start(f->session.bus, (const char *const[]) { "--workers=2", NULL });
        g_assert_null(test_manager_call(f->session.client, "CreateCluster", "()"));
        doctor = run(f, "doctor -j");
        g_assert_cmpint(doctor.status, ==, 0);
        assert_found(&doctor, "ok", "firewall", "this node connects to the others", "");
        assert_found(&doctor, "note", "members", "nobody can connect to this node", "Port=");
        check_it = run(f, "firewall check -j");
        g_assert_cmpint(check_it.status, ==, 0);
        g_assert_null(find(&check_it, "listener", ""));
        asked = fake_called(f->fake, "Describe");
        g_assert_null(asked);
}

static void firewalld(Fixture *f, gconstpointer data) {
        g_auto(Run) doctor = {}, apply = {}, again = {}, untaught = {};
        g_autofree char *now = NULL, *for_good = NULL;

        fake_answer(f->fake, "queryService", "(false,)");
        doctor = run(f, "doctor -j");
        assert_found(&doctor, "note", "firewalld", "does not have the service", "add-port=");
        fake_fail(f->fake, "queryService", FIREWALLD ".Exception", "INVALID_SERVICE: pi-computed");
        untaught = run(f, "firewall check -j");
        assert_found(&untaught, "note", "firewalld", "does not know", "firewall-cmd --reload");
        fake_answer(f->fake, "getDefaultZone", "('public',)");
        fake_answer(f->fake, "getZoneByName", "(objectpath '/org/fedoraproject/zone/1',)");
        fake_fail(f->fake, "addService", FIREWALLD ".Exception", "ALREADY_ENABLED: pi-computed");
        apply = run(f, "firewall apply --firewalld -j");
        g_assert_cmpint(apply.status, ==, 0);
        g_assert_true(json_object_get_boolean_member(root_of(&apply), "firewalld"));
        now = fake_called(f->fake, "getZoneByName");
        g_assert_cmpstr(now, ==, "('public')");
        for_good = fake_called(f->fake, "addService");
        g_assert_cmpstr(for_good, ==, "('pi-computed')");
        fake_fail(f->fake, "addService", FIREWALLD ".Exception", "INVALID_SERVICE: pi-computed");
        again = run(f, "firewall apply --firewalld");
        assert_refused(&again, 1, "firewall-cmd --reload");
}

static void remove_and_apply(Fixture *f, gconstpointer data) {
        g_auto(Run) removed = run(f, "firewall remove"), doctor = run(f, "doctor -j");
        g_auto(Run) applied = run(f, "firewall apply"), alone = {}, after = {};

        g_assert_cmpint(removed.status, ==, 0);
        g_assert_nonnull(strstr(removed.out, "Firewall=no"));
        assert_found(&doctor, "warning", "firewall", "removed", "pictl firewall apply");
        g_assert_cmpint(applied.status, ==, 0);
        alone = run(f, "firewall apply --firewalld");
        assert_refused(&alone, 1, "firewalld is not on the bus");
        after = run(f, "doctor -j");
        assert_found(&after, "ok", "firewall", "only members", "");
}

#define TEST(name, data, before, function)                                                    \
        g_test_add("/doctor/" name, Fixture, data, before, function, tear_down)

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        TEST("without-daemon", NULL, set_up_bare, without_daemon);
        TEST("without-bus", NULL, set_up_bare, without_bus);
        TEST("with-daemon", NULL, set_up_bare, with_daemon);
        TEST("frozen-daemon", NULL, set_up_bare, frozen_daemon);
        TEST("show", helper_name, set_up, show);
        TEST("check", helper_name, set_up, check);
        TEST("windows", helper_name, set_up, windows);
        TEST("not-root", helper_name, set_up, not_root);
        TEST("nonsense", helper_name, set_up, nonsense);
        TEST("huge", helper_name, set_up, huge);
        TEST("hanging", helper_name, set_up, hanging);
        TEST("only-connects", NULL, set_up_bare, only_connects);
        TEST("firewalld", both_names, set_up, firewalld);
        TEST("remove-and-apply", helper_name, set_up, remove_and_apply);
        return g_test_run();
}
