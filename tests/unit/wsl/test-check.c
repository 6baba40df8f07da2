/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/check.h"

#include <string.h>

#include "tests/unit/wsl/fake.h"

/* What setup leaves, after a restart. */
static Fake *good(void) {
        Fake *f = fake_new();

        f->mode = "mirrored";
        f->logon = f->rule = TRUE;
        fake_file(f, "/etc/wsl.conf", "[boot]\nsystemd=true\n");
        fake_file(f, "/mnt/c/Users/Ada/.wslconfig",
                  "[wsl2]\nnetworkingMode=mirrored\nvmIdleTimeout=-1\n"
                  "[general]\ninstanceIdleTimeout=-1\n");
        return f;
}

static const PiFinding *worst(const PiFindings *findings) {
        const PiFinding *found = findings->pdata[0];

        for (guint i = 0; i < findings->len; i++) {
                const PiFinding *finding = findings->pdata[i];

                g_test_message("%d %s: %s -> %s", finding->severity, finding->check, finding->text,
                               finding->remedy ? finding->remedy : "");
                if (finding->severity > found->severity)
                        found = finding;
        }
        return found;
}

/* The worst finding is of this severity and check, and says this. */
static void expect(Fake *f, guint16 port, PiSeverity severity, const char *check,
                   const char *words) {
        g_autoptr(GPtrArray) findings = pi_findings_new();
        const PiFinding *found;

        pi_wsl_check(f->host, port, findings);
        found = worst(findings);
        g_assert_cmpint(found->severity, ==, severity);
        g_assert_cmpstr(found->check, ==, check);
        g_assert_nonnull(strstr(found->text, words));
        if (severity > PI_FINDING_NOTE && strcmp(words, "this is not WSL") != 0)
                g_assert_nonnull(found->remedy);
}

/* The one of the last finding of this check. */
static void remedy_of(Fake *f, const char *check, const char *wanted) {
        g_autoptr(GPtrArray) findings = pi_findings_new();
        const char *remedy = NULL;

        pi_wsl_check(f->host, 31415, findings);
        for (guint i = 0; i < findings->len; i++) {
                const PiFinding *finding = findings->pdata[i];

                if (strcmp(finding->check, check) == 0)
                        remedy = finding->remedy;
        }
        g_assert_cmpstr(remedy, ==, wanted);
}

static void test_good(void) {
        g_autoptr(Fake) f = good();
        g_autoptr(GPtrArray) findings = pi_findings_new();

        pi_wsl_check(f->host, 31415, findings);
        g_assert_cmpint(worst(findings)->severity, ==, PI_FINDING_OK);
        g_assert_cmpint(pi_findings_exit_status(findings), ==, 0);
        g_assert_cmpuint(findings->len, >=, 10);
}

