/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/check.h"

#include <string.h>

#include "ctl/text.h"
#include "ctl/wsl/keep.h"

#define SETUP "pictl wsl setup"
#define UPDATE "wsl --update (in Windows)"
#define SHUTDOWN "wsl --shutdown (in Windows, when your work is saved: it ends every distribution)"
#define VALUE_SHOWN_MAX 64
#define CLOCK_TOLERANCE_MSEC 2000

static void check_version(const PiWslFacts *f, PiFindings *findings) {
        if (f->version[0] == '\0')
                pi_findings_add(findings, PI_FINDING_WARNING, "version", UPDATE,
                                "wslinfo does not tell the version of WSL: it is older than 2.0");
        else if (!pi_wsl_version_is(f->version, 2, 0, 0))
                pi_findings_add(findings, PI_FINDING_BROKEN, "version", UPDATE,
                                "WSL %s has no mirrored network", f->version);
        else if (!pi_wsl_version_is(f->version, 2, 6, 0))
                pi_findings_add(findings, PI_FINDING_WARNING, "version",
                                "wsl --update (in Windows), or leave a terminal open",
                                "WSL %s ends a distribution when its last terminal closes, and has "
                                "no setting against that", f->version);
        else
                pi_findings_add(findings, PI_FINDING_OK, "version", NULL, "WSL %s", f->version);
        if (!pi_wsl_windows_can_mirror(f))
                pi_findings_add(findings, PI_FINDING_WARNING, "windows",
                                "update to Windows 11 22H2 or later; until then join clusters from "
                                "here, this node dials out",
                                "Windows build %s has no mirrored network: members cannot connect "
                                "to this node", f->build);
}

static const char *value_of(const PiIni *ini, const char *section, const char *other,
                            const char *key) {
        const PiIniEntry *e = ini ? pi_ini_find(ini, section, other, key) : NULL;

        return e ? e->value : NULL;
}

/* `conf` is NULL if it cannot be read, which is a finding already. */
static void check_systemd(const PiWslFacts *f, const PiIni *conf, PiFindings *findings) {
        const char *value = value_of(conf, "boot", NULL, "systemd");

        if (f->systemd && (!conf || (value && pi_wsl_value_is_true(value))))
                pi_findings_add(findings, PI_FINDING_OK, "systemd", NULL, "systemd runs");
        else if (f->systemd)
                pi_findings_add(findings, PI_FINDING_WARNING, "systemd", "sudo " SETUP,
                                "systemd runs, but [boot] systemd=true is not set in " PI_WSL_CONF
                                ": it may be gone after the next restart of WSL");
        else
                pi_findings_add(findings, PI_FINDING_BROKEN, "systemd",
                                "sudo " SETUP ", then " SHUTDOWN,
                                "systemd does not run, so the service cannot: [boot] systemd=true "
                                "is not set or not applied");
}

static void check_mode(const PiWslFacts *f, const char *wanted, PiFindings *findings) {
        gboolean asked = wanted && pi_wsl_value_is(wanted, "mirrored");

        if (strcmp(f->mode, "mirrored") == 0)
                pi_findings_add(findings, PI_FINDING_OK, "mode", NULL, "the network is mirrored");
        else if (asked)
                pi_findings_add(findings, PI_FINDING_BROKEN, "mode", SHUTDOWN,
                                "networkingMode=mirrored is set, but the network is \"%s\": it was "
                                "not applied yet, or Windows is older than build 22621.2359, or a "
                                "policy or the registry (IPv6 disabled) is against it",
                                f->mode[0] ? f->mode : "unknown");
        else
                pi_findings_add(findings, PI_FINDING_WARNING, "mode",
                                pi_wsl_windows_can_mirror(f)
                                        ? SETUP
                                        : "join clusters from here: this node dials out",
                                "the network is \"%s\": members cannot connect to this node, which "
                                "can only dial out", f->mode[0] ? f->mode : "unknown");
}

