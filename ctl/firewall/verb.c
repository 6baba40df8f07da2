/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/firewall/verb.h"

#include <stdlib.h>

#include "ctl/action.h"
#include "ctl/finding.h"
#include "ctl/firewall/address.h"
#include "ctl/firewall/firewalld.h"
#include "ctl/firewall/gather.h"
#include "ctl/firewall/helper.h"
#include "ctl/firewall/judge.h"
#include "ctl/format.h"
#include "ctl/service.h"
#include "ctl/verbs.h"
#include "dbus/error.h"
#include "dbus/names.h"

/* Of a window, unless --for says otherwise. */
#define WINDOW_USEC (600 * (guint64) G_USEC_PER_SEC)

static const PiMethod apply_firewall = { PI_INTERFACE_MANAGER, "ApplyFirewall", "()",
                                         .interactive = TRUE };
static const PiMethod remove_firewall = { PI_INTERFACE_MANAGER, "RemoveFirewall", "()",
                                          .interactive = TRUE };

PiClient *pi_firewall_client(PiInvocation *inv, GError **error) {
        PiClient *client = pi_client_new(&inv->options, error);

        if (client)
                pi_client_set_deadline(client, PI_HELPER_USEC);
        return client;
}

/* What was done, for programs as a dictionary, for people in a sentence. `dict` is sunk. */
static void tell(PiInvocation *inv, GVariant *dict, const char *text) {
        g_autoptr(GVariant) value = g_variant_ref_sink(dict);

        if (inv->out.json != PI_JSON_OFF)
                pi_json_append(value, inv->out.json, inv->out.text);
        else if (inv->out.legend)
                g_string_append(inv->out.text, text);
}

static int apply(PiInvocation *inv, GError **error) {
        g_autoptr(PiClient) client = pi_firewall_client(inv, error);
        gboolean firewalld = pi_invocation_has(inv, FIREWALLD);
        g_autoptr(GVariant) reply = client ? pi_client_call(client, PI_OBJECT_PATH, &apply_firewall,
                                                            NULL, error)
                                           : NULL;

        if (!reply || (firewalld && !pi_firewalld_open(client, error)))
                return PI_VERB_ERROR;
        tell(inv, g_variant_new_parsed("{'firewall': <'applied'>, 'firewalld': <%b>}", firewalld),
             firewalld ? "Only members may connect; firewalld lets them through, now and after a "
                         "restart.\n"
                       : "Only members may connect.\n");
        return EXIT_SUCCESS;
}

static int remove_rules(PiInvocation *inv, GError **error) {
        g_autoptr(PiClient) client = pi_firewall_client(inv, error);
        g_autoptr(GVariant) reply = client ? pi_client_call(client, PI_OBJECT_PATH,
                                                            &remove_firewall, NULL, error)
                                           : NULL;

        if (!reply)
                return PI_VERB_ERROR;
        tell(inv, g_variant_new_parsed("{'firewall': <'removed'>}"),
             "The rules are off until pictl firewall apply, or the next start of the service;\n"
             "TLS alone protects the port. For good: Firewall=no in pi-computed.conf.\n");
        return EXIT_SUCCESS;
}

static int open_window(PiInvocation *inv, GError **error) {
        guint64 usec = pi_invocation_has(inv, FOR) ? inv->options.for_usec : WINDOW_USEC;
        g_autofree char *prefix = pi_address_prefix(inv->args[1], error), *text = NULL;
        g_autofree char *time = pi_format_usec(usec);
        g_autoptr(PiClient) client = prefix ? pi_firewall_client(inv, error) : NULL;

        if (!client || !pi_helper_open_window(client, prefix, usec, error))
                return PI_VERB_ERROR;
        text = g_strdup_printf("%s may connect for %s; to join, it needs a token as well.\n",
                               prefix, time);
        tell(inv, g_variant_new_parsed("{'opened': <%s>, 'for_usec': <%t>}", prefix, usec), text);
        return EXIT_SUCCESS;
}

static int close_window(PiInvocation *inv, GError **error) {
        g_autofree char *prefix = pi_address_prefix(inv->args[1], error), *text = NULL;
        g_autoptr(PiClient) client = prefix ? pi_firewall_client(inv, error) : NULL;

        if (!client || !pi_helper_close_window(client, prefix, error))
                return PI_VERB_ERROR;
        text = g_strdup_printf("%s may not connect any more, unless it is a member.\n", prefix);
        tell(inv, g_variant_new_parsed("{'closed': <%s>}", prefix), text);
        return EXIT_SUCCESS;
}

int pi_firewall_check(PiInvocation *inv, GError **error) {
        g_autoptr(PiClient) client = pi_firewall_client(inv, error);
        g_autoptr(PiService) service = client ? pi_service_ask(client) : NULL;
        g_autoptr(PiFirewallFacts) facts = NULL;
        g_autoptr(GPtrArray) findings = pi_findings_new();

        if (service)
                facts = pi_firewall_gather(client, service, inv->options.from, error);
        if (!facts)
                return PI_VERB_ERROR;
        if (service->error)
                pi_findings_add_error(findings, PI_FINDING_WARNING, "service", service->error);
        pi_firewall_judge(facts, findings);
        pi_findings_show(findings, &inv->out);
        return pi_findings_exit_status(findings);
}

static const PiAction actions[] = {
        { "show",   NULL,     0,                 pi_firewall_show  },
        { "apply",  NULL,     PI_OPT(FIREWALLD), apply             },
        { "remove", NULL,     0,                 remove_rules      },
        { "check",  NULL,     PI_OPT(FROM),      pi_firewall_check },
        { "open",   "PREFIX", PI_OPT(FOR),       open_window       },
        { "close",  "PREFIX", 0,                 close_window      },
};

/* Of these only root may, and a password does not help. */
static gboolean is_roots(const PiAction *action) {
        return action->run == pi_firewall_show || action->run == open_window ||
               action->run == close_window;
}

int pi_verb_firewall(PiInvocation *inv, GError **error) {
        const PiAction *action = pi_action_find(inv, actions, G_N_ELEMENTS(actions), error);
        g_autoptr(GError) problem = NULL;
        int status;

        if (!action)
                return PI_VERB_ERROR;
        status = action->run(inv, &problem);
        if (is_roots(action) && g_error_matches(problem, PI_ERROR, PI_ERROR_NOT_AUTHORIZED))
                g_set_error(error, PI_ERROR, PI_ERROR_NOT_AUTHORIZED,
                            "only root may ask the helper pi-computed-firewall; run it as root: "
                            "sudo pictl firewall %s%s%s", action->name, action->argument ? " " : "",
                            action->argument ? inv->args[1] : "");
        else if (problem)
                g_propagate_error(error, g_steal_pointer(&problem));
        return status;
}
