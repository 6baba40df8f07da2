/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/client-error.h"

#include <string.h>

#include "ctl/text.h"
#include "dbus/error.h"
#include "dbus/names.h"

#define MESSAGE_MAX 1000
#define BUS_ERROR "org.freedesktop.DBus.Error."

static const char *start_hint(const PiOptions *options) {
        switch (options->bus) {
        case PI_BUS_USER:
                return "start it with: systemctl --user start pi-computed";
        case PI_BUS_REMOTE:
                return "start it there with: systemctl start pi-computed";
        case PI_BUS_SYSTEM:
        default:
                return "start it with: systemctl start pi-computed "
                       "(or reach your own with pictl --user)";
        }
}

static void set_no_service(GError **error, const PiOptions *options, const char *path,
                           const char *text) {
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "the service " PI_BUS_NAME " is not on the %s bus; %s",
                    options->bus == PI_BUS_USER     ? "user"
                    : options->bus == PI_BUS_REMOTE ? "remote"
                                                    : "system",
                    start_hint(options));
}

static void set_not_started(GError **error, const PiOptions *options, const char *path,
                            const char *text) {
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "the service " PI_BUS_NAME
                    " could not be started: %s; see: journalctl %s-u pi-computed",
                    text, options->bus == PI_BUS_USER ? "--user " : "");
}

static void set_no_reply(GError **error, const PiOptions *options, const char *path,
                         const char *text) {
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "the service did not answer in time (%s); see: journalctl %s-u pi-computed, "
                    "then try again",
                    text, options->bus == PI_BUS_USER ? "--user " : "");
}

/* A bus says so of a call whose answer cannot come any more. */
static void set_lost(GError **error, const PiOptions *options, const char *path, const char *text) {
        g_set_error(error, PI_ERROR, PI_ERROR_NODE_LOST,
                    "the service ended before it replied (%s); see: journalctl %s-u pi-computed, "
                    "then try again",
                    text, options->bus == PI_BUS_USER ? "--user " : "");
}

static void set_denied(GError **error, const PiOptions *options, const char *path,
                       const char *text) {
        g_set_error(
                error, PI_ERROR, PI_ERROR_NOT_AUTHORIZED,
                "not authorised: %s; ask an administrator, or run pictl as one (sudo pictl ...)",
                text);
}

static void set_no_object(GError **error, const PiOptions *options, const char *path,
                          const char *text) {
        if (g_str_has_prefix(path, PI_JOB_PATH_PREFIX "/"))
                g_set_error(error, PI_ERROR, PI_ERROR_NO_SUCH_JOB,
                            "no job %s; pictl jobs lists them, pictl history the older ones",
                            path + sizeof(PI_JOB_PATH_PREFIX));
        else if (g_str_has_prefix(path, PI_NODE_PATH_PREFIX "/"))
                g_set_error(error, PI_ERROR, PI_ERROR_NO_SUCH_NODE,
                            "no node %s; pictl nodes lists them",
                            path + sizeof(PI_NODE_PATH_PREFIX));
        else
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "the service has no object %s (%s); is it of another version? "
                            "pictl version tells", path, text);
}

static void set_other_version(GError **error, const PiOptions *options, const char *path,
                              const char *text) {
        g_set_error(
                error, PI_ERROR, PI_ERROR_FAILED,
                "the service does not know this call (%s); is it of another version? pictl version "
                "tells",
                text);
}