/* Keys that WSL reads in both sections. */
static void check_doubles(const PiIni *ini, PiFindings *findings) {
        static const char *const keys[] = { "networkingMode", "dnsTunneling", "firewall",
                                            "autoProxy" };

        for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
                const PiIniEntry *a = pi_ini_find(ini, "wsl2", NULL, keys[i]);
                const PiIniEntry *b = pi_ini_find(ini, "experimental", NULL, keys[i]);
                g_autofree char *remedy = NULL;

                if (a && b && i > 0) /* setup changes the first one alone */
                        remedy = g_strdup_printf("remove line %u of .wslconfig in an editor",
                                                 MAX(a->line, b->line));
                if (a && b)
                        pi_findings_add(findings, PI_FINDING_WARNING, "config",
                                        remedy ? remedy : SETUP,
                                        "%s is set in [wsl2] (line %u) and in [experimental] (line "
                                        "%u): the first counts, WSL warns of the other", keys[i],
                                        a->line, b->line);
        }
}

static void check_config(const PiWslFacts *f, const PiIni *ini, PiFindings *findings) {
        guint before = findings->len;
        const char *firewall = value_of(ini, "wsl2", "experimental", "firewall");

        check_doubles(ini, findings);
        if (ini->ignored->len > 0)
                pi_findings_add(findings, PI_FINDING_WARNING, "config", "mend it in an editor",
                                "line %u of .wslconfig is none that WSL understands, and is ignored"
                                "%s", g_array_index(ini->ignored, guint, 0),
                                ini->ignored->len > 1 ? "; so are others" : "");
        if (firewall && pi_wsl_value_is_false(firewall) && strcmp(f->mode, "mirrored") == 0)
                pi_findings_add(findings, PI_FINDING_NOTE, "config", NULL,
                                "firewall=false has no effect in the mirrored mode");
        if (findings->len == before)
                pi_findings_add(findings, PI_FINDING_OK, "config", NULL,
                                "nothing is wrong in .wslconfig");
}

static void check_idle(const PiWslFacts *f, const PiIni *ini, PiFindings *findings) {
        const char *instance = value_of(ini, "general", NULL, "instanceIdleTimeout");
        const char *vm = value_of(ini, "wsl2", NULL, "vmIdleTimeout");

        if (!pi_wsl_wants(f).instance_idle)
                pi_findings_add(findings, PI_FINDING_WARNING, "idle",
                                "wsl --update (in Windows), then " SETUP,
                                "Windows stops this node some 15 s after the last terminal closes");
        else if (!instance || !pi_wsl_value_is_negative(instance) || !vm ||
                 !pi_wsl_value_is_negative(vm))
                pi_findings_add(findings, PI_FINDING_BROKEN, "idle", SETUP,
                                "Windows stops this node some 15 s after the last terminal closes: "
                                "instanceIdleTimeout and vmIdleTimeout are not both -1");
        else
                pi_findings_add(findings, PI_FINDING_OK, "idle", NULL,
                                "the node stays up when no terminal is open");
        if (f->distro[0] != '\0' && !f->trouble && f->logon[0] == '\0')
                pi_findings_add(findings, PI_FINDING_WARNING, "logon", SETUP,
                                "nothing starts %s when its user logs on to Windows", f->distro);
}

static void check_reclaim(const PiIni *ini, PiFindings *findings) {
        const char *value = value_of(ini, "experimental", NULL, "autoMemoryReclaim");

        if (value && pi_wsl_value_is(value, "gradual"))
                pi_findings_add(findings, PI_FINDING_WARNING, "reclaim", SETUP,
                                "autoMemoryReclaim=gradual can stall services (WSL issue 10675); "
                                "dropCache, the default, does not");
}

static void check_modules(PiWslHost *host, PiFindings *findings) {
        static const char *const names[] = { "tls", "nft_limit", "nft_log" };
        g_autoptr(GString) missing = g_string_new(NULL);

        for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autofree char *path = g_strconcat("/sys/module/", names[i], NULL);

                if (!pi_wsl_host_has(host, path))
                        g_string_append_printf(missing, "%s%s", missing->len > 0 ? ", " : "",
                                               names[i]);
        }
        if (missing->len > 0)
                pi_findings_add(findings, PI_FINDING_NOTE, "modules",
                                SETUP ", then " SHUTDOWN ", or now: sudo modprobe -a tls nft_limit "
                                "nft_log",
                                "kernel modules are not loaded: %s; the firewall then does without "
                                "a rate limit, and TLS is done by the service", missing->str);
        else
                pi_findings_add(findings, PI_FINDING_OK, "modules", NULL,
                                "the kernel modules are loaded");
}

