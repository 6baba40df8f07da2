/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/verb-cluster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/action.h"
#include "ctl/job.h"
#include "ctl/text.h"
#include "ctl/verbs.h"
#include "dbus/error.h"
#include "dbus/names.h"

/* Longer than any token, with white space around it. */
#define TOKEN_BYTES_MAX 2048
#define SHOWN_MAX 64

static const PiMethod create_cluster = { PI_INTERFACE_MANAGER, "CreateCluster", "()",
                                         .interactive = TRUE };
static const PiMethod revoke_token = { PI_INTERFACE_MANAGER, "RevokeJoinToken", "()",
                                       .interactive = TRUE };
static const PiMethod join_cluster = { PI_INTERFACE_MANAGER, "JoinCluster", "()",
                                       .interactive = TRUE };
static const PiMethod leave_cluster = { PI_INTERFACE_MANAGER, "LeaveCluster", "()",
                                        .interactive = TRUE };
static const PiMethod remove_node = { PI_INTERFACE_MANAGER, "RemoveNode", "()",
                                      .interactive = TRUE };
static const PiMethod restore_node = { PI_INTERFACE_MANAGER, "RestoreNode", "()",
                                       .interactive = TRUE };

/* Calls a method with a text, or without any for NULL. */
static gboolean call(PiClient *client, const PiMethod *method, const char *text, GError **error) {
        g_autoptr(GVariant) reply = pi_client_call(client, PI_OBJECT_PATH, method,
                                                   text ? g_variant_new("(s)", text) : NULL, error);
        return reply != NULL;
}

/* What was done, for programs as a dictionary of one entry, for people in a sentence. */
static void tell(PiInvocation *inv, const char *key, const char *value, const char *format, ...)
        G_GNUC_PRINTF(4, 5);

static void tell(PiInvocation *inv, const char *key, const char *value, const char *format, ...) {
        PiOutput *out = &inv->out;
        g_autoptr(GVariant) dict = NULL;
        va_list ap;

        if (out->json != PI_JSON_OFF) {
                dict = g_variant_ref_sink(g_variant_new_parsed("{%s: <%s>}", key, value));
                pi_json_append(dict, out->json, out->text);
                return;
        }
        if (!out->legend || pi_invocation_has(inv, QUIET))
                return;
        va_start(ap, format);
        g_string_append_vprintf(out->text, format, ap);
        va_end(ap);
}

/* "" when it cannot be told. */
static char *cluster_id(PiClient *client) {
        g_autoptr(GVariant) manager = pi_client_get_all(client, PI_OBJECT_PATH,
                                                        PI_INTERFACE_MANAGER, NULL);

        return manager ? pi_text_escape(pi_dict_string(manager, "ClusterId"), FALSE, SHOWN_MAX)
                       : g_strdup("");
}

static int init(PiInvocation *inv, GError **error) {
        g_autoptr(PiClient) client = pi_client_new(&inv->options, error);
        g_autofree char *id = NULL;

        if (!client || !call(client, &create_cluster, NULL, error))
                return PI_VERB_ERROR;
        id = cluster_id(client);
        tell(inv, "cluster_id", id,
             "Cluster %s is made, of this node;\npictl cluster token makes the command by which "
             "another machine joins.\n", id);
        return EXIT_SUCCESS;
}

static int revoke_one(PiInvocation *inv, GError **error) {
        g_autoptr(PiClient) client = pi_client_new(&inv->options, error);
        const char *id = inv->args[1];

        if (!client || !call(client, &revoke_token, id, error))
                return PI_VERB_ERROR;
        tell(inv, "revoked", id, "Nobody can join by token %s any more.\n", id);
        return EXIT_SUCCESS;
}

static gboolean read_all(char *text, gsize size, gsize *ret_length, GError **error) {
        gsize length = 0;

        while (length < size) {
                ssize_t n = read(STDIN_FILENO, text + length, size - length);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        g_set_error(error, PI_ERROR, PI_ERROR_FAILED,
                                    "the token cannot be read from the standard input: %s",
                                    g_strerror(errno));
                        return FALSE;
                }
                if (n == 0)
                        break;
                length += (gsize) n;
        }
        *ret_length = length;
        return TRUE;
}