static const struct {
        const char *name;
        void (*set)(GError **error, const PiOptions *options, const char *path, const char *text);
} bus_errors[] = {
        { BUS_ERROR "ServiceUnknown", set_no_service },
        { BUS_ERROR "NameHasNoOwner", set_no_service },
        { BUS_ERROR "Spawn.ServiceNotFound", set_no_service },
        { BUS_ERROR "Spawn.ExecFailed", set_not_started },
        { BUS_ERROR "Spawn.ChildExited", set_not_started },
        { BUS_ERROR "Spawn.ChildSignaled", set_not_started },
        { BUS_ERROR "Spawn.Failed", set_not_started },
        { BUS_ERROR "TimedOut", set_no_reply },
        { BUS_ERROR "Timeout", set_no_reply },
        { BUS_ERROR "NoReply", set_lost },
        { BUS_ERROR "Disconnected", set_no_reply },
        { BUS_ERROR "AccessDenied", set_denied },
        { BUS_ERROR "AuthFailed", set_denied },
        { BUS_ERROR "InteractiveAuthorizationRequired", set_denied },
        { BUS_ERROR "UnknownObject", set_no_object },
        { BUS_ERROR "UnknownMethod", set_other_version },
        { BUS_ERROR "UnknownInterface", set_other_version },
        { BUS_ERROR "UnknownProperty", set_other_version },
        { BUS_ERROR "InvalidArgs", set_other_version },
        { BUS_ERROR "InvalidSignature", set_other_version },
};

void pi_client_error_from_bus(GError **error, const sd_bus_error *bus_error,
                              const PiOptions *options, const char *path) {
        const char *name = bus_error->name ? bus_error->name : BUS_ERROR "Failed";
        g_autofree char *text = pi_text_escape(bus_error->message ? bus_error->message : name, TRUE,
                                               MESSAGE_MAX);
        PiError code;

        if (pi_error_from_name(name, &code)) {
                g_set_error_literal(error, PI_ERROR, (int) code, text);
                return;
        }
        for (gsize i = 0; i < G_N_ELEMENTS(bus_errors); i++)
                if (g_strcmp0(bus_errors[i].name, name) == 0) {
                        bus_errors[i].set(error, options, path, text);
                        return;
                }
        g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "the bus answered with an error: %s (%s)",
                    text, name);
}

/* What can go wrong between pictl and somebody that is not the service. */
typedef enum Trouble {
        TROUBLE_OTHER,
        TROUBLE_ABSENT,
        TROUBLE_NOT_STARTED,
        TROUBLE_SILENT,
        TROUBLE_DENIED,
} Trouble;

static const struct {
        const char *name;
        Trouble trouble;
} troubles[] = {
        { BUS_ERROR "ServiceUnknown", TROUBLE_ABSENT },
        { BUS_ERROR "NameHasNoOwner", TROUBLE_ABSENT },
        { BUS_ERROR "Spawn.ServiceNotFound", TROUBLE_ABSENT },
        { "org.freedesktop.systemd1.NoSuchUnit", TROUBLE_ABSENT },
        { BUS_ERROR "Spawn.ExecFailed", TROUBLE_NOT_STARTED },
        { BUS_ERROR "Spawn.ChildExited", TROUBLE_NOT_STARTED },
        { BUS_ERROR "Spawn.ChildSignaled", TROUBLE_NOT_STARTED },
        { BUS_ERROR "Spawn.Failed", TROUBLE_NOT_STARTED },
        { BUS_ERROR "TimedOut", TROUBLE_SILENT },
        { BUS_ERROR "Timeout", TROUBLE_SILENT },
        { BUS_ERROR "NoReply", TROUBLE_SILENT },
        { BUS_ERROR "AccessDenied", TROUBLE_DENIED },
        { BUS_ERROR "AuthFailed", TROUBLE_DENIED },
        { BUS_ERROR "InteractiveAuthorizationRequired", TROUBLE_DENIED },
        { "org.picompute1.Error.NotAuthorized", TROUBLE_DENIED },
};

static Trouble trouble_of(const char *name) {
        for (gsize i = 0; i < G_N_ELEMENTS(troubles); i++)
                if (g_strcmp0(troubles[i].name, name) == 0)
                        return troubles[i].trouble;
        return TROUBLE_OTHER;
}

