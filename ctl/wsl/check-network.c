/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "ctl/wsl/check.h"
#include "ctl/wsl/powershell.h"
#include "ctl/wsl/script.h"

/* Ports that the mirrored network never hands to Linux. */
static const guint16 kept_by_windows[] = { 135, 1900, 2869, 3702, 5004, 5357, 5358 };

/* "Any", "31415", "80,31400-31500". */
static gboolean covers(const char *ports, guint16 port) {
        g_auto(GStrv) words = g_strsplit(ports, ",", -1);

        for (char **word = words; *word; word++) {
                char *end;
                unsigned long first = strtoul(g_strstrip(*word), &end, 10);
                unsigned long last = *end == '-' ? strtoul(end + 1, NULL, 10) : first;

                if (g_ascii_strcasecmp(*word, "Any") == 0 || (first <= port && port <= last))
                        return TRUE;
        }
        return FALSE;
}

/* Fields of a rule=... of the script. */
enum {
        RULE_NAME,
        RULE_ACTION,
        RULE_PROTOCOL,
        RULE_PORTS,
        RULE_REMOTE,
        RULE_ENABLED,
        RULE_STATUS,
        RULE_FIELDS
};

/* By name or number. */
static gboolean is_tcp(const char *protocol) {
        static const char *const words[] = { "TCP", "6", "Any", "256" };

        for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
                if (g_ascii_strcasecmp(words[i], protocol) == 0)
                        return TRUE;
        return FALSE;
}

/* By name or number; one that is disabled stays in the list and lets nobody in. */
static gboolean is_enabled(const char *enabled) {
        return g_ascii_strcasecmp(enabled, "True") == 0 || strcmp(enabled, "1") == 0;
}

static gboolean lets_in(char *const *f, guint16 port) {
        return g_ascii_strcasecmp(f[RULE_ACTION], "Allow") == 0 && is_enabled(f[RULE_ENABLED]) &&
               is_tcp(f[RULE_PROTOCOL]) && covers(f[RULE_PORTS], port);
}

/* The first that lets somebody in, of this name unless it is NULL; NULL for none. */
static char **find_rule(const char *answer, guint16 port, const char *name) {
        char *line;

        while ((line = pi_answer_next(&answer, "rule"))) {
                g_auto(GStrv) f = g_strsplit(line, "|", RULE_FIELDS);

                g_free(line);
                if (g_strv_length(f) == RULE_FIELDS && lets_in(f, port) &&
                    (!name || strcmp(f[RULE_NAME], name) == 0))
                        return g_steal_pointer(&f);
        }
        return NULL;
}

gboolean pi_wsl_port_has_our_rule(const char *answer, guint16 port) {
        g_autofree char *name = pi_rule_name(port);
        g_auto(GStrv) rule = find_rule(answer, port, name);

        return rule != NULL;
}

PiWslRules pi_wsl_our_rules(const char *answer) {
        g_autofree char *trouble = pi_answer_get(answer, "ruleerror");
        gboolean found = FALSE;
        char *line;

        while (!found && (line = pi_answer_next(&answer, "rule"))) {
                found = g_str_has_prefix(line, PI_WSL_RULE_PREFIX);
                g_free(line);
        }
        if (found)
                return PI_WSL_RULES_THERE;
        return trouble ? PI_WSL_RULES_UNKNOWN : PI_WSL_RULES_NONE;
}

static gboolean is(const char *answer, const char *key, const char *word) {
        g_autofree char *value = pi_answer_get(answer, key);

        return value && g_ascii_strcasecmp(value, word) == 0;
}

static void check_rule(const char *answer, guint16 port, PiFindings *findings) {
        g_autofree char *trouble = pi_answer_get(answer, "ruleerror");
        g_autofree char *setting = pi_answer_get(answer, "vmerror");
        g_autofree char *remedy = g_strdup_printf(
                "pictl wsl setup --elevate --port=%u (Windows asks for an administrator)", port);
        g_auto(GStrv) rule = find_rule(answer, port, NULL);

        if (trouble)
                pi_findings_add(findings, PI_FINDING_WARNING, "rule", "update Windows and WSL",
                                "the Hyper-V firewall does not tell its rules: %s", trouble);
        else if (!rule && setting)
                pi_findings_add(findings, PI_FINDING_WARNING, "rule", remedy,
                                "the Hyper-V firewall has no rule that lets members in at TCP port "
                                "%u, and does not tell whether it needs one: %s", port, setting);
        else if (rule)
                pi_findings_add(findings, PI_FINDING_OK, "rule", NULL,
                                "the Hyper-V firewall lets %s in at TCP port %u by the rule %s%s%s",
                                rule[RULE_REMOTE][0] ? rule[RULE_REMOTE] : "everybody", port,
                                rule[RULE_NAME], rule[RULE_STATUS][0] ? ", status " : "",
                                rule[RULE_STATUS]);
        else if (is(answer, "inbound", "Allow") || is(answer, "enabled", "False"))
                pi_findings_add(findings, PI_FINDING_NOTE, "rule", NULL,
                                "the Hyper-V firewall lets everybody in at every port; a rule for "
                                "port %u alone would do", port);
        else
                pi_findings_add(findings, PI_FINDING_BROKEN, "rule", remedy,
                                "Windows blocks TCP port %u: the Hyper-V firewall has no rule that "
                                "lets members in", port);
}

