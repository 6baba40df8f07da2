/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/file-output.h"
#include "ctl/quantity.h"
#include "ctl/sbatch.h"
#include "ctl/text.h"
#include "ctl/verb-cluster.h"
#include "dbus/error.h"

#define TTL_DEFAULT_USEC (G_GUINT64_CONSTANT(86400) * G_USEC_PER_SEC)
#define SHOWN_MAX 200

static const PiQuantityRange range_nodes = { "number of nodes", 1, PI_SBATCH_NODES_MAX, "4" };

static gboolean check_name(const char *option, const char *name, GError **error) {
        g_autofree char *quoted = NULL;

        if (!name || pi_sbatch_name_is_valid(name))
                return TRUE;
        quoted = pi_text_quote(name, SHOWN_MAX);
        g_set_error(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                    "%s is no name for --%s: it takes 1 to 255 letters, digits and _.,:@+-, no - "
                    "first", quoted, option);
        return FALSE;
}

static gboolean read_options(const PiInvocation *inv, PiSbatch *s, GError **error) {
        const PiOptions *o = &inv->options;
        guint64 nodes;

        if (!o->nodes) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "on how many nodes? pictl cluster sbatch --nodes=4, for "
                                    "example");
                return FALSE;
        }
        if (pi_invocation_has(inv, SUBMIT) && o->output) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_OPTION,
                                    "--submit hands the script to sbatch and --output to a file: "
                                    "give one of them");
                return FALSE;
        }
        if (!pi_quantity_parse(o->nodes, &range_nodes, &nodes, error) ||
            !check_name("partition", o->partition, error) ||
            !check_name("account", o->account, error))
                return FALSE;
        *s = (PiSbatch) { .nodes = (guint) nodes, .cpus = o->cpus, .time_usec = o->time_usec,
                          .partition = o->partition, .account = o->account };
        return TRUE;
}

static void set_file_error(const char *path, int r, GError **error) {
        g_autofree char *quoted = pi_text_quote(path, SHOWN_MAX);

        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                    "the file for the token, %s, could not be written: %s; --directory names a "
                    "directory that the nodes see", quoted, g_strerror(-r));
}

/* A new file that nobody else can read, and its absolute path; -1 and an error. */
static int create_file(const char *directory, char **ret_path, GError **error) {
        char folder[PATH_MAX];
        gboolean found = realpath(directory, folder) != NULL;
        g_autofree char *path = NULL;
        int fd = -1;

        if (found && !g_utf8_validate(folder, -1, NULL))
                errno = EILSEQ; /* JSON cannot have the name */
        else if (found) {
                path = g_build_filename(folder, "pi-computed-token-XXXXXX", NULL);
                fd = g_mkstemp_full(path, O_WRONLY | O_CLOEXEC, 0600);
        }
        if (fd < 0) {
                set_file_error(path ? path : directory, -errno, error);
                return -1;
        }
        *ret_path = g_steal_pointer(&path);
        return fd;
}

static gboolean write_token(PiClient *client, const PiInvocation *inv, const PiSbatch *s, int fd,
                            GError **error) {
        guint64 ttl = inv->options.ttl_usec > 0 ? inv->options.ttl_usec : TTL_DEFAULT_USEC;
        g_autofree char *token = pi_cluster_make_token(client, ttl, s->nodes, error);
        g_autofree char *line = token ? g_strconcat(token, "\n", NULL) : NULL;
        int r;

        if (!token)
                return FALSE;
        r = pi_file_write(fd, line, strlen(line));
        if (r == 0 && fsync(fd) < 0)
                r = -errno;
        if (r < 0)
                set_file_error(s->token, r, error);
        return r == 0;
}

/* Where it was asked for: to sbatch, into a file, or to the standard output. */
static gboolean hand_over(PiInvocation *inv, const PiSbatch *s, GError **error) {
        PiOutput *out = &inv->out;
        g_autofree char *script = pi_sbatch_script(s), *job = NULL;
        g_autoptr(GVariant) dict = NULL;
        gboolean submit = pi_invocation_has(inv, SUBMIT);

        if (submit && !(job = pi_sbatch_submit(script, error)))
                return FALSE;
        if (inv->options.output)
                return pi_file_replace(inv->options.output, script, strlen(script), error);
        if (out->json != PI_JSON_OFF) {
                dict = g_variant_ref_sink(g_variant_new_parsed(
                        "{%s: <%s>, 'token_file': <%s>}", submit ? "job" : "script",
                        submit ? job : script, s->token));
                pi_json_append(dict, out->json, out->text);
        } else if (!submit)
                g_string_append(out->text, script);
        else if (!out->legend || pi_invocation_has(inv, QUIET))
                pi_output_printf(out, "%s\n", job);
        else
                pi_output_printf(out, "Batch job %s starts %u member%s, slurm-%s_TASK-NODE;\n"
                                      "scancel %s has them leave.\n", job, s->nodes,
                                 s->nodes == 1 ? "" : "s", job, job);
        return TRUE;
}

/* Not on the standard output, where the script is. */
static void hint(const PiInvocation *inv, const PiSbatch *s) {
        g_autofree char *path = pi_text_escape(s->token, FALSE, SHOWN_MAX);

        if (!pi_invocation_has(inv, SUBMIT) && !pi_invocation_has(inv, QUIET) &&
            inv->out.json == PI_JSON_OFF)
                fprintf(stderr, "The token is in %s, for this script once.\n", path);
}

int pi_cluster_sbatch(PiInvocation *inv, GError **error) {
        const char *directory = inv->options.directory ?: ".";
        g_autoptr(PiClient) client = NULL;
        g_autofree char *path = NULL;
        PiSbatch s;
        gboolean done;
        int fd;

        if (!read_options(inv, &s, error))
                return PI_VERB_ERROR;
        client = pi_client_new(&inv->options, error);
        fd = client ? create_file(directory, &path, error) : -1;
        if (fd < 0)
                return PI_VERB_ERROR;
        s.token = path;
        done = write_token(client, inv, &s, fd, error);
        (void) close(fd);
        if (done && hand_over(inv, &s, error)) {
                hint(inv, &s);
                return EXIT_SUCCESS;
        }
        (void) g_unlink(path);
        return PI_VERB_ERROR;
}