/* Who cannot be had, and how it is to be had: of the helper more is known than of strangers. */
static void set_trouble(GError **error, Trouble trouble, gboolean helper, const char *who,
                        const char *text) {
        switch (trouble) {
        case TROUBLE_ABSENT:
                g_set_error(error, PI_ERROR, PI_ERROR_UNREACHABLE, helper
                            ? "%s is not installed, or the bus does not know it yet; install the "
                              "whole of pi-computed, then: systemctl reload dbus"
                            : "%s is not on the bus; start it, or install it", who);
                break;
        case TROUBLE_NOT_STARTED:
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "%s could not be started: %s; see: "
                            "journalctl%s", who, text, helper ? " -u pi-computed-firewall" : "");
                break;
        case TROUBLE_SILENT:
                g_set_error(error, PI_ERROR, PI_ERROR_DEADLINE_EXCEEDED,
                            "%s did not answer in time (%s); see: journalctl%s, then try again",
                            who, text, helper ? " -u pi-computed-firewall" : "");
                break;
        case TROUBLE_DENIED:
                g_set_error(error, PI_ERROR, PI_ERROR_NOT_AUTHORIZED, helper
                            ? "only root may ask %s (%s); run it as root: sudo pictl ..."
                            : "%s does not authorise this: %s; run it as root: sudo pictl ...",
                            who, text);
                break;
        case TROUBLE_OTHER:
        default:
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED, "%s answered with an error: %s", who,
                            text);
        }
}

void pi_client_error_from_other(GError **error, const sd_bus_error *bus_error,
                                const PiOptions *options, const char *destination) {
        const char *name = bus_error->name ? bus_error->name : BUS_ERROR "Failed";
        gboolean helper = strcmp(destination, PI_FIREWALL_BUS_NAME) == 0;
        g_autofree char *text = pi_text_escape(bus_error->message ? bus_error->message : name, TRUE,
                                               MESSAGE_MAX);
        PiError code;

        if (helper && options->bus == PI_BUS_USER && trouble_of(name) == TROUBLE_ABSENT)
                g_set_error_literal(error, PI_ERROR, PI_ERROR_UNREACHABLE,
                                    "there is no helper pi-computed-firewall on the user bus, so "
                                    "that TLS alone protects the port of your own service; for "
                                    "rules use the service of the machine: pictl without --user");
        else if (trouble_of(name) != TROUBLE_DENIED && pi_error_from_name(name, &code))
                g_set_error_literal(error, PI_ERROR, (int) code, text);
        else
                set_trouble(error, trouble_of(name), helper,
                            helper ? "the helper pi-computed-firewall" : destination, text);
}

void pi_client_error_from_name(GError **error, const char *name, const char *message) {
        g_autofree char *text = pi_text_escape(message[0] ? message : name, TRUE, MESSAGE_MAX);
        PiError code;

        if (!pi_error_from_name(name, &code))
                code = PI_ERROR_FAILED;
        g_set_error_literal(error, PI_ERROR, (int) code, text);
}

void pi_client_error_job_lost(GError **error, guint64 id) {
        if (id > 0)
                g_set_error(error, PI_ERROR, PI_ERROR_NODE_LOST,
                            "job %" G_GUINT64_FORMAT " was lost with the service, which ended "
                            "before it was done: pictl show %" G_GUINT64_FORMAT
                            "; to have a job survive the service use pictl submit",
                            id, id);
        else
                g_set_error_literal(error, PI_ERROR, PI_ERROR_NODE_LOST,
                                    "the service ended before the job was done, or before it was "
                                    "taken in; to have a job survive the service use pictl submit");
}

void pi_client_error_connection(GError **error, int r, const PiOptions *options) {
        g_autofree char *host = pi_text_quote(options->host ? options->host : "", MESSAGE_MAX);

        switch (options->bus) {
        case PI_BUS_REMOTE:
                g_set_error(
                        error, PI_ERROR, PI_ERROR_FAILED,
                        "no connection to the bus of %s: %s; does \"ssh %s systemd-stdio-bridge\" "
                        "work?",
                        host, g_strerror(-r), host);
                break;
        case PI_BUS_USER:
                g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                            "no connection to the user bus: %s; log in with a session, set "
                            "DBUS_SESSION_BUS_ADDRESS, or run under dbus-run-session",
                            g_strerror(-r));
                break;
        case PI_BUS_SYSTEM:
        default:
                g_set_error(
                        error, PI_ERROR, PI_ERROR_FAILED,
                        "no connection to the system bus: %s; start it with: systemctl start dbus "
                        "(or use pictl --user)",
                        g_strerror(-r));
        }
}