/* From the standard input, where no list of processes shows it. */
static char *read_token(GError **error) {
        char text[TOKEN_BYTES_MAX + 1];
        gsize length;
        char *token;

        if (isatty(STDIN_FILENO) > 0)
                fputs("Token, then Ctrl-D: ", stderr);
        if (!read_all(text, sizeof(text), &length, error))
                return NULL;
        if (length > TOKEN_BYTES_MAX || memchr(text, '\0', length)) {
                g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_TOKEN,
                                    "what came on the standard input is no token: give the one "
                                    "line that pictl cluster token prints");
                return NULL;
        }
        text[length] = '\0';
        token = g_strdup(g_strstrip(text));
        explicit_bzero(text, sizeof(text));
        return token;
}

/* Whoever types a token may have it wrong; the bus takes no text that is not UTF-8. */
static char *take_token(const char *argument, GError **error) {
        g_autofree char *token = strcmp(argument, "-") == 0 ? read_token(error)
                                                            : g_strdup(argument);

        if (!token || (token[0] != '\0' && g_str_is_ascii(token)))
                return g_steal_pointer(&token);
        g_set_error_literal(error, PI_ERROR, PI_ERROR_INVALID_TOKEN,
                            token[0] ? "a token has no such characters: give the one line that "
                                       "pictl cluster token prints"
                                     : "the token is empty: give the one line that pictl cluster "
                                       "token prints");
        return NULL;
}

static int join(PiInvocation *inv, GError **error) {
        g_autofree char *token = take_token(inv->args[1], error), *id = NULL;
        g_autoptr(PiClient) client = token ? pi_client_new(&inv->options, error) : NULL;

        if (!client || !call(client, &join_cluster, token, error))
                return PI_VERB_ERROR;
        id = cluster_id(client);
        tell(inv, "cluster_id", id,
             "This node is a member of cluster %s;\npictl nodes lists all of them.\n", id);
        return EXIT_SUCCESS;
}

static int leave_it(PiInvocation *inv, GError **error) {
        g_autoptr(PiClient) client = pi_client_new(&inv->options, error);
        g_autofree char *id = client ? cluster_id(client) : NULL;

        if (!client || !call(client, &leave_cluster, NULL, error))
                return PI_VERB_ERROR;
        tell(inv, "left", id, "This node is in no cluster any more.\n");
        return EXIT_SUCCESS;
}

static int remove_member(PiInvocation *inv, GError **error) {
        g_autoptr(PiClient) client = pi_client_new(&inv->options, error);
        const char *node = inv->args[1];

        if (!client || !call(client, &remove_node, node, error))
                return PI_VERB_ERROR;
        tell(inv, "removed", node, "Node %s is no member any more.\n", node);
        return EXIT_SUCCESS;
}

static int restore(PiInvocation *inv, GError **error) {
        g_autoptr(PiClient) client = pi_client_new(&inv->options, error);
        const char *node = inv->args[1];

        if (!client || !call(client, &restore_node, node, error))
                return PI_VERB_ERROR;
        tell(inv, "restored", node, "Node %s gets leases.\n", node);
        return EXIT_SUCCESS;
}

#define SBATCH_OPTIONS                                                                             \
        (PI_OPT(NODES) | PI_OPT(CPUS) | PI_OPT(TIME) | PI_OPT(PARTITION) | PI_OPT(ACCOUNT) |       \
         PI_OPT(DIRECTORY) | PI_OPT(TTL) | PI_OPT(OUTPUT) | PI_OPT(SUBMIT) | PI_OPT(QUIET))

static const PiAction actions[] = {
        { "init",    NULL,    PI_OPT(QUIET),                              init                   },
        { "sbatch",  NULL,    SBATCH_OPTIONS,                             pi_cluster_sbatch      },
        { "token",   NULL,    PI_OPT(TTL) | PI_OPT(USES) | PI_OPT(QUIET), pi_cluster_token       },
        { "tokens",  NULL,    0,                                          pi_cluster_list_tokens },
        { "revoke",  "ID",    PI_OPT(QUIET),                              revoke_one             },
        { "join",    "TOKEN", PI_OPT(QUIET),                              join                   },
        { "leave",   NULL,    PI_OPT(QUIET),                              leave_it               },
        { "remove",  "NODE",  PI_OPT(QUIET),                              remove_member          },
        { "restore", "NODE",  PI_OPT(QUIET),                              restore                },
        { "status",  NULL,    0,                                          pi_cluster_status      },
};

int pi_verb_cluster(PiInvocation *inv, GError **error) {
        const PiAction *action = pi_action_find(inv, actions, G_N_ELEMENTS(actions), error);

        return action ? action->run(inv, error) : PI_VERB_ERROR;
}
