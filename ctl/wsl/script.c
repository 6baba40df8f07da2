/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/wsl/script.h"

#include <string.h>

#define DISTRO_MAX 64

#define RUN_KEY "'HKCU:\\Software\\Microsoft\\Windows\\CurrentVersion\\Run'"
#define VERSION_KEY "'HKLM:\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion'"

/* An error ends a script, and no progress is drawn into its output. */
#define PRELUDE(name)                                                                             \
        "# pi-computed: " name "\n"                                                               \
        "$ErrorActionPreference='Stop'\n"                                                         \
        "$ProgressPreference='SilentlyContinue'\n"                                                \
        "[Console]::OutputEncoding=[Text.Encoding]::UTF8\n"

/* Else the status is that of the last command, and one that found nothing has failed. Not in what a
 * person may paste: it would close their window. */
#define EPILOGUE "exit 0\n"

gboolean pi_wsl_distro_is_valid(const char *name) {
        gsize length = strlen(name);

        for (gsize i = 0; i < length; i++)
                if (!g_ascii_isalnum(name[i]) && !strchr("._-", name[i]))
                        return FALSE;
        return length >= 1 && length <= DISTRO_MAX && name[0] != '-';
}

char *pi_rule_name(guint16 port) {
        return g_strdup_printf(PI_WSL_RULE_PREFIX "%u", port);
}

char *pi_script_facts(const char *distro) {
        g_return_val_if_fail(distro[0] == '\0' || pi_wsl_distro_is_valid(distro), NULL);
        return g_strdup_printf(
                PRELUDE("facts")
                "\"profile=$env:USERPROFILE\"\n"
                "$u=(Get-ItemProperty " VERSION_KEY ").UBR\n"
                "\"build=$([Environment]::OSVersion.Version.Build).$u\"\n"
                "\"utc=$([DateTimeOffset]::UtcNow.ToUnixTimeMilliseconds())\"\n"
                "$r=Get-ItemProperty " RUN_KEY " -Name 'pi-computed %s' "
                "-ErrorAction SilentlyContinue\n"
                "\"logon=$($r.'pi-computed %s')\"\n" EPILOGUE,
                distro, distro);
}

/* Each of the cmdlets may be missing or fail on its own. */
#define MESSAGE(key) "\"" key "=$($_.Exception.Message -replace '\\s+',' ')\""
#define CATCH(key) "} catch { " MESSAGE(key) " }\n"

/* That there is nothing to list is an error as well. */
#define CATCH_BUT_EMPTY(key)                                                                      \
        "} catch { if ($_.FullyQualifiedErrorId -notlike 'CmdletizationQuery_NotFound*') { "      \
        MESSAGE(key) " } }\n"

char *pi_script_network(void) {
        return g_strdup(
                PRELUDE("network")
                "$id='" PI_WSL_VM_CREATOR "'\n"
                "try {\n"
                "$s=Get-NetFirewallHyperVVMSetting -PolicyStore ActiveStore -Name $id\n"
                "\"enabled=$($s.Enabled)\"\n"
                "\"inbound=$($s.DefaultInboundAction)\"\n"
                CATCH("vmerror")
                "try {\n"
                "Get-NetFirewallHyperVRule -PolicyStore ActiveStore -VMCreatorId $id | "
                "Where-Object { \"$($_.Direction)\" -eq 'Inbound' } | ForEach-Object { "
                "\"rule=$($_.Name)|$($_.Action)|$($_.Protocol)|$($_.LocalPorts -join ',')|"
                "$($_.RemoteAddresses -join ',')|$($_.Enabled)|$($_.EnforcementStatus)\" }\n"
                CATCH_BUT_EMPTY("ruleerror")
                "try {\n"
                "Get-NetFirewallHyperVProfile -PolicyStore ActiveStore | ForEach-Object { "
                "\"profile=$($_.Name)|$($_.AllowLocalFirewallRules)\" }\n"
                CATCH("profileerror")
                "netsh int ipv4 show dynamicport tcp | ForEach-Object { \"dynamic=$_\" }\n"
                "netsh int ipv4 show excludedportrange protocol=tcp | "
                "ForEach-Object { \"excluded=$_\" }\n" EPILOGUE);
}

char *pi_script_lan(void) {
        return g_strdup(
                PRELUDE("lan")
                "$r=Get-NetRoute -AddressFamily IPv4 -DestinationPrefix '0.0.0.0/0' | "
                "Sort-Object { $_.RouteMetric + $_.InterfaceMetric } | Select-Object -First 1\n"
                "Get-NetIPAddress -AddressFamily IPv4 -InterfaceIndex $r.InterfaceIndex | "
                "Where-Object { $_.IPAddress -notlike '169.254.*' } | "
                "Select-Object -First 1 | "
                "ForEach-Object { \"lan=$($_.IPAddress)/$($_.PrefixLength)\" }\n" EPILOGUE);
}

/* That there is none is an error, too. Of every port: one that was changed would stay open. */
#define REMOVE_OURS                                                                               \
        "Get-NetFirewallHyperVRule -VMCreatorId $id -ErrorAction SilentlyContinue | "             \
        "Where-Object { $_.Name -like '" PI_WSL_RULE_PREFIX "*' } | Remove-NetFirewallHyperVRule\n"

char *pi_script_allow(guint16 port, const char *const *prefixes) {
        GString *script = g_string_new(PRELUDE("allow") "$id='" PI_WSL_VM_CREATOR "'\n"
                                       REMOVE_OURS);
        g_autofree char *name = pi_rule_name(port);

        g_string_append_printf(script,
                               "New-NetFirewallHyperVRule -Name %s -DisplayName "
                               "'pi-computed federation (TCP %u)' -Direction Inbound "
                               "-VMCreatorId $id -Protocol TCP -LocalPorts %u -RemoteAddresses ",
                               name, port, port);
        for (gsize i = 0; prefixes[i]; i++)
                g_string_append_printf(script, "%s'%s'", i > 0 ? "," : "", prefixes[i]);
        g_string_append(script, " -Action Allow | Out-Null\n");
        return g_string_free(script, FALSE);
}

char *pi_script_disallow(void) {
        return g_strdup(PRELUDE("disallow") "$id='" PI_WSL_VM_CREATOR "'\n" REMOVE_OURS);
}

char *pi_script_logon(const char *distro) {
        g_return_val_if_fail(pi_wsl_distro_is_valid(distro), NULL);
        return g_strdup_printf(
                PRELUDE("logon")
                "$c='\"'+$env:SystemRoot+'\\System32\\wsl.exe\" -d %s --exec /bin/true'\n"
                "New-ItemProperty -Path " RUN_KEY " -Name 'pi-computed %s' -PropertyType String "
                "-Value $c -Force | Out-Null\n",
                distro, distro);
}

char *pi_script_no_logon(const char *distro) {
        g_return_val_if_fail(pi_wsl_distro_is_valid(distro), NULL);
        return g_strdup_printf(
                PRELUDE("no-logon")
                "Remove-ItemProperty -Path " RUN_KEY " -Name 'pi-computed %s'\n"
                EPILOGUE,
                distro);
}
