/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/verb-sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/job.h"
#include "ctl/node.h"
#include "ctl/quantity.h"
#include "ctl/sweep-nodes.h"
#include "ctl/sweep-plan.h"
#include "ctl/sweep-runner.h"
#include "ctl/sweep-view.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "dbus/error.h"
#include "dbus/names.h"

#define TERMS_DEFAULT G_GUINT64_CONSTANT(1000000000)
#define REPEATS_DEFAULT 5
#define LABEL_DEFAULT "sweep"

/* So many samples are sure to fit into PI_SWEEP_BYTES_MAX. */
#define MEASUREMENTS_MAX 2000

/* Of /proc/cpuinfo the first CPU is enough. */
#define CPUINFO_BYTES_MAX 4096

static const PiMethod record_sweep = { PI_INTERFACE_MANAGER, "RecordSweep", "(t)" };
static const PiMethod calibrate = { PI_INTERFACE_MANAGER, "Calibrate", "(aa{sv})" };

/* "AMD EPYC 7763"; "" where the kernel does not tell. */
static char *read_cpu_model(void) {
        char text[CPUINFO_BYTES_MAX + 1] = "";
        FILE *file = fopen("/proc/cpuinfo", "re");
        const char *line;

        if (file) {
                text[fread(text, 1, CPUINFO_BYTES_MAX, file)] = '\0';
                fclose(file);
        }
        line = strstr(text, "\nmodel name");
        line = line ? strchr(line, ':') : NULL;
        return line ? g_strstrip(g_strndup(line + 1, strcspn(line + 1, "\n"))) : g_strdup("");
}

/* At most as long as the service takes it, cut between characters. */
static char *limit_text(const char *text) {
        const char *end;

        g_utf8_validate_len(text, MIN(strlen(text), PI_SWEEP_TEXT_BYTES_MAX), &end);
        return g_strndup(text, (gsize) (end - text));
}

static gboolean check_count(const GArray *points, guint32 repeats, GError **error) {
        if (points->len * repeats <= MEASUREMENTS_MAX)
                return TRUE;
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "%u points %u times are %u measurements, at most %d are kept; give --parts or "
                    "--nodes fewer numbers or --repeats a smaller one", points->len, repeats,
                    points->len * repeats, MEASUREMENTS_MAX);
        return FALSE;
}

/* Over nodes there is one number of parts, and each node gives all its CPUs. */
static gboolean check_nodes(const PiInvocation *inv, GError **error) {
        const PiOptions *o = &inv->options;

        if (pi_invocation_has(inv, CPUS))
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "only one of --nodes and --cpus can be given: each node gives all its "
                            "CPUs");
        else if (o->parts_text && o->parts == 0)
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "with --nodes, --parts takes one number: only one of the two can be a "
                            "list");
        else
                return TRUE;
        return FALSE;
}

/* What is measured: numbers of parts, or of nodes. */
static GArray *read_points(const PiInvocation *inv, guint64 terms, GError **error) {
        const PiOptions *o = &inv->options;

        if (!o->nodes)
                return pi_sweep_parse_parts(o->parts_text, terms, error);
        return check_nodes(inv, error) ? pi_sweep_parse_nodes(o->nodes, error) : NULL;
}

/* What the command line asks for, without a look at the service. */
static gboolean read_request(const PiInvocation *inv, PiSweep *sweep, GArray **points,
                             GError **error) {
        const PiOptions *o = &inv->options;

        if (pi_invocation_has(inv, LINES)) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "option --lines goes with pictl sweep history only");
                return FALSE;
        }
        sweep->terms = TERMS_DEFAULT;
        if (o->terms_text &&
            !pi_quantity_parse(o->terms_text, &pi_quantity_terms, &sweep->terms, error)) {
                g_prefix_error(error, "--terms: ");
                return FALSE;
        }
        sweep->repeats = o->repeats > 0 ? (guint32) o->repeats : REPEATS_DEFAULT;
        if (o->label && strlen(o->label) > PI_SWEEP_TEXT_BYTES_MAX) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "the label has %zu bytes; --label takes 0 to %d", strlen(o->label),
                            PI_SWEEP_TEXT_BYTES_MAX);
                return FALSE;
        }
        g_free(sweep->label);
        sweep->label = g_strdup(o->label ? o->label : "");
        *points = read_points(inv, sweep->terms, error);
        return *points && check_count(*points, sweep->repeats, error) &&
               pi_sweep_check_output(inv, error);
}

static gboolean check_kernel(const char *kernel, const char *const *kernels, GError **error) {
        g_autofree char *quoted = NULL, *all = NULL, *shown = NULL;

        if (g_strv_contains(kernels, kernel))
                return TRUE;
        quoted = pi_text_quote(kernel, 64);
        all = g_strjoinv(", ", (char **) kernels);
        shown = pi_text_escape(all, FALSE, 256);
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "%s is no kernel of this machine: --kernel takes one of %s", quoted, shown);
        return FALSE;
}

/* Sets what to measure. */
static gboolean prepare(const PiInvocation *inv, PiClient *client, PiSweep *sweep,
                        const char *const *kernels, const GArray *points, GError **error) {
        g_autoptr(GPtrArray) nodes = NULL;

        if (!inv->options.nodes) {
                pi_sweep_prepare(sweep, kernels, points);
                return TRUE;
        }
        nodes = pi_nodes_fetch(client, error);
        if (!nodes || !pi_sweep_choose_members(sweep, nodes,
                                               g_array_index(points, guint64, points->len - 1),
                                               error))
                return FALSE;
        pi_sweep_prepare_nodes(sweep, points, inv->options.parts);
        return TRUE;
}

