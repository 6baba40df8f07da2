/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/doctor/judge.h"

#include "config.h"
#include "dbus/error.h"
#include "tests/unit/ctl/findings.h"

#define ASSERT(severity, check, words, remedy)                                                \
        assert_finding(findings, PI_FINDING_##severity, check, words, remedy)

static GVariant *dict(const char *text) {
        GVariant *value = g_variant_parse(G_VARIANT_TYPE_VARDICT, text, NULL, NULL, NULL);

        g_assert_nonnull(value);
        return value;
}

static void test_service(void) {
        g_autoptr(GPtrArray) findings = pi_findings_new();
        PiService service = { .error = g_error_new_literal(PI_ERROR, PI_ERROR_FAILED,
                                                           "it does not run; start it") };
        g_autoptr(GVariant) same = dict("{'Version': <'" PI_VERSION "'>}");
        g_autoptr(GVariant) other = dict("{'Version': <'0.0.1'>}");

        pi_doctor_judge_service(&service, FALSE, findings);
        ASSERT(BROKEN, "service", "does not run", "start it");
        g_ptr_array_set_size(findings, 0);
        service.starts = TRUE;
        pi_doctor_judge_service(&service, FALSE, findings);
        ASSERT(WARNING, "service", "does not run", "start it");
        g_clear_error(&service.error);
        service.manager = same;
        pi_doctor_judge_service(&service, FALSE, findings);
        ASSERT(OK, "service", "answers", NULL);
        service.manager = other;
        pi_doctor_judge_service(&service, FALSE, findings);
        ASSERT(WARNING, "service", "0.0.1", "systemctl restart pi-computed");
        g_ptr_array_set_size(findings, 0);
        pi_doctor_judge_service(&service, TRUE, findings);
        ASSERT(WARNING, "service", "0.0.1", "systemctl --user restart pi-computed");
}

static void judge_unit(PiFindings *findings, const char *load, const char *active,
                       const char *file, gboolean in_cluster) {
        PiUnit unit = { (char *) load, (char *) active, (char *) file, (char *) "exit-code" };

        g_ptr_array_set_size(findings, 0);
        pi_doctor_judge_unit(&unit, "a.service", TRUE, FALSE, in_cluster, findings);
}

static void test_unit(void) {
        g_autoptr(GPtrArray) findings = pi_findings_new();

        pi_doctor_judge_unit(NULL, "a.service", FALSE, FALSE, FALSE, findings);
        ASSERT(NOTE, "unit", "systemd is not on this bus", NULL);
        pi_doctor_judge_unit(NULL, "a.service", TRUE, FALSE, FALSE, findings);
        ASSERT(NOTE, "unit", "does not say", NULL);
        judge_unit(findings, "loaded", "active", "enabled", TRUE);
        ASSERT(OK, "unit", "a.service is active", NULL);
        judge_unit(findings, "loaded", "inactive", "disabled", FALSE);
        ASSERT(OK, "unit", "a.service is inactive", NULL);
        judge_unit(findings, "loaded", "active", "disabled", TRUE);
        ASSERT(WARNING, "unit", "not started with the machine", "systemctl enable a.service");
        judge_unit(findings, "loaded", "failed", "enabled", TRUE);
        ASSERT(BROKEN, "unit", "has failed: exit-code", "systemctl start a.service");
        {
                PiUnit unit = { (char *) "loaded", (char *) "failed", (char *) "enabled",
                                (char *) "exit-code", 78 };

                pi_doctor_judge_unit(&unit, "b.service", TRUE, FALSE, FALSE, findings);
                ASSERT(BROKEN, "unit", "exit-code, for a fault in pi-computed.conf", "journalctl");
        }
        judge_unit(findings, "masked", "inactive", "masked", FALSE);
        ASSERT(BROKEN, "unit", "masked", "systemctl unmask a.service");
        judge_unit(findings, "not-found", "inactive", "", FALSE);
        ASSERT(WARNING, "unit", "no unit a.service", "daemon-reload");
}

static void test_store(void) {
        g_autoptr(GPtrArray) findings = pi_findings_new();
        g_autoptr(GVariant) good = dict("{'StoreState': <'ok'>, 'StoreError': <''>}");
        g_autoptr(GVariant) bad = dict("{'StoreState': <'degraded'>, 'StoreError': <'disk full'>}");

        pi_doctor_judge_store(good, FALSE, findings);
        ASSERT(OK, "store", "can be written", NULL);
        pi_doctor_judge_store(bad, FALSE, findings);
        ASSERT(BROKEN, "store", "disk full", "journalctl -u pi-computed");
        g_ptr_array_set_size(findings, 0);
        pi_doctor_judge_store(bad, TRUE, findings);
        ASSERT(BROKEN, "store", "disk full", "journalctl --user -u pi-computed");
        pi_doctor_judge_disk(G_MAXUINT64, "/state", findings);
        g_assert_null(find_finding(findings, "disk", ""));
        pi_doctor_judge_disk(G_GUINT64_CONSTANT(1) << 30, "/state", findings);
        ASSERT(OK, "disk", "1.00 GiB", NULL);
        pi_doctor_judge_disk(G_GUINT64_CONSTANT(100) << 20, "/state", findings);
        ASSERT(WARNING, "disk", "100 MiB", "df -h /state");
        pi_doctor_judge_disk(0, "/state", findings);
        ASSERT(BROKEN, "disk", "only 0 B", "df -h /state");
}

static void test_cores(void) {
        g_autoptr(GPtrArray) findings = pi_findings_new();
        g_autoptr(GVariant) good = dict(
                "{'cores': <[{'cpu': <uint32 0>, 'state': <'in-service'>}]>,"
                " 'baselines': <[{'kernel': <'generic'>}]>}");
        g_autoptr(GVariant) bad = dict(
                "{'cores': <[{'cpu': <uint32 3>, 'state': <'out-of-service'>},"
                " {'cpu': <uint32 4>, 'state': <'in-service'>},"
                " {'cpu': <uint32 5>, 'state': <'out-of-service'>}]>}");

        pi_doctor_judge_cores(good, findings);
        ASSERT(OK, "cores", "all of 1", NULL);
        g_assert_null(find_finding(findings, "baseline", ""));
        pi_doctor_judge_cores(bad, findings);
        ASSERT(WARNING, "cores", "CPU 3 5", "pictl restore 3 5");
        ASSERT(NOTE, "baseline", "not measured", "pictl sweep");
}

static void add(GPtrArray *nodes, const char *text) {
        g_ptr_array_add(nodes, dict(text));
}

static void test_members(void) {
        g_autoptr(GPtrArray) findings = pi_findings_new();
        g_autoptr(GPtrArray) nodes = g_ptr_array_new_with_free_func(
                (GDestroyNotify) g_variant_unref);

        pi_doctor_judge_members(nodes, "", FALSE, findings);
        ASSERT(NOTE, "members", "in no cluster", NULL);
        pi_doctor_judge_members(nodes, "It is damaged", FALSE, findings);
        ASSERT(BROKEN, "members", "in no cluster: It is damaged", "systemctl restart pi-computed");
        add(nodes, "{'Name': <'a'>, 'State': <'self'>}");
        add(nodes, "{'Name': <'b'>, 'State': <'up'>, 'OutboundOnly': <true>}");
        pi_doctor_judge_members(nodes, "", FALSE, findings);
        ASSERT(OK, "members", "all of 2 are up", NULL);
        ASSERT(NOTE, "members", "nobody can connect to b", "Port= in pi-computed.conf of b");
        add(nodes, "{'Name': <'c'>, 'State': <'lost'>, 'StateReason': <'no answer\\u001b'>}");
        add(nodes, "{'Name': <'d'>, 'State': <'quarantined'>}");
        add(nodes, "{'Name': <'e'>, 'State': <'incompatible'>}");
        add(nodes, "{'Name': <'f'>, 'State': <'connecting'>}");
        pi_doctor_judge_members(nodes, "", FALSE, findings);
        ASSERT(WARNING, "members", "c cannot be reached: no answer\\x1b", "on c: pictl doctor");
        ASSERT(WARNING, "members", "d gets no leases", "pictl cluster restore d");
        ASSERT(WARNING, "members", "e is of a version", "systemctl restart");
        ASSERT(NOTE, "members", "f is being", "pictl nodes");
        g_ptr_array_set_size(findings, 0);
        pi_doctor_judge_members(nodes, "", TRUE, findings);
        ASSERT(WARNING, "members", "d gets no leases", "pictl cluster restore d");
        ASSERT(WARNING, "members", "e is of a version", "systemctl --user restart pi-computed");
}

static void test_clocks(void) {
        g_autoptr(GPtrArray) findings = pi_findings_new();
        g_autoptr(GPtrArray) nodes = g_ptr_array_new_with_free_func(
                (GDestroyNotify) g_variant_unref);

        pi_doctor_judge_clocks(nodes, findings);
        g_assert_cmpuint(findings->len, ==, 0);
        add(nodes, "{'Name': <'a'>, 'State': <'up'>, 'ClockOffsetUsec': <int64 -2000000>}");
        add(nodes, "{'Name': <'x'>, 'State': <'lost'>, 'ClockOffsetUsec': <int64 99000000000>}");
        pi_doctor_judge_clocks(nodes, findings);
        ASSERT(OK, "clocks", "agree", NULL);
        add(nodes, "{'Name': <'b'>, 'State': <'up'>, 'ClockOffsetUsec': <int64 12000000>}");
        add(nodes, "{'Name': <'c'>, 'State': <'up'>,"
                   " 'ClockOffsetUsec': <int64 -9223372036854775808>}");
        pi_doctor_judge_clocks(nodes, findings);
        ASSERT(WARNING, "clocks", "b is 12.0 s ahead of", "timedatectl set-ntp true");
        ASSERT(BROKEN, "clocks", "behind", "this node or c: timedatectl");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/doctor/service", test_service);
        g_test_add_func("/ctl/doctor/unit", test_unit);
        g_test_add_func("/ctl/doctor/store", test_store);
        g_test_add_func("/ctl/doctor/cores", test_cores);
        g_test_add_func("/ctl/doctor/members", test_members);
        g_test_add_func("/ctl/doctor/clocks", test_clocks);
        return g_test_run();
}