static void check_policy(const char *answer, guint16 port, PiFindings *findings) {
        g_autofree char *trouble = pi_answer_get(answer, "profileerror");
        g_autofree char *remedy = g_strdup_printf(
                "ask the administrator of the company to allow TCP %u inbound for VMCreatorId "
                PI_WSL_VM_CREATOR, port);
        char *line;

        if (trouble)
                pi_findings_add(findings, PI_FINDING_NOTE, "policy", NULL,
                                "whether a policy has Windows ignore rules made on this machine "
                                "cannot be told: %s", trouble);
        while ((line = pi_answer_next(&answer, "profile"))) {
                g_auto(GStrv) f = g_strsplit(line, "|", 2);

                g_free(line);
                if (f[0] && f[1] && g_ascii_strcasecmp(f[1], "False") == 0)
                        pi_findings_add(findings, PI_FINDING_BROKEN, "policy", remedy,
                                        "a policy has Windows ignore rules made on this machine, "
                                        "in the profile %s", f[0]);
        }
}

/* The n-th number of a line, whatever the language of the words around it. */
static gboolean number_in(const char *line, guint n, unsigned long *ret) {
        for (const char *p = line; *p;) {
                char *end;

                if (!g_ascii_isdigit(*p)) {
                        p++;
                        continue;
                }
                *ret = strtoul(p, &end, 10);
                if (n-- == 0)
                        return TRUE;
                p = end;
        }
        return FALSE;
}

/* "label : number" twice: the first port and how many. A digit in the title stands before no
 * colon. */
static gboolean dynamic_range(const char *answer, unsigned long *first, unsigned long *count) {
        unsigned long numbers[2] = {};
        guint found = 0;
        char *line;

        while ((line = pi_answer_next(&answer, "dynamic"))) {
                const char *colon = strrchr(line, ':');

                if (found < 2 && colon && number_in(colon, 0, &numbers[found]))
                        found++;
                g_free(line);
        }
        *first = numbers[0];
        *count = numbers[1];
        return found == 2;
}

static void check_dynamic(const char *answer, const PiWslFacts *f, guint16 port,
                          PiFindings *findings) {
        gboolean refused = pi_wsl_version_is(f->version, 2, 8, 7);
        unsigned long first, count;

        if (!dynamic_range(answer, &first, &count) || port < first || port >= first + count)
                return;
        pi_findings_add(findings, refused ? PI_FINDING_BROKEN : PI_FINDING_WARNING, "ports",
                        "have another port in pi-computed.conf on every member, or in Windows, as "
                        "administrator: netsh int ipv4 set dynamicport tcp start=49152 num=16384",
                        "port %u lies in the range %lu-%lu from which Windows takes ports for "
                        "itself: %s (WSL issue 40984)", port, first, first + count - 1,
                        refused ? "this WSL cannot listen there"
                                : "it may be taken, and later versions of WSL refuse it");
}

void pi_wsl_check_ports(const char *answer, const PiWslFacts *f, guint16 port,
                        PiFindings *findings) {
        guint before = findings->len;
        unsigned long first, last;
        char *line;

        for (gsize i = 0; i < G_N_ELEMENTS(kept_by_windows); i++)
                if (kept_by_windows[i] == port)
                        pi_findings_add(findings, PI_FINDING_BROKEN, "ports",
                                        "have another port in pi-computed.conf on every member",
                                        "Windows keeps port %u to itself", port);
        check_dynamic(answer, f, port, findings);
        while ((line = pi_answer_next(&answer, "excluded"))) {
                if (number_in(line, 0, &first) && number_in(line, 1, &last) && first <= port &&
                    port <= last)
                        pi_findings_add(findings, PI_FINDING_BROKEN, "ports",
                                        "have another port in pi-computed.conf on every member",
                                        "Windows has reserved the ports %lu-%lu, %u among them",
                                        first, last, port);
                g_free(line);
        }
        if (findings->len == before)
                pi_findings_add(findings, PI_FINDING_OK, "ports", NULL,
                                "Windows does not use port %u", port);
}

void pi_wsl_check_network(PiWslHost *host, const PiWslFacts *f, guint16 port,
                          PiFindings *findings) {
        g_autofree char *script = pi_script_network(), *answer = NULL;
        g_autoptr(GError) error = NULL;

        answer = pi_windows_run(host, script, &error);
        if (!answer) {
                pi_findings_add(findings, PI_FINDING_WARNING, "rule", "try again", "%s",
                                error->message);
                return;
        }
        check_rule(answer, port, findings);
        check_policy(answer, port, findings);
        pi_wsl_check_ports(answer, f, port, findings);
}