static void test_kind(void) {
        g_autoptr(Fake) f = good();

        fake_file(f, "/proc/sys/kernel/osrelease", "4.4.0-19041-Microsoft\n");
        expect(f, 31415, PI_FINDING_BROKEN, "wsl", "this is WSL1");
        g_assert_true(pi_wsl_is_here(f->host));
        fake_file(f, "/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
        expect(f, 31415, PI_FINDING_BROKEN, "wsl", "this is not WSL");
        g_assert_false(pi_wsl_is_here(f->host));
}

static void test_versions(void) {
        g_autoptr(Fake) f = good();

        f->version = "2.5.10.0";
        expect(f, 31415, PI_FINDING_WARNING, "version", "ends a distribution");
        f->version = "1.2.5.0";
        expect(f, 31415, PI_FINDING_BROKEN, "version", "no mirrored network");
        f->version = "";
        expect(f, 31415, PI_FINDING_WARNING, "version", "does not tell");
        f->version = "2.6.3.0";
        f->build = "22621.2358";
        expect(f, 31415, PI_FINDING_WARNING, "windows", "22621.2358");
        f->build = "22621.2359";
        expect(f, 31415, PI_FINDING_OK, "wsl", "WSL2");
}

static void test_mode(void) {
        g_autoptr(Fake) f = good();

        f->mode = "nat";
        expect(f, 31415, PI_FINDING_BROKEN, "mode", "not applied yet");
        fake_file(f, "/mnt/c/Users/Ada/.wslconfig",
                  "[wsl2]\nvmIdleTimeout=-1\n[general]\ninstanceIdleTimeout=-1\n");
        expect(f, 31415, PI_FINDING_WARNING, "mode", "only dial out");
        remedy_of(f, "mode", "pictl wsl setup");
        f->build = "19045.5011";
        remedy_of(f, "mode", "join clusters from here: this node dials out");
}

static void test_systemd(void) {
        g_autoptr(Fake) f = good();
        const char *const argv[] = { "rm", "-r", "run", NULL };

        /* It runs until somebody restarts WSL. */
        fake_file(f, "/etc/wsl.conf", "[boot]\nsystemd=false\n");
        expect(f, 31415, PI_FINDING_WARNING, "systemd", "not set in /etc/wsl.conf");
        fake_file(f, "/etc/wsl.conf", NULL);
        expect(f, 31415, PI_FINDING_WARNING, "systemd", "not set in /etc/wsl.conf");
        fake_file(f, "/etc/wsl.conf", "\xef\xbb\xbf[boot]\nsystemd=true\n");
        expect(f, 31415, PI_FINDING_WARNING, "systemd", "not set in /etc/wsl.conf");
        fake_file(f, "/etc/wsl.conf", "\xff");
        expect(f, 31415, PI_FINDING_BROKEN, "config", "/etc/wsl.conf: line 1 is not UTF-8");
        fake_file(f, "/etc/wsl.conf", "[boot]\nsystemd=true\n");

        g_assert_true(g_spawn_sync(f->host->root, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL,
                                   NULL, NULL, NULL, NULL, NULL));
        expect(f, 31415, PI_FINDING_BROKEN, "systemd", "does not run");
}

static void with_config(const char *text, PiSeverity severity, const char *check,
                        const char *words) {
        g_autoptr(Fake) f = good();

        fake_file(f, "/mnt/c/Users/Ada/.wslconfig", text);
        expect(f, 31415, severity, check, words);
}

#define IDLE "[general]\ninstanceIdleTimeout=-1\n[wsl2]\nvmIdleTimeout=-1\n"

static void test_config(void) {
        with_config(IDLE "networkingMode=mirrored\n[experimental]\nnetworkingMode=nat\n",
                    PI_FINDING_WARNING, "config", "(line 5) and in [experimental] (line 7)");
        with_config(IDLE "[experimental]\nautoProxy=true\n[wsl2]\nautoProxy=false\n",
                    PI_FINDING_WARNING, "config", "autoProxy is set in [wsl2] (line 8)");
        with_config(IDLE "autoMemoryReclaim=gradual\n", PI_FINDING_OK, "wsl", "WSL2");
        with_config("[experimental]\na=b\n[ general]\nautoMemoryReclaim=gradual\n" IDLE,
                    PI_FINDING_WARNING, "config", "line 3");
        with_config(IDLE "firewall=false\n", PI_FINDING_NOTE, "config", "no effect");
        with_config(IDLE "kernel=C:\\kernel\n", PI_FINDING_WARNING, "config", "line 5");
        with_config(IDLE "[experimental]\nautoMemoryReclaim=Gradual\n", PI_FINDING_WARNING,
                    "reclaim", "gradual");
        with_config("[wsl2]\nvmIdleTimeout=-1\n", PI_FINDING_BROKEN, "idle", "15 s");
        with_config("[wsl2]\nvmIdleTimeout=60000\n[general]\ninstanceIdleTimeout=-1\n",
                    PI_FINDING_BROKEN, "idle", "15 s");
        with_config("\xff\xfe[", PI_FINDING_BROKEN, "config", "UTF-16");
}

#define ANY "rule=b|Allow|Any|Any|Any|True|\n"

/* What setup would leave alone is not its to mend. */
static void test_doubled(void) {
        g_autoptr(Fake) f = good();

        fake_file(f, "/mnt/c/Users/Ada/.wslconfig",
                  IDLE "networkingMode=nat\n[experimental]\nnetworkingMode=mirrored\n");
        remedy_of(f, "config", "pictl wsl setup");
        fake_file(f, "/mnt/c/Users/Ada/.wslconfig",
                  IDLE "firewall=true\n[experimental]\nfirewall=true\n");
        remedy_of(f, "config", "remove line 7 of .wslconfig in an editor");
}

static void with_network(const char *text, guint16 port, PiSeverity severity, const char *check,
                         const char *words) {
        g_autoptr(Fake) f = good();

        f->rule = FALSE;
        f->network = text;
        expect(f, port, severity, check, words);
}

static void test_network(void) {
        with_network("enabled=True\ninbound=Block\n", 31415, PI_FINDING_BROKEN, "rule",
                     "blocks TCP port 31415");
        with_network("inbound=Block\nrule=a|Block|TCP|31415|Any|True|\n"
                     "rule=b|Allow|TCP|80,31416-31500|Any|True|\n"
                     "rule=c|Allow|UDP|Any|Any|True|\nrule=d|Allow|TCP|31415|Any|False|OK\n"
                     "rule=e|Allow|TCP|31415|Any|2|OK\n",
                     31415, PI_FINDING_BROKEN, "rule", "blocks");
        with_network("inbound=Block\nrule=b|Allow|6|80, 31400-31500|Any|1|\n", 31415, PI_FINDING_OK,
                     "wsl", "WSL2");
        with_network("inbound=Block\n" ANY, 7, PI_FINDING_OK, "wsl", "WSL2");
        with_network("inbound=Allow\n", 31415, PI_FINDING_NOTE, "rule", "everybody");
        with_network("vmerror=v\nruleerror=not recognized\n", 31415, PI_FINDING_WARNING, "rule",
                     "not recognized");
        with_network("vmerror=denied\n", 31415, PI_FINDING_WARNING, "rule",
                     "whether it needs one: denied");
        with_network("vmerror=denied\n" ANY, 31415, PI_FINDING_OK, "wsl", "WSL2");
        with_network("profileerror=denied\n" ANY, 31415, PI_FINDING_NOTE, "policy", "denied");
        with_network(ANY "profile=Public|True\nprofile=Domain|False\n",
                     31415, PI_FINDING_BROKEN, "policy", "Domain");
}

/* However many others there are. */
static void test_many_rules(void) {
        g_autoptr(GString) text = g_string_new("inbound=Block\n");

        for (int i = 0; i < 2000; i++)
                g_string_append(text, "rule=other|Block|TCP|1|Any|True|OK\n");
        g_string_append(text, ANY);
        with_network(text->str, 31415, PI_FINDING_OK, "wsl", "WSL2");
}

static void test_ports(void) {
        static const char dynamic[] = ANY "dynamic=Protokoll tcp, dynamischer Bereich\n"
                                          "dynamic=Startport        : 1024\n"
                                          "dynamic=Anzahl von Ports : 64511\n";
        g_autoptr(Fake) f = good();

        with_network(dynamic, 31415, PI_FINDING_WARNING, "ports", "1024-65534");
        with_network(dynamic, 1023, PI_FINDING_OK, "wsl", "WSL2");
        f->network = dynamic;
        f->version = "2.9.4.0";
        expect(f, 31415, PI_FINDING_BROKEN, "ports", "cannot listen");
        with_network(ANY "excluded=  31400   31499     *\n", 31415, PI_FINDING_BROKEN, "ports",
                     "reserved the ports 31400-31499");
        with_network(ANY "excluded=  31400   31414\n", 31415, PI_FINDING_OK, "wsl", "WSL2");
        with_network(ANY, 5357, PI_FINDING_BROKEN, "ports", "keeps port 5357");
}

static void test_kernel(void) {
        g_autoptr(Fake) f = good();

        f->clock_msec = 3600000;
        expect(f, 31415, PI_FINDING_WARNING, "clock", " s behind");
        f->clock_msec = -3600000;
        expect(f, 31415, PI_FINDING_WARNING, "clock", "ahead of");
        f->clock_msec = 500;
        expect(f, 31415, PI_FINDING_OK, "wsl", "WSL2");
        fake_file(f, "/sys/module/nft_log", NULL);
        expect(f, 31415, PI_FINDING_NOTE, "modules", "not loaded: nft_log");
        fake_file(f, "/proc/self/mounts", "C:\\134 /mnt/c 9p rw 0 0\n");
        expect(f, 31415, PI_FINDING_WARNING, "cgroup", "version 2");
        f->logon = FALSE;
        fake_file(f, "/proc/self/mounts",
                  "C: /mnt/c drvfs rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n");
        expect(f, 31415, PI_FINDING_WARNING, "logon", "Debian");
}

static void test_interop(void) {
        g_autoptr(Fake) f = good();

        fake_file(f, "/proc/sys/fs/binfmt_misc/WSLInterop", "disabled\n");
        expect(f, 31415, PI_FINDING_WARNING, "interop", "WSLInterop is not registered");
        g_assert_cmpstr(f->log->str, ==, "");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/wsl/check/good", test_good);
        g_test_add_func("/wsl/check/kind", test_kind);
        g_test_add_func("/wsl/check/versions", test_versions);
        g_test_add_func("/wsl/check/mode", test_mode);
        g_test_add_func("/wsl/check/systemd", test_systemd);
        g_test_add_func("/wsl/check/config", test_config);
        g_test_add_func("/wsl/check/doubled", test_doubled);
        g_test_add_func("/wsl/check/network", test_network);
        g_test_add_func("/wsl/check/many-rules", test_many_rules);
        g_test_add_func("/wsl/check/ports", test_ports);
        g_test_add_func("/wsl/check/kernel", test_kernel);
        g_test_add_func("/wsl/check/interop", test_interop);
        return g_test_run();
}