static void check_kernel(PiWslHost *host, const PiWslFacts *f, PiFindings *findings) {
        gint64 seconds = f->clock_msec / 1000;

        if (!f->cgroup2)
                pi_findings_add(findings, PI_FINDING_WARNING, "cgroup",
                                UPDATE ", to 2.6.2 or later, and no cgroups=v1 in [automount] of "
                                "/etc/wsl.conf",
                                "/sys/fs/cgroup is not of version 2 alone");
        else
                pi_findings_add(findings, PI_FINDING_OK, "cgroup", NULL, "control groups are v2");
        check_modules(host, findings);
        if (f->clock_msec > CLOCK_TOLERANCE_MSEC || f->clock_msec < -CLOCK_TOLERANCE_MSEC)
                pi_findings_add(findings, PI_FINDING_WARNING, "clock", "sudo hwclock -s",
                                "the clock is %" G_GINT64_FORMAT " s %s that of Windows, as after "
                                "a sleep; members refuse each other when clocks differ",
                                ABS(seconds), seconds > 0 ? "behind" : "ahead of");
}

/* NULL, with a finding, if it cannot be read. */
static PiIni *read_ini(PiWslHost *host, PiIniKind kind, const char *name, PiFindings *findings) {
        g_autofree char *path = pi_wsl_host_path(host, name);
        g_auto(PiKeepText) text = {};
        g_autoptr(GError) error = NULL;
        PiIni *ini = NULL;

        if (pi_keep_read(path, &text, &error))
                ini = pi_ini_parse(kind, path, text.text, text.length, &error);
        if (!ini)
                pi_findings_add(findings, PI_FINDING_BROKEN, "config", "mend it in an editor", "%s",
                                error->message);
        return ini;
}

void pi_wsl_check_facts(PiWslHost *host, const PiWslFacts *f, PiFindings *findings) {
        g_autoptr(PiIni) ini = NULL, conf = read_ini(host, PI_INI_CONF, PI_WSL_CONF, findings);

        if (f->config[0])
                ini = read_ini(host, PI_INI_CONFIG, f->config, findings);
        check_version(f, findings);
        check_systemd(f, conf, findings);
        if (f->trouble)
                pi_findings_add(findings, PI_FINDING_WARNING, "interop",
                                "mend what the text names; until then Windows and its files are "
                                "not looked at",
                                "%s", f->trouble);
        else
                pi_findings_add(findings, PI_FINDING_OK, "interop", NULL,
                                "Windows build %s answers", f->build[0] ? f->build : "(unknown)");
        check_mode(f, value_of(ini, "wsl2", "experimental", "networkingMode"), findings);
        if (ini) {
                check_config(f, ini, findings);
                check_idle(f, ini, findings);
                check_reclaim(ini, findings);
        }
        check_kernel(host, f, findings);
}

void pi_wsl_check(PiWslHost *host, guint16 port, PiFindings *findings) {
        g_autoptr(PiWslFacts) f = NULL;

        if (!pi_wsl_is_here(host)) {
                pi_findings_add(findings, PI_FINDING_BROKEN, "wsl", NULL,
                                "this is not WSL: the kernel is none of Microsoft's");
                return;
        }
        if (pi_wsl_kind(host) == PI_WSL_1) {
                pi_findings_add(findings, PI_FINDING_BROKEN, "wsl",
                                "wsl --set-version NAME 2 (in Windows; wsl -l -v lists the names)",
                                "this is WSL1, which has no systemd and no network of its own");
                return;
        }
        f = pi_wsl_facts_new(host);
        pi_findings_add(findings, PI_FINDING_OK, "wsl", NULL, "this is WSL2, kernel %s", f->kernel);
        pi_wsl_check_facts(host, f, findings);
        if (strcmp(f->mode, "mirrored") == 0 && !f->trouble)
                pi_wsl_check_network(host, f, port, findings);
}