/* What the service is, and whether it can do what is asked for. */
static gboolean ask_service(const PiInvocation *inv, PiClient *client, PiSweep *sweep,
                            const GArray *points, GError **error) {
        const PiOptions *o = &inv->options;
        g_autoptr(GVariant) service = pi_client_get_all(client, PI_OBJECT_PATH,
                                                        PI_INTERFACE_MANAGER, error);
        g_autofree const char **kernels = NULL;

        if (!service)
                return FALSE;
        if (!g_variant_lookup(service, "Kernels", "^a&s", &kernels))
                kernels = g_new0(const char *, 1);
        sweep->slots = (guint32) pi_dict_u64(service, "Cpus");
        if (o->cpus > sweep->slots) {
                g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                            "%" G_GUINT64_FORMAT " CPU slots are more than the service has; --cpus "
                            "takes 1 to %u", o->cpus, sweep->slots);
                return FALSE;
        }
        sweep->cpus = o->cpus > 0 ? (guint32) o->cpus : sweep->slots;
        g_free(sweep->kernel);
        sweep->kernel = limit_text(o->kernel ?: pi_dict_string(service, "Kernel"));
        if (!check_kernel(sweep->kernel, kernels, error))
                return FALSE;
        g_free(sweep->node);
        sweep->node = limit_text(pi_dict_string(service, "NodeId"));
        g_free(sweep->version);
        sweep->version = limit_text(pi_dict_string(service, "Version"));
        if (pi_client_is_local(client)) {
                g_autofree char *model = read_cpu_model();

                g_free(sweep->cpu_model);
                sweep->cpu_model = limit_text(model);
        }
        return prepare(inv, client, sweep, kernels, points, error);
}

/* The service's own rates of one thread, measured now; without them only the time left is less well
 * known, and the figures of other jobs are against older ones. */
static GVariant *ask_rates(PiClient *client) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = pi_client_call(client, PI_OBJECT_PATH, &calibrate, NULL,
                                                   &error);
        g_autofree char *message = NULL;

        if (reply)
                return g_variant_get_child_value(reply, 0);
        message = g_strdup_printf("the service was not calibrated again: %s", error->message);
        pi_complain(message);
        return NULL;
}

/* A run that cannot be stored is still worth showing. */
static void store(PiClient *client, PiSweep *sweep) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GVariant) reply = NULL;
        g_autofree char *message = NULL;

        reply = pi_client_call(client, PI_OBJECT_PATH, &record_sweep,
                               g_variant_new("(@a{sv})", pi_sweep_to_variant(sweep)), &error);
        if (reply) {
                g_variant_get(reply, "(t)", &sweep->id);
                return;
        }
        message = g_strdup_printf("the run is not stored: %s", error->message);
        pi_complain(message);
}

/* Ended before its end: what there is, and why. */
static int report_interrupted(PiInvocation *inv, PiSweep *sweep, int signal, GError *reason,
                              GError **error) {
        pi_sweep_drop_empty(sweep);
        if (sweep->points->len > 0)
                (void) pi_sweep_output(inv, sweep, NULL, NULL);
        if (!signal) {
                g_propagate_error(error, reason);
                return PI_VERB_ERROR;
        }
        pi_complain(sweep->points->len > 0
                            ? "interrupted: the sweep is not complete, and not stored"
                            : "interrupted before a point was measured");
        return 128 + signal;
}

static int measure(PiInvocation *inv, GError **error) {
        g_autoptr(PiSweep) sweep = pi_sweep_new(), then = NULL;
        g_autoptr(GArray) points = NULL;
        g_autoptr(PiClient) client = NULL;
        g_autoptr(GVariant) rates = NULL;
        GError *reason = NULL;
        int signal = 0;

        if (!read_request(inv, sweep, &points, error))
                return PI_VERB_ERROR;
        client = pi_client_new(&inv->options, error);
        if (!client)
                return PI_VERB_ERROR;
        if (inv->options.compare > 0) {
                then = pi_sweep_fetch(client, inv->options.compare, error);
                if (!then || !pi_sweep_can_compare(sweep->terms, inv->options.nodes != NULL, then,
                                                   error))
                        return PI_VERB_ERROR;
        }
        if (!ask_service(inv, client, sweep, points, error))
                return PI_VERB_ERROR;
        rates = ask_rates(client);
        (void) pi_sweep_measure(sweep, client, sweep->label[0] ? sweep->label : LABEL_DEFAULT,
                                rates, &signal, &reason);
        if (sweep->interrupted)
                return report_interrupted(inv, sweep, signal, reason, error);
        store(client, sweep);
        return pi_sweep_output(inv, sweep, then, error) ? EXIT_SUCCESS : PI_VERB_ERROR;
}

int pi_verb_sweep(PiInvocation *inv, GError **error) {
        g_autofree char *quoted = NULL;

        if (inv->n_args == 0)
                return measure(inv, error);
        if (strcmp(inv->args[0], "history") == 0)
                return pi_sweep_history(inv, error);
        if (strcmp(inv->args[0], "show") == 0)
                return pi_sweep_show(inv, error);
        quoted = pi_text_quote(inv->args[0], 64);
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "%s is neither history nor show RUN; the number of terms of a sweep is given "
                    "with --terms (see pictl sweep --help)", quoted);
        return PI_VERB_ERROR;
}
