/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sys/statvfs.h>

#include "ctl/client.h"
#include "ctl/doctor/judge.h"
#include "ctl/finding.h"
#include "ctl/firewall/gather.h"
#include "ctl/firewall/judge.h"
#include "ctl/job.h"
#include "ctl/service.h"
#include "ctl/units.h"
#include "ctl/verbs.h"
#include "ctl/wsl/check.h"

/* Who does not answer for so long is a finding; the helper of the firewall has longer. */
#define ANSWER_USEC (5 * G_USEC_PER_SEC)

#define UNIT "pi-computed.service"
#define HELPER_UNIT "pi-computed-firewall.service"

/* StateDirectory= of the units, for the service of the machine and of the user. */
static char *state_directory(const PiInvocation *inv) {
        if (inv->options.bus == PI_BUS_USER)
                return g_build_filename(g_get_user_state_dir(), "pi-computed", NULL);
        return g_strdup("/var/lib/pi-computed");
}

static void check_disk(const PiInvocation *inv, PiClient *client, PiFindings *findings) {
        g_autofree char *directory = state_directory(inv);
        struct statvfs disk;

        if (pi_client_is_local(client) && statvfs(directory, &disk) == 0)
                pi_doctor_judge_disk((guint64) disk.f_bavail * disk.f_frsize, directory, findings);
}

static void check_unit(const PiInvocation *inv, PiClient *client, const PiService *service,
                       PiFindings *findings) {
        gboolean there = pi_units_there(client);
        gboolean user = pi_client_is_user(client);
        g_autoptr(PiUnit) unit = there ? pi_unit_get(client, UNIT) : NULL;
        g_autoptr(PiUnit) helper = there ? pi_unit_get(client, HELPER_UNIT) : NULL;

        pi_doctor_judge_unit(unit, UNIT, there, user, pi_service_in_cluster(service), findings);
        /* It comes and goes as it is called: only an end that was none is worth a word. */
        if (helper && strcmp(helper->active, "failed") == 0)
                pi_doctor_judge_unit(helper, HELPER_UNIT, there, user, FALSE, findings);
}

/* The port, as far as it is known. */
static guint16 check_firewall(PiClient *client, const PiService *service, PiFindings *findings) {
        g_autoptr(PiFirewallFacts) facts = pi_firewall_gather(client, service, NULL, NULL);

        if (!facts)
                return PI_WSL_PORT;
        pi_firewall_judge(facts, findings);
        return facts->port;
}

/* What is Windows' about this machine, when that is what is asked about. */
static void check_wsl(const PiInvocation *inv, guint16 port, PiFindings *findings) {
        g_autoptr(PiWslHost) host = NULL;

        if (inv->options.bus == PI_BUS_REMOTE)
                return;
        host = pi_wsl_host_new("");
        if (pi_wsl_is_here(host))
                pi_wsl_check(host, port, findings);
}

static void check_all(const PiInvocation *inv, PiClient *client, PiFindings *findings) {
        g_autoptr(PiService) service = pi_service_ask(client);
        gboolean user = pi_client_is_user(client);
        guint16 port;

        pi_findings_add(findings, PI_FINDING_OK, "bus", NULL, "%s answers",
                        pi_client_bus_text(client));
        pi_doctor_judge_service(service, user, findings);
        check_unit(inv, client, service, findings);
        if (service->manager)
                pi_doctor_judge_store(service->manager, user, findings);
        check_disk(inv, client, findings);
        if (service->metrics)
                pi_doctor_judge_cores(service->metrics, findings);
        port = check_firewall(client, service, findings);
        if (service->nodes) {
                pi_doctor_judge_members(service->nodes,
                                        pi_dict_string(service->manager, "ClusterError"), user,
                                        findings);
                pi_doctor_judge_clocks(service->nodes, findings);
        }
        check_wsl(inv, port, findings);
}

int pi_verb_doctor(PiInvocation *inv, GError **error) {
        g_autoptr(GError) problem = NULL;
        g_autoptr(PiClient) client = pi_client_new(&inv->options, &problem);
        g_autoptr(GPtrArray) findings = pi_findings_new();

        /* What is wrong is what was asked for, and no error. */
        if (client) {
                pi_client_set_deadline(client, ANSWER_USEC);
                check_all(inv, client, findings);
        } else {
                pi_findings_add_error(findings, PI_FINDING_BROKEN, "bus", problem);
                check_wsl(inv, PI_WSL_PORT, findings);
        }
        pi_findings_show(findings, &inv->out);
        return pi_findings_exit_status(findings);
}
