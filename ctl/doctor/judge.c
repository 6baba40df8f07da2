/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/doctor/judge.h"

#include <string.h>
#include <sysexits.h>

#include "config.h"
#include "ctl/format.h"
#include "ctl/job.h"
#include "ctl/text.h"

#define TEXT_SHOWN_MAX 500
/* What checkpoints and history of a busy week take, and what is left for the last words. */
#define DISK_WARNING_BYTES (G_GUINT64_CONSTANT(256) << 20)
#define DISK_BROKEN_BYTES (G_GUINT64_CONSTANT(16) << 20)
#define CPUS_SHOWN_MAX 16

const char *pi_doctor_restart(gboolean user) {
        return user ? "systemctl --user restart pi-computed" : "systemctl restart pi-computed";
}

void pi_doctor_judge_service(const PiService *service, gboolean user, PiFindings *findings) {
        g_autofree char *version = NULL;

        if (service->error) {
                pi_findings_add_error(findings,
                                      service->starts ? PI_FINDING_WARNING : PI_FINDING_BROKEN,
                                      "service", service->error);
                return;
        }
        version = pi_text_escape(pi_dict_string(service->manager, "Version"), FALSE, 32);
        if (strcmp(version, PI_VERSION) == 0)
                pi_findings_add(findings, PI_FINDING_OK, "service", NULL,
                                "pi-computed %s answers", version);
        else
                pi_findings_add(findings, PI_FINDING_WARNING, "service", pi_doctor_restart(user),
                                "the service is of version %s, pictl of " PI_VERSION, version);
}

static void judge_state(const PiUnit *unit, const char *name, const char *option,
                        gboolean in_cluster, PiFindings *findings) {
        g_autofree char *again = g_strdup_printf(
                "journalctl %s-u %s -n 50\nsystemctl %sreset-failed %s\nsystemctl %sstart %s",
                option, name, option, name, option, name);
        g_autofree char *enable = g_strdup_printf("systemctl %senable %s", option, name);

        if (strcmp(unit->active, "failed") == 0)
                pi_findings_add(findings, PI_FINDING_BROKEN, "unit", again, "%s has failed%s%s%s",
                                name, unit->result[0] ? ": " : "", unit->result,
                                unit->status == EX_CONFIG
                                        ? ", for a fault in pi-computed.conf that the journal tells"
                                        : "");
        else if (in_cluster && strcmp(unit->file, "disabled") == 0)
                pi_findings_add(findings, PI_FINDING_WARNING, "unit", enable,
                                "%s is not started with the machine, which is a member of a "
                                "cluster", name);
        else
                pi_findings_add(findings, PI_FINDING_OK, "unit", NULL, "%s is %s", name,
                                unit->active);
}

void pi_doctor_judge_unit(const PiUnit *unit, const char *name, gboolean there, gboolean user,
                          gboolean in_cluster, PiFindings *findings) {
        const char *option = user ? "--user " : "";
        g_autofree char *unmask = g_strdup_printf("systemctl %sunmask %s", option, name);
        g_autofree char *reload = g_strdup_printf(
                "install pi-computed, then: systemctl %sdaemon-reload", option);

        if (!there)
                pi_findings_add(findings, PI_FINDING_NOTE, "unit", NULL,
                                "systemd is not on this bus, so that no unit was looked at");
        else if (!unit)
                pi_findings_add(findings, PI_FINDING_NOTE, "unit", NULL,
                                "systemd does not say how %s is", name);
        else if (strcmp(unit->load, "masked") == 0)
                pi_findings_add(findings, PI_FINDING_BROKEN, "unit", unmask, "%s is masked", name);
        else if (strcmp(unit->load, "loaded") != 0)
                pi_findings_add(findings, PI_FINDING_WARNING, "unit", reload,
                                "systemd has no unit %s (%s)", name, unit->load);
        else
                judge_state(unit, name, option, in_cluster, findings);
}

void pi_doctor_judge_store(GVariant *manager, gboolean user, PiFindings *findings) {
        g_autofree char *why = pi_text_escape(pi_dict_string(manager, "StoreError"), FALSE,
                                              TEXT_SHOWN_MAX);

        if (strcmp(pi_dict_string(manager, "StoreState"), "ok") == 0)
                pi_findings_add(findings, PI_FINDING_OK, "store", NULL,
                                "jobs and checkpoints can be written");
        else
                pi_findings_add(findings, PI_FINDING_BROKEN, "store",
                                user ? "journalctl --user -u pi-computed -n 50"
                                     : "journalctl -u pi-computed -n 50",
                                "jobs do not survive a restart, as the store cannot be written: "
                                "%s", why[0] ? why : "it does not say why");
}

void pi_doctor_judge_disk(guint64 free_bytes, const char *directory, PiFindings *findings) {
        g_autofree char *left = pi_format_bytes(free_bytes);
        g_autofree char *look = g_strdup_printf("df -h %s", directory);

        if (free_bytes == G_MAXUINT64)
                return;
        if (free_bytes >= DISK_WARNING_BYTES)
                pi_findings_add(findings, PI_FINDING_OK, "disk", NULL, "%s has %s left", directory,
                                left);
        else
                pi_findings_add(findings,
                                free_bytes < DISK_BROKEN_BYTES ? PI_FINDING_BROKEN
                                                               : PI_FINDING_WARNING,
                                "disk", look, "%s has only %s left: make room", directory, left);
}

static void judge_out_of_service(GVariant *cores, PiFindings *findings) {
        g_autoptr(GString) cpus = g_string_new(NULL);
        guint n = 0;

        for (gsize i = 0; i < g_variant_n_children(cores); i++) {
                g_autoptr(GVariant) core = g_variant_get_child_value(cores, i);

                if (strcmp(pi_dict_string(core, "state"), "out-of-service") == 0 &&
                    n++ < CPUS_SHOWN_MAX)
                        g_string_append_printf(cpus, "%s%" G_GUINT64_FORMAT, n > 1 ? " " : "",
                                               pi_dict_u64(core, "cpu"));
        }
        if (n == 0)
                pi_findings_add(findings, PI_FINDING_OK, "cores", NULL,
                                "all of %" G_GSIZE_FORMAT " are in service",
                                g_variant_n_children(cores));
        else {
                g_autofree char *restore = g_strdup_printf(
                        "pictl faults\nreplace the hardware, or: pictl restore %s", cpus->str);

                pi_findings_add(findings, PI_FINDING_WARNING, "cores", restore,
                                "%u gave wrong sums and %s out of service: CPU %s%s", n,
                                n == 1 ? "is" : "are", cpus->str,
                                n > CPUS_SHOWN_MAX ? " ..." : "");
        }
}

void pi_doctor_judge_cores(GVariant *metrics, PiFindings *findings) {
        g_autoptr(GVariant) cores = g_variant_lookup_value(metrics, "cores",
                                                           G_VARIANT_TYPE("aa{sv}"));
        g_autoptr(GVariant) baselines = g_variant_lookup_value(metrics, "baselines",
                                                               G_VARIANT_TYPE("aa{sv}"));

        if (cores && g_variant_n_children(cores) > 0)
                judge_out_of_service(cores, findings);
        if (!baselines || g_variant_n_children(baselines) == 0)
                pi_findings_add(findings, PI_FINDING_NOTE, "baseline", "pictl sweep",
                                "the rate of one thread is not measured yet, so that jobs have no "
                                "speed-up");
}
